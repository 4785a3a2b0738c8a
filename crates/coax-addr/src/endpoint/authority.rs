//! `host:port` in all its forms, and what is missing when it is not one.
//!
//! A port is 0 to 65535 or the name of a service. One word is a port when it is a number or a
//! known service; otherwise its port is missing, because guessing would connect somewhere else.
//!
//! Nothing here knows schemes other than by the prefix it repeats in a suggestion.

use super::error::EndpointErrorKind::{Brackets, Host as HostKind, MissingPort, Port};
use super::error::{Fault, fault};
use super::{Host, Transport};
use crate::near::{did_you_mean, shown};
use crate::{Protocol, ServiceTable};

/// What a `host:port` is read for.
pub(super) struct Authority<'a> {
    pub(super) transport: Transport,
    /// `tcp://`, or nothing when no scheme was written.
    pub(super) prefix: &'a str,
    pub(super) services: &'a ServiceTable,
}

impl Authority<'_> {
    /// Reads `host:port`, `:port`, `port` and `[v6]:port`.
    pub(super) fn read(&self, text: &str) -> Result<(Host, u16), Fault> {
        if let Some(rest) = text.strip_prefix('[') {
            return self.after_bracket(rest);
        }
        if let Some((_, rest)) = text.rsplit_once('@') {
            let rest = shown(rest);
            return fault(
                HostKind,
                format!("an endpoint has no user; write {}{rest}", self.prefix),
            );
        }
        match text.split_once(':') {
            None => self.one_word(text),
            Some((host, port)) if !port.contains(':') => self.host_and_port(host, port),
            Some(_) => self.many_colons(text),
        }
    }

    /// Reads a host and a port that were given as two words.
    pub(super) fn two_words(&self, host: &str, port: &str) -> Result<(Host, u16), Fault> {
        if let Some((name, first)) = host.rsplit_once(':')
            && !name.contains(':')
        {
            let (name, first) = (shown(name), shown(first));
            return fault(
                Port,
                format!(
                    "there are two ports, '{first}' and '{}'; write {name} {first}",
                    shown(port)
                ),
            );
        }
        Ok((Host::alone(host)?, self.port(port.strip_prefix(':').unwrap_or(port))?))
    }

    fn host_and_port(&self, host: &str, port: &str) -> Result<(Host, u16), Fault> {
        let host = Host::without_colon(host)?;
        if port.is_empty() {
            return self.missing_port(&written(&host));
        }
        Ok((host, self.port(port)?))
    }

    fn after_bracket(&self, rest: &str) -> Result<(Host, u16), Fault> {
        let Some((address, after)) = rest.split_once(']') else {
            return fault(Brackets, format!("']' is missing; write {}[ADDRESS]:PORT", self.prefix));
        };
        let host = Host::bracketed(address)?;
        match (after.strip_prefix(':'), self.transport.default_port()) {
            (None, Some(port)) if after.is_empty() => Ok((host, port)),
            (None, _) if after.is_empty() => self.missing_port(&written(&host)),
            (Some(""), _) => self.missing_port(&written(&host)),
            (Some(port), _) => Ok((host, self.port(port)?)),
            (None, _) => fault(
                Brackets,
                format!(
                    "after ']' comes ':'; write {}{}:{}",
                    self.prefix,
                    written(&host),
                    shown(after)
                ),
            ),
        }
    }

    fn one_word(&self, word: &str) -> Result<(Host, u16), Fault> {
        let protocol = self.transport.protocol();
        if word.is_empty() {
            return fault(
                MissingPort,
                format!("host and port are missing; write {}HOST:PORT", self.prefix),
            );
        }
        if is_number(word) {
            return self.number_alone(word);
        }
        if let Some(port) = self.transport.default_port() {
            return Ok((Host::without_colon(word)?, port));
        }
        if let Some(port) = self.services.port_of(word, protocol) {
            return Ok((Host::Any, port));
        }
        if let [host, port] = word.split_whitespace().collect::<Vec<_>>()[..] {
            let (host, port) = (shown(host), shown(port));
            return fault(
                HostKind,
                format!(
                    "a space does not separate host and port; write {}{host}:{port}",
                    self.prefix
                ),
            );
        }
        self.missing_port(&written(&Host::without_colon(word)?))
    }

    /// A port, unless it is so large that an IPv4 address was meant.
    fn number_alone(&self, word: &str) -> Result<(Host, u16), Fault> {
        match (self.port(word), word.parse::<u32>()) {
            (Err(fault), Ok(_)) => {
                let reason = format!("{}; as a host it needs one: {word}:PORT", fault.reason);
                Err(Fault { reason, ..fault })
            }
            (port, _) => Ok((Host::Any, port?)),
        }
    }

    /// An IPv6 address without brackets, or something worse.
    fn many_colons(&self, text: &str) -> Result<(Host, u16), Fault> {
        let prefix = self.prefix;
        if let Some((address, port)) = text.rsplit_once(':')
            && Host::ipv6(address).is_some()
        {
            let port = if port.is_empty() { "PORT" } else { port };
            return fault(
                Brackets,
                format!(
                    "an IPv6 address goes in brackets; write {prefix}[{address}]:{}",
                    shown(port)
                ),
            );
        }
        match Host::ipv6(text) {
            Some(host) => self.missing_port(&written(&host)),
            None => fault(
                HostKind,
                format!("more than one ':', and no IPv6 address; write {prefix}HOST:PORT"),
            ),
        }
    }

    fn missing_port<T>(&self, host: &str) -> Result<T, Fault> {
        let other = match self.elsewhere(host) {
            Some(protocol) => format!("; as a service it exists for {protocol} only"),
            None => String::new(),
        };
        let path = match host {
            "stdio" => ", or stdio: for standard input and output".to_owned(),
            _ if host.ends_with(".sock") => format!(", or ./{host} for a Unix socket"),
            _ => String::new(),
        };
        let host = shown(host);
        fault(MissingPort, format!("missing port; write {}{host}:PORT{path}{other}", self.prefix))
    }

    /// Reads a port: a number or a service of this transport.
    fn port(&self, text: &str) -> Result<u16, Fault> {
        if is_number(text) {
            return text.parse().or_else(|_| self.above(text));
        }
        let protocol = self.transport.protocol();
        if let Some(port) = self.services.port_of(text, protocol) {
            return Ok(port);
        }
        let quoted = shown(text);
        if text.contains(['-', '+', '.']) && text.contains(|c: char| c.is_ascii_digit()) {
            return fault(Port, format!("the port '{quoted}' is not a number from 0 to 65535"));
        }
        let more = match self.elsewhere(text) {
            Some(other) => format!("; it exists for {other} only"),
            None => did_you_mean(self.services.similar(text, Some(protocol)).as_deref()),
        };
        fault(
            Port,
            format!("the port '{quoted}' is neither a number nor a {protocol} service{more}"),
        )
    }

    fn above(&self, number: &str) -> Result<u16, Fault> {
        fault(Port, format!("the port {} is above 65535", shown(number)))
    }

    /// The other protocol, if that one knows the service.
    fn elsewhere(&self, name: &str) -> Option<Protocol> {
        let other = match self.transport.protocol() {
            Protocol::Udp => Protocol::Tcp,
            _ => Protocol::Udp,
        };
        self.services.port_of(name, other).map(|_| other)
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A host as it stands before `:port`.
pub(super) fn written(host: &Host) -> String {
    match host {
        Host::Any => String::new(),
        Host::Name(_) | Host::Ip(std::net::IpAddr::V4(_)) => host.to_string(),
        Host::Ip(_) | Host::Zoned { .. } => format!("[{host}]"),
    }
}
