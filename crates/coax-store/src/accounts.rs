//! Accounts: who is known, how they prove it, which nicks are theirs.
//!
//! A key is the casefolded form of a name, made by the caller; the name is shown. An account's own
//! name is one of its nicks, so one table says whose a nick is. Secrets are stored as they are
//! given: hashed, salted, opaque.
//!
//! Nothing here hashes or compares a password.

mod change;
mod read;

pub(crate) use change::account_id;
pub use change::{
    AddFingerprint, AddNick, Register, RemoveAccount, RemoveFingerprint, RemoveNick, RenameAccount,
    Seen, SetPassword, SetSettings,
};

/// A name as it is compared and as it is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Name {
    /// Casefolded.
    pub key: String,
    /// As its owner writes it.
    pub shown: String,
}

impl Name {
    /// A name by both its forms.
    pub fn new(key: impl Into<String>, shown: impl Into<String>) -> Name {
        Name { key: key.into(), shown: shown.into() }
    }
}

/// What a password is checked against. Without either there is no password.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Password {
    /// A verifier as a PHC string, opaque here.
    pub phc: Option<String>,
    /// For SCRAM.
    pub scram: Option<Scram>,
}

/// What a server keeps for SCRAM (RFC 5802 §3).
#[derive(Clone, PartialEq, Eq)]
pub struct Scram {
    /// As it was at hashing.
    pub salt: Vec<u8>,
    /// How often it was hashed.
    pub iterations: u32,
    /// H(ClientKey).
    pub stored_key: Vec<u8>,
    /// HMAC(SaltedPassword, "Server Key").
    pub server_key: Vec<u8>,
}

impl std::fmt::Debug for Scram {
    /// Keys do not belong into logs.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scram").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}

/// Somebody who registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Account {
    /// Its name, which is unique.
    pub name: Name,
    /// What its password is checked against.
    pub password: Password,
    /// Milliseconds since 1970.
    pub created: i64,
    /// The last sign of life, if there was one.
    pub seen: Option<i64>,
    /// JSON, opaque here.
    pub settings: String,
    /// Certificates that are as good as the password. Sorted.
    pub fingerprints: Vec<String>,
    /// Every nick that is this account's, its own name included. Sorted by key.
    pub nicks: Vec<Name>,
}
