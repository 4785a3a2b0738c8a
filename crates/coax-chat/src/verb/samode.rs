//! `SAMODE <channel> <changes> [<argument>…]`, by operators.
//!
//! MODE without a rank in the channel. Members see who did it.

use coax_irc::numeric as n;

use super::{Words, mode};
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    match turn.hub.channels.named(words[0]) {
        Some(id) => mode::overrule(turn, id, &words[1..]),
        None => {
            let name = super::clipped(words[0], 64);
            turn.reply(n::ERR_NOSUCHCHANNEL, &[name, "No such channel"]);
        }
    }
}
