//! `NAMES [<channel>{,<channel>}]`
//!
//! Who is in a channel, with prefixes. Invisible users are shown to those who share it.

use coax_irc::{Capability as Cap, pack};

use super::Words;
use crate::hub::{ChannelId, Flags, Turn, UserModes};
use coax_irc::numeric as n;

/// How many channels one command may name.
pub(super) const TARGETS: usize = 10;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Some(names) = words.get(0) else {
        return turn.reply(n::RPL_ENDOFNAMES, &["*", "End of /NAMES list"]);
    };
    for name in names.split(',').filter(|name| !name.is_empty()).take(TARGETS) {
        if let Some(id) = turn.hub.channels.named(name) {
            list(turn, id);
        }
    }
    // One end for all of them, with the words of the question.
    let asked = turn.hub.channels.named(names).map(|id| turn.channel(id).name.clone());
    let asked = asked.as_deref().unwrap_or_else(|| super::clipped(names, 300));
    turn.reply(n::RPL_ENDOFNAMES, &[asked, "End of /NAMES list"]);
}

/// Who is in a channel that was just entered.
pub(super) fn show(turn: &mut Turn<'_>, id: ChannelId) {
    list(turn, id);
    let name = turn.channel(id).name.clone();
    turn.reply(n::RPL_ENDOFNAMES, &[&name, "End of /NAMES list"]);
}

/// Lists the members of a channel, as far as whoever has the turn may see them.
fn list(turn: &mut Turn<'_>, id: ChannelId) {
    let name = turn.channel(id).name.clone();
    let inside = turn.my_rank(id).is_some();
    let secret = turn.channel(id).flags.has(Flags::SECRET);
    if inside || !secret || turn.me().is_operator() {
        let symbol = if secret { "@" } else { "=" };
        let fixed = turn.hub.settings.server_name.len() + turn.me().nick().len() + name.len();
        let room = 512_usize.saturating_sub(fixed + 20);
        for line in pack(shown(turn, id, inside), b' ', room, usize::MAX) {
            turn.reply(n::RPL_NAMREPLY, &[symbol, &name, &String::from_utf8_lossy(&line)]);
        }
    }
}

fn shown(turn: &Turn<'_>, id: ChannelId, inside: bool) -> Vec<String> {
    let (all, whole) = (turn.i_have(Cap::MultiPrefix), turn.i_have(Cap::UserhostInNames));
    let members = turn.channel(id).members.iter();
    let members = members.map(|member| (member.rank, turn.client(member.client)));
    let seen = members.filter(|(_, they)| inside || !they.modes.has(UserModes::INVISIBLE));
    let word = |(rank, they): (crate::hub::Rank, &crate::hub::Client)| {
        let mut word = rank.prefixes(all).collect::<String>();
        word.push_str(if whole { they.name.mask() } else { they.nick() });
        word
    };
    seen.map(word).collect()
}
