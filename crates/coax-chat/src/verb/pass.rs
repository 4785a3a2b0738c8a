//! `PASS <password>`
//!
//! Before NICK and USER: what the server asks of everyone.

use super::Words;
use crate::hub::Turn;
use coax_irc::numeric as n;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let password = words[0];
    match &mut turn.me_mut().registration {
        Some(registration) => registration.password = Some(password.into()),
        None => turn.reply(n::ERR_ALREADYREGISTERED, &["You have registered already"]),
    }
}
