//! SCRAM-SHA-256 as a client: the server sees a proof of the password, and proves in turn that it knows
//! the account (RFC 5802, RFC 7677).
//!
//! Nothing here draws the nonce or knows IRC.

use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};
use data_encoding::BASE64;

/// A server that asks for more work than this wants to keep the client busy.
const MOST_ITERATIONS: u32 = 1_000_000;

/// One attempt to sign in.
#[derive(Debug)]
pub(crate) struct Scram {
    password: String,
    nonce: String,
    bare: String,
    expects: Expects,
}

#[derive(Debug)]
enum Expects {
    Begin,
    Challenge,
    /// `v=…`, and nothing else.
    Signature(String),
}

/// Why the exchange ends here: the server is not the one that knows the password.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Distrusted(pub(crate) &'static str);

impl Scram {
    /// `nonce` is random, printable and without a comma.
    pub(crate) fn new(account: &str, password: &str, nonce: &str) -> Scram {
        // These two have a meaning of their own in the message. RFC 5802 §5.1.
        let name = account.replace('=', "=3D").replace(',', "=2C");
        let bare = format!("n={name},r={nonce}");
        let (password, nonce) = (password.to_owned(), nonce.to_owned());
        Scram { password, nonce, bare, expects: Expects::Begin }
    }

    /// Takes what the server said, and gives the answer to it.
    pub(crate) fn answer(&mut self, said: &[u8]) -> Result<Vec<u8>, Distrusted> {
        match std::mem::replace(&mut self.expects, Expects::Challenge) {
            Expects::Begin => Ok(format!("n,,{}", self.bare).into_bytes()),
            Expects::Challenge => {
                let challenge = std::str::from_utf8(said).ok();
                let proof = challenge.and_then(|challenge| self.prove(challenge));
                proof.ok_or(Distrusted("the server's challenge makes no sense"))
            }
            Expects::Signature(expected) if said == expected.as_bytes() => Ok(Vec::new()),
            Expects::Signature(_) => {
                Err(Distrusted("this server does not know the password that it asks for"))
            }
        }
    }

    fn prove(&mut self, challenge: &str) -> Option<Vec<u8>> {
        let mut parts = challenge.split(',');
        let nonce = parts.next()?.strip_prefix("r=")?;
        let salt = BASE64.decode(parts.next()?.strip_prefix("s=")?.as_bytes()).ok()?;
        let iterations = parts.next()?.strip_prefix("i=")?.parse::<NonZeroU32>().ok()?;
        if !nonce.starts_with(&self.nonce) || iterations.get() > MOST_ITERATIONS {
            return None;
        }
        let password = stringprep::saslprep(&self.password);
        let password = password.as_deref().unwrap_or(&self.password);
        let mut salted = [0; 32];
        let algorithm = pbkdf2::PBKDF2_HMAC_SHA256;
        pbkdf2::derive(algorithm, iterations, &salt, password.as_bytes(), &mut salted);
        let unproven = format!("c=biws,r={nonce}");
        let said = format!("{},{challenge},{unproven}", self.bare);
        let client_key = sign(&salted, b"Client Key");
        let stored = digest::digest(&digest::SHA256, &client_key);
        let signature = sign(stored.as_ref(), said.as_bytes());
        let proof = client_key.iter().zip(signature).map(|(key, it)| key ^ it).collect::<Vec<_>>();
        let signed = sign(&sign(&salted, b"Server Key"), said.as_bytes());
        self.expects = Expects::Signature(format!("v={}", BASE64.encode(&signed)));
        Some(format!("{unproven},p={}", BASE64.encode(&proof)).into_bytes())
    }
}

fn sign(key: &[u8], text: &[u8]) -> [u8; 32] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), text);
    let mut signature = [0; 32];
    signature.copy_from_slice(tag.as_ref());
    signature
}

#[cfg(test)]
mod tests {
    use super::Scram;

    /// The example of RFC 7677 §3.
    const CHALLENGE: &str =
        "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";

    fn challenged() -> Scram {
        let mut scram = Scram::new("user", "pencil", "rOprNGfwEbeRWgbNEkqO");
        assert_eq!(scram.answer(b"").unwrap(), b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
        let proof = scram.answer(CHALLENGE.as_bytes()).unwrap();
        let expected = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        assert_eq!(String::from_utf8(proof).unwrap(), expected);
        scram
    }

    #[test]
    fn it_proves_the_password_and_checks_the_server() {
        let signature = b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        assert_eq!(challenged().answer(signature).unwrap(), b"");
        assert!(challenged().answer(b"v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=").is_err());
        assert!(challenged().answer(b"e=invalid-proof").is_err());
    }

    #[test]
    fn a_challenge_for_another_exchange_is_not_answered() {
        for wrong in ["", "r=other,s=W22Z,i=4096", "r=abcd,s=W22Z,i=0", "r=abcd,s=W22Z,i=9999999"] {
            let mut scram = Scram::new("user", "pencil", "abc");
            let _ = scram.answer(b"");
            assert!(scram.answer(wrong.as_bytes()).is_err(), "{wrong}");
        }
        let mut scram = Scram::new("a=b,c", "pencil", "abc");
        assert_eq!(scram.answer(b"").unwrap(), b"n,,n=a=3Db=2Cc,r=abc");
    }
}
