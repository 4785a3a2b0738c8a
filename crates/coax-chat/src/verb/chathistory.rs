//! `CHATHISTORY LATEST <target> <reference or *> <limit>` · `BEFORE|AFTER|AROUND <target>
//! <reference> <limit>` · `BETWEEN <target> <reference> <reference> <limit>` · `TARGETS <timestamp>
//! <timestamp> <limit>`
//!
//! A reference is `msgid=…` or `timestamp=…`. IRCv3 *draft/chathistory*. Members read their
//! channels; talk of two is read by those of them who have an account.

use coax_irc::{Capability as Cap, parse_time};
use coax_store::{Anchor, Conversation, Conversations, Kept, Page, Slice, Target};

use super::Words;
use crate::hub::{
    Answer, ChannelId, Question, Since, Time, Turn, anchored, fold, kept_name, person,
};

/// Why a request is refused: a code and a sentence.
type Refused = (&'static str, &'static str);

const NO_TARGET: Refused = ("INVALID_TARGET", "Messages could not be retrieved");
const PARAMS: Refused = ("INVALID_PARAMS", "The words do not make a request");

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let what = words[0].to_ascii_uppercase();
    let outcome = match &*what {
        "TARGETS" => targets(turn, words),
        _ => page(turn, &what, words),
    };
    if let Err((code, why)) = outcome {
        let shown = super::clipped(&what, 32);
        let about = super::clipped(words.get(1).unwrap_or("*"), 64).to_owned();
        match code {
            "INVALID_TARGET" => turn.fail("CHATHISTORY", code, &[shown, &about], why),
            _ => turn.fail("CHATHISTORY", code, &[shown], why),
        }
    }
}

fn page(turn: &mut Turn<'_>, what: &str, words: &Words<'_>) -> Result<(), Refused> {
    let asked = words.get(1).ok_or(PARAMS)?;
    let at = |index| anchor(words.get(index).ok_or(PARAMS)?);
    let (slice, last) = match what {
        "LATEST" if words.get(2) == Some("*") => (Slice::Latest, 3),
        "LATEST" => (Slice::LatestAfter(at(2)?), 3),
        "BEFORE" => (Slice::Before(at(2)?), 3),
        "AFTER" => (Slice::After(at(2)?), 3),
        "AROUND" => (Slice::Around(at(2)?), 3),
        "BETWEEN" => (Slice::Between(at(2)?, at(3)?), 4),
        _ => return Err(("UNKNOWN_COMMAND", "There is no such request")),
    };
    let limit = limit(turn, words, last)?;
    let Readable { target, shown, since } = readable(turn, asked).ok_or(NO_TARGET)?;
    let events = turn.i_have(Cap::EventPlayback);
    let slice = since.narrowed(named_as_kept(slice, &shown));
    let page = Page { target, slice: slice.clone(), limit, events };
    turn.ask(Question::Page(Box::new(page)), move |turn, answer| match answer {
        Answer::Page(rows) => match since.cut(&slice, rows) {
            Some(rows) => tell(turn, &shown, &rows),
            None => no_such_message(turn, &shown),
        },
        Answer::Missing => no_such_message(turn, &shown),
        _ => turn.fail("CHATHISTORY", "MESSAGE_ERROR", &[&shown], "History cannot be read now"),
    });
    Ok(())
}

/// Some messages have other names on disk.
fn named_as_kept(slice: Slice, channel: &str) -> Slice {
    anchored(slice, |anchor| match anchor {
        Anchor::Msgid(told) => Anchor::Msgid(kept_name(&told, channel)),
        other => other,
    })
}

fn no_such_message(turn: &mut Turn<'_>, shown: &str) {
    turn.fail("CHATHISTORY", "INVALID_MSGREFTYPE", &[shown], "No such message");
}

fn limit(turn: &Turn<'_>, words: &Words<'_>, index: usize) -> Result<usize, Refused> {
    let limit = words.get(index).and_then(|word| word.parse::<usize>().ok()).ok_or(PARAMS)?;
    let most = turn.hub.settings.history_page;
    Ok(if limit == 0 { most } else { limit.min(most) })
}

fn anchor(word: &str) -> Result<Anchor, Refused> {
    match word.split_once('=') {
        Some(("msgid", id)) => Ok(Anchor::Msgid(id.to_owned())),
        Some(("timestamp", _)) => moment(word).map(Anchor::Time),
        _ => Err(("INVALID_PARAMS", "A reference is msgid=… or timestamp=…")),
    }
}

fn moment(word: &str) -> Result<i64, Refused> {
    let text = word.strip_prefix("timestamp=").ok_or(PARAMS)?;
    let millis = parse_time(text.as_bytes()).ok_or(PARAMS)?;
    Ok(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// A conversation that whoever has the turn may read.
pub(super) struct Readable {
    pub(super) target: Target,
    /// As it is shown.
    pub(super) shown: String,
    pub(super) since: Since,
}

/// What somebody may read of a channel or of the talk with a nick, if anything.
pub(super) fn readable(turn: &Turn<'_>, asked: &str) -> Option<Readable> {
    if !turn.hub.settings.history {
        return None;
    }
    if asked.starts_with('#') {
        let id = turn.hub.channels.named(asked)?;
        let may = turn.my_rank(id).is_some() || turn.me().is_operator();
        return may.then(|| channel(turn, id));
    }
    let account = turn.me().account.as_deref()?;
    let other = match turn.hub.clients.named(asked) {
        Some(who) => person(turn.client(who)),
        None => match turn.hub.accounts.owner(asked) {
            Some(owner) => owner.name.key.as_str().into(),
            None => format!("~{}", fold(asked)).into(),
        },
    };
    let target = Target::private(&*fold(account), &*other);
    Some(Readable { target, shown: asked.to_owned(), since: turn.since_person() })
}

pub(super) fn channel(turn: &Turn<'_>, id: ChannelId) -> Readable {
    let shown = turn.channel(id).name.to_string();
    Readable { target: turn.talk_of_channel(id), shown, since: turn.since_channel(id) }
}

fn tell(turn: &mut Turn<'_>, shown: &str, rows: &[Kept]) {
    in_batch(turn, &["chathistory", shown], |turn, batch| {
        for row in rows.iter().filter(|row| row.redacted.is_none()) {
            turn.replay(row, batch);
        }
    });
}

/// Tells something in a batch, to those who know what that is.
pub(super) fn in_batch(
    turn: &mut Turn<'_>,
    kind: &[&str],
    tell: impl FnOnce(&mut Turn<'_>, Option<&str>),
) {
    if !turn.i_have(Cap::Batch) {
        return tell(turn, None);
    }
    let name = format!("h{}", turn.serial());
    let mut words = vec![format!("+{name}")];
    words.extend(kind.iter().map(|&word| word.to_owned()));
    let words = words.iter().map(String::as_str).collect::<Vec<_>>();
    turn.say(turn.who, "BATCH", &words);
    tell(turn, Some(&name));
    turn.say(turn.who, "BATCH", &[&format!("-{name}")]);
}

fn targets(turn: &mut Turn<'_>, words: &Words<'_>) -> Result<(), Refused> {
    let from = moment(words.get(1).ok_or(PARAMS)?)?;
    let to = moment(words.get(2).ok_or(PARAMS)?)?;
    let limit = limit(turn, words, 3)?;
    let names = turn.me().channels.iter().map(|it| &turn.channel(it.channel).name);
    let channels = names.map(|name| fold(name).into()).collect();
    let person = turn.me().account.as_deref().map(|account| fold(account).into());
    let events = turn.i_have(Cap::EventPlayback);
    let asked = Conversations { channels, person, from, to, limit, events };
    turn.ask(Question::Conversations(Box::new(asked)), |turn, answer| match answer {
        Answer::Conversations(mut found) => {
            found.retain(|it| is_mine(turn, it));
            tell_targets(turn, &found);
        }
        _ => {
            turn.fail("CHATHISTORY", "MESSAGE_ERROR", &["TARGETS"], "History cannot be read now");
        }
    });
    Ok(())
}

/// Whether the last word of a conversation is for whoever has the turn.
fn is_mine(turn: &Turn<'_>, it: &Conversation) -> bool {
    let since = match &it.target {
        Target::Channel(key) => turn.hub.channels.named(key).map(|id| turn.since_channel(id)),
        Target::Private(..) => Some(turn.since_person()),
    };
    since.is_some_and(|since| since.is_before(it.latest.time))
}

fn tell_targets(turn: &mut Turn<'_>, found: &[Conversation]) {
    in_batch(turn, &["draft/chathistory-targets"], |turn, batch| {
        for it in found {
            let (name, time) = (name_of(turn, &it.target), u64::try_from(it.latest.time));
            let time = Time(time.unwrap_or_default()).to_string();
            let server = turn.hub.settings.server_name.clone();
            let line = format!(":{server} CHATHISTORY TARGETS {name} {time}");
            let texts = [(coax_irc::CapSet::NONE, &*line)];
            let stamp = crate::hub::Stamp { batch, time: turn.now, ..Default::default() };
            turn.tell(turn.who, &mut crate::hub::Relay::new(stamp, &texts));
        }
    });
}

/// A conversation as whoever has the turn calls it.
fn name_of(turn: &Turn<'_>, target: &Target) -> String {
    match target {
        Target::Channel(key) => match turn.hub.channels.named(key) {
            Some(id) => turn.channel(id).name.to_string(),
            None => key.clone(),
        },
        Target::Private(one, other) => {
            let mine = person(turn.me());
            let theirs = if **one == *mine { other } else { one };
            match theirs.strip_prefix('~') {
                Some(nick) => nick.to_owned(),
                None => turn.shown_account(theirs),
            }
        }
    }
}
