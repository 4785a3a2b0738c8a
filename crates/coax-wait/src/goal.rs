//! One thing to wait for, as text and as a value.
//!
//! ```text
//! host:port  /path  @name  udp://…  unix-dgram:…  unix-seqpacket:…   an endpoint, as everywhere
//! tls://host:port                                                    a TLS handshake
//! http://host:port/path   https://…   http+unix://%2Frun%2Fs/path    a status
//! redis://host   postgres://host   mysql://host   memcached://host   a server that serves
//! name://host                                                        a name that resolves
//! file:/path                                                         a file
//! ```
//!
//! Printed text reads back as the same goal. Nothing here looks anything up.

use std::fmt;
use std::path::PathBuf;

use coax_addr::{Endpoint, Host, Place, ServiceTable, Transport, UrlParts};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use url::{Position, Url};

use crate::protocol::Protocol;

/// Something to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Goal {
    pub(crate) what: What,
    text: String,
}

/// What counts as being there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    /// It takes a connection.
    Connection(Endpoint),
    /// It answers a datagram.
    Answer { endpoint: Endpoint, port: u16 },
    /// It completes a TLS handshake with a certificate for this host.
    Tls { endpoint: Endpoint, host: Host },
    /// It answers a request with a status.
    Http(Web),
    /// It says, in its own protocol, that it serves.
    Service { endpoint: Endpoint, protocol: Protocol },
    /// It has an address.
    Name(String),
    /// A file has this name.
    File(PathBuf),
}

/// A page whose status is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Web {
    /// Plain TCP or a Unix socket; `host` is what TLS has to prove.
    pub(crate) endpoint: Endpoint,
    pub(crate) host: Host,
    pub(crate) secure: bool,
    /// What the `Host` field says, RFC 9110 §7.2.
    pub(crate) authority: String,
    /// Path and query, as they are sent.
    pub(crate) path: String,
}

/// Why a text is nothing to wait for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GoalError {
    message: String,
    hint: Option<String>,
}

impl GoalError {
    fn new(message: impl Into<String>) -> GoalError {
        GoalError { message: message.into(), hint: None }
    }

    fn hint(self, text: impl Into<String>) -> GoalError {
        GoalError { hint: Some(text.into()), ..self }
    }

    /// Something to type instead.
    pub fn advice(&self) -> Option<&str> {
        self.hint.as_deref()
    }
}

impl fmt::Display for GoalError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for GoalError {}

impl Goal {
    /// Reads a goal; `services` turns `:http` into a number.
    pub fn parse(text: &str, services: &ServiceTable) -> Result<Goal, GoalError> {
        match text.split_once("://").map(|(scheme, rest)| (scheme.to_ascii_lowercase(), rest)) {
            Some((scheme, _)) if scheme == "http" || scheme == "https" => web(text, services),
            Some((scheme, rest)) if scheme == "http+unix" => web_at_path(text, rest, services),
            Some((scheme, host)) if scheme == "name" => name(text, host),
            Some((scheme, rest)) => match Protocol::named(&scheme) {
                Some(protocol) => service(text, protocol, rest, services),
                None => endpoint(text, services),
            },
            None => endpoint(text, services),
        }
    }

    /// Whether it is a datagram that has to be answered.
    pub fn is_datagram(&self) -> bool {
        matches!(self.what, What::Answer { .. })
    }

    /// Whether it is an HTTP status.
    pub fn is_http(&self) -> bool {
        matches!(self.what, What::Http(_))
    }

    /// Whether TLS is spoken with it.
    pub fn is_secure(&self) -> bool {
        match &self.what {
            What::Tls { .. } => true,
            What::Http(web) => web.secure,
            _ => false,
        }
    }
}

/// The canonical text.
impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

fn endpoint(text: &str, services: &ServiceTable) -> Result<Goal, GoalError> {
    let endpoint = Endpoint::parse(text, services).map_err(|error| {
        let error = GoalError::new(error.to_string());
        match text.split_once(':') {
            Some(("name" | "dns", host)) => {
                error.hint(format!("name://{} waits for a name", host.trim_start_matches('/')))
            }
            _ => error,
        }
    })?;
    let shown = shown(&endpoint);
    let what = match endpoint.place.clone() {
        Place::Net { transport: Transport::Tcp, .. } | Place::Unix { .. } => {
            What::Connection(endpoint)
        }
        Place::Net { transport: Transport::Udp, port, .. } => What::Answer { endpoint, port },
        Place::Net { transport: Transport::Tls, host, port, path } => {
            let (transport, options) = (Transport::Tcp, endpoint.options);
            let place = Place::Net { transport, host: host.clone(), port, path };
            What::Tls { endpoint: Endpoint { place, options }, host }
        }
        Place::Net { transport: Transport::Ws | Transport::Wss, host, port, .. } => {
            let error =
                GoalError::new(format!("cannot wait for {shown}: a WebSocket is not asked"));
            let tcp = Place::Net { transport: Transport::Tcp, host, port, path: String::new() };
            return Err(error.hint(format!("{} waits for its port", self::shown(&tcp.into()))));
        }
        Place::File(path) => What::File(path),
        Place::Stdio | Place::Exec(_) => {
            let why = "only what is reached by a socket, a name and a file can be waited for";
            return Err(GoalError::new(format!("cannot wait for '{shown}': {why}")));
        }
    };
    Ok(Goal { what, text: shown })
}

/// With its scheme: beside others, it should say what it is.
fn shown(endpoint: &Endpoint) -> String {
    let text = endpoint.to_string();
    match endpoint.place {
        Place::Net { transport: Transport::Tcp, .. } if !text.starts_with("tcp://") => {
            format!("tcp://{text}")
        }
        _ => text,
    }
}

fn web(text: &str, services: &ServiceTable) -> Result<Goal, GoalError> {
    let parts =
        UrlParts::parse(text, services).map_err(|error| GoalError::new(error.to_string()))?;
    if parts.user.is_some() || parts.has_password {
        let host = parts.host.unwrap_or_default();
        return Err(GoalError::new(format!("cannot wait for a page of {host} as a user"))
            .hint("leave the name and password out; --status 401 waits for its refusal"));
    }
    if parts.host.as_ref().is_some_and(|host| host.contains('%')) {
        return Err(GoalError::new("cannot wait for a page of an address with a zone")
            .hint("tcp://[ADDRESS%ZONE]:PORT waits for its port"));
    }
    // It was read once already, so these cannot fail; a wrong answer is better than a panic.
    let wrong = || GoalError::new("a URL to wait for has a host and a port");
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    url.set_fragment(None);
    let host = match url.host().ok_or_else(wrong)? {
        url::Host::Domain(name) => Host::Name(name.to_owned()),
        url::Host::Ipv4(address) => Host::Ip(address.into()),
        url::Host::Ipv6(address) => Host::Ip(address.into()),
    };
    let port = url.port_or_known_default().ok_or_else(wrong)?;
    let (transport, path) = (Transport::Tcp, String::new());
    let web = Web {
        endpoint: Place::Net { transport, host: host.clone(), port, path }.into(),
        host,
        secure: url.scheme() == "https",
        authority: url[Position::BeforeHost..Position::AfterPort].to_owned(),
        path: url[Position::BeforePath..Position::AfterQuery].to_owned(),
    };
    Ok(Goal { what: What::Http(web), text: url.into() })
}

/// `http+unix://%2Frun%2Fapp.sock/health`: the path of the socket stands where a host would.
fn web_at_path(text: &str, rest: &str, services: &ServiceTable) -> Result<Goal, GoalError> {
    let (socket, page) = rest.split_once('/').unwrap_or((rest, ""));
    let wrong = |why: &str| {
        let hint = "http+unix://%2Frun%2Fapp.sock/health: %2F stands for each slash of the path";
        GoalError::new(format!("'{text}' is not a page to wait for: {why}")).hint(hint)
    };
    let socket =
        percent_decode_str(socket).decode_utf8().map_err(|_| wrong("its path is no text"))?;
    if !socket.starts_with(['/', '@']) {
        return Err(wrong("the path of a Unix socket begins with %2F"));
    }
    let endpoint = Endpoint::parse(&format!("unix:{socket}"), services)
        .map_err(|error| wrong(&error.to_string()))?;
    // The URL grammar turns what no request line may hold into what it may.
    let url =
        Url::parse(&format!("http://localhost/{page}")).map_err(|_| wrong("its page is none"))?;
    let path = url[Position::BeforePath..Position::AfterQuery].to_owned();
    let name = utf8_percent_encode(&socket, NON_ALPHANUMERIC);
    let text = format!("http+unix://{name}{path}");
    let host = Host::Name("localhost".to_owned());
    let web = Web { endpoint, host, secure: false, authority: "localhost".to_owned(), path };
    Ok(Goal { what: What::Http(web), text })
}

/// `redis://host:port`; without a port, the one that its protocol has.
fn service(
    text: &str,
    protocol: Protocol,
    rest: &str,
    services: &ServiceTable,
) -> Result<Goal, GoalError> {
    let (place, options) = match rest.split_once('?') {
        Some((place, options)) => (place, format!("?{options}")),
        None => (rest, String::new()),
    };
    let scheme = protocol.scheme();
    if place.contains(['/', '@']) || place.is_empty() {
        let shown = text.split_once("://").map_or(text, |(scheme, _)| scheme);
        let why =
            format!("cannot wait for a {shown}:// place with a user or a path, or without a host");
        let hint =
            format!("{scheme}://HOST or {scheme}://HOST:PORT; it is asked without signing in");
        return Err(GoalError::new(why).hint(hint));
    }
    let port = if place.ends_with(']') || !place.contains(':') {
        format!(":{}", protocol.port())
    } else {
        String::new()
    };
    let endpoint = Endpoint::parse(&format!("tcp://{place}{port}{options}"), services)
        .map_err(|error| GoalError::new(error.to_string()))?;
    let shown = self::shown(&endpoint).replacen("tcp", scheme, 1);
    Ok(Goal { what: What::Service { endpoint, protocol }, text: shown })
}

fn name(text: &str, host: &str) -> Result<Goal, GoalError> {
    // The grammar of endpoints knows what a host is; a port of its own makes one of it.
    let read: Result<Endpoint, _> = format!("{host}:1").parse();
    match (host.contains([':', '?', '/']), read.map(|endpoint| endpoint.place)) {
        (false, Ok(Place::Net { host: Host::Name(name), .. })) => {
            Ok(Goal { text: format!("name://{name}"), what: What::Name(name) })
        }
        (false, Ok(Place::Net { host: Host::Ip(_), .. })) => {
            Err(GoalError::new(format!("cannot wait for {text}: an address needs no resolving")))
        }
        _ => Err(GoalError::new(format!("'{text}' is not a name to wait for"))
            .hint("name://HOST has no port and no path; tcp://HOST:PORT waits for a port")),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(text: &str) -> Result<Goal, GoalError> {
        Goal::parse(text, &ServiceTable::iana())
    }

    #[test]
    fn what_is_printed_reads_back_as_the_same_goal() {
        for (text, printed) in [
            ("db:5432", "tcp://db:5432"),
            ("5432", "tcp://:5432"),
            ("tcp://[::1]:http", "tcp://[::1]:80"),
            ("tcp://unix:80", "tcp://unix:80"),
            ("name:80", "tcp://name:80"),
            ("dns:domain", "tcp://dns:53"),
            ("/run/x.sock", "/run/x.sock"),
            ("@bus", "@bus"),
            ("unix-seqpacket:@bus", "unix-seqpacket:@bus"),
            ("udp://127.0.0.1:53?ttl=1", "udp://127.0.0.1:53?ttl=1"),
            ("tls://db:443", "tls://db:443"),
            ("HTTP://Web:8080", "http://web:8080/"),
            ("http://web:80/a b?q=1#top", "http://web/a%20b?q=1"),
            ("https://[::1]:8443/x", "https://[::1]:8443/x"),
            ("name://db.internal", "name://db.internal"),
            ("file:/run/ready", "file:/run/ready"),
            ("redis://cache", "redis://cache:6379"),
            ("postgresql://[::1]:5433", "postgres://[::1]:5433"),
            ("mysql://[::1]", "mysql://[::1]:3306"),
            ("memcached://cache?ttl=9", "memcached://cache:11211?ttl=9"),
            ("http+unix://%2Frun%2Fx.sock", "http+unix://%2Frun%2Fx%2Esock/"),
            ("http+unix://%2Frun%2Fx.sock/a b?q", "http+unix://%2Frun%2Fx%2Esock/a%20b?q"),
        ] {
            let goal = read(text).unwrap();
            assert_eq!(goal.to_string(), printed, "{text}");
            assert_eq!(read(printed), Ok(goal), "{text}");
        }
    }

    #[test]
    fn a_page_is_asked_for_as_its_server_knows_it() {
        let What::Http(web) = read("http://web:8080/a/b?q=1#top").unwrap().what else { panic!() };
        assert_eq!((web.authority.as_str(), web.path.as_str()), ("web:8080", "/a/b?q=1"));
        let What::Http(web) = read("https://WEB:443").unwrap().what else { panic!() };
        assert_eq!((web.authority.as_str(), web.path.as_str()), ("web", "/"));
        assert!(web.secure);
    }

    #[test]
    fn what_cannot_be_waited_for_says_why() {
        for (text, message, hint) in [
            ("db", "'db' is not an endpoint: missing port; write db:PORT", ""),
            (
                "name:mydatabase",
                "'name:mydatabase' is not an endpoint: the port 'mydatabase' is neither a number \
                 nor a tcp service",
                "name://mydatabase waits for a name",
            ),
            (
                "ws://chat:8080/x",
                "cannot wait for ws://chat:8080/x: a WebSocket is not asked",
                "tcp://chat:8080 waits for its port",
            ),
            (
                "stdio:",
                "cannot wait for 'stdio:': only what is reached by a socket, a name and a file can \
                 be waited for",
                "",
            ),
            (
                "postgres://me:secret@db/app",
                "cannot wait for a postgres:// place with a user or a path, or without a host",
                "postgres://HOST or postgres://HOST:PORT; it is asked without signing in",
            ),
            (
                "http+unix:///run/x.sock",
                "'http+unix:///run/x.sock' is not a page to wait for: the path of a Unix socket \
                 begins with %2F",
                "http+unix://%2Frun%2Fapp.sock/health: %2F stands for each slash of the path",
            ),
            (
                "http://bob:secret@web/",
                "cannot wait for a page of web as a user",
                "leave the name and password out; --status 401 waits for its refusal",
            ),
            ("http://", "'http://' is not a URL: the host is missing", ""),
            (
                "name://127.0.0.1",
                "cannot wait for name://127.0.0.1: an address needs no resolving",
                "",
            ),
            (
                "name://db:5432",
                "'name://db:5432' is not a name to wait for",
                "name://HOST has no port and no path; tcp://HOST:PORT waits for a port",
            ),
            (
                "name://",
                "'name://' is not a name to wait for",
                "name://HOST has no port and no path; tcp://HOST:PORT waits for a port",
            ),
        ] {
            let error = read(text).unwrap_err();
            assert_eq!(error.to_string(), message, "{text}");
            assert_eq!(error.advice().unwrap_or_default(), hint, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused_and_reads_back(
            text in "\\PC{0,40}|(tcp|udp|tls|https?|name|HTTP|redis|postgres|http\\+unix)://[a-zA-Z0-9@:/?#%\\[\\]._ é-]{0,30}\
                     |(unix|unix-dgram|name|dns|file)?:?[@/.a-z0-9:-]{0,20}"
        ) {
            if let Ok(goal) = read(&text) {
                prop_assert_eq!(read(&goal.to_string()), Ok(goal));
            }
        }
    }
}
