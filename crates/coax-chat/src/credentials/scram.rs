//! SCRAM-SHA-256: a client shows that it knows the password, and the server that it knows the verifier,
//! and neither says either.
//!
//! Two messages of the client, two answers. Each is read strictly: what is not understood ends the
//! exchange, since guessing here would be guessing about who someone is.
//!
//! Nothing here finds a verifier or draws a nonce; channel binding is not offered.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use data_encoding::BASE64;

use super::verifier::{ScramVerifier, sha256, sign};

/// The first message of a client, read: who it says it is. RFC 5802 §7.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramFirst {
    account: String,
    act_as: Option<String>,
    /// The header as sent; the last message repeats it.
    header: String,
    bare: String,
    nonce: String,
}

impl ScramFirst {
    /// Reads `n,a=…,n=…,r=…`.
    pub fn read(message: &[u8]) -> Result<ScramFirst, ScramError> {
        let message = std::str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        let mut parts = message.splitn(3, ',');
        let (binding, act_as) = (part(&mut parts)?, part(&mut parts)?);
        let bare = part(&mut parts)?;
        match binding {
            // `y`: the client could bind and saw no offer, which is so.
            "n" | "y" => {}
            _ if binding.starts_with("p=") => return Err(ScramError::ChannelBinding),
            _ => return Err(ScramError::Malformed),
        }
        let act_as = match act_as {
            "" => None,
            _ => Some(name(field(act_as, "a=")?)?),
        };
        let mut parts = bare.split(',');
        let account = part(&mut parts)?;
        if account.starts_with("m=") {
            return Err(ScramError::Extension);
        }
        let account = name(field(account, "n=")?)?;
        let nonce = field(part(&mut parts)?, "r=")?;
        if nonce.is_empty() || !nonce.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ScramError::Malformed);
        }
        let header = message[..message.len() - bare.len()].to_owned();
        let (bare, nonce) = (bare.to_owned(), nonce.to_owned());
        Ok(ScramFirst { account, act_as, header, bare, nonce })
    }

    /// The account it signs in to, as written.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// Whom it wants to be afterwards, if it says so.
    pub fn act_as(&self) -> Option<&str> {
        self.act_as.as_deref()
    }

    /// Answers with the verifier of the account, or a decoy. The nonce must be random and used once.
    pub fn answer(self, verifier: ScramVerifier, nonce: &[u8; 18]) -> ScramChallenge {
        let nonce = format!("{}{}", self.nonce, BASE64.encode(nonce));
        let salt = BASE64.encode(&verifier.salt);
        let message = format!("r={nonce},s={salt},i={}", verifier.iterations);
        ScramChallenge { first: self, nonce, message, verifier }
    }
}

impl fmt::Debug for ScramFirst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramFirst").field("account", &self.account).finish_non_exhaustive()
    }
}

/// The server's challenge, and what its answer is checked against.
#[derive(Clone)]
pub struct ScramChallenge {
    first: ScramFirst,
    nonce: String,
    message: String,
    verifier: ScramVerifier,
}

impl ScramChallenge {
    /// What to send: `r=…,s=…,i=…`.
    pub fn message(&self) -> &[u8] {
        self.message.as_bytes()
    }

    /// Who is challenged.
    pub fn first(&self) -> &ScramFirst {
        &self.first
    }

    /// Checks the last message, `c=…,r=…,p=…`, in time that does not depend on how wrong it is. What
    /// comes back shows the client that the server is the right one: `v=…`.
    pub fn check(&self, message: &[u8]) -> Result<Vec<u8>, ScramError> {
        let message = std::str::from_utf8(message).map_err(|_| ScramError::Malformed)?;
        let (unproven, proof) = message.rsplit_once(",p=").ok_or(ScramError::Malformed)?;
        let mut parts = unproven.split(',');
        let binding = field(part(&mut parts)?, "c=")?;
        let nonce = field(part(&mut parts)?, "r=")?;
        if BASE64.encode(self.first.header.as_bytes()) != binding || nonce != self.nonce {
            return Err(ScramError::OtherExchange);
        }
        let proof = BASE64.decode(proof.as_bytes()).map_err(|_| ScramError::Malformed)?;
        let proof: [u8; 32] = proof.try_into().map_err(|_| ScramError::Malformed)?;
        let said = [self.first.bare.as_bytes(), b",", self.message(), b",", unproven.as_bytes()];
        let mut client_key = sign(&self.verifier.stored_key, &said);
        client_key.iter_mut().zip(proof).for_each(|(key, proof)| *key ^= proof);
        verify_slices_are_equal(&sha256(&client_key), &self.verifier.stored_key)
            .map_err(|_| ScramError::WrongPassword)?;
        let signature = BASE64.encode(&sign(&self.verifier.server_key, &said));
        Ok(format!("v={signature}").into_bytes())
    }
}

impl fmt::Debug for ScramChallenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramChallenge").field("first", &self.first).finish_non_exhaustive()
    }
}

fn part<'a>(parts: &mut impl Iterator<Item = &'a str>) -> Result<&'a str, ScramError> {
    parts.next().ok_or(ScramError::Malformed)
}

fn field<'a>(part: &'a str, name: &str) -> Result<&'a str, ScramError> {
    part.strip_prefix(name).ok_or(ScramError::Malformed)
}

/// A name with its commas and equal signs, which are sent as `=2C` and `=3D`.
fn name(sent: &str) -> Result<String, ScramError> {
    let mut pieces = sent.split('=');
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (sign, rest) = match piece.split_at_checked(2) {
            Some(("2C", rest)) => (',', rest),
            Some(("3D", rest)) => ('=', rest),
            _ => return Err(ScramError::Malformed),
        };
        name.push(sign);
        name.push_str(rest);
    }
    match name.is_empty() || name.contains('\0') {
        true => Err(ScramError::Malformed),
        false => Ok(name),
    }
}

/// Why an exchange ends. For logs: a client hears the same whatever it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScramError {
    /// A message that is none.
    Malformed,
    /// The client asks for channel binding, which is not offered.
    ChannelBinding,
    /// The client demands an extension nobody knows.
    Extension,
    /// The last message belongs to another exchange.
    OtherExchange,
    /// The proof does not fit: another password, or no such account.
    WrongPassword,
}

impl fmt::Display for ScramError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ScramError::Malformed => "the SCRAM message is malformed",
            ScramError::ChannelBinding => "channel binding is asked for and not offered",
            ScramError::Extension => "an unknown SCRAM extension is demanded",
            ScramError::OtherExchange => "the SCRAM message belongs to another exchange",
            ScramError::WrongPassword => "the password is wrong",
        })
    }
}

impl std::error::Error for ScramError {}

#[cfg(test)]
mod tests {
    use super::{ScramChallenge, ScramError, ScramFirst};
    use crate::credentials::{DecoySecret, ScramVerifier};
    use data_encoding::BASE64;
    use std::num::NonZeroU32;

    // RFC 7677 §3: the example.
    const FIRST: &[u8] = b"n,,n=user,r=rOprNGfwEbeRWgbNEkqO";
    const NONCE: &str = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
    const SALT: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";
    const LAST: &[u8] = b"c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
        p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";

    fn verifier(password: &[u8]) -> ScramVerifier {
        let salt = BASE64.decode(SALT.as_bytes()).unwrap();
        ScramVerifier::of_password(password, &salt, NonZeroU32::new(4096).unwrap()).unwrap()
    }

    /// The example's server nonce is no Base64, so it is put in place here.
    fn challenge(password: &[u8]) -> ScramChallenge {
        let first = ScramFirst::read(FIRST).unwrap();
        let nonce = format!("{}{NONCE}", first.nonce);
        let message = format!("r={nonce},s={SALT},i=4096");
        ScramChallenge { first, nonce, message, verifier: verifier(password) }
    }

    #[test]
    fn the_example_of_the_rfc_is_right() {
        let signature = challenge(b"pencil").check(LAST);
        assert_eq!(
            signature.as_deref(),
            Ok(&b"v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="[..])
        );
    }

    #[test]
    fn another_password_is_wrong_and_so_is_a_decoy() {
        assert_eq!(challenge(b"pencil2").check(LAST), Err(ScramError::WrongPassword));
        let mut decoy = challenge(b"pencil");
        let secret = DecoySecret::new([1; 32]);
        decoy.verifier = ScramVerifier::decoy(b"user", ScramVerifier::ITERATIONS, &secret);
        assert_eq!(decoy.check(LAST), Err(ScramError::WrongPassword));
    }

    #[test]
    fn every_changed_bit_of_the_last_message_is_refused() {
        let challenge = challenge(b"pencil");
        for at in 0..LAST.len() {
            for bit in 0..8 {
                let mut changed = LAST.to_vec();
                changed[at] ^= 1 << bit;
                assert!(challenge.check(&changed).is_err(), "{}", changed.escape_ascii());
            }
        }
        assert!(challenge.check(b"").is_err());
    }

    #[test]
    fn an_answer_has_both_nonces_and_the_salt() {
        let first = ScramFirst::read(b"y,a=root,n=a=2Cb=3D,r=abc").unwrap();
        assert_eq!((first.account(), first.act_as()), ("a,b=", Some("root")));
        let verifier = verifier(b"pencil");
        let challenge = first.answer(verifier, &[0; 18]);
        let wanted = format!("r=abc{},s={SALT},i=4096", "A".repeat(24));
        assert_eq!(challenge.message(), wanted.as_bytes());
    }

    #[test]
    fn what_is_no_first_message_says_why() {
        let why = |message: &[u8]| ScramFirst::read(message).unwrap_err();
        for malformed in [
            &b""[..],
            b"n",
            b"n,",
            b"n,,",
            b"n,,n=user",
            b"n,,n=user,r=",
            b"n,,n=,r=x",
            b"n,,r=x,n=user",
            b"x,,n=user,r=x",
            b"n,b=x,n=user,r=x",
            b"n,a=,n=user,r=x",
            b"n,,n=us=er,r=x",
            b"n,,n=u=2c,r=x",
            b"n,,n=user,r=a b",
            b"n,,n=us\0er,r=x",
            b"n,,n=\xff,r=x",
            b"n,,n=u=\xc3\xa9,r=x",
            b"p,,n=user,r=x",
        ] {
            assert_eq!(why(malformed), ScramError::Malformed, "{}", malformed.escape_ascii());
        }
        assert_eq!(why(b"p=tls-exporter,,n=user,r=x"), ScramError::ChannelBinding);
        assert_eq!(why(b"n,,m=new,n=user,r=x"), ScramError::Extension);
    }

    #[test]
    fn nothing_secret_is_shown() {
        let shown = format!("{:?}", challenge(b"pencil"));
        assert_eq!(shown, "ScramChallenge { first: ScramFirst { account: \"user\", .. }, .. }");
    }
}
