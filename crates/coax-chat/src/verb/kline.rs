//! `KLINE [<minutes>] <mask> [:<why>]` · `UNKLINE <mask>`, by operators.
//!
//! Whoever the mask is about is put out and kept out, for some minutes or for good. It is compared
//! with the host shown and with the address; `$a:account` works too.

use coax_irc::numeric as n;

use super::Words;
use crate::hub::{Answer, KeptOut, NOT_STORED, Note, Pattern, Turn, same, to_keep};

/// How many there may be.
const MOST: usize = 1000;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let minutes = words[0].parse::<u64>().ok().filter(|_| words.len() > 1);
    let rest = if minutes.is_some() { &words[1..] } else { &words[..] };
    let mask = rest.first().copied().unwrap_or_default();
    turn.forget_served();
    let Some(pattern) = Pattern::read(mask).filter(|_| turn.hub.kept_out.len() < MOST) else {
        let words = ["*", "k", super::clipped(mask, 64), "That is no mask, or there are too many"];
        return turn.reply(n::ERR_INVALIDMODEPARAM, &words);
    };
    if pattern.is_about(turn.me()) {
        return say(turn, "That would put you out yourself");
    }
    let why = super::clipped(rest.get(1).copied().unwrap_or("No reason"), 200);
    let until =
        minutes.map(|minutes| turn.hub.certain(turn.now).later(minutes.saturating_mul(60_000)));
    let by = turn.my_nick();
    let text = pattern.text().to_owned();
    let kept_out = KeptOut { pattern, why: why.into(), by: by.into(), until };
    turn.hub.kept_out.retain(|it| !same(it.pattern.text(), &text));
    let keep = to_keep(&text, Some(&kept_out));
    turn.hub.kept_out.push(kept_out);
    let put_out = turn.put_out();
    let note = Note::KeptOut {
        mask: text.clone(),
        by: turn.person(),
        why: why.to_owned(),
        until,
        put_out,
    };
    turn.note(note);
    let done = format!("{text} is kept out; {put_out} put out");
    turn.confirm(keep, move |turn, answer| say_kept(turn, &done, &answer));
}

pub(super) fn undo(turn: &mut Turn<'_>, words: &Words<'_>) {
    let wanted = Pattern::read(words[0]).map(|pattern| pattern.text().to_owned());
    let before = turn.hub.kept_out.len();
    let text = wanted.unwrap_or_default();
    turn.hub.kept_out.retain(|it| !same(it.pattern.text(), &text));
    match turn.hub.kept_out.len() < before {
        true => {
            turn.note(Note::LetIn { mask: text.clone(), by: turn.person() });
            let done = format!("{text} may come back");
            turn.confirm(to_keep(&text, None), move |turn, answer| {
                say_kept(turn, &done, &answer);
            });
        }
        false => say(turn, "Nobody is kept out by that mask: STATS k lists them"),
    }
}

/// It holds already. Whether it will after a restart, the disk said.
fn say_kept(turn: &mut Turn<'_>, done: &str, answer: &Answer) {
    match answer {
        Answer::Failed => say(turn, &format!("{done}; {NOT_STORED}")),
        _ => say(turn, done),
    }
}

fn say(turn: &mut Turn<'_>, text: &str) {
    let (server, nick) = (turn.hub.settings.server_name.clone(), turn.my_nick());
    turn.say_as(turn.who, &server, "NOTICE", &[&nick, text]);
}
