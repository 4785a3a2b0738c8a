//! Whom a web proxy brings: `Forwarded` (RFC 7239), `X-Forwarded-For` or `X-Real-IP`.
//!
//! Anybody can write such a header, and a proxy passes on those it does not know. So the settings name
//! the proxies and the one header that they write; the others are not looked at. In a list each proxy
//! added the address it saw, so it is read from the right: the first address that is not a named
//! proxy's is the caller's.
//!
//! Nothing here opens a connection.

use std::net::{IpAddr, SocketAddr};

use hyper::HeaderMap;
use hyper::header::{self, HeaderName};

use crate::settings::Network;

/// The header in which the named proxies say whom they bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallerHeader {
    /// `Forwarded: for=192.0.2.1`
    Forwarded,
    /// `X-Forwarded-For: 192.0.2.1`
    #[default]
    XForwardedFor,
    /// `X-Real-IP: 192.0.2.1`
    XRealIp,
}

impl CallerHeader {
    /// Every one.
    pub const ALL: [CallerHeader; 3] =
        [CallerHeader::Forwarded, CallerHeader::XForwardedFor, CallerHeader::XRealIp];

    /// As HTTP writes it, in small letters.
    pub const fn name(self) -> &'static str {
        match self {
            CallerHeader::Forwarded => "forwarded",
            CallerHeader::XForwardedFor => "x-forwarded-for",
            CallerHeader::XRealIp => "x-real-ip",
        }
    }

    /// The header of that name, in any case of letters.
    pub fn named(name: &str) -> Option<CallerHeader> {
        CallerHeader::ALL.into_iter().find(|it| it.name().eq_ignore_ascii_case(name))
    }
}

/// Whether a request came through a proxy of HTTP, as far as it can be told. Proxies that say nothing
/// of themselves often speak HTTP/1.0 to what is behind them, which no browser does.
pub(super) fn is_passed_on(headers: &HeaderMap, version: hyper::Version) -> bool {
    let says_so = |name: &HeaderName| {
        [header::FORWARDED, header::VIA].contains(name)
            || name.as_str().starts_with("x-forwarded")
            || name.as_str() == CallerHeader::XRealIp.name()
    };
    version < hyper::Version::HTTP_11 || headers.keys().any(says_so)
}

/// The caller behind the proxy at `peer`, if that one is named and says.
pub(super) fn caller(
    headers: &HeaderMap,
    peer: Option<SocketAddr>,
    proxies: &[Network],
    header: CallerHeader,
) -> Option<SocketAddr> {
    if !is_named(peer, proxies) {
        return None;
    }
    let values = headers.get_all(header.name()).iter().map(|value| value.to_str().ok());
    let values = values.collect::<Option<Vec<_>>>()?.join(",");
    let mut last = None;
    for hop in values.rsplit(',').filter(|hop| !hop.trim().is_empty()) {
        // What cannot be read is where the trail ends.
        let Some(address) = address(hop, header) else { break };
        last = Some(address);
        if !proxies.iter().any(|network| network.has(address.ip())) {
            break;
        }
    }
    last
}

/// Whether a proxy at this address is believed. A Unix socket is of this machine.
pub(super) fn is_named(peer: Option<SocketAddr>, proxies: &[Network]) -> bool {
    let here = IpAddr::from([127, 0, 0, 1]);
    let peer = peer.map_or(here, |peer| peer.ip());
    proxies.iter().any(|network| network.has(peer))
}

/// One hop. The port is 0 where it says none.
fn address(hop: &str, header: CallerHeader) -> Option<SocketAddr> {
    let node = match header {
        CallerHeader::Forwarded => hop.split(';').find_map(|pair| {
            let (name, value) = pair.split_once('=')?;
            name.trim().eq_ignore_ascii_case("for").then(|| value.trim().trim_matches('"'))
        })?,
        _ => hop.trim(),
    };
    let bare = node.strip_prefix('[').and_then(|node| node.strip_suffix(']')).unwrap_or(node);
    let address = bare.parse::<IpAddr>().ok().map(|ip| SocketAddr::new(ip, 0));
    let address = address.or_else(|| node.parse().ok())?;
    Some(SocketAddr::new(address.ip().to_canonical(), address.port()))
}

#[cfg(test)]
mod tests {
    use super::{CallerHeader, caller, is_passed_on};
    use crate::settings::Network;
    use hyper::{HeaderMap, Version};

    const FOR: CallerHeader = CallerHeader::XForwardedFor;

    fn who(header: CallerHeader, peer: &str, lines: &[(&'static str, &str)]) -> Option<String> {
        let proxies = ["127.0.0.1", "10.0.0.0/8"].map(|text| Network::read(text).unwrap());
        let mut headers = HeaderMap::new();
        for (name, value) in lines {
            headers.append(*name, value.parse().unwrap());
        }
        let peer = peer.parse().ok();
        caller(&headers, peer, &proxies, header).map(|address| address.ip().to_string())
    }

    #[test]
    fn the_caller_is_the_last_address_that_no_named_proxy_has() {
        const NAME: &str = "x-forwarded-for";
        for (value, expected) in [
            ("192.0.2.7", Some("192.0.2.7")),
            ("203.0.113.9, 192.0.2.7", Some("192.0.2.7")),
            ("127.0.0.1, 192.0.2.7", Some("192.0.2.7")),
            ("192.0.2.7, 10.1.2.3", Some("192.0.2.7")),
            ("192.0.2.7,10.1.2.3 , 127.0.0.1", Some("192.0.2.7")),
            ("10.1.2.3", Some("10.1.2.3")),
            ("unknown", None),
            ("192.0.2.7, unknown", None),
            ("192.0.2.7:4711", Some("192.0.2.7")),
            ("2001:db8::1", Some("2001:db8::1")),
            ("[2001:db8::1]:4711", Some("2001:db8::1")),
            ("::ffff:192.0.2.7", Some("192.0.2.7")),
            ("", None),
        ] {
            assert_eq!(who(FOR, "127.0.0.1:9", &[(NAME, value)]).as_deref(), expected, "{value}");
        }
        let two = [(NAME, "203.0.113.9"), (NAME, "192.0.2.7")];
        assert_eq!(
            who(FOR, "10.9.9.9:9", &two).as_deref(),
            Some("192.0.2.7"),
            "two lines are one list"
        );
        assert_eq!(
            who(FOR, "", &[(NAME, "192.0.2.7")]).as_deref(),
            Some("192.0.2.7"),
            "a Unix socket"
        );
        assert_eq!(who(FOR, "192.0.2.1:9", &[(NAME, "203.0.113.9")]), None, "no named proxy");
    }

    #[test]
    fn only_the_header_that_the_settings_name_is_believed() {
        let forged = [("forwarded", "for=203.0.113.9"), ("x-forwarded-for", "192.0.2.7")];
        assert_eq!(who(FOR, "127.0.0.1:9", &forged).as_deref(), Some("192.0.2.7"));
        let real = [("x-real-ip", "192.0.2.7"), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(who(CallerHeader::XRealIp, "127.0.0.1:9", &real).as_deref(), Some("192.0.2.7"));
        for value in
            ["for=192.0.2.7", "For=\"192.0.2.7:80\";proto=https", "for=x, for=192.0.2.7;by=y"]
        {
            let line = [("forwarded", value)];
            let found = who(CallerHeader::Forwarded, "127.0.0.1:9", &line);
            assert_eq!(found.as_deref(), Some("192.0.2.7"), "{value}");
        }
        let six = [("forwarded", "for=\"[2001:db8::1]\"")];
        let found = who(CallerHeader::Forwarded, "127.0.0.1:9", &six);
        assert_eq!(found.as_deref(), Some("2001:db8::1"));
    }

    #[test]
    fn a_request_that_was_passed_on_is_known_by_its_headers_or_its_version() {
        let with = |name: &'static str| {
            HeaderMap::from_iter([(name.parse().unwrap(), "x".parse().unwrap())])
        };
        for name in ["forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-real-ip"] {
            assert!(is_passed_on(&with(name), Version::HTTP_11), "{name}");
        }
        assert!(is_passed_on(&HeaderMap::new(), Version::HTTP_10));
        assert!(!is_passed_on(&with("host"), Version::HTTP_11));
    }
}
