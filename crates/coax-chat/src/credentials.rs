//! How someone proves to be who an account belongs to.
//!
//! A password is kept twice: hashed with Argon2id, for those who send it, and as a SCRAM verifier, for
//! those who only show that they know it. From neither can it be told. An account that does not exist is
//! refused as late, as slowly and in the same words as a wrong password.
//!
//! Nothing here does I/O, reads a clock or rolls a die: salts, nonces and what is stored are given.
//! Hashing takes long on purpose, so who calls it does that where nobody waits.

mod exchange;
mod fingerprint;
mod password;
mod plain;
mod prepared;
mod scram;
mod verifier;

pub use exchange::{Exchange, Mechanism, Refused, Step};
pub use fingerprint::{Fingerprint, NoFingerprint};
pub use password::{PasswordCost, PasswordError, Verdict, check_password};
pub use plain::Plain;
pub use prepared::{PASSWORD_LIMIT, prepared};
pub use scram::{ScramChallenge, ScramError, ScramFirst};
pub use verifier::{DecoySecret, ScramVerifier};
