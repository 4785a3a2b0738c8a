//! What NAMES says of a channel, kept until it changes.
//!
//! The members stand in blocks, in the order of the channel's row. A block is written when somebody
//! asks, and again when one of its members came, went, or has another name or rank: whoever joins a
//! channel of ten thousand reads what the one before has read, but for one block. What is written
//! is the end of each line; everyone who reads it shares it.
//!
//! Nothing here knows who asks, beyond the capabilities that change the words.

use std::sync::Arc;

use coax_irc::{CapSet, Capability as Cap, pack};

use super::channel::{Member, Rank};
use super::client::Client;
use super::clients::Clients;
use super::effects::SharedLine;

/// Members of a block: most nicks of one fill a line.
const BLOCK: usize = 64;

/// The ends of the lines that name one block.
type Block = Option<Arc<[SharedLine]>>;

/// The blocks, in each form that was asked for.
#[derive(Debug, Default)]
pub(crate) struct Roster {
    forms: Vec<Form>,
}

/// The capabilities that change the words.
const CAPS: CapSet = CapSet::of(&[Cap::MultiPrefix, Cap::UserhostInNames]);

#[derive(Debug)]
struct Form {
    caps: CapSet,
    /// Bytes that the names of a line may take.
    room: usize,
    blocks: Vec<Block>,
}

impl Roster {
    /// The member at `at` is another one, or is not as it was.
    pub(crate) fn forget(&mut self, at: u32) {
        let block = at as usize / BLOCK;
        for form in &mut self.forms {
            // A member beyond the last block that was written is not written.
            form.blocks.get_mut(block).into_iter().for_each(|block| *block = None);
        }
    }

    /// The ends of the lines for somebody with these capabilities, block by block.
    pub(crate) fn read<'a>(
        &'a mut self,
        members: &'a [Member],
        clients: &'a Clients,
        caps: CapSet,
        room: usize,
    ) -> impl Iterator<Item = Arc<[SharedLine]>> + 'a {
        let form = self.form(caps.intersection(CAPS), room);
        form.blocks.resize(members.len().div_ceil(BLOCK), None);
        (0..).zip(members.chunks(BLOCK)).map(move |(at, members)| form.block(at, members, clients))
    }

    /// Whether what is kept is what would be written now.
    pub(super) fn is_true(&self, members: &[Member], clients: &Clients) -> bool {
        self.forms.iter().all(|form| {
            let blocks = form.blocks.iter().zip(members.chunks(BLOCK));
            blocks
                .filter_map(|(block, members)| Some((block.as_ref()?, members)))
                .all(|(block, members)| *block == form.write(members, clients))
        })
    }

    fn form(&mut self, caps: CapSet, room: usize) -> &mut Form {
        // Other settings, or another name of the channel, leave another room.
        self.forms.retain(|form| form.room == room);
        let known = self.forms.iter().position(|form| form.caps == caps);
        let at = known.unwrap_or_else(|| {
            self.forms.push(Form { caps, room, blocks: Vec::new() });
            self.forms.len() - 1
        });
        &mut self.forms[at]
    }
}

impl Form {
    fn block(&mut self, at: usize, members: &[Member], clients: &Clients) -> Arc<[SharedLine]> {
        if let Some(written) = &self.blocks[at] {
            return written.clone();
        }
        let written = self.write(members, clients);
        self.blocks[at] = Some(written.clone());
        written
    }

    fn write(&self, members: &[Member], clients: &Clients) -> Arc<[SharedLine]> {
        let words = members.iter().map(|it| word(it.rank, clients.get(it.client), self.caps));
        lines(words, self.room)
    }
}

/// A member as NAMES writes it for somebody with these capabilities.
pub(crate) fn word(rank: Rank, client: &Client, caps: CapSet) -> String {
    let mut word = rank.prefixes(caps.has(Cap::MultiPrefix)).collect::<String>();
    word.push_str(if caps.has(Cap::UserhostInNames) { client.name.mask() } else { client.nick() });
    word
}

/// The ends of the lines that hold these words, as they are sent.
pub(crate) fn lines(words: impl Iterator<Item = String>, room: usize) -> Arc<[SharedLine]> {
    let lines = pack(words, b' ', room, usize::MAX).into_iter();
    lines.map(|line| Arc::from([&*line, b"\r\n"].concat())).collect()
}
