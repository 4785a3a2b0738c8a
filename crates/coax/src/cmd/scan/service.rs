//! A service as it is shown and written: a name, a product with its version, what it said.
//!
//! A name that the port alone gave is a guess, and marked as one. What a program calls
//! itself is one text on the wire, and three fields in the files: the version is the first word
//! that begins with a digit, or what follows a slash or underscore before one. `coax-scan` parts them.
//!
//! Nothing here knows a file's grammar, or makes text safe for one.

use std::fmt::Write as _;

use coax_scan::{Product, product_parts, within_tls};

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
    /// What it calls its machine.
    pub(super) host: &'a str,
}

impl<'a> Service<'a> {
    /// `None` where nothing is known, not even a guess.
    pub(super) fn at(port: &'a Port) -> Option<Service<'a>> {
        let report = port.report.as_deref();
        let sure = report.is_some_and(|report| report.identified);
        let speaks_tls = report.is_some_and(|report| report.tls.is_some());
        let text = report.and_then(|report| report.product.as_deref()).unwrap_or_default();
        let Product { name: product, version, rest } = product_parts(text);
        let extra = report.and_then(|report| report.extra.as_deref()).unwrap_or(rest);
        let host = report.and_then(|report| report.host.as_deref()).unwrap_or_default();
        let told = Service { sure, product, version, extra, host, ..Service::default() };
        match (port.service.as_deref(), speaks_tls) {
            // That it speaks TLS is no guess.
            (None, true) => Some(Service { name: "ssl", sure: true, ..told }),
            // It spoke, and what it said is known to be no service that is usual there.
            (None, false) if report.is_some_and(|report| !report.banner.is_empty()) => {
                Some(Service { name: "unknown", ..told })
            }
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
    fn what_was_said_is_one_line() {
        let banner_of = |text: &str| {
            banner(&IdentityReport { banner: text.to_owned(), ..IdentityReport::default() })
        };
        assert_eq!(banner_of("220 a\r\n220 b\u{1b}\r\n"), "220 a\\x0D\\x0A220 b\\x1B");
        assert_eq!(banner_of("\r\n"), "");
    }
}
