//! A service as it is shown and written: a name, a product with its version, what it said.
//!
//! A name that the port alone gave is a guess, and marked as one. What a program calls
//! itself is one text on the wire, and three fields in the files: the version is the first word
//! that begins with a digit, or what follows a slash or underscore before one.
//!
//! Nothing here knows a file's grammar, or makes text safe for one.

use std::fmt::Write as _;

use coax_scan::within_tls;

use super::event::IdentityReport;
use super::hosts::Port;

/// What is at a port.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Service<'a> {
    pub(super) name: &'a str,
    /// Whether it was recognised; a guess otherwise.
    pub(super) sure: bool,
    /// Whether it is spoken inside TLS; the name is then that of what is inside.
    pub(super) tunnel: bool,
    pub(super) product: &'a str,
    pub(super) version: &'a str,
    /// What else it says of itself.
    pub(super) extra: &'a str,
}

impl<'a> Service<'a> {
    /// `None` where nothing is known, not even a guess.
    pub(super) fn at(port: &'a Port) -> Option<Service<'a>> {
        let report = port.report.as_deref();
        let sure = report.is_some_and(|report| report.identified);
        let speaks_tls = report.is_some_and(|report| report.tls.is_some());
        let (product, version, extra) =
            parts(report.and_then(|report| report.product.as_deref()).unwrap_or_default());
        let told = Service { sure, product, version, extra, ..Service::default() };
        match (port.service.as_deref(), speaks_tls) {
            // That it speaks TLS is no guess.
            (None, true) => Some(Service { name: "ssl", sure: true, ..told }),
            (None, false) => None,
            (Some(name), true) => match within_tls(name) {
                Some(inside) => Some(Service { name: inside, tunnel: true, ..told }),
                None => Some(Service { name, tunnel: !sure, ..told }),
            },
            (Some(name), false) => Some(Service { name, ..told }),
        }
    }

    /// Product, version and the rest on one line: `OpenSSH 9.2p1 (Debian-2)`.
    pub(super) fn in_words(&self) -> String {
        let mut words = self.product.to_owned();
        if !self.version.is_empty() {
            let _ = write!(words, " {}", self.version);
        }
        if !self.extra.is_empty() {
            let _ = write!(words, " ({})", self.extra);
        }
        words
    }
}

/// `nginx/1.22.1` is nginx, 1.22.1; `OpenSSH_9.2p1 Debian-2` is OpenSSH, 9.2p1, Debian-2.
fn parts(text: &str) -> (&str, &str, &str) {
    let text = text.trim();
    let first = text.find(' ').unwrap_or(text.len());
    if let Some(at) = text[..first].find(['/', '_']).filter(|&at| begins_a_number(&text[at + 1..]))
    {
        return (&text[..at], &text[at + 1..first], bare(&text[first..]));
    }
    let versions = text.match_indices(' ').filter(|(at, _)| begins_a_number(&text[at + 1..]));
    match versions.map(|(at, _)| at).next() {
        None => (text, "", ""),
        Some(at) => {
            let rest = &text[at + 1..];
            let (version, extra) = rest.split_once(' ').unwrap_or((rest, ""));
            (text[..at].trim_end(), version, bare(extra))
        }
    }
}

fn begins_a_number(text: &str) -> bool {
    text.strip_prefix('v').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit())
}

/// Without the brackets that the whole stands in.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    inner.filter(|inner| !inner.contains(['(', ')'])).unwrap_or(text)
}

/// What was said, on one line: what is no printable character is shown as `\x0D`.
pub(super) fn banner(report: &IdentityReport) -> String {
    let mut line = String::new();
    for character in report.banner.trim_end_matches(['\r', '\n', '\0']).chars() {
        match character.is_control() {
            true => drop(write!(line, "\\x{:02X}", u32::from(character))),
            false => line.push(character),
        }
    }
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_has_a_version_where_it_tells_one() {
        for (text, product, version, extra) in [
            ("nginx/1.22.1", "nginx", "1.22.1", ""),
            ("nginx", "nginx", "", ""),
            ("Apache/2.4.57 (Debian)", "Apache", "2.4.57", "Debian"),
            ("SimpleHTTP/0.6 Python/3.11.2", "SimpleHTTP", "0.6", "Python/3.11.2"),
            ("OpenSSH_9.2p1 Debian-2+deb12u3", "OpenSSH", "9.2p1", "Debian-2+deb12u3"),
            ("dropbear_2022.83", "dropbear", "2022.83", ""),
            ("Exim 4.96 Sat, 21 Nov", "Exim", "4.96", "Sat, 21 Nov"),
            ("Postfix (Debian/GNU)", "Postfix (Debian/GNU)", "", ""),
            ("lone_ranger", "lone_ranger", "", ""),
            ("a/1 (b) (c)", "a", "1", "(b) (c)"),
            ("7.2.4", "7.2.4", "", ""),
            (" ü/ 1 ", "ü/", "1", ""),
            ("", "", "", ""),
        ] {
            assert_eq!(parts(text), (product, version, extra), "{text}");
        }
    }

    #[test]
    fn what_was_said_is_one_line() {
        let banner_of = |text: &str| {
            banner(&IdentityReport { banner: text.to_owned(), ..IdentityReport::default() })
        };
        assert_eq!(banner_of("220 a\r\n220 b\u{1b}\r\n"), "220 a\\x0D\\x0A220 b\\x1B");
        assert_eq!(banner_of("\r\n"), "");
    }
}
