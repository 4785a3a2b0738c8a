//! What a server keeps to recognise a password that it never sees.
//!
//! From a verifier neither the password nor a proof can be made, except by guessing at the price of its
//! iterations.
//!
//! Nothing here talks to a client.

use std::fmt;
use std::num::NonZeroU32;

use aws_lc_rs::{digest, hmac, pbkdf2};

use super::password::PasswordError;
use super::prepared::{PASSWORD_LIMIT, prepared};

/// A verifier of SCRAM-SHA-256. RFC 5802 §3, RFC 7677.
#[derive(Clone, PartialEq, Eq)]
pub struct ScramVerifier {
    /// As it was at hashing.
    pub salt: Vec<u8>,
    /// How often it was hashed; the client does it as often at each sign-in.
    pub iterations: u32,
    /// `H(ClientKey)`: recognises a client.
    pub stored_key: [u8; 32],
    /// Shows a client that it speaks with the server it knows.
    pub server_key: [u8; 32],
}

impl ScramVerifier {
    /// As many as RFC 7677 §4 recommends, after its minimum of 4096.
    pub const ITERATIONS: NonZeroU32 = NonZeroU32::new(15_000).expect("it is not zero");

    /// Makes the verifier of a password. The salt must be random and used once. Takes some milliseconds.
    pub fn of_password(
        password: &[u8],
        salt: &[u8],
        iterations: NonZeroU32,
    ) -> Result<ScramVerifier, PasswordError> {
        if password.len() > PASSWORD_LIMIT {
            return Err(PasswordError::TooLong);
        }
        let password = prepared(password);
        if password.is_empty() {
            return Err(PasswordError::Empty);
        }
        let mut salted = [0; 32];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, &password, &mut salted);
        Ok(ScramVerifier {
            salt: salt.to_vec(),
            iterations: iterations.get(),
            stored_key: sha256(&sign(&salted, &[b"Client Key"])),
            server_key: sign(&salted, &[b"Server Key"]),
        })
    }

    /// A verifier for an account that does not exist, the same each time it is asked for: so nobody can
    /// tell by asking which accounts there are. No password fits.
    pub fn decoy(account: &[u8], iterations: NonZeroU32, secret: &DecoySecret) -> ScramVerifier {
        let derived = |what: &[u8]| sign(&secret.0, &[what, account]);
        ScramVerifier {
            salt: derived(b"salt:")[..16].to_vec(),
            iterations: iterations.get(),
            stored_key: derived(b"stored:"),
            server_key: derived(b"server:"),
        }
    }
}

impl fmt::Debug for ScramVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramVerifier")
            .field("iterations", &self.iterations)
            .finish_non_exhaustive()
    }
}

/// What decoys are made of: random, known to the server alone, and kept, or a restart would show which
/// accounts were decoys.
#[derive(Clone)]
pub struct DecoySecret([u8; 32]);

impl DecoySecret {
    /// A secret of 32 random bytes.
    pub const fn new(random: [u8; 32]) -> DecoySecret {
        DecoySecret(random)
    }
}

impl fmt::Debug for DecoySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DecoySecret")
    }
}

/// HMAC-SHA-256 of the parts, one behind the other.
pub(super) fn sign(key: &[u8; 32], parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    parts.iter().for_each(|part| context.update(part));
    let mut signature = [0; 32];
    signature.copy_from_slice(context.sign().as_ref());
    signature
}

pub(super) fn sha256(bytes: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, bytes).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::{DecoySecret, ScramVerifier};
    use crate::credentials::PasswordError;

    const ITERATIONS: std::num::NonZeroU32 = std::num::NonZeroU32::MIN;

    #[test]
    fn a_decoy_stays_the_same_and_is_nobody_elses() {
        let secret = DecoySecret::new([7; 32]);
        let decoy = |name: &[u8]| ScramVerifier::decoy(name, ScramVerifier::ITERATIONS, &secret);
        assert_eq!(decoy(b"ada"), decoy(b"ada"));
        assert_ne!(decoy(b"ada").salt, decoy(b"bob").salt);
        assert_ne!(decoy(b"ada").stored_key, decoy(b"bob").stored_key);
        assert_ne!(decoy(b"ada").stored_key, decoy(b"ada").server_key);
    }

    #[test]
    fn what_cannot_be_hashed_says_why() {
        let of = |password: &[u8]| ScramVerifier::of_password(password, b"salt", ITERATIONS);
        assert_eq!(of(b""), Err(PasswordError::Empty));
        assert_eq!(of(&[b'x'; 513]), Err(PasswordError::TooLong));
        assert_eq!(of("caf\u{e9}".as_bytes()), of("cafe\u{301}".as_bytes()));
    }

    #[test]
    fn keys_are_not_shown() {
        let verifier = ScramVerifier::of_password(b"pencil", b"salt", ITERATIONS).unwrap();
        assert_eq!(format!("{verifier:?}"), "ScramVerifier { iterations: 1, .. }");
    }
}
