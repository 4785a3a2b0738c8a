//! `JOIN <channel>{,<channel>} [<key>{,<key>}]` · `JOIN 0`
//!
//! A channel that is not there is made, and whoever makes it is its operator. `JOIN 0` leaves all.

use coax_irc::{CapSet, Capability as Cap, Numeric, check_channel};

use super::Words;
use crate::hub::reach::Whom;
use crate::hub::{ChannelId, Flags, MaskList, Rank, Record, Relay, Stamp, Turn, fold};
use coax_irc::numeric as n;
use coax_store::Kind;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    if words[0] == "0" {
        return super::part::all(turn);
    }
    let mut keys = words.get(1).unwrap_or_default().split(',');
    for name in words[0].split(',') {
        join(turn, name, keys.next().filter(|key| !key.is_empty()));
    }
}

/// Puts whoever has the turn into a channel, or says why not.
pub(crate) fn join(turn: &mut Turn<'_>, name: &str, key: Option<&str>) {
    if check_channel(name.as_bytes(), turn.hub.settings.channel_length).is_err() {
        let shown = super::user::clipped(name, 64);
        let shown = if shown.is_empty() { "*" } else { shown };
        return turn.reply(n::ERR_NOSUCHCHANNEL, &[shown, "No such channel"]);
    }
    if turn.me().channels.len() >= turn.hub.settings.channels {
        return turn.reply(n::ERR_TOOMANYCHANNELS, &[name, "You are in too many channels"]);
    }
    let (id, rank) = match turn.hub.channels.named(name) {
        Some(id) if turn.my_rank(id).is_some() => return,
        Some(id) => {
            if let Some((numeric, why)) = refused(turn, id, key) {
                let name = turn.channel(id).name.clone();
                return turn.reply(numeric, &[&name, why]);
            }
            (id, turn.access(id))
        }
        None => (create(turn, name), Rank::OP),
    };
    enter(turn, id, rank);
}

/// Puts whoever has the turn into a channel, whatever would keep them out.
pub(super) fn put(turn: &mut Turn<'_>, name: &str) {
    let (id, rank) = match turn.hub.channels.named(name) {
        Some(id) if turn.my_rank(id).is_some() => return,
        Some(id) => (id, turn.access(id)),
        None => (create(turn, name), Rank::OP),
    };
    enter(turn, id, rank);
}

fn create(turn: &mut Turn<'_>, name: &str) -> ChannelId {
    let mut flags = Flags::default();
    let default = turn.hub.settings.modes.clone();
    default.chars().filter_map(Flags::of_letter).for_each(|flag| flags.set(flag, true));
    let (begun, first) = match turn.hub.lives.begun(&fold(name)) {
        Some(life) => life,
        None => (turn.now, turn.new_msgid().into()),
    };
    turn.hub.channels.create(name, flags, begun, &first)
}

fn enter(turn: &mut Turn<'_>, id: ChannelId, rank: Rank) {
    turn.hub.channels.enter(&mut turn.hub.clients, id, turn.who, rank);
    tell(turn, id, rank);
    if turn.channel(id).topic.is_some() {
        super::topic::show(turn, id);
    }
    if !turn.i_have(Cap::NoImplicitNames) {
        super::names::show(turn, id);
    }
}

fn tell(turn: &mut Turn<'_>, id: ChannelId, rank: Rank) {
    let (me, name) = (turn.me(), turn.channel(id).name.clone());
    let (mask, account) = (me.name.mask().clone(), me.account.clone());
    let [extended, plain] = me.join_lines(&name);
    let away = me.away.as_ref().map(|away| format!(":{mask} AWAY :{away}"));
    let texts = [(CapSet::of(&[Cap::ExtendedJoin]), &*extended), (CapSet::NONE, &*plain)];
    let (whom, msgid) = (me.realname.clone(), turn.new_msgid());
    let record =
        Record { kind: Kind::Join, msgid: &msgid, target: &name, whom: &whom, ..Record::EVENT };
    turn.record(id, &record);
    let stamp = turn.stamp(account.as_deref());
    let named = Stamp { msgid: Some(&msgid), ..stamp };
    turn.tell_channel(id, Whom::All, &mut Relay::new(named, &texts));
    if let Some(away) = away {
        let texts = [(CapSet::of(&[Cap::AwayNotify]), &*away)];
        turn.tell_channel(id, Whom::Others, &mut Relay::new(stamp, &texts));
    }
    // The one who made it knows from NAMES; nobody else is there to be told.
    let granted = rank.granted(turn.me().nick());
    if let Some(words) = granted.filter(|_| turn.channel(id).members.len() > 1) {
        let server = turn.hub.settings.server_name.clone();
        super::mode::tell_set(turn, id, Some(&server), &words);
    }
}

/// Why whoever has the turn may not come in.
fn refused(turn: &Turn<'_>, id: ChannelId, key: Option<&str>) -> Option<(Numeric, &'static str)> {
    let channel = turn.channel(id);
    if turn.is_invited(id) || turn.access(id).at_least(Rank::OP) {
        return None;
    }
    if channel.key.as_deref().is_some_and(|wanted| Some(wanted) != key) {
        return Some((n::ERR_BADCHANNELKEY, "Cannot join channel (+k): the key is wrong"));
    }
    if channel.limit.is_some_and(|limit| channel.members.len() >= limit as usize) {
        return Some((n::ERR_CHANNELISFULL, "Cannot join channel (+l): it is full"));
    }
    let expected = turn.is_listed(id, MaskList::Invite, turn.who);
    if channel.flags.has(Flags::INVITE_ONLY) && !expected {
        return Some((n::ERR_INVITEONLYCHAN, "Cannot join channel (+i): by invitation alone"));
    }
    if channel.flags.has(Flags::REGISTERED_ONLY) && turn.me().account.is_none() && !expected {
        return Some((n::ERR_NEEDREGGEDNICK, "Cannot join channel (+R): sign in first"));
    }
    if turn.is_banned(id, turn.who) && !expected {
        return Some((n::ERR_BANNEDFROMCHAN, "Cannot join channel (+b): you are banned"));
    }
    None
}
