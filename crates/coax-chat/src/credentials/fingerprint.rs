//! A certificate that is as good as a password: known by its SHA-256.
//!
//! Whoever shows it in TLS has its key; that is for TLS to see to. Which account it belongs to is for
//! the accounts.
//!
//! Nothing here looks into a certificate.

use std::fmt;
use std::str::FromStr;

use data_encoding::{HEXLOWER, HEXLOWER_PERMISSIVE};

use super::verifier::sha256;

/// The SHA-256 of a certificate in DER.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The fingerprint of a certificate.
    pub fn of_certificate(der: &[u8]) -> Fingerprint {
        Fingerprint(sha256(der))
    }
}

impl fmt::Display for Fingerprint {
    /// 64 hexadecimal digits, as it is stored and as WHOIS shows it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&HEXLOWER.encode(&self.0))
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fingerprint({self})")
    }
}

impl FromStr for Fingerprint {
    type Err = NoFingerprint;

    /// Reads 64 digits, in any case, with or without colons, as `openssl x509 -fingerprint` prints them.
    fn from_str(text: &str) -> Result<Fingerprint, NoFingerprint> {
        let digits: String = text.chars().filter(|it| *it != ':').collect();
        let bytes = HEXLOWER_PERMISSIVE.decode(digits.as_bytes()).map_err(|_| NoFingerprint)?;
        bytes.try_into().map(Fingerprint).map_err(|_| NoFingerprint)
    }
}

/// The text is no fingerprint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoFingerprint;

impl fmt::Display for NoFingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a fingerprint is the SHA-256 of a certificate: 64 hexadecimal digits")
    }
}

impl std::error::Error for NoFingerprint {}

#[cfg(test)]
mod tests {
    use super::{Fingerprint, NoFingerprint};

    #[test]
    fn a_fingerprint_is_read_in_any_form_it_is_printed() {
        let print = Fingerprint::of_certificate(b"abc");
        // FIPS 180-4, example.
        let digits = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(print.to_string(), digits);
        let pairs: Vec<&str> = (0..32).map(|at| &digits[2 * at..2 * at + 2]).collect();
        for text in [digits.to_owned(), digits.to_uppercase(), pairs.join(":").to_uppercase()] {
            assert_eq!(text.parse(), Ok(print), "{text}");
        }
        for text in ["", "ab", &digits[2..], &format!("{digits}00"), &digits.replace('b', "g")] {
            assert_eq!(text.parse::<Fingerprint>(), Err(NoFingerprint), "{text}");
        }
    }
}
