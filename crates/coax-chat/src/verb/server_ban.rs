//! `KLINE [<minutes>] <mask> [:<why>]` · `UNKLINE <mask>` · `SHUN …` · `UNSHUN …`, by operators.
//!
//! KLINE puts out and keeps out whoever the mask is about; SHUN mutes them. Both are for some minutes
//! or for good. A mask is compared with the host shown and with the address; `$a:account` works too.

use coax_irc::numeric as n;

use super::Words;
use crate::hub::{Answer, BanKind, NOT_STORED, Note, Pattern, ServerBan, Turn, same, to_keep};

/// How many of one kind there may be.
const MOST: usize = 1000;

pub(super) fn kline(turn: &mut Turn<'_>, words: &Words<'_>) {
    add(turn, BanKind::Kline, words);
}

pub(super) fn unkline(turn: &mut Turn<'_>, words: &Words<'_>) {
    remove(turn, BanKind::Kline, words);
}

pub(super) fn shun(turn: &mut Turn<'_>, words: &Words<'_>) {
    add(turn, BanKind::Shun, words);
}

pub(super) fn unshun(turn: &mut Turn<'_>, words: &Words<'_>) {
    remove(turn, BanKind::Shun, words);
}

/// What an operator wrote.
struct Order<'a> {
    minutes: Option<u64>,
    mask: &'a str,
    why: &'a str,
}

impl<'a> Order<'a> {
    /// None when a term is not where it belongs: taken for a mask or a reason, it would be a ban of
    /// somebody else, for good.
    fn read(words: &Words<'a>) -> Option<Order<'a>> {
        let minutes = words[0].parse::<u64>().ok();
        let rest = if minutes.is_some() { &words[1..] } else { &words[..] };
        let mask = rest.first().filter(|mask| !is_term(mask))?;
        let is_misplaced = minutes == Some(0) || (rest.len() > 2 && is_term(rest[1]));
        let why = super::clipped(rest.get(1).copied().unwrap_or("No reason"), 200);
        (!is_misplaced).then_some(Order { minutes, mask, why })
    }
}

/// Whether it is written like a time: `10`, `1h`, `2d12h`. No nick begins with a digit.
fn is_term(word: &str) -> bool {
    word.starts_with(|first: char| first.is_ascii_digit())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn add(turn: &mut Turn<'_>, kind: BanKind, words: &Words<'_>) {
    let Some(Order { minutes, mask, why }) = Order::read(words) else {
        let verb = words.verb;
        let text = format!(
            "{verb} [<minutes>] <mask> [:<why>]: minutes come first, and are a number from 1; \
             without them it is for good"
        );
        return say(turn, &text);
    };
    turn.forget_served();
    let many = turn.hub.server_bans.iter().filter(|it| it.kind == kind).count();
    let Some(pattern) = Pattern::read(mask).filter(|_| many < MOST) else {
        let words = ["*", "k", super::clipped(mask, 64), "That is no mask, or there are too many"];
        return turn.reply(n::ERR_INVALIDMODEPARAM, &words);
    };
    if kind == BanKind::Kline && pattern.is_about(turn.me()) {
        return say(turn, "That would put you out yourself");
    }
    let until =
        minutes.map(|minutes| turn.hub.certain(turn.now).later(minutes.saturating_mul(60_000)));
    let text = pattern.text().to_owned();
    let ban = ServerBan { kind, pattern, why: why.into(), by: turn.my_nick().into(), until };
    turn.hub.server_bans.retain(|it| it.kind != kind || !same(it.pattern.text(), &text));
    let keep = to_keep(kind, &text, Some(&ban));
    turn.hub.server_bans.push(ban.clone());
    let (done, met) = carry_out(turn, &ban);
    let by = turn.person();
    turn.note(Note::BanAdded { kind, mask: text, by, why: why.to_owned(), until, met });
    turn.confirm(keep, move |turn, answer| say_kept(turn, &done, &answer));
}

/// What the operator reads of it, and how many it met at once.
fn carry_out(turn: &mut Turn<'_>, ban: &ServerBan) -> (String, usize) {
    let text = ban.pattern.text();
    if ban.kind == BanKind::Kline {
        let met = turn.put_out();
        return (format!("{text} is kept out; {met} put out"), met);
    }
    let mut met = turn.muted();
    met.retain(|who| ban.pattern.is_about(turn.client(*who)));
    met.iter().for_each(|who| turn.tell_if_muted(*who));
    (format!("{text} is muted; {} here now", met.len()), met.len())
}

fn remove(turn: &mut Turn<'_>, kind: BanKind, words: &Words<'_>) {
    turn.forget_served();
    let text = Pattern::read(words[0]).map(|it| it.text().to_owned()).unwrap_or_default();
    let muted = turn.muted();
    let before = turn.hub.server_bans.len();
    turn.hub.server_bans.retain(|it| it.kind != kind || !same(it.pattern.text(), &text));
    if turn.hub.server_bans.len() == before {
        return say(
            turn,
            match kind {
                BanKind::Kline => "Nobody is kept out by that mask: STATS k lists them",
                BanKind::Shun => "Nobody is muted by that mask: STATS s lists them",
            },
        );
    }
    let still = turn.muted();
    for who in muted.into_iter().filter(|who| !still.contains(who)) {
        turn.server_notice(who, "You are no longer muted");
    }
    turn.note(Note::BanRemoved { kind, mask: text.clone(), by: turn.person() });
    let may = if kind == BanKind::Kline { "come back" } else { "speak again" };
    let done = format!("{text} may {may}");
    turn.confirm(to_keep(kind, &text, None), move |turn, answer| say_kept(turn, &done, &answer));
}

/// It holds already. Whether it will after a restart, the disk said.
fn say_kept(turn: &mut Turn<'_>, done: &str, answer: &Answer) {
    match answer {
        Answer::Failed => say(turn, &format!("{done}; {NOT_STORED}")),
        _ => say(turn, done),
    }
}

fn say(turn: &mut Turn<'_>, text: &str) {
    turn.server_notice(turn.who, text);
}
