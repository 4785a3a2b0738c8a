//! `KICK <channel> <nick>{,<nick>} [:<why>]`

use coax_irc::CapSet;

use super::Words;
use crate::hub::reach::Whom;
use crate::hub::{ChannelId, Rank, Relay, Turn};
use coax_irc::numeric as n;

/// How many users one command may name.
pub(super) const TARGETS: usize = 10;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Some(id) = turn.hub.channels.named(words[0]) else {
        let name = super::user::clipped(words[0], 64);
        return turn.reply(n::ERR_NOSUCHCHANNEL, &[name, "No such channel"]);
    };
    let name = turn.channel(id).name.clone();
    let Some(rank) = turn.my_rank(id) else {
        return turn.reply(n::ERR_NOTONCHANNEL, &[&name, "You are not on that channel"]);
    };
    if !rank.at_least(Rank::HALFOP) {
        return turn.reply(n::ERR_CHANOPRIVSNEEDED, &[&name, "You are not a channel operator"]);
    }
    let nick = turn.my_nick();
    let why = super::user::clipped(words.get(2).unwrap_or(&nick), turn.hub.settings.kick_length);
    let why = why.to_owned();
    for nick in words[1].split(',').filter(|nick| !nick.is_empty()).take(TARGETS) {
        kick(turn, id, nick, rank, &why);
    }
}

fn kick(turn: &mut Turn<'_>, id: ChannelId, nick: &str, mine: Rank, why: &str) {
    let Some(they) = turn.hub.clients.named(nick) else {
        let nick = super::user::clipped(nick, 64);
        return turn.reply(n::ERR_NOSUCHNICK, &[nick, "No such nick"]);
    };
    // Kicking oneself may have ended the channel while there were more to kick.
    let Some(theirs) = turn.hub.channels.still(id).and_then(|id| turn.rank_in(id, they)) else {
        let name = turn.hub.channels.still(id).map(|id| turn.channel(id).name.clone());
        let name = name.unwrap_or_else(|| "*".into());
        return turn.reply(n::ERR_USERNOTINCHANNEL, &[nick, &name, "They are not on that channel"]);
    };
    let name = turn.channel(id).name.clone();
    if !mine.outranks(theirs) && they != turn.who {
        return turn.reply(n::ERR_CHANOPRIVSNEEDED, &[&name, "They have a higher rank than you"]);
    }
    let line =
        format!(":{} KICK {name} {} :{why}", turn.me().name.mask(), turn.client(they).nick());
    let account = turn.me().account.clone();
    let stamp = turn.stamp(account.as_deref());
    let texts = [(CapSet::NONE, &*line)];
    turn.tell_channel(id, Whom::All, &mut Relay::new(stamp, &texts));
    turn.hub.channels.leave(&mut turn.hub.clients, id, they);
}
