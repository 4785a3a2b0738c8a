//! A user's own modes.
//!
//! What others give (`+o`) can only be given up.

use coax_irc::numeric as n;

use crate::hub::{Turn, UserModes};

pub(super) fn run(turn: &mut Turn<'_>, changes: Option<&str>) {
    let Some(changes) = changes else {
        let modes = turn.me().modes.letters();
        return turn.reply(n::RPL_UMODEIS, &[&modes]);
    };
    let before = turn.me().modes;
    let (mut on, mut unknown) = (true, false);
    for letter in changes.chars() {
        match (letter, UserModes::of(letter)) {
            ('+' | '-', _) => on = letter == '+',
            (_, None) => unknown = true,
            (_, Some(UserModes::OPERATOR)) if on => {}
            (_, Some(mode)) => turn.me_mut().modes.set(mode, on),
        }
    }
    if unknown {
        turn.reply(n::ERR_UMODEUNKNOWNFLAG, &["Unknown MODE flag"]);
    }
    tell(turn, before);
}

/// Tells whoever has the turn what changed.
pub(crate) fn tell(turn: &mut Turn<'_>, before: UserModes) {
    let after = turn.me().modes;
    let changed = |on: bool| {
        let of = move |(letter, mode): &(char, UserModes)| {
            (after.has(*mode) != before.has(*mode) && after.has(*mode) == on).then_some(*letter)
        };
        UserModes::ALL.iter().filter_map(of).collect::<String>()
    };
    let sign = |sign: &str, letters: String| match letters.is_empty() {
        true => letters,
        false => format!("{sign}{letters}"),
    };
    let changes = sign("+", changed(true)) + &sign("-", changed(false));
    if !changes.is_empty() {
        let (mask, nick) = (turn.my_mask(), turn.my_nick());
        turn.say_as(turn.who, &mask, "MODE", &[&nick, &changes]);
    }
}
