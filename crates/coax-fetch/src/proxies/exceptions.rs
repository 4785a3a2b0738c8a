//! For whom there is no proxy: the forms of `no_proxy`.
//!
//! `*` is everybody; a name is itself and every name below it, whether a dot or `*.` stands before it
//! or not; an address is itself, `10.0.0.0/8` every address of that network. `:port` after any of
//! them means that port alone. Names are compared as they are written.
//!
//! Nothing here resolves a name.

use std::net::IpAddr;

use ipnet::IpNet;

use crate::origin::Origin;

/// For whom there is no proxy.
#[derive(Clone, Debug, Default)]
pub(super) struct Exceptions(Vec<Exception>);

#[derive(Clone, Debug)]
struct Exception {
    whom: Whom,
    port: Option<u16>,
}

#[derive(Clone, Debug)]
enum Whom {
    Everybody,
    Network(IpNet),
    Name(String),
}

impl Exceptions {
    pub(super) fn parse(text: &str) -> Exceptions {
        let members = text.split(|letter: char| letter == ',' || letter.is_whitespace());
        Exceptions(members.filter(|it| !it.is_empty()).map(Exception::parse).collect())
    }

    pub(super) fn has(&self, origin: &Origin) -> bool {
        self.0.iter().any(|exception| exception.has(origin))
    }
}

impl Exception {
    fn parse(text: &str) -> Exception {
        let (host, port) = match text.rsplit_once(':') {
            // The colons of an IPv6 address are no port, unless it stands in brackets.
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                match port.parse() {
                    Ok(port) => (host, Some(port)),
                    Err(_) => (text, None),
                }
            }
            _ => (text, None),
        };
        Exception { whom: Whom::parse(host), port }
    }

    fn has(&self, origin: &Origin) -> bool {
        self.port.is_none_or(|port| port == origin.port) && self.whom.is(&origin.host)
    }
}

impl Whom {
    fn parse(text: &str) -> Whom {
        let bare = text.trim_start_matches('[').trim_end_matches(']');
        if text == "*" {
            return Whom::Everybody;
        }
        if let Ok(network) = bare.parse::<IpNet>() {
            return Whom::Network(network.trunc());
        }
        if let Ok(address) = bare.parse::<IpAddr>() {
            return Whom::Network(address.into());
        }
        let name = text.strip_prefix('*').unwrap_or(text);
        Whom::Name(name.trim_matches('.').to_ascii_lowercase())
    }

    fn is(&self, host: &url::Host<String>) -> bool {
        match (self, host) {
            (Whom::Everybody, _) => true,
            (Whom::Network(network), url::Host::Ipv4(it)) => network.contains(&IpAddr::V4(*it)),
            (Whom::Network(network), url::Host::Ipv6(it)) => network.contains(&IpAddr::V6(*it)),
            (Whom::Name(name), url::Host::Domain(host)) => {
                let host = host.trim_end_matches('.');
                let above = host.strip_suffix(name.as_str());
                !name.is_empty() && above.is_some_and(|it| it.is_empty() || it.ends_with('.'))
            }
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_form_has_its_meaning() {
        let table = [
            ("*", "http://h/", true),
            ("", "http://h/", false),
            ("example.com", "http://example.com/", true),
            ("example.com", "http://EXAMPLE.com./", true),
            ("example.com", "http://www.example.com/", true),
            ("example.com", "http://notexample.com/", false),
            (".example.com", "http://a.b.example.com/", true),
            (".example.com", "http://example.com/", true),
            ("*.example.com", "http://www.example.com/", true),
            ("www.example.com", "http://example.com/", false),
            ("other, example.com", "http://example.com/", true),
            ("other example.com", "http://example.com/", true),
            ("example.com:8080", "http://example.com:8080/", true),
            ("example.com:8080", "http://example.com/", false),
            ("example.com:443", "https://example.com/", true),
            ("127.0.0.1", "http://127.0.0.1:8/", true),
            ("127.0.0.1:9", "http://127.0.0.1:8/", false),
            ("127.0.0.0/8", "http://127.1.2.3/", true),
            ("127.9.9.9/8", "http://127.1.2.3/", true),
            ("127.0.0.0/8", "http://128.0.0.1/", false),
            ("0.0.0.0/0", "http://1.2.3.4/", true),
            ("::1", "http://[::1]/", true),
            ("[::1]", "http://[::1]/", true),
            ("[::1]:80", "http://[::1]/", true),
            ("[::1]:81", "http://[::1]/", false),
            ("fd00::/8", "http://[fd12::1]/", true),
            ("fd00::/8", "http://[fe80::1]/", false),
            ("10.0.0.0/99", "http://10.0.0.1/", false),
            (".", "http://h/", false),
        ];
        for (text, url, has) in table {
            let origin = Origin::of(&url.parse().unwrap()).unwrap();
            assert_eq!(Exceptions::parse(text).has(&origin), has, "{text} {url}");
        }
    }
}
