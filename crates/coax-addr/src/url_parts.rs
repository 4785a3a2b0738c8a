//! The parts of a URL, with the port it implies.
//!
//! The URL is read as browsers read it (the WHATWG standard), so what is shown is what would be
//! asked for. A password is never kept, only that there was one.
//!
//! Nothing here opens a URL, and `tcp://` and the other endpoints are not URLs: see
//! [`Endpoint`](crate::Endpoint).

use std::borrow::Cow;
use std::fmt;

use url::{Host, ParseError, Url};

use crate::near::shown;
use crate::{Protocol, ServiceTable};

/// The parts of a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlParts {
    /// In lower case.
    pub scheme: String,
    /// With `%XX` decoded.
    pub user: Option<String>,
    /// Whether there is one; the password itself is not kept.
    pub has_password: bool,
    /// A name (an IDN in its `xn--` form) or an address, an IPv6 address without brackets, with its
    /// zone where it has one.
    pub host: Option<String>,
    /// The host with its `xn--` parts decoded, where it has some.
    pub unicode_host: Option<String>,
    /// Where it would connect, and how that is known.
    pub port: Option<(u16, PortOrigin)>,
    /// As it would be sent.
    pub path: String,
    /// The pairs of the query in their order.
    pub query: Vec<QueryPair>,
    /// As it stands.
    pub fragment: Option<String>,
}

/// One `name=value` of a query.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueryPair {
    /// Decoded; a byte that is no UTF-8 becomes U+FFFD.
    pub name: String,
    /// Likewise.
    pub value: String,
    /// Both as they stand, so that nothing is lost.
    pub raw: String,
}

/// How a port is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortOrigin {
    /// It stands in the URL.
    Given,
    /// The scheme implies it.
    Implied,
}

/// Why a text is not a URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UrlError {
    text: String,
    reason: String,
}

impl fmt::Display for UrlError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "'{}' is not a URL: {}", self.text, self.reason)
    }
}

impl std::error::Error for UrlError {}

impl UrlParts {
    /// Reads a URL; `services` knows the ports of schemes like `ssh`.
    pub fn parse(text: &str, services: &ServiceTable) -> Result<UrlParts, UrlError> {
        let failed = |reason| UrlError { text: shown(text), reason };
        let (bare, zone) = without_zone(text).map_err(failed)?;
        let url = Url::parse(&bare).map_err(|error| failed(reason(error, text)))?;
        Ok(UrlParts {
            user: Some(decoded(url.username())).filter(|user| !user.is_empty()),
            has_password: url.password().is_some(),
            host: url.host().map(|host| match host {
                Host::Domain(name) => decoded(name),
                Host::Ipv4(address) => address.to_string(),
                Host::Ipv6(address) => match &zone {
                    Some(zone) => format!("{address}%{zone}"),
                    None => address.to_string(),
                },
            }),
            unicode_host: url.domain().and_then(unicode),
            port: port(&url, text, services),
            path: url.path().to_owned(),
            query: query(&url),
            fragment: url.fragment().map(str::to_owned),
            scheme: url.scheme().to_owned(),
        })
    }
}

/// `url` without the zone of an IPv6 address in brackets, and the zone: `%eth0`, or `%25eth0` as
/// RFC 6874 has it. The standard of browsers has none.
fn without_zone(text: &str) -> Result<(Cow<'_, str>, Option<String>), String> {
    let whole = Ok((Cow::Borrowed(text), None));
    let Some((scheme, rest)) = text.split_once("://") else { return whole };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let Some((before, host)) = authority.split_once('[') else { return whole };
    let Some((inside, after)) = host.split_once(']') else { return whole };
    let Some((address, zone)) = inside.split_once('%') else { return whole };
    let zone = zone.strip_prefix("25").filter(|zone| !zone.is_empty()).unwrap_or(zone);
    if let Some(why) = crate::endpoint::why_no_zone(zone) {
        return Err(why);
    }
    let path = &rest[authority.len()..];
    let bare = format!("{scheme}://{before}[{address}]{after}{path}");
    Ok((Cow::Owned(bare), Some(zone.to_owned())))
}

fn unicode(name: &str) -> Option<String> {
    let (text, valid) = idna::domain_to_unicode(name);
    (valid.is_ok() && text != name).then_some(text)
}

/// The pairs as forms write them: `&` between, `+` for a space.
fn query(url: &Url) -> Vec<QueryPair> {
    let raw = url.query().unwrap_or_default().split('&').filter(|raw| !raw.is_empty());
    let pairs = url.query_pairs().zip(raw);
    let pair = |((name, value), raw): ((Cow<'_, str>, Cow<'_, str>), &str)| QueryPair {
        name: name.into_owned(),
        value: value.into_owned(),
        raw: raw.to_owned(),
    };
    pairs.map(pair).collect()
}

fn port(url: &Url, text: &str, services: &ServiceTable) -> Option<(u16, PortOrigin)> {
    if url.host_str().is_none_or(str::is_empty) {
        return None;
    }
    // The URL crate forgets a port that the scheme implies anyway; the text still has it.
    let origin = if ends_in_a_port(text) { PortOrigin::Given } else { PortOrigin::Implied };
    let registered = |protocol| services.port_of(url.scheme(), protocol);
    url.port_or_known_default()
        .or_else(|| registered(Protocol::Tcp))
        .or_else(|| registered(Protocol::Udp))
        .map(|port| (port, origin))
}

/// Whether the authority of a URL ends in `:digits`.
fn ends_in_a_port(text: &str) -> bool {
    let Some((_, rest)) = text.split_once(':') else { return false };
    let rest = rest.trim_start_matches(['/', '\\']);
    let authority = rest.split(['/', '\\', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    let after = host.rsplit(']').next().unwrap_or_default();
    let port = after.rsplit_once(':').map_or("", |(_, port)| port.trim_end());
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// `%XX` as text; a byte that is no UTF-8 becomes U+FFFD.
fn decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let digit = |at: usize| after.get(at).and_then(|&byte| char::from(byte).to_digit(16));
        match (first, digit(0), digit(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.extend(u8::try_from(high * 16 + low));
                rest = &after[2..];
            }
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn reason(error: ParseError, text: &str) -> String {
    let text = shown(text.trim());
    match error {
        ParseError::RelativeUrlWithoutBase if text.is_empty() => {
            "it is empty; write one like https://example.com/".to_owned()
        }
        ParseError::RelativeUrlWithoutBase if text.starts_with("//") => {
            format!("the scheme is missing; write https:{text}")
        }
        ParseError::RelativeUrlWithoutBase if text.starts_with(['/', '?', '#', ':', '.']) => {
            "scheme and host are missing; write one like https://example.com/".to_owned()
        }
        ParseError::RelativeUrlWithoutBase => {
            format!("the scheme is missing; write https://{text}")
        }
        ParseError::EmptyHost => "the host is missing".to_owned(),
        ParseError::InvalidPort => "the port is not a number from 0 to 65535".to_owned(),
        ParseError::InvalidIpv4Address => {
            "the host ends in a number and is no IPv4 address; those are four numbers from 0 to 255"
                .to_owned()
        }
        ParseError::InvalidIpv6Address => "the host in brackets is not an IPv6 address".to_owned(),
        ParseError::InvalidDomainCharacter | ParseError::IdnaError => {
            "the host holds something that no name has, like a space or an empty label".to_owned()
        }
        ParseError::Overflow => "it is longer than 4 GiB".to_owned(),
        _ => "its scheme and the rest do not go together".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> UrlParts {
        match UrlParts::parse(text, &ServiceTable::iana()) {
            Ok(parts) => parts,
            Err(error) => panic!("{error}"),
        }
    }

    #[test]
    fn a_port_is_given_or_implied() {
        use PortOrigin::{Given, Implied};
        for (text, port) in [
            ("http://h/", Some((80, Implied))),
            ("http://h:80/", Some((80, Given))),
            ("https://h", Some((443, Implied))),
            ("https://[::1]:8443?x=:1", Some((8443, Given))),
            ("https://[2001:db8::80]/", Some((443, Implied))),
            ("https://user:80@h/", Some((443, Implied))),
            ("wss://h", Some((443, Implied))),
            ("ssh://git@h/x:22", Some((22, Implied))),
            ("ssh://h:2222", Some((2222, Given))),
            ("postgresql://h/db", Some((5432, Implied))),
            ("coap://h", Some((5683, Implied))),
            ("nosuch-scheme://h", None),
            ("mailto:someone@example.com", None),
            ("file:///etc/motd", None),
        ] {
            assert_eq!(read(text).port, port, "{text}");
        }
    }

    #[test]
    fn every_part_is_found() {
        let parts = read("HTTPS://b%40b:s3cret@BÜCHER.example/a%20b/?q=a+b&q=%C3%A9&x#t%20op");
        assert_eq!(parts.scheme, "https");
        assert_eq!(parts.user.as_deref(), Some("b@b"));
        assert!(parts.has_password && !format!("{parts:?}").contains("s3cret"));
        assert_eq!(parts.host.as_deref(), Some("xn--bcher-kva.example"));
        assert_eq!(parts.path, "/a%20b/");
        assert_eq!(parts.unicode_host.as_deref(), Some("bücher.example"));
        let pair = |name: &str, value: &str, raw: &str| QueryPair {
            name: name.to_owned(),
            value: value.to_owned(),
            raw: raw.to_owned(),
        };
        let expected = [pair("q", "a b", "q=a+b"), pair("q", "é", "q=%C3%A9"), pair("x", "", "x")];
        assert_eq!(parts.query, expected);
        assert_eq!(parts.fragment.as_deref(), Some("t%20op"));
        let parts = read("http://h/?a=%ff&&b=%00&=c");
        let expected =
            [pair("a", "\u{fffd}", "a=%ff"), pair("b", "\0", "b=%00"), pair("", "c", "=c")];
        assert_eq!(parts.query, expected);
        for url in ["http://[fe80::1%eth0]:80/%25", "http://[fe80::1%25eth0]:80/%25"] {
            let parts = read(url);
            assert_eq!(parts.host.as_deref(), Some("fe80::1%eth0"));
            assert_eq!((parts.port, parts.path.as_str()), (Some((80, PortOrigin::Given)), "/%25"));
        }
        assert_eq!(read("http://[::1]/").host.as_deref(), Some("::1"));
        assert_eq!(read("http://2130706433/").host.as_deref(), Some("127.0.0.1"));
    }

    #[test]
    fn every_error_says_what_is_wrong() {
        for (text, reason) in [
            ("", "it is empty; write one like https://example.com/"),
            ("example.com/x", "the scheme is missing; write https://example.com/x"),
            ("//example.com", "the scheme is missing; write https://example.com"),
            ("/etc/motd", "scheme and host are missing; write one like https://example.com/"),
            ("http://", "the host is missing"),
            ("http://h:70000/", "the port is not a number from 0 to 65535"),
            ("http://h:x/", "the port is not a number from 0 to 65535"),
            (
                "http://1.2.3.999/",
                "the host ends in a number and is no IPv4 address; those are four numbers from 0 to 255",
            ),
            ("http://[fe80::1%]/", "the zone after '%' is missing; write an interface, like %eth0"),
            ("http://[fe80::1%a?b]/", "the host in brackets is not an IPv6 address"),
            (
                "http://a b/",
                "the host holds something that no name has, like a space or an empty label",
            ),
            (
                "ssh://a b/",
                "the host holds something that no name has, like a space or an empty label",
            ),
        ] {
            match UrlParts::parse(text, &ServiceTable::iana()) {
                Ok(parts) => panic!("{text}: {parts:?}"),
                Err(error) => assert_eq!(error.reason, reason, "{text}"),
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "\\PC{0,60}|[a-z]{1,5}://[a-z:@/?#%\\[\\]0-9.]{0,40}") {
            if let Ok(parts) = UrlParts::parse(&text, &ServiceTable::iana()) {
                prop_assert!(!parts.scheme.is_empty());
            }
        }
    }
}
