//! What the hub wants done.
//!
//! Effects stand in the order in which they came about, and they are carried out in that order
//! before the next input is given. The buffer is used again, so a busy hub allocates nothing here.
//!
//! Nothing here does anything.

use std::sync::Arc;

use super::{ClientId, Keep, Note, Question, Ticket};

/// One line ready to be sent, `\r\n` included; everyone who gets it shares it.
pub type SharedLine = Arc<[u8]>;

/// One thing to do.
#[derive(Clone, Debug)]
pub enum Effect {
    /// Put the line at the end of this client's queue.
    Send {
        /// Whose queue.
        to: ClientId,
        /// What to send.
        line: SharedLine,
    },
    /// Put lines at the end of this client's queue, each of them `head` and one of `tails`.
    SendAll {
        /// Whose queue.
        to: ClientId,
        /// The beginning of every line, which is this client's own.
        head: SharedLine,
        /// The ends, `\r\n` included; everyone who gets them shares them.
        tails: Arc<[SharedLine]>,
    },
    /// Send what is queued, then close. The hub has forgotten this client already.
    Close {
        /// Who.
        client: ClientId,
    },
    /// Give this client's next line only after its [`Effect::Release`].
    Hold {
        /// Who.
        client: ClientId,
    },
    /// Go on with this client's lines.
    Release {
        /// Who.
        client: ClientId,
    },
    /// Find this out, and give it back as [`super::Input::Answer`].
    Ask {
        /// To be given back with the answer.
        ticket: Ticket,
        /// What is asked.
        question: Question,
    },
    /// Keep this on disk.
    Keep(Box<Keep>),
    /// Tell this to whoever runs the server.
    Note(Box<Note>),
    /// An operator wants the settings read again.
    Reload,
    /// An operator wants the server to end.
    Stop,
}

/// A buffer of effects, in order.
#[derive(Debug, Default)]
pub struct Effects {
    list: Vec<Effect>,
    /// While a labelled command runs, its sender's lines are gathered here.
    gathering: Option<ClientId>,
    gathered: Vec<SharedLine>,
}

impl Effects {
    /// Takes all effects, oldest first; the buffer keeps its room.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.list.drain(..)
    }

    /// All effects, oldest first.
    pub fn as_slice(&self) -> &[Effect] {
        &self.list
    }

    pub(crate) fn send(&mut self, to: ClientId, line: SharedLine) {
        match self.gathering == Some(to) {
            true => self.gathered.push(line),
            false => self.list.push(Effect::Send { to, line }),
        }
    }

    /// Lines that all begin alike.
    pub(crate) fn send_all(&mut self, to: ClientId, head: &SharedLine, tails: &Arc<[SharedLine]>) {
        if self.gathering == Some(to) {
            let whole = tails.iter().map(|tail| Arc::from([&**head, &**tail].concat()));
            self.gathered.extend(whole);
        } else {
            let (head, tails) = (head.clone(), tails.clone());
            self.list.push(Effect::SendAll { to, head, tails });
        }
    }

    /// How many lines are to be sent so far.
    pub(crate) fn sends(&self) -> usize {
        self.list.len()
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.list.push(effect);
    }

    /// From now on, lines to `client` are kept for [`Effects::gathered`], behind those there are.
    pub(crate) fn gather(&mut self, client: ClientId, lines: Vec<SharedLine>) {
        self.gathering = Some(client);
        self.gathered = lines;
    }

    /// Whether lines to `client` are kept.
    pub(crate) fn gathers(&self, client: ClientId) -> bool {
        self.gathering == Some(client)
    }

    /// Ends gathering.
    pub(crate) fn gathered(&mut self) -> Vec<SharedLine> {
        self.gathering = None;
        std::mem::take(&mut self.gathered)
    }

    /// Whose lines are gathered, set aside while something is sent that answers no command.
    pub(crate) fn pause_gathering(&mut self) -> Option<ClientId> {
        self.gathering.take()
    }

    /// Goes on gathering.
    pub(crate) fn resume_gathering(&mut self, client: Option<ClientId>) {
        self.gathering = client;
    }
}
