//! `AUTHENTICATE <mechanism>` · `AUTHENTICATE <base64>` · `AUTHENTICATE *`
//!
//! Signing in, before registration or after, and again as somebody else. IRCv3 *sasl-3.2*. A name
//! nobody has fails as late and in the same words as a wrong password.

use coax_irc::{SaslPiece, SaslPieceError, SaslPieces, numeric as n, sasl_pieces};

use super::Words;
use crate::credentials::{DecoySecret, Exchange, Mechanism, ScramVerifier, Step};
use crate::hub::{Answer, Cause, Means, Question, Sasl, Turn, fold};

/// The longest piece of a message. IRCv3 *sasl-3.1*.
const PIECE: usize = 400;

/// Attempts that may fail on one connection.
const FAILURES: u8 = 8;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let word = words[0];
    match turn.me_mut().sasl.take() {
        Some(sasl) => go_on(turn, *sasl, word),
        None => begin(turn, word),
    }
}

/// The mechanisms whoever has the turn can use, as CAP and 908 have them.
pub(crate) fn mechanisms(turn: &Turn<'_>) -> String {
    let has_certificate = turn.me().origin.certificate.is_some();
    let usable = |it: &&Mechanism| **it != Mechanism::External || has_certificate;
    let names = Mechanism::ALL.iter().filter(usable).map(|it| it.name());
    names.collect::<Vec<_>>().join(",")
}

fn begin(turn: &mut Turn<'_>, word: &str) {
    if word == "*" {
        return turn.reply(n::ERR_SASLABORTED, &["SASL authentication aborted"]);
    }
    match Mechanism::named(word.as_bytes()) {
        Some(mechanism) => {
            let exchange = Exchange::new(mechanism);
            let sasl = Sasl { exchange, pieces: SaslPieces::default(), account: None };
            turn.me_mut().sasl = Some(Box::new(sasl));
            turn.bare(turn.who, "AUTHENTICATE", "+");
        }
        None => {
            let known = mechanisms(turn);
            turn.reply(n::RPL_SASLMECHS, &[&known, "are available SASL mechanisms"]);
            fail(turn);
        }
    }
}

fn go_on(turn: &mut Turn<'_>, mut sasl: Sasl, word: &str) {
    match sasl.pieces.take(word.as_bytes()) {
        Ok(SaslPiece::More) => turn.me_mut().sasl = Some(Box::new(sasl)),
        Ok(SaslPiece::Whole(message)) => {
            let step = sasl.exchange.take(&message);
            follow(turn, sasl, step);
        }
        Ok(SaslPiece::Abort) => {
            turn.reply(n::ERR_SASLABORTED, &["SASL authentication aborted"]);
        }
        Err(SaslPieceError::TooLong) if word.len() > PIECE => {
            turn.reply(n::ERR_SASLTOOLONG, &["SASL message too long"]);
        }
        Err(SaslPieceError::TooLong | SaslPieceError::NotBase64) => fail(turn),
    }
}

fn follow(turn: &mut Turn<'_>, mut sasl: Sasl, step: Step) {
    match step {
        Step::Send(message) => {
            for piece in sasl_pieces(&message) {
                turn.bare(turn.who, "AUTHENTICATE", &piece);
            }
            turn.me_mut().sasl = Some(Box::new(sasl));
        }
        Step::CheckPassword { account, act_as, password } => {
            let as_another = act_as.is_some_and(|act_as| fold(&act_as) != fold(&account));
            check_password(turn, account, password, as_another);
        }
        Step::CheckCertificate { act_as } => check_certificate(turn, act_as.as_deref()),
        Step::FindVerifier { account } => {
            if let Err(wait) = turn.may_try(Means::Sasl, &account) {
                return too_early(turn, wait);
            }
            let verifier = verifier(turn, &account);
            turn.ask(Question::Draw, move |turn, answer| {
                let Answer::Drawn(nonce) = answer else { return unchecked(turn, &account) };
                let step = sasl.exchange.challenge(verifier, &nonce);
                sasl.account = Some(account.into());
                follow(turn, sasl, step);
            });
        }
        Step::Welcome { account, act_as } => {
            let as_another = act_as.is_some_and(|act_as| fold(&act_as) != fold(&account));
            match as_another {
                true => fail_as(turn, &account),
                false => succeed_with_password(turn, &account),
            }
        }
        Step::Refuse(_) => match sasl.account {
            Some(account) => fail_as(turn, &account),
            None => fail(turn),
        },
    }
}

fn check_password(turn: &mut Turn<'_>, account: String, password: Vec<u8>, as_another: bool) {
    if let Err(wait) = turn.may_try(Means::Sasl, &account) {
        return too_early(turn, wait);
    }
    let known = turn.hub.accounts.find(&account).filter(|_| !as_another);
    let hash = known.and_then(|account| account.password.phc.as_deref()).map(Box::from);
    let question = Question::Verify { password: password.into(), hash };
    turn.ask(question, move |turn, answer| match answer {
        Answer::Verified(true) => succeed_with_password(turn, &account),
        Answer::Verified(false) => fail_as(turn, &account),
        _ => unchecked(turn, &account),
    });
}

fn succeed_with_password(turn: &mut Turn<'_>, account: &str) {
    turn.tried_rightly(Means::Sasl, account);
    succeed(turn, account);
}

fn check_certificate(turn: &mut Turn<'_>, act_as: Option<&str>) {
    let certificate = turn.me().origin.certificate.as_deref();
    let account = certificate.and_then(|it| turn.hub.accounts.of_certificate(it));
    let account = account.map(|account| account.name.shown.clone());
    match account.filter(|name| act_as.is_none_or(|act_as| fold(act_as) == fold(name))) {
        Some(name) => succeed(turn, &name),
        None => fail(turn),
    }
}

/// What SCRAM goes on with: the account's own, or a decoy that looks like one.
fn verifier(turn: &Turn<'_>, account: &str) -> ScramVerifier {
    let known = turn.hub.accounts.find(account).and_then(|it| it.password.scram.as_ref());
    let kept = known.and_then(|scram| {
        Some(ScramVerifier {
            salt: scram.salt.clone(),
            iterations: scram.iterations,
            stored_key: scram.stored_key.as_slice().try_into().ok()?,
            server_key: scram.server_key.as_slice().try_into().ok()?,
        })
    });
    kept.unwrap_or_else(|| {
        let secret = DecoySecret::new(turn.hub.settings.secret);
        ScramVerifier::decoy(fold(account).as_bytes(), ScramVerifier::ITERATIONS, &secret)
    })
}

fn succeed(turn: &mut Turn<'_>, account: &str) {
    if turn.hub.accounts.find(account).is_none() {
        // Dropped while its password was checked.
        return fail(turn);
    }
    if let Err(why) = turn.may_sign_in(account) {
        return refuse(turn, why);
    }
    turn.sign_in(account);
    turn.reply(n::RPL_SASLSUCCESS, &["SASL authentication successful"]);
    turn.leave_if_kept_out();
}

/// A wrong password, or one that was not looked at.
fn fail_as(turn: &mut Turn<'_>, account: &str) {
    turn.tried_wrongly(Means::Sasl, account);
    fail(turn);
}

/// This machine could not look at a password: no memory, no thread.
fn unchecked(turn: &mut Turn<'_>, account: &str) {
    turn.not_tried(Means::Sasl, account);
    refuse(turn, "The password could not be checked just now: try again");
}

fn too_early(turn: &mut Turn<'_>, wait: u64) {
    refuse(turn, &format!("Too many wrong passwords: try again in {wait} s"));
}

/// Ends the attempt without counting it.
fn refuse(turn: &mut Turn<'_>, why: &str) {
    turn.me_mut().sasl = None;
    turn.reply(n::ERR_SASLFAIL, &[why]);
}

fn fail(turn: &mut Turn<'_>) {
    turn.me_mut().sasl = None;
    turn.reply(n::ERR_SASLFAIL, &["SASL authentication failed"]);
    let me = turn.me_mut();
    me.sasl_failures += 1;
    if me.sasl_failures >= FAILURES {
        turn.close(Cause::Guessing, "Too many failed attempts to sign in");
    }
}
