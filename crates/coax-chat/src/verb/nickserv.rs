//! `NICKSERV <command>`, also `NS`, and `PRIVMSG NickServ :<command>`
//!
//! Accounts for those whose client knows no better: `REGISTER <password>`, `IDENTIFY [<account>]
//! <password>`, `LOGOUT`, `INFO [<account>]`, `PASSWD <old> <new>`, `GROUP`, `GHOST <nick>`,
//! `CERT ADD|DEL|LIST [<fingerprint>]`, `DROP <account>`. Operators drop any account, and `SUSPEND
//! <account>` or `RESUME <account>`.

use coax_store::{
    AddFingerprint, AddNick, Name, RemoveAccount, RemoveFingerprint, SetPassword, SetSettings,
};

use super::{Words, register};
use crate::hub::{Answer, Cause, Keep, Means, Note, Question, Turn, fold, settings};

/// Whom its words are from.
const NAME: &str = "NickServ";

const HELP: &[&str] = &[
    "REGISTER <password>: makes an account of your nick",
    "IDENTIFY [<account>] <password>: signs in",
    "LOGOUT: signs out",
    "INFO [<account>]: tells about an account",
    "PASSWD <old> <new>: changes your password",
    "GROUP: makes the nick you have now one of your account's",
    "GHOST <nick>: throws out somebody who has your nick",
    "CERT ADD|DEL|LIST [<fingerprint>]: certificates that sign you in",
    "DROP <account>: ends your account",
];

const OPERATORS_HELP: &[&str] = &[
    "DROP <account>: ends any account",
    "SUSPEND <account>: lets nobody sign in to it, and puts out who is",
    "RESUME <account>: ends that",
];

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    command(turn, &words.join(" "));
}

/// What somebody said to NickServ.
pub(super) fn command(turn: &mut Turn<'_>, text: &str) {
    let words = text.split_whitespace().collect::<Vec<_>>();
    let (verb, rest) = words.split_first().map_or(("HELP", &[][..]), |(verb, rest)| (*verb, rest));
    match (&*verb.to_ascii_uppercase(), rest) {
        ("REGISTER", [password, ..]) => register(turn, password),
        ("IDENTIFY", [password]) => identify(turn, &turn.my_nick(), password),
        ("IDENTIFY", [account, password, ..]) => identify(turn, account, password),
        ("LOGOUT", _) if turn.me().account.is_some() => turn.sign_out(),
        ("INFO", rest) => info(turn, rest.first().copied()),
        ("PASSWD", [old, new, ..]) => passwd(turn, old, new),
        ("GROUP", _) => group(turn),
        ("GHOST", [nick, ..]) => ghost(turn, nick),
        ("CERT", [what, rest @ ..]) => cert(turn, what, rest.first().copied()),
        ("DROP", [account, ..]) => drop_account(turn, account),
        ("SUSPEND", [account, ..]) if turn.me().is_operator() => suspend(turn, account, true),
        ("RESUME", [account, ..]) if turn.me().is_operator() => suspend(turn, account, false),
        ("HELP", _) => {
            HELP.iter().for_each(|line| say(turn, line));
            if turn.me().is_operator() {
                OPERATORS_HELP.iter().for_each(|line| say(turn, line));
            }
        }
        _ => say(turn, "I do not understand. HELP tells what I do"),
    }
}

fn say(turn: &mut Turn<'_>, text: &str) {
    let nick = turn.my_nick();
    let source = super::service(turn, NAME);
    turn.say_as(turn.who, &source, "NOTICE", &[&nick, text]);
}

fn register(turn: &mut Turn<'_>, password: &str) {
    let nick = turn.my_nick();
    if let Err((_, why)) = register::acceptable(turn, &nick, password) {
        return say(turn, why);
    }
    register::create(turn, &nick, password, |turn, name, made| match made {
        Ok(()) => {
            say(turn, "Account created");
            turn.sign_in(name);
        }
        Err((_, why)) => say(turn, &why),
    });
}

fn identify(turn: &mut Turn<'_>, account: &str, password: &str) {
    let known = turn.hub.accounts.owner(account);
    let hash = known.and_then(|account| account.password.phc.as_deref()).map(Box::from);
    let name = known.map(|account| account.name.shown.clone()).unwrap_or_default();
    let account = super::clipped(account, 64).to_owned();
    if let Err(wait) = turn.may_try(Means::NickServ, &account) {
        return say(turn, &format!("Too many wrong passwords: try again in {wait} s"));
    }
    let question = Question::Verify { password: password.as_bytes().into(), hash };
    turn.ask(question, move |turn, answer| match answer {
        Answer::Verified(true) if turn.hub.accounts.find(&name).is_some() => {
            turn.tried_rightly(Means::NickServ, &account);
            if let Err(why) = turn.may_sign_in(&name) {
                return say(turn, why);
            }
            turn.sign_in(&name);
            say(turn, &format!("You are now identified for {name}"));
            turn.leave_if_kept_out();
        }
        Answer::Failed => unchecked(turn, &account),
        _ => {
            turn.tried_wrongly(Means::NickServ, &account);
            say(turn, "Invalid account or password");
            let me = turn.me_mut();
            me.sasl_failures = me.sasl_failures.saturating_add(1);
            if me.sasl_failures >= 8 {
                turn.close(Cause::Guessing, "Too many failed attempts to sign in");
            }
        }
    });
}

/// This machine could not look at a password: no memory, no thread.
fn unchecked(turn: &mut Turn<'_>, account: &str) {
    turn.not_tried(Means::NickServ, account);
    say(turn, "The password could not be checked just now: try again");
}

/// Does something to an account, and says `done` when it is on disk.
fn confirm(turn: &mut Turn<'_>, keep: Keep, done: &str) {
    let done = done.to_owned();
    turn.confirm(keep, move |turn, answer| match answer {
        Answer::Stored => say(turn, &done),
        Answer::Exists => say(turn, "Somebody has that already"),
        Answer::Missing => say(turn, "There is no such thing any more"),
        _ => say(turn, "That could not be kept, and nothing was changed: try again later"),
    });
}

fn info(turn: &mut Turn<'_>, account: Option<&str>) {
    let mine = turn.me().account.as_deref().map(str::to_owned);
    let asked = account.map(str::to_owned).or(mine.clone());
    let known = asked.as_deref().and_then(|name| turn.hub.accounts.owner(name)).cloned();
    let Some(account) = known else { return say(turn, "No such account") };
    let created = u64::try_from(account.created).unwrap_or_default();
    let since = crate::hub::Time(created);
    say(turn, &format!("{} was registered at {since}", account.name.shown));
    if mine.as_deref() == Some(&account.name.shown) {
        let nicks = account.nicks.iter().map(|nick| nick.shown.as_str()).collect::<Vec<_>>();
        say(turn, &format!("Nicks: {}", nicks.join(" ")));
    }
}

fn passwd(turn: &mut Turn<'_>, old: &str, new: &str) {
    let Some(name) = turn.me().account.clone() else { return say(turn, "Sign in first") };
    if let Err((_, why)) = register::strong_enough(turn, new) {
        return say(turn, why);
    }
    let known = turn.hub.accounts.find(&name);
    let hash = known.and_then(|account| account.password.phc.as_deref()).map(Box::from);
    let new: Box<[u8]> = new.as_bytes().into();
    if let Err(wait) = turn.may_try(Means::NickServ, &name) {
        return say(turn, &format!("Too many wrong passwords: try again in {wait} s"));
    }
    let question = Question::Verify { password: old.as_bytes().into(), hash };
    turn.ask(question, move |turn, answer| match answer {
        Answer::Verified(true) => {
            turn.tried_rightly(Means::NickServ, &name);
            turn.ask(Question::Hash { password: new }, move |turn, answer| {
                let Answer::Hashed(password) = answer else {
                    return say(turn, "The password cannot be hashed just now: try again later");
                };
                let set = SetPassword { key: fold(&name).into(), password: *password };
                confirm(turn, Keep::Password(set), "Password changed");
            });
        }
        Answer::Failed => unchecked(turn, &name),
        _ => {
            turn.tried_wrongly(Means::NickServ, &name);
            say(turn, "Invalid account or password");
        }
    });
}

fn group(turn: &mut Turn<'_>) {
    let Some(name) = turn.me().account.clone() else { return say(turn, "Sign in first") };
    let nick = turn.my_nick();
    match turn.hub.accounts.owner(&nick) {
        Some(_) => say(turn, "That nick is registered already"),
        None => {
            let (key, shown) = (fold(&name).into(), Name::new(&*fold(&nick), &*nick));
            let done = format!("{nick} is now one of your nicks");
            confirm(turn, Keep::Nick(AddNick { key, nick: shown }), &done);
        }
    }
}

fn ghost(turn: &mut Turn<'_>, nick: &str) {
    let owner = turn.hub.accounts.owner(nick).map(|account| account.name.shown.clone());
    let mine = owner.is_some() && owner.as_deref() == turn.me().account.as_deref();
    match turn.hub.clients.holder(nick).filter(|holder| mine && *holder != turn.who) {
        Some(holder) => {
            let why = format!("GHOST command used by {}", turn.me().nick());
            turn.hub.turn(turn.now, holder, turn.out).close(Cause::Killed, &why);
            say(turn, &format!("{nick} is free"));
        }
        None => say(turn, "That nick is not yours, or nobody has it"),
    }
}

fn cert(turn: &mut Turn<'_>, what: &str, fingerprint: Option<&str>) {
    let Some(name) = turn.me().account.clone() else { return say(turn, "Sign in first") };
    let shown = turn.me().origin.certificate.clone();
    let fingerprint = fingerprint.map(|it| it.replace(':', "").to_ascii_lowercase()).or(shown);
    let fits = |it: &String| it.len() == 64 && it.bytes().all(|byte| byte.is_ascii_hexdigit());
    match (&*what.to_ascii_uppercase(), fingerprint.filter(fits)) {
        ("LIST", _) => {
            let known = turn.hub.accounts.find(&name).map(|it| it.fingerprints.clone());
            known.unwrap_or_default().iter().for_each(|it| say(turn, it));
            say(turn, "End of certificates");
        }
        ("ADD", Some(it)) if turn.hub.accounts.of_certificate(&it).is_none() => {
            let add = AddFingerprint { key: fold(&name).into(), fingerprint: it };
            confirm(turn, Keep::Certificate(add), "Certificate added");
        }
        ("DEL", Some(it)) => {
            let remove = RemoveFingerprint { key: fold(&name).into(), fingerprint: it };
            confirm(turn, Keep::NoCertificate(remove), "Certificate removed");
        }
        _ => say(turn, "CERT ADD|DEL|LIST [<SHA-256 in hexadecimal>]"),
    }
}

fn suspend(turn: &mut Turn<'_>, account: &str, on: bool) {
    let Some(known) = turn.hub.accounts.find(account) else { return say(turn, "No such account") };
    let name = known.name.shown.clone();
    let key = known.name.key.clone();
    if on && turn.me().account.as_deref() == Some(&name) {
        return say(turn, "That would put you out yourself");
    }
    turn.note(Note::AccountSuspended { who: turn.person_about(&name), on });
    let done = format!("{name} is {}", if on { "suspended" } else { "no longer suspended" });
    confirm(turn, Keep::Settings(SetSettings { key, settings: settings(on).to_owned() }), &done);
}

fn drop_account(turn: &mut Turn<'_>, account: &str) {
    let known = turn.hub.accounts.find(account).map(|it| it.name.shown.as_str().into());
    match known.filter(|_| turn.me().is_operator()).or(turn.me().account.clone()) {
        Some(name) if fold(&name) == fold(account) => {
            let keep = Keep::NoAccount(RemoveAccount { key: fold(&name).into() });
            turn.confirm(keep, move |turn, answer| match answer {
                Answer::Stored | Answer::Missing => {
                    turn.note(Note::AccountDropped(turn.person_about(&name)));
                    say(turn, "The account is gone");
                }
                _ => say(turn, "That could not be kept, and the account stays: try again later"),
            });
        }
        _ => say(turn, "Say DROP and the name of the account you are signed in to"),
    }
}
