//! `SEARCH <attribute>=<value>{;<attribute>=<value>}`
//!
//! Attributes are `text` (words), `in` (a channel or a nick), `from` (a nick), `after` and `before` (as
//! *server-time* writes them), `limit`; values are escaped like those of tags. *soju.im/search*. What
//! CHATHISTORY would not tell is not found. Who cannot read batches reads what was found as notices.

use std::borrow::Cow;

use coax_irc::{Capability as Cap, Tags, parse_time};
use coax_store::{Conversation, Conversations, Hit, Search};

use super::Words;
use super::chathistory::{Readable, channel, in_batch, readable};
use crate::hub::{Answer, Question, Since, Time, Turn, fold};

/// How many conversations of two are searched when none is named: the latest.
const PRIVATE: usize = 200;

/// Conversations that are searched from the same moment on.
struct Scope {
    within: Vec<coax_store::Target>,
    since: Since,
}

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Ok((search, place)) = read(turn, words[0]).map_err(|about| refuse(turn, &about)) else {
        return;
    };
    let scope = |it: Readable| Scope { within: vec![it.target], since: it.since };
    if let Some(place) = place {
        return match readable(turn, &place) {
            Some(it) => find(turn, &search, vec![scope(it)]),
            None => refuse(turn, "in"),
        };
    }
    let mine = turn.me().channels.iter().map(|it| scope(channel(turn, it.channel)));
    let mine = mine.collect::<Vec<_>>();
    match turn.me().account.as_deref().map(fold) {
        Some(account) => with_private(turn, search, mine, account.into()),
        None => find(turn, &search, mine),
    }
}

fn refuse(turn: &mut Turn<'_>, about: &str) {
    turn.fail("SEARCH", "INVALID_PARAMS", &[about], "That cannot be searched for");
}

/// What is looked for, and where if that was said; or the attribute that means nothing.
fn read(turn: &Turn<'_>, attributes: &str) -> Result<(Search, Option<String>), String> {
    let limit = turn.hub.settings.history_page;
    let (mut search, mut place) = (Search { limit, ..Search::default() }, None);
    for tag in Tags::new(attributes.as_bytes()).iter() {
        let key = String::from_utf8_lossy(tag.key);
        let wrong = || super::clipped(&key, 64).replace([' ', ':'], "");
        let value = utf8(tag.value()).ok_or_else(wrong)?;
        let time = || Some(Time(parse_time(value.as_bytes())?).millis());
        match &*key {
            "text" => search.words = value,
            "in" => place = Some(value),
            "from" => search.nick = Some(value),
            // Both count what was said at that very time; the store's bounds do not.
            "after" => search.after = Some(time().ok_or_else(wrong)?.saturating_sub(1)),
            "before" => search.before = Some(time().ok_or_else(wrong)?.saturating_add(1)),
            "limit" => {
                let given = value.parse::<usize>().ok().filter(|given| *given > 0);
                search.limit = given.ok_or_else(wrong)?.min(limit);
            }
            _ => return Err(wrong()),
        }
    }
    Ok((search, place))
}

fn utf8(value: Cow<'_, [u8]>) -> Option<String> {
    String::from_utf8(value.into_owned()).ok()
}

/// Looks among whoever has the turn's private talk, too.
fn with_private(turn: &mut Turn<'_>, search: Search, mut scopes: Vec<Scope>, account: String) {
    let asked = Conversations {
        person: Some(account),
        // The latest first.
        from: i64::MAX,
        to: i64::MIN,
        limit: PRIVATE,
        ..Conversations::default()
    };
    turn.ask(Question::Conversations(Box::new(asked)), move |turn, answer| {
        let Answer::Conversations(found) = answer else { return broken(turn) };
        let within = found.into_iter().map(|Conversation { target, .. }| target).collect();
        scopes.push(Scope { within, since: turn.since_person() });
        find(turn, &search, scopes);
    });
}

fn find(turn: &mut Turn<'_>, search: &Search, mut scopes: Vec<Scope>) {
    // To be in no conversation is not to be in all of them.
    scopes.retain(|scope| !scope.within.is_empty());
    let searches = scopes.iter().map(|Scope { within, since }| Search {
        within: within.clone(),
        after: search.after.max(since.before()),
        ..search.clone()
    });
    let limit = search.limit;
    let question = Question::Search(searches.collect());
    turn.ask(question, move |turn, answer| match answer {
        Answer::Found(mut found) => {
            let covers = |hit: &Hit| {
                let place = scopes.iter().find(|it| it.within.contains(&hit.kept.entry.target));
                place.is_some_and(|scope| scope.since.covers(&hit.kept))
            };
            found.retain(covers);
            found.sort_unstable_by_key(|hit| hit.kept.place());
            found.drain(..found.len().saturating_sub(limit));
            tell(turn, &found);
        }
        Answer::Invalid(why) => turn.fail("SEARCH", "INVALID_PARAMS", &["text"], &why),
        _ => broken(turn),
    });
}

fn broken(turn: &mut Turn<'_>) {
    turn.fail("SEARCH", "INTERNAL_ERROR", &[], "The search could not be run");
}

fn tell(turn: &mut Turn<'_>, found: &[Hit]) {
    if turn.i_have(Cap::Search) && turn.i_have(Cap::Batch) {
        return in_batch(turn, &["soju.im/search"], |turn, batch| {
            found.iter().for_each(|hit| turn.replay(&hit.kept, batch));
        });
    }
    for hit in found {
        let line = turn.as_text(&hit.kept);
        notice(turn, &line);
    }
    match found.len() {
        0 => notice(turn, "Nothing found"),
        count => notice(turn, &format!("{count} found")),
    }
}

fn notice(turn: &mut Turn<'_>, text: &str) {
    let nick = turn.my_nick();
    turn.say(turn.who, "NOTICE", &[&nick, text]);
}
