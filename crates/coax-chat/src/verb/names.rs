//! `NAMES [<channel>{,<channel>}]`
//!
//! Who is in a channel, with prefixes. Invisible users are shown to those who share it.

use coax_irc::{CapSet, Capability as Cap};

use super::Words;
use crate::hub::roster::{lines, word};
use crate::hub::{ChannelId, Flags, SharedLine, Turn, UserModes};
use coax_irc::numeric as n;

/// How many channels one command may name.
pub(super) const TARGETS: usize = 10;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Some(names) = words.get(0) else {
        return turn.reply(n::RPL_ENDOFNAMES, &["*", "End of /NAMES list"]);
    };
    for name in names.split(',').filter(|name| !name.is_empty()).take(TARGETS) {
        if let Some(id) = turn.channel_named(name) {
            list(turn, id);
        }
    }
    // One end for all of them, with the words of the question.
    let asked = turn.channel_named(names).map(|id| turn.channel(id).name.clone());
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
    let inside = turn.my_rank(id).is_some();
    let secret = turn.channel(id).flags.has(Flags::SECRET);
    if !inside && secret && !turn.me().is_operator() {
        return;
    }
    let symbol = if secret { "@" } else { "=" };
    let head = head(turn, id, symbol);
    let room = room(turn, id);
    if !inside {
        let visible = lines(visible(turn, id), room);
        return turn.out.send_all(turn.who, &head, &visible);
    }
    let caps = turn.my_caps();
    let channel = turn.hub.channels.get_mut(id);
    for block in channel.roster.read(&channel.members, &turn.hub.clients, caps, room) {
        turn.out.send_all(turn.who, &head, &block);
    }
}

/// `:server 353 nick = #channel :`
fn head(turn: &mut Turn<'_>, id: ChannelId, symbol: &str) -> SharedLine {
    let (nick, name) = (turn.me().nick(), &turn.channel(id).name);
    let server = &turn.hub.settings.server_name;
    let mut head = String::new();
    turn.stamp(None).write(turn.my_caps().intersection(CapSet::of(&[Cap::ServerTime])), &mut head);
    head.push_str(&format!(":{server} {} {nick} {symbol} {name} :", n::RPL_NAMREPLY));
    SharedLine::from(head.into_bytes())
}

/// What the names on a line may take, whoever asks: so that all can be told the same.
fn room(turn: &Turn<'_>, id: ChannelId) -> usize {
    let settings = &turn.hub.settings;
    let fixed = settings.server_name.len() + settings.nick_length + turn.channel(id).name.len();
    512_usize.saturating_sub(fixed + 20)
}

/// Those in a channel whom somebody outside may see.
fn visible(turn: &Turn<'_>, id: ChannelId) -> impl Iterator<Item = String> {
    let members = turn.channel(id).members.iter();
    let members = members.map(|member| (member.rank, turn.client(member.client)));
    let seen = members.filter(|(_, they)| !they.modes.has(UserModes::INVISIBLE));
    seen.map(|(rank, they)| word(rank, they, turn.my_caps()))
}
