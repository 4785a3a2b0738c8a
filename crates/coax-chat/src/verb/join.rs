//! `JOIN <channel>{,<channel>} [<key>{,<key>}]` · `JOIN 0`
//!
//! A channel that is not there is made, and whoever makes it is its operator. `JOIN 0` leaves all.

use coax_irc::{CapSet, Capability as Cap, Numeric, check_channel};

use super::Words;
use crate::hub::reach::Whom;
use crate::hub::welcome::same;
use crate::hub::{ChannelId, Flags, MaskList, Means, Rank, Record, Relay, Stamp, Turn, Way, fold};
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
                return turn.reply(numeric, &[&name, &why]);
            }
            (id, turn.access(id))
        }
        None => {
            let id = create(turn, name);
            enter(turn, id, Rank::OP);
            return hint(turn, id);
        }
    };
    enter(turn, id, rank);
}

/// People who wonder where everything is that was said here. Those with an IRC client know, or read
/// it in ChanServ's HELP.
fn hint(turn: &mut Turn<'_>, id: ChannelId) {
    let name = turn.channel(id).name.clone();
    let is_default = fold(&name) == fold(&turn.hub.settings.default_channel);
    if turn.me().origin.way == Way::Irc || is_default || !turn.hub.settings.history {
        return;
    }
    let server = turn.hub.settings.server_name.clone();
    let text = format!(
        "You are the first in {name}. What was said here before everybody left is not shown; \
         /msg ChanServ REGISTER {name} keeps what is said from now on"
    );
    turn.say_as(turn.who, &server, "NOTICE", &[&name, &text]);
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
fn refused(turn: &mut Turn<'_>, id: ChannelId, key: Option<&str>) -> Option<(Numeric, String)> {
    if turn.is_invited(id) || turn.access(id).at_least(Rank::OP) {
        return None;
    }
    if let Some(why) = lacks_the_key(turn, id, key) {
        return Some((n::ERR_BADCHANNELKEY, format!("Cannot join channel (+k): {why}")));
    }
    let (numeric, why) = closed(turn, id)?;
    Some((numeric, why.to_owned()))
}

/// Why whoever has the turn does not know the key of a channel, if it has one.
fn lacks_the_key(turn: &mut Turn<'_>, id: ChannelId, key: Option<&str>) -> Option<String> {
    let wanted = turn.channel(id).key.clone()?;
    let name = turn.channel(id).name.clone();
    // Without a key it is no guess.
    let given = key.unwrap_or_default();
    if given.is_empty() {
        return Some("the key is wrong".to_owned());
    }
    if let Err(wait) = turn.may_try(Means::Key, &name) {
        return Some(format!("too many wrong keys, try again in {wait} s"));
    }
    if same(&wanted, given) {
        turn.tried_rightly(Means::Key, &name);
        return None;
    }
    turn.tried_wrongly(Means::Key, &name);
    Some("the key is wrong".to_owned())
}

/// Why a channel is closed to whoever has the turn, whatever the key.
fn closed(turn: &Turn<'_>, id: ChannelId) -> Option<(Numeric, &'static str)> {
    let channel = turn.channel(id);
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
