//! `QUIT [:<why>]`
//!
//! Others read the reason with `Quit: ` before it, so that nobody can make theirs look like the
//! server's own.

use super::Words;
use crate::hub::{Cause, Turn};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let why = match words.get(0) {
        Some(why) => format!("Quit: {}", super::user::clipped(why, 300)),
        None => "Quit".to_owned(),
    };
    turn.close(Cause::Quit, &why);
}

/// `ERROR`: what servers say. From a client it means nothing.
pub(super) fn ignore(_: &mut Turn<'_>, _: &Words<'_>) {}
