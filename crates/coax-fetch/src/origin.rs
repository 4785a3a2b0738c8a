//! Whose page it is: scheme, host and port (RFC 6454).
//!
//! What is secret is told to one origin and never carried to another; connections are shared within
//! one. Only `http` and `https` have pages.
//!
//! Nothing here resolves the host.

use std::fmt;

use coax_addr::{Endpoint, Host, Place, Transport};
use url::Url;

use crate::error::{FetchErrorKind, Trouble};

/// Whose page it is.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Origin {
    pub(crate) secure: bool,
    pub(crate) host: url::Host<String>,
    pub(crate) port: u16,
    /// The network card that a link-local address is on, which a URL has no place for.
    pub(crate) zone: Option<String>,
}

impl Origin {
    pub(crate) fn of(url: &Url) -> Result<Origin, Trouble> {
        let secure = match url.scheme() {
            "http" => false,
            "https" => true,
            other => {
                let why = format!("only http and https are spoken here, not {other}");
                return Err(Trouble::new(FetchErrorKind::Invalid, why));
            }
        };
        let whole = url.host().map(|host| host.to_owned()).zip(url.port_or_known_default());
        let missing = || Trouble::new(FetchErrorKind::Invalid, "the host is missing");
        let (host, port) = whole.ok_or_else(missing)?;
        Ok(Origin { secure, host, port, zone: None })
    }

    /// The same, on this network card, which is nobody's business but this machine's (RFC 6874 §4).
    pub(crate) fn on(self, zone: Option<String>) -> Origin {
        Origin { zone, ..self }
    }

    /// As a Host header names it: the port only if it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        match (self.secure, self.port) {
            (false, 80) | (true, 443) => self.host.to_string(),
            _ => format!("{}:{}", self.host, self.port),
        }
    }

    /// Who its certificate has to be for.
    pub(crate) fn name(&self) -> Host {
        match &self.host {
            url::Host::Domain(name) => Host::Name(name.clone()),
            url::Host::Ipv4(address) => Host::Ip((*address).into()),
            url::Host::Ipv6(address) => match &self.zone {
                Some(zone) => Host::Zoned { address: *address, zone: zone.clone() },
                None => Host::Ip((*address).into()),
            },
        }
    }

    /// Where to connect.
    pub(crate) fn endpoint(&self) -> Endpoint {
        let path = String::new();
        let (transport, host, port) = (Transport::Tcp, self.name(), self.port);
        let mut endpoint = Endpoint::from(Place::Net { transport, host, port, path });
        // A request is written whole; waiting to send the last of it would serve nobody.
        endpoint.options.nodelay = Some(true);
        endpoint
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.secure { "https" } else { "http" }, self.authority())
    }
}
