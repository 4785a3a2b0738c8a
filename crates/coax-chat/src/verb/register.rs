//! `REGISTER <account or *> <e-mail or *> <password>` · `VERIFY <account> <code>`
//!
//! Makes an account and signs in to it. IRCv3 *draft/account-registration*. `*` is one's nick.

use coax_irc::check_nick;

use super::Words;
use crate::hub::{Answer, Note, Question, Turn, taken_for_a_service};

/// Longer passwords find no room on a line of IRC.
const LONGEST: usize = 300;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let nick = turn.my_nick();
    let name = if words[0] == "*" { &*nick } else { words[0] };
    let refuse = |turn: &mut Turn<'_>, code: &str, why: &str| {
        let shown = if name.is_empty() { "*" } else { super::clipped(name, 64) };
        turn.fail("REGISTER", code, &[shown], why);
    };
    if !turn.me().is_registered() && !turn.hub.settings.register_before_connect {
        return refuse(turn, "COMPLETE_CONNECTION_REQUIRED", "Connect first, then register");
    }
    if let Err((code, why)) = acceptable(turn, name, words[2]) {
        return refuse(turn, code, why);
    }
    if turn.hub.settings.email_required && !words[1].contains('@') {
        return refuse(turn, "INVALID_EMAIL", "An address of e-mail is needed");
    }
    create(turn, name, words[2], |turn, name, made| match made {
        Ok(()) => {
            let text = "Account created";
            turn.say(turn.who, "REGISTER", &["SUCCESS", name, text]);
            turn.sign_in(name);
        }
        Err((code, why)) => turn.fail("REGISTER", code, &[name], &why),
    });
}

/// `VERIFY`: nothing is ever sent that could be verified.
pub(super) fn verify(turn: &mut Turn<'_>, words: &Words<'_>) {
    let account = super::clipped(words[0], 64);
    turn.fail("VERIFY", "INVALID_CODE", &[account], "That code is not valid");
}

/// Whether there may be an account of that name with that password; if not, the code and why.
pub(super) fn acceptable(
    turn: &Turn<'_>,
    name: &str,
    password: &str,
) -> Result<(), (&'static str, &'static str)> {
    if !turn.hub.settings.register {
        return Err(("TEMPORARILY_UNAVAILABLE", "Accounts are made by the operators here"));
    }
    if turn.me().account.is_some() {
        return Err(("ALREADY_AUTHENTICATED", "You are signed in already"));
    }
    if name == "*" {
        return Err(("ACCOUNT_EXISTS", "You have no nick: it is taken, or you gave none yet"));
    }
    if check_nick(name.as_bytes(), turn.hub.settings.nick_length).is_err() {
        return Err(("BAD_ACCOUNT_NAME", "An account is called as a nick can be"));
    }
    if taken_for_a_service(name).is_some() {
        return Err(("BAD_ACCOUNT_NAME", "That would be taken for a part of the server"));
    }
    let held = turn.hub.clients.holder(name).is_some_and(|holder| holder != turn.who);
    if turn.hub.accounts.owner(name).is_some() || held {
        return Err(("ACCOUNT_EXISTS", "Account already exists"));
    }
    if turn.looks_like(name).is_some() {
        return Err(("BAD_ACCOUNT_NAME", "That looks like the name of somebody else"));
    }
    strong_enough(turn, password)
}

/// Why an account could not be made: the code, and a line for people.
pub(super) type NotMade = (&'static str, String);

/// Whether a password can be taken.
pub(super) fn strong_enough(
    turn: &Turn<'_>,
    password: &str,
) -> Result<(), (&'static str, &'static str)> {
    match password.len() {
        length if length < turn.hub.settings.password_length => {
            Err(("WEAK_PASSWORD", "The password is too short"))
        }
        length if length > LONGEST => Err(("WEAK_PASSWORD", "The password is too long")),
        _ => Ok(()),
    }
}

/// Makes an account once its password is hashed, and says whether that went well: it is on disk then.
pub(super) fn create(
    turn: &mut Turn<'_>,
    name: &str,
    password: &str,
    then: impl FnOnce(&mut Turn<'_>, &str, Result<(), NotMade>) + 'static,
) {
    let name = name.to_owned();
    if let Err(wait) = turn.may_register() {
        let why = format!("Too many accounts were made from your address: try again in {wait} s");
        return then(turn, &name, Err((UNAVAILABLE, why)));
    }
    let password = password.as_bytes().into();
    turn.ask(Question::Hash { password }, move |turn, answer| {
        let Answer::Hashed(password) = answer else {
            let why = "The password cannot be hashed just now: try again later";
            return not_made(turn, &name, UNAVAILABLE, why, then);
        };
        // Somebody else may have been faster.
        if turn.hub.accounts.owner(&name).is_some() {
            return not_made(turn, &name, EXISTS.0, EXISTS.1, then);
        }
        if turn.looks_like(&name).is_some() || turn.is_about_to_be(&name) {
            let why = "That looks like the name of somebody else";
            return not_made(turn, &name, "BAD_ACCOUNT_NAME", why, then);
        }
        let account = name.clone();
        turn.create_account(&account, *password, move |turn, answer| match answer {
            Answer::Stored => {
                turn.note(Note::AccountMade(turn.person_about(&name)));
                then(turn, &name, Ok(()));
            }
            Answer::Exists => not_made(turn, &name, EXISTS.0, EXISTS.1, then),
            _ => {
                let why = "The account could not be kept: try again later";
                not_made(turn, &name, UNAVAILABLE, why, then);
            }
        });
    });
}

const UNAVAILABLE: &str = "TEMPORARILY_UNAVAILABLE";
const EXISTS: (&str, &str) = ("ACCOUNT_EXISTS", "Account already exists");

fn not_made(
    turn: &mut Turn<'_>,
    name: &str,
    code: &'static str,
    why: &str,
    then: impl FnOnce(&mut Turn<'_>, &str, Result<(), NotMade>),
) {
    turn.did_not_register();
    then(turn, name, Err((code, why.to_owned())));
}
