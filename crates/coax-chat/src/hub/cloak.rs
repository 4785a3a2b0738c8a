//! Hosts that do not say where somebody is.
//!
//! The same address has the same cloak as long as the server keeps its secret, so bans hold; nobody
//! can compute the address from it.
//!
//! Nothing here decides who gets one.

use aws_lc_rs::hmac;

/// `3f2a9c81d0e4b756.cloak`: sixteen hexadecimal digits of a keyed hash.
pub(crate) fn cloak(address: &str, secret: &[u8; 32]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    let tag = hmac::sign(&key, address.as_bytes());
    let digits = tag.as_ref().iter().take(8).map(|byte| format!("{byte:02x}"));
    format!("{}.cloak", digits.collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::cloak;

    #[test]
    fn a_cloak_belongs_to_an_address_and_a_secret() {
        let one = cloak("192.0.2.1", &[1; 32]);
        assert_eq!(one, cloak("192.0.2.1", &[1; 32]));
        assert_ne!(one, cloak("192.0.2.2", &[1; 32]));
        assert_ne!(one, cloak("192.0.2.1", &[2; 32]));
        assert_eq!(one.len(), "0123456789abcdef.cloak".len());
    }
}
