//! Passwords that are sent: hashed with Argon2id, kept as PHC text.
//!
//! The text carries its own cost, so that cost can rise later: a password that was hashed for less is
//! still right, and says that it should be hashed again.
//!
//! Nothing here draws a salt or keeps an account. One check takes as much memory and time as the
//! cost says: not for the thread that serves.

use std::fmt;

use argon2::password_hash::phc::{Output, ParamsString, PasswordHash, Salt};
use argon2::{Algorithm, Argon2, Block, Params, Version};

use super::prepared::{PASSWORD_LIMIT, prepared};

/// More than what the allocator keeps for later: glibc gives blocks over 32 MiB back to the system.
/// Smaller ones it keeps for each thread that ever hashed, and aligned ones it does not even use again,
/// so that guessing passwords would cost memory that nobody gets back.
const GIVEN_BACK: usize = (33 << 20) / Block::SIZE;

/// What one guess costs. RFC 9106 §4.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordCost {
    memory_kib: u32,
    passes: u32,
    lanes: u32,
}

impl Default for PasswordCost {
    /// 19 MiB, two passes, one lane: what OWASP recommends where many may sign in at once.
    fn default() -> PasswordCost {
        PasswordCost { memory_kib: 19 * 1024, passes: 2, lanes: 1 }
    }
}

impl PasswordCost {
    /// The least Argon2 knows: for tests, which hash thousands.
    pub const LEAST: PasswordCost = PasswordCost { memory_kib: 8, passes: 1, lanes: 1 };

    /// A cost; nothing for one Argon2 cannot have. It takes 8 KiB a lane at least.
    pub fn new(memory_kib: u32, passes: u32, lanes: u32) -> Option<PasswordCost> {
        let cost = PasswordCost { memory_kib, passes, lanes };
        cost.params().ok().map(|_| cost)
    }

    /// Hashes a password into PHC text. The salt must be random and used once.
    pub fn hash(&self, password: &[u8], salt: &[u8; 16]) -> Result<String, PasswordError> {
        let password = fit(password)?;
        let params = self.params()?;
        let hash = PasswordHash {
            algorithm: Algorithm::Argon2id.ident(),
            version: Some(Version::V0x13.into()),
            params: ParamsString::try_from(&params).map_err(|_| PasswordError::Cost)?,
            salt: Some(Salt::new(salt).map_err(|_| PasswordError::Damaged)?),
            hash: Some(output(Algorithm::Argon2id, Version::V0x13, params, &password, salt)?),
        };
        Ok(hash.to_string())
    }

    /// Whether a hash costs at least this much. If not, the password is worth hashing again when it is
    /// next known.
    pub fn is_met_by(&self, phc: &str) -> bool {
        let params = PasswordHash::new(phc).ok().and_then(|hash| Params::try_from(&hash).ok());
        params.is_some_and(|it| it.m_cost() >= self.memory_kib && it.t_cost() >= self.passes)
    }

    /// Spends what a check costs, for an account that does not exist or has no password.
    pub fn pretend(&self, password: &[u8]) {
        // The answer is known; only the time it takes must be the same.
        let _ = self.hash(password, &[0; 16]);
    }

    fn params(&self) -> Result<Params, PasswordError> {
        let params = Params::new(self.memory_kib, self.passes, self.lanes, None);
        params.map_err(|_| PasswordError::Cost)
    }
}

/// What comes of a check.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the password.
    Right,
    /// It is not.
    Wrong,
}

/// Compares a password with the PHC text of the right one, in time that does not tell how much of it
/// was right.
pub fn check_password(password: &[u8], phc: &str) -> Result<Verdict, PasswordError> {
    let hash = PasswordHash::new(phc).map_err(|_| PasswordError::Damaged)?;
    let Ok(password) = fit(password) else { return Ok(Verdict::Wrong) };
    let (Some(salt), Some(expected)) = (&hash.salt, &hash.hash) else {
        return Err(PasswordError::Damaged);
    };
    let algorithm =
        Algorithm::try_from(hash.algorithm.as_str()).map_err(|_| PasswordError::Damaged)?;
    let version = hash.version.map_or(Ok(Version::default()), Version::try_from);
    let version = version.map_err(|_| PasswordError::Damaged)?;
    let params = Params::try_from(&hash).map_err(|_| PasswordError::Damaged)?;
    // Two outputs are compared in constant time.
    match output(algorithm, version, params, &password, salt)? == *expected {
        true => Ok(Verdict::Right),
        false => Ok(Verdict::Wrong),
    }
}

/// The hash itself, in memory that is given back.
fn output(
    algorithm: Algorithm,
    version: Version,
    params: Params,
    password: &[u8],
    salt: &[u8],
) -> Result<Output, PasswordError> {
    let mut buffer = [0; Output::MAX_LENGTH];
    let length = params.output_len().unwrap_or(Params::DEFAULT_OUTPUT_LEN);
    let out = buffer.get_mut(..length).ok_or(PasswordError::Damaged)?;
    let count = params.block_count();
    let mut blocks = Vec::new();
    blocks.try_reserve_exact(count.max(GIVEN_BACK)).map_err(|_| PasswordError::Memory)?;
    // Only these are ever touched; the rest is a promise that costs nothing.
    blocks.resize(count, Block::new());
    let argon2 = Argon2::new(algorithm, version, params);
    let hashed = argon2.hash_password_into_with_memory(password, salt, out, blocks.as_mut_slice());
    hashed.map_err(|_| PasswordError::Damaged)?;
    Output::new(out).map_err(|_| PasswordError::Damaged)
}

fn fit(password: &[u8]) -> Result<std::borrow::Cow<'_, [u8]>, PasswordError> {
    if password.len() > PASSWORD_LIMIT {
        return Err(PasswordError::TooLong);
    }
    let prepared = prepared(password);
    if prepared.is_empty() { Err(PasswordError::Empty) } else { Ok(prepared) }
}

/// Why a password was neither hashed nor compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PasswordError {
    /// It is empty, or holds nothing that counts.
    Empty,
    /// It is over [`PASSWORD_LIMIT`] bytes.
    TooLong,
    /// What is stored is no hash that can be read.
    Damaged,
    /// Argon2 cannot have this cost.
    Cost,
    /// There is not enough memory.
    Memory,
}

impl fmt::Display for PasswordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PasswordError::Empty => f.write_str("the password is empty"),
            PasswordError::TooLong => {
                write!(f, "the password is longer than {PASSWORD_LIMIT} bytes")
            }
            PasswordError::Damaged => f.write_str("the stored password cannot be read"),
            PasswordError::Cost => f.write_str("Argon2 cannot have this cost"),
            PasswordError::Memory => f.write_str("there is not enough memory to hash a password"),
        }
    }
}

impl std::error::Error for PasswordError {}

#[cfg(test)]
mod tests {
    use super::{PasswordCost, PasswordError, Verdict, check_password};

    const LEAST: PasswordCost = PasswordCost::LEAST;

    #[test]
    fn the_right_password_is_right_and_no_other() {
        let phc = LEAST.hash(b"correct horse", b"0123456789abcdef").unwrap();
        assert!(phc.starts_with("$argon2id$v=19$m=8,t=1,p=1$"), "{phc}");
        assert_eq!(check_password(b"correct horse", &phc), Ok(Verdict::Right));
        for wrong in [&b"correct hors"[..], b"Correct horse", b"correct horse ", b"", b"\xff"] {
            assert_eq!(check_password(wrong, &phc), Ok(Verdict::Wrong));
        }
        assert_eq!(check_password(&[b'x'; 600], &phc), Ok(Verdict::Wrong));
    }

    #[test]
    fn a_hash_made_elsewhere_is_understood() {
        // python3: argon2-cffi 25.1.0, PasswordHasher(2, 19456, 1).hash("pass", salt=b"somesaltsomesalt")
        let phc = include_str!("../../tests/argon2-cffi.phc").trim();
        assert_eq!(check_password(b"pass", phc), Ok(Verdict::Right));
        assert_eq!(check_password(b"Pass", phc), Ok(Verdict::Wrong));
        assert_eq!(PasswordCost::default().hash(b"pass", b"somesaltsomesalt").unwrap(), phc);
    }

    #[test]
    fn a_password_typed_in_another_form_is_the_same() {
        let phc = LEAST.hash("caf\u{e9}".as_bytes(), &[1; 16]).unwrap();
        assert_eq!(check_password("cafe\u{301}".as_bytes(), &phc), Ok(Verdict::Right));
    }

    #[test]
    fn a_hash_says_what_it_cost() {
        let phc = LEAST.hash(b"x", &[1; 16]).unwrap();
        assert!(LEAST.is_met_by(&phc));
        assert!(!PasswordCost::default().is_met_by(&phc));
        assert!(!LEAST.is_met_by("rubbish"));
    }

    #[test]
    fn what_cannot_be_hashed_says_why() {
        assert_eq!(LEAST.hash(b"", &[1; 16]), Err(PasswordError::Empty));
        assert_eq!(LEAST.hash("\u{ad}".as_bytes(), &[1; 16]), Err(PasswordError::Empty));
        assert_eq!(LEAST.hash(&[b'x'; 513], &[1; 16]), Err(PasswordError::TooLong));
        assert_eq!(PasswordCost::new(7, 1, 1), None);
        assert_eq!(PasswordCost::new(8, 0, 1), None);
        for rubbish in ["", "x", "$2b$12$abcdefghijklmnopqrstuv", "$argon2id$v=19$m=8,t=1,p=1$"] {
            assert_eq!(check_password(b"x", rubbish), Err(PasswordError::Damaged), "{rubbish}");
        }
    }
}
