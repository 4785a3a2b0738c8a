//! `REDACT <target> <msgid> [:<why>]`
//!
//! Takes back a message: one's own, or in a channel anybody's for its operators. Its text leaves the
//! history. IRCv3 *draft/message-redaction*.

use coax_irc::{CapSet, Capability as Cap};
use coax_store::{Kept, Redact, Target};

use super::Words;
use crate::hub::reach::Whom;
use crate::hub::{Answer, ChannelId, ClientId, Keep, Question, Rank, Relay, Since, Turn};

/// Who is told of it.
#[derive(Clone, Copy)]
enum Place {
    Channel(ChannelId),
    User(ClientId),
}

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let (target, msgid) = (words[0], words[1].to_owned());
    let Some((place, talk, _)) = place(turn, target) else {
        let target = super::clipped(target, 64);
        return turn.fail("REDACT", "INVALID_TARGET", &[target], "You cannot take back from there");
    };
    let why = words.get(2).map(|why| super::clipped(why, 300).to_owned());
    let question = Question::Message { target: talk.clone(), msgid: msgid.clone() };
    let shown = target.to_owned();
    turn.ask(question, move |turn, answer| {
        // The channel may be gone, or another one, by now.
        let there = self::place(turn, &shown).filter(|(now, ..)| now.is(place));
        let Some((place, _, since)) = there else {
            let why = "You cannot take back from there";
            return turn.fail("REDACT", "INVALID_TARGET", &[&shown], why);
        };
        let kept = match answer {
            Answer::Message(Some(kept)) if kept.redacted.is_none() && since.covers(&kept) => kept,
            _ => {
                let words = [super::clipped(&shown, 64), super::clipped(&msgid, 64)];
                return turn.fail("REDACT", "UNKNOWN_MSGID", &words, "There is no such message");
            }
        };
        match may(turn, place, &kept) {
            true => redact(turn, shown, talk, &kept, why),
            false => {
                let words = [&*shown, &*msgid];
                turn.fail("REDACT", "REDACT_FORBIDDEN", &words, "The message is not yours");
            }
        }
    });
}

impl Place {
    fn is(self, other: Place) -> bool {
        match (self, other) {
            (Place::Channel(one), Place::Channel(other)) => one == other,
            (Place::User(one), Place::User(other)) => one == other,
            _ => false,
        }
    }
}

/// Where it was said, and since when that concerns whoever has the turn.
fn place(turn: &Turn<'_>, target: &str) -> Option<(Place, Target, Since)> {
    if target.starts_with('#') {
        let id = turn.hub.channels.named(target).filter(|id| turn.my_rank(*id).is_some())?;
        return Some((Place::Channel(id), turn.talk_of_channel(id), turn.since_channel(id)));
    }
    let who = turn.hub.clients.named(target)?;
    Some((Place::User(who), turn.talk_with(who), turn.since_person()))
}

fn may(turn: &Turn<'_>, place: Place, kept: &Kept) -> bool {
    let me = turn.me();
    let account = me.account.as_deref().map(crate::hub::fold);
    let mine = match &kept.entry.account {
        Some(author) => account.as_deref() == Some(author.as_str()),
        None => kept.entry.sender == **me.name.mask(),
    };
    let rules = match place {
        Place::Channel(id) => turn.my_rank(id).is_some_and(|rank| rank.at_least(Rank::HALFOP)),
        Place::User(_) => false,
    };
    mine || rules || me.is_operator()
}

fn redact(turn: &mut Turn<'_>, target: String, talk: Target, kept: &Kept, why: Option<String>) {
    let (msgid, note) = (kept.entry.msgid.clone(), turn.my_mask().as_bytes().to_vec());
    let redact = Redact { target: talk, msgid: msgid.clone(), note };
    turn.confirm(Keep::Redact(redact), move |turn, answer| {
        if !matches!(answer, Answer::Stored) {
            let words = [super::clipped(&target, 64), &*msgid];
            let why = "The history could not be changed: the message stays";
            return turn.fail("REDACT", "NOT_STORED", &words, why);
        }
        // Whoever it was said to may be gone by now, or the channel another one.
        if let Some((place, ..)) = place(turn, &target) {
            tell(turn, place, &msgid, why.as_deref());
        }
    });
}

fn tell(turn: &mut Turn<'_>, place: Place, msgid: &str, why: Option<&str>) {
    let shown = match place {
        Place::Channel(id) => turn.channel(id).name.to_string(),
        Place::User(who) => turn.client(who).nick().to_owned(),
    };
    let why = why.map(|why| format!(" :{why}")).unwrap_or_default();
    let line = format!(":{} REDACT {shown} {msgid}{why}", turn.my_mask());
    let texts = [(CapSet::of(&[Cap::MessageRedaction]), &*line)];
    let account = turn.me().account.clone();
    let mut relay = Relay::new(turn.stamp(account.as_deref()), &texts);
    match place {
        Place::Channel(id) => turn.tell_channel(id, Whom::All, &mut relay),
        Place::User(who) => {
            turn.tell(turn.who, &mut relay);
            if who != turn.who {
                turn.tell(who, &mut relay);
            }
        }
    }
}
