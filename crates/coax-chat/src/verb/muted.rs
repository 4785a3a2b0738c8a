//! What a muted person can still do.
//!
//! Everything but what others would read in their own words: messages (`message.rs` refuses those,
//! since the server's services still listen), topics, names, invitations, and reasons. A reason is left
//! out, and what it was the reason for is done.

use super::Words;
use crate::hub::Turn;

/// What is left of a command of a muted person; none when they may not say it, which is told.
pub(super) fn heard<'a>(turn: &mut Turn<'_>, words: Words<'a>) -> Option<Words<'a>> {
    let Some(most) = most_words(words.verb).filter(|most| words.len() > *most) else {
        return Some(words);
    };
    let Some(why) = turn.why_muted(turn.who) else { return Some(words) };
    match words.verb {
        "KICK" | "PART" | "QUIT" | "REDACT" => Some(Words { count: most, ..words }),
        verb => {
            turn.fail(verb, "MUTED", &[], &why);
            None
        }
    }
}

/// So many words of a command are not for others to read.
fn most_words(verb: &str) -> Option<usize> {
    match verb {
        "AWAY" | "INVITE" | "NICK" | "QUIT" | "RENAME" | "SETNAME" => Some(0),
        "PART" | "TOPIC" => Some(1),
        "KICK" | "REDACT" => Some(2),
        _ => None,
    }
}
