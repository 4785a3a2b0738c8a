//! `USER <user> <mode> <unused> :<real name>`
//!
//! With NICK, this registers a connection. The user name is shown with a `~` before it, which says
//! that nobody has checked it.

use super::Words;
use crate::hub::{Name, Turn};
use coax_irc::numeric as n;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    if turn.me().is_registered() {
        return turn.reply(n::ERR_ALREADYREGISTERED, &["You have registered already"]);
    }
    let (user, realname) = (words[0], words[3]);
    let realname = seen(realname);
    if user.is_empty() || realname.is_empty() {
        return turn.reply(n::ERR_NEEDMOREPARAMS, &["USER", "Not enough parameters"]);
    }
    if !is_user(user) {
        return turn.reply(n::ERR_INVALIDUSERNAME, &["A user name is letters and digits"]);
    }
    let room = turn.hub.settings.user_length.saturating_sub(1);
    let user = format!("~{}", &user[..room.min(user.len())]);
    let realname = clipped(&realname, turn.hub.settings.realname_length);
    let me = turn.me_mut();
    me.realname = realname.into();
    me.name = Name::new(me.name.nick(), &user, me.name.host());
    if let Some(registration) = &mut me.registration {
        registration.user = Some(user.into());
    }
    turn.try_to_welcome();
}

/// A real name without controls, and without what turns the direction of all that follows (UAX #9).
pub(super) fn seen(realname: &str) -> String {
    let turns = |letter| matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    realname.chars().filter(|letter| !letter.is_control() && !turns(*letter)).collect()
}

/// What can stand in a mask.
pub(super) fn is_user(user: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~[]{}|^`\\+/".contains(&byte);
    user.bytes().all(fits)
}

/// At most `most` bytes, cut between two characters.
pub(crate) fn clipped(text: &str, most: usize) -> &str {
    let end = (0..=most.min(text.len())).rev().find(|at| text.is_char_boundary(*at));
    &text[..end.unwrap_or(0)]
}
