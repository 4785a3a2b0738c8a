//! Whether a text can be a host name at all.
//!
//! Checked before the C library sees it: some resolvers have crashed on names with spaces, and a
//! name that cannot exist deserves a better answer than "not found".
//!
//! Whether the name exists is not asked here.

use super::ResolveErrorKind;

/// The longest name in text form, RFC 1035 §3.1 with the length bytes taken off.
const LONGEST_NAME: usize = 253;
/// The longest part between two dots, RFC 1035 §2.3.4.
const LONGEST_LABEL: usize = 63;

/// Says why `name` cannot be a host name. One final dot is allowed; so are underscores, which
/// real names have, and letters beyond ASCII, which the resolver may know how to encode.
pub fn check_host_name(name: &str) -> Result<(), ResolveErrorKind> {
    let malformed = |why| Err(ResolveErrorKind::Malformed(why));
    let bare = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() {
        return malformed("the name is empty");
    }
    // Most names are graphic ASCII, where there is nothing to look for.
    let graphic = name.bytes().all(|byte| byte.is_ascii_graphic());
    if !graphic && name.chars().any(char::is_whitespace) {
        return malformed("a host name has no spaces");
    }
    if !graphic && name.chars().any(char::is_control) {
        return malformed("a host name has no control characters");
    }
    let labels = || bare.as_bytes().split(|&byte| byte == b'.');
    if labels().any(|label| label.len() > LONGEST_LABEL) {
        return malformed("a part between dots is longer than 63 bytes");
    }
    if bare.len() > LONGEST_NAME {
        return malformed("the name is longer than 253 bytes");
    }
    if labels().any(<[u8]>::is_empty) {
        return malformed("a part between dots is empty");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_can_exist_pass() {
        let longest = format!("{0}.{0}.{0}.{1}", "a".repeat(63), "b".repeat(61));
        for name in
            ["localhost", "a", "a.example.", "_sip._tcp.example", "bücher.example", &longest]
        {
            assert_eq!(check_host_name(name), Ok(()), "{name}");
        }
    }

    #[test]
    fn names_that_cannot_exist_say_why() {
        let long_label = "a".repeat(300);
        let long_name = ["a"; 150].join(".");
        for (name, why) in [
            ("", "the name is empty"),
            (".", "a part between dots is empty"),
            ("a b", "a host name has no spaces"),
            ("a\u{7}b", "a host name has no control characters"),
            ("a\0b", "a host name has no control characters"),
            ("a..b", "a part between dots is empty"),
            (".a", "a part between dots is empty"),
            ("a..", "a part between dots is empty"),
            (&long_label, "a part between dots is longer than 63 bytes"),
            (&long_name, "the name is longer than 253 bytes"),
        ] {
            assert_eq!(check_host_name(name), Err(ResolveErrorKind::Malformed(why)), "{name:?}");
        }
    }
}
