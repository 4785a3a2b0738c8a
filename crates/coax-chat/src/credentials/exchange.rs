//! One attempt to sign in, whatever the mechanism.
//!
//! What the client says goes in; what to do next comes out: send something, ask whoever keeps the
//! accounts, let in, refuse. After an end nothing more is taken.
//!
//! Nothing here keeps accounts or compares names: whether two are the same account is for who folds them.

use super::plain::Plain;
use super::scram::{ScramChallenge, ScramError, ScramFirst};
use super::verifier::ScramVerifier;

/// A way to sign in. IRCv3 *sasl-3.1*.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Mechanism {
    /// The password. RFC 4616.
    Plain,
    /// A certificate that TLS has seen. RFC 4422 Appendix A.
    External,
    /// A proof of the password. RFC 7677.
    ScramSha256,
}

impl Mechanism {
    /// All of them, the best first.
    pub const ALL: &[Mechanism] = &[Mechanism::ScramSha256, Mechanism::External, Mechanism::Plain];

    /// The name in AUTHENTICATE.
    pub const fn name(self) -> &'static str {
        match self {
            Mechanism::Plain => "PLAIN",
            Mechanism::External => "EXTERNAL",
            Mechanism::ScramSha256 => "SCRAM-SHA-256",
        }
    }

    /// The mechanism of that name, in any case of letters.
    pub fn named(name: &[u8]) -> Option<Mechanism> {
        let all = Mechanism::ALL.iter().copied();
        all.into_iter().find(|it| it.name().as_bytes().eq_ignore_ascii_case(name))
    }
}

/// An attempt. Each mechanism begins with the client's word, so the server sends an empty message first.
#[derive(Debug)]
pub struct Exchange(State);

#[derive(Debug)]
enum State {
    Begun(Mechanism),
    Named(ScramFirst),
    Challenged(Box<ScramChallenge>),
    Proven { account: String, act_as: Option<String> },
    Over,
}

/// What to do next. `act_as` is whom the client wants to be afterwards: if it is another account than the
/// one it signs in to, refuse.
#[derive(Clone, PartialEq, Eq)]
pub enum Step {
    /// Send this; the client will say more.
    Send(Vec<u8>),
    /// Check the password, away from the thread that serves. The exchange is over.
    CheckPassword {
        /// As written.
        account: String,
        /// As written, if it is.
        act_as: Option<String>,
        /// As typed.
        password: Vec<u8>,
    },
    /// Find the account of the certificate that TLS has seen. The exchange is over.
    CheckCertificate {
        /// As written, if it is.
        act_as: Option<String>,
    },
    /// Find the verifier of the account, or make a decoy, and go on with [`Exchange::challenge`].
    FindVerifier {
        /// As written.
        account: String,
    },
    /// The client is who it says. The exchange is over.
    Welcome {
        /// As written.
        account: String,
        /// As written, if it is.
        act_as: Option<String>,
    },
    /// It is not, or talks nonsense. The exchange is over.
    Refuse(Refused),
}

/// Why an attempt failed. For logs: a client hears the same whatever it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refused {
    /// The message is none of the mechanism's.
    Malformed,
    /// A message that nothing asked for.
    OutOfTurn,
    /// SCRAM refused.
    Scram(ScramError),
}

impl Exchange {
    /// The beginning of an attempt.
    pub const fn new(mechanism: Mechanism) -> Exchange {
        Exchange(State::Begun(mechanism))
    }

    /// Takes what the client says.
    pub fn take(&mut self, message: &[u8]) -> Step {
        match std::mem::replace(&mut self.0, State::Over) {
            State::Begun(Mechanism::Plain) => plain(message),
            State::Begun(Mechanism::External) => external(message),
            State::Begun(Mechanism::ScramSha256) => match ScramFirst::read(message) {
                Ok(first) => {
                    let account = first.account().to_owned();
                    self.0 = State::Named(first);
                    Step::FindVerifier { account }
                }
                Err(error) => Step::Refuse(Refused::Scram(error)),
            },
            State::Challenged(challenge) => self.prove(&challenge, message),
            // The client has checked our signature and says nothing more.
            State::Proven { account, act_as } if message.is_empty() => {
                Step::Welcome { account, act_as }
            }
            State::Proven { .. } => Step::Refuse(Refused::Malformed),
            State::Named(_) | State::Over => Step::Refuse(Refused::OutOfTurn),
        }
    }

    /// Goes on after [`Step::FindVerifier`]. The nonce must be random and used once.
    pub fn challenge(&mut self, verifier: ScramVerifier, nonce: &[u8; 18]) -> Step {
        match std::mem::replace(&mut self.0, State::Over) {
            State::Named(first) => {
                let challenge = first.answer(verifier, nonce);
                let message = challenge.message().to_vec();
                self.0 = State::Challenged(Box::new(challenge));
                Step::Send(message)
            }
            _ => Step::Refuse(Refused::OutOfTurn),
        }
    }

    fn prove(&mut self, challenge: &ScramChallenge, message: &[u8]) -> Step {
        match challenge.check(message) {
            Ok(signature) => {
                let account = challenge.first().account().to_owned();
                let act_as = challenge.first().act_as().map(str::to_owned);
                self.0 = State::Proven { account, act_as };
                Step::Send(signature)
            }
            Err(error) => Step::Refuse(Refused::Scram(error)),
        }
    }
}

fn plain(message: &[u8]) -> Step {
    let Some(plain) = Plain::read(message) else { return Step::Refuse(Refused::Malformed) };
    Step::CheckPassword {
        account: plain.account.to_owned(),
        act_as: plain.act_as.map(str::to_owned),
        password: plain.password.to_vec(),
    }
}

fn external(message: &[u8]) -> Step {
    match std::str::from_utf8(message) {
        Ok(act_as) if !act_as.contains('\0') => {
            let act_as = Some(act_as).filter(|it| !it.is_empty()).map(str::to_owned);
            Step::CheckCertificate { act_as }
        }
        _ => Step::Refuse(Refused::Malformed),
    }
}

impl std::fmt::Debug for Step {
    /// Passwords do not belong into logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Step::Send(message) => write!(f, "Send({} bytes)", message.len()),
            Step::CheckPassword { account, .. } => write!(f, "CheckPassword({account:?})"),
            Step::CheckCertificate { act_as } => write!(f, "CheckCertificate({act_as:?})"),
            Step::FindVerifier { account } => write!(f, "FindVerifier({account:?})"),
            Step::Welcome { account, act_as } => write!(f, "Welcome({account:?}, {act_as:?})"),
            Step::Refuse(why) => write!(f, "Refuse({why:?})"),
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Refused::Malformed => f.write_str("the SASL message is malformed"),
            Refused::OutOfTurn => f.write_str("nothing asked for a SASL message"),
            Refused::Scram(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for Refused {}

#[cfg(test)]
mod tests {
    use super::{Exchange, Mechanism, Refused, Step};
    use crate::credentials::{ScramError, ScramVerifier};
    use std::num::NonZeroU32;

    fn verifier() -> ScramVerifier {
        ScramVerifier::of_password(b"pencil", b"salt", NonZeroU32::MIN).unwrap()
    }

    #[test]
    fn plain_ends_with_a_password_to_check() {
        let mut exchange = Exchange::new(Mechanism::Plain);
        let step = exchange.take(b"\0ada\0pw");
        let (account, password) = ("ada".to_owned(), b"pw".to_vec());
        assert_eq!(step, Step::CheckPassword { account, act_as: None, password });
        assert_eq!(exchange.take(b"\0ada\0pw"), Step::Refuse(Refused::OutOfTurn));
        let step = Exchange::new(Mechanism::Plain).take(b"ada");
        assert_eq!(step, Step::Refuse(Refused::Malformed));
    }

    #[test]
    fn external_ends_with_a_certificate_to_check() {
        let step = |message| Exchange::new(Mechanism::External).take(message);
        assert_eq!(step(b""), Step::CheckCertificate { act_as: None });
        assert_eq!(step(b"ada"), Step::CheckCertificate { act_as: Some("ada".to_owned()) });
        assert_eq!(step(b"\xff"), Step::Refuse(Refused::Malformed));
    }

    #[test]
    fn scram_needs_its_steps_in_order() {
        let mut exchange = Exchange::new(Mechanism::ScramSha256);
        assert_eq!(exchange.challenge(verifier(), &[0; 18]), Step::Refuse(Refused::OutOfTurn));
        assert_eq!(exchange.take(b"n,,n=ada,r=x"), Step::Refuse(Refused::OutOfTurn));

        let mut exchange = Exchange::new(Mechanism::ScramSha256);
        assert_eq!(exchange.take(b"n,,n=ada,r=x"), Step::FindVerifier { account: "ada".into() });
        assert_eq!(exchange.take(b"c=biws"), Step::Refuse(Refused::OutOfTurn));

        let mut exchange = Exchange::new(Mechanism::ScramSha256);
        exchange.take(b"n,,n=ada,r=x");
        assert!(matches!(exchange.challenge(verifier(), &[0; 18]), Step::Send(_)));
        assert_eq!(exchange.take(b"?"), Step::Refuse(Refused::Scram(ScramError::Malformed)));
        assert_eq!(exchange.take(b""), Step::Refuse(Refused::OutOfTurn));
    }

    #[test]
    fn every_mechanism_is_found_by_its_name() {
        for it in Mechanism::ALL {
            assert_eq!(Mechanism::named(it.name().to_ascii_lowercase().as_bytes()), Some(*it));
        }
        assert_eq!(Mechanism::named(b"SCRAM-SHA-256-PLUS"), None);
    }

    #[test]
    fn a_password_is_not_shown() {
        let step = Exchange::new(Mechanism::Plain).take(b"\0ada\0secret");
        assert_eq!(format!("{step:?}"), "CheckPassword(\"ada\")");
    }
}
