//! `KICK <channel> <nick>{,<nick>} [:<why>]`

use coax_irc::CapSet;

use super::Words;
use crate::hub::reach::Whom;
use crate::hub::{ChannelId, Rank, Record, Relay, Stamp, Turn};
use coax_irc::numeric as n;
use coax_store::Kind;

/// How many users one command may name.
pub(super) const TARGETS: usize = 10;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let nick = turn.my_nick();
    let why = super::clipped(words.get(2).unwrap_or(&nick), turn.hub.settings.kick_length);
    let why = why.to_owned();
    let mut channels = words[0].split(',');
    let first = channels.next().unwrap_or_default();
    let nicks = words[1].split(',').filter(|nick| !nick.is_empty()).take(TARGETS);
    // One channel for all, or one for each (RFC 2812 §3.2.8).
    let mut channel = first;
    for (at, nick) in nicks.enumerate() {
        if at > 0 {
            channel = channels.next().unwrap_or(channel);
        }
        if let Some((id, rank)) = may_kick(turn, channel) {
            kick(turn, id, nick, rank, &why);
        }
    }
}

/// The channel and one's rank in it, if that is enough to put others out.
fn may_kick(turn: &mut Turn<'_>, channel: &str) -> Option<(ChannelId, Rank)> {
    let Some(id) = turn.channel_named(channel) else {
        let name = super::clipped(channel, 64);
        turn.reply(n::ERR_NOSUCHCHANNEL, &[name, "No such channel"]);
        return None;
    };
    let name = turn.channel(id).name.clone();
    match turn.my_rank(id) {
        Some(rank) if rank.at_least(Rank::HALFOP) => return Some((id, rank)),
        Some(_) => {
            turn.reply(n::ERR_CHANOPRIVSNEEDED, &[&name, "You are not a channel operator"]);
        }
        None => turn.reply(n::ERR_NOTONCHANNEL, &[&name, "You are not on that channel"]),
    }
    None
}

fn kick(turn: &mut Turn<'_>, id: ChannelId, nick: &str, mine: Rank, why: &str) {
    let Some(they) = turn.hub.clients.named(nick) else {
        let nick = super::user::clipped(nick, 64);
        return turn.reply(n::ERR_NOSUCHNICK, &[nick, "No such nick"]);
    };
    let name = turn.channel(id).name.clone();
    let Some(theirs) = turn.rank_in(id, they) else {
        return turn.reply(n::ERR_USERNOTINCHANNEL, &[nick, &name, "They are not on that channel"]);
    };
    if !mine.outranks(theirs) && they != turn.who {
        return turn.reply(n::ERR_CHANOPRIVSNEEDED, &[&name, "They have a higher rank than you"]);
    }
    let line =
        format!(":{} KICK {name} {} :{why}", turn.me().name.mask(), turn.client(they).nick());
    let account = turn.me().account.clone();
    let (msgid, victim) = (turn.new_msgid(), turn.client(they).nick().to_owned());
    let record = Record {
        kind: Kind::Kick,
        msgid: &msgid,
        target: &name,
        text: why,
        whom: &victim,
        ..Record::EVENT
    };
    turn.record(id, &record);
    let stamp = Stamp { msgid: Some(&msgid), ..turn.stamp(account.as_deref()) };
    let texts = [(CapSet::NONE, &*line)];
    turn.tell_channel(id, Whom::All, &mut Relay::new(stamp, &texts));
    turn.hub.channels.leave(&mut turn.hub.clients, id, they);
}
