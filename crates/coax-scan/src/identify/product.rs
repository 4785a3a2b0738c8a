//! A product's name, its version and the rest, out of the one text that a program calls itself.
//!
//! The version is the first word that begins with a digit, or what follows a slash or an underscore
//! before one.
//!
//! Nothing here knows a program.

use super::Identity;

/// The parts of what a program calls itself; each may be empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Product<'a> {
    /// `OpenSSH` of `OpenSSH_9.2p1 Debian-2`.
    pub name: &'a str,
    /// `9.2p1`.
    pub version: &'a str,
    /// `Debian-2`.
    pub rest: &'a str,
}

impl Identity {
    /// The parts of its product.
    pub fn parts(&self) -> Product<'_> {
        product_parts(self.product.as_deref().unwrap_or_default())
    }
}

/// `nginx/1.22.1` is nginx, 1.22.1; `OpenSSH_9.2p1 Debian-2` is OpenSSH, 9.2p1, Debian-2.
pub fn product_parts(text: &str) -> Product<'_> {
    let text = text.trim();
    let first = text.find(' ').unwrap_or(text.len());
    if let Some(at) = text[..first].find(['/', '_']).filter(|&at| begins_a_number(&text[at + 1..]))
    {
        let (name, version, rest) = (&text[..at], &text[at + 1..first], bare(&text[first..]));
        return Product { name, version, rest };
    }
    let versions = text.match_indices(' ').filter(|(at, _)| begins_a_number(&text[at + 1..]));
    match versions.map(|(at, _)| at).next() {
        None => Product { name: text, ..Product::default() },
        Some(at) => {
            let rest = &text[at + 1..];
            let rest = match rest.starts_with('(') {
                true => bare(rest),
                false => rest,
            };
            let (version, extra) = rest.split_once(' ').unwrap_or((rest, ""));
            Product { name: text[..at].trim_end(), version, rest: bare(extra) }
        }
    }
}

fn begins_a_number(text: &str) -> bool {
    let text = text.strip_prefix('(').unwrap_or(text);
    text.strip_prefix('v').unwrap_or(text).starts_with(|c: char| c.is_ascii_digit())
}

/// Without the brackets that the whole stands in.
fn bare(text: &str) -> &str {
    let text = text.trim();
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    inner.filter(|inner| is_balanced(inner)).unwrap_or(text)
}

/// Whether every bracket within is closed after it was opened.
fn is_balanced(text: &str) -> bool {
    let mut depth = 0;
    text.bytes().all(|byte| {
        depth += i32::from(byte == b'(') - i32::from(byte == b')');
        depth >= 0
    }) && depth == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_product_has_a_version_where_it_tells_one() {
        for (text, name, version, rest) in [
            ("nginx/1.22.1", "nginx", "1.22.1", ""),
            ("nginx", "nginx", "", ""),
            ("Apache/2.4.57 (Debian)", "Apache", "2.4.57", "Debian"),
            ("SimpleHTTP/0.6 Python/3.11.2", "SimpleHTTP", "0.6", "Python/3.11.2"),
            ("OpenSSH_9.2p1 Debian-2+deb12u3", "OpenSSH", "9.2p1", "Debian-2+deb12u3"),
            ("dropbear_2022.83", "dropbear", "2022.83", ""),
            ("Exim 4.96", "Exim", "4.96", ""),
            ("kamailio (5.6.3 (x86_64/linux))", "kamailio", "5.6.3", "x86_64/linux"),
            ("server (2023)", "server", "2023", ""),
            ("Postfix (Debian/GNU)", "Postfix (Debian/GNU)", "", ""),
            ("lone_ranger", "lone_ranger", "", ""),
            ("a/1 (b) (c)", "a", "1", "(b) (c)"),
            ("7.2.4", "7.2.4", "", ""),
            (" ü/ 1 ", "ü/", "1", ""),
            ("", "", "", ""),
        ] {
            assert_eq!(product_parts(text), Product { name, version, rest }, "{text}");
        }
    }
}
