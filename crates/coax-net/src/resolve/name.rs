//! Whether a text can be a host name at all, and how it is asked for.
//!
//! Checked before the C library sees it: some resolvers have crashed on names with spaces, and a
//! name that cannot exist deserves a better answer than "not found". Names beyond ASCII are asked
//! for in the form that browsers and curl use (UTS 46, without the exceptions of IDNA 2003).
//!
//! Whether the name exists is not asked here.

use std::borrow::Cow;

use idna::AsciiDenyList;

use super::ResolveErrorKind;

/// The longest name in text form, RFC 1035 §3.1 with the length bytes taken off.
const LONGEST_NAME: usize = 253;
/// The longest part between two dots, RFC 1035 §2.3.4.
const LONGEST_LABEL: usize = 63;

/// `name` as resolvers and name servers know it, or why it cannot be a host name. One final dot is
/// allowed; so are underscores, which real names have. Letters beyond ASCII are encoded.
pub fn ascii_host_name(name: &str) -> Result<Cow<'_, str>, ResolveErrorKind> {
    let malformed = |why| Err(ResolveErrorKind::Malformed(why));
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
    if name.contains(',') {
        return malformed("a host name has no comma; write names with a space between them");
    }
    let ascii = if name.is_ascii() { Cow::Borrowed(name) } else { encoded(name)? };
    check_lengths(&ascii)?;
    Ok(ascii)
}

/// Says why `name` cannot be a host name.
pub fn check_host_name(name: &str) -> Result<(), ResolveErrorKind> {
    ascii_host_name(name).map(drop)
}

/// `name` with its `xn--` parts decoded, for people. `None` where there are none to decode.
pub fn unicode_host_name(name: &str) -> Option<String> {
    let has_encoded = name
        .split('.')
        .any(|label| label.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("xn--")));
    let (text, valid) = idna::domain_to_unicode(if has_encoded { name } else { return None });
    (valid.is_ok() && text != name).then_some(text)
}

fn encoded(name: &str) -> Result<Cow<'_, str>, ResolveErrorKind> {
    idna::domain_to_ascii_cow(name.as_bytes(), AsciiDenyList::URL).map_err(|_| {
        ResolveErrorKind::Malformed("its letters cannot stand together in a domain name (IDNA)")
    })
}

fn check_lengths(name: &str) -> Result<(), ResolveErrorKind> {
    let malformed = |why| Err(ResolveErrorKind::Malformed(why));
    let bare = name.strip_suffix('.').unwrap_or(name);
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
    fn names_beyond_ascii_are_asked_for_as_browsers_ask_for_them() {
        for (name, ascii, unicode) in [
            ("bücher.b.test", "xn--bcher-kva.b.test", Some("bücher.b.test")),
            ("BÜCHER.Test.", "xn--bcher-kva.test.", Some("bücher.test.")),
            ("straße.test", "xn--strae-oqa.test", Some("straße.test")),
            ("a。b．test", "a.b.test", None),
            ("１２７.0.0.1", "127.0.0.1", None),
            ("_x.bücher.test", "_x.xn--bcher-kva.test", Some("_x.bücher.test")),
            ("Plain_1.test", "Plain_1.test", None),
            ("xn--a.test", "xn--a.test", None),
        ] {
            assert_eq!(ascii_host_name(name).unwrap(), ascii, "{name}");
            assert_eq!(unicode_host_name(ascii).as_deref(), unicode, "{name}");
        }
        // Counted as it is asked for: 40 letters of two bytes each are 45 bytes there.
        assert_eq!(check_host_name(&"ü".repeat(40)), Ok(()));
        assert!(check_host_name(&"ü".repeat(63)).is_err());
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
            ("ü..b", "a part between dots is empty"),
            ("a,b", "a host name has no comma; write names with a space between them"),
            ("\u{301}a.b", "its letters cannot stand together in a domain name (IDNA)"),
            ("b\u{fc}[.test", "its letters cannot stand together in a domain name (IDNA)"),
            (&long_label, "a part between dots is longer than 63 bytes"),
            (&long_name, "the name is longer than 253 bytes"),
        ] {
            assert_eq!(check_host_name(name), Err(ResolveErrorKind::Malformed(why)), "{name:?}");
        }
    }
}
