//! `REHASH`: reads the settings again. `DIE`: ends the server. Both by operators.

use coax_irc::numeric as n;

use super::Words;
use crate::hub::{Effect, Turn};

pub(super) fn run(turn: &mut Turn<'_>, _: &Words<'_>) {
    turn.reply(n::RPL_REHASHING, &["settings", "Rehashing"]);
    turn.out.push(Effect::Reload);
}

pub(super) fn die(turn: &mut Turn<'_>, _: &Words<'_>) {
    turn.out.push(Effect::Stop);
}
