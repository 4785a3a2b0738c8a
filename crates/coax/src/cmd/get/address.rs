//! From text to URLs: those on the command line, and those of a list.
//!
//! What a browser would guess at is refused here with what to type: a script must not fetch another
//! page than it names. A password is never shown, also not of a URL that cannot be read.
//!
//! Nothing here asks anyone.

use std::path::Path;

use coax_addr::shown;
use coax_fetch::Url;

use super::Args;
use super::input::read;
use crate::failure::{Exit, Failure};

/// A URL, and what it has no place for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Address {
    pub(super) url: Url,
    /// The network card of a link-local address.
    pub(super) zone: Option<String>,
}

/// All that are to be fetched.
#[derive(Debug, Default)]
pub(super) struct Addresses {
    pub(super) all: Vec<Address>,
    /// The Unix socket that they name, as http+unix:// does.
    pub(super) via: Option<String>,
}

impl Addresses {
    pub(super) fn read(args: &Args) -> Result<Addresses, Failure> {
        let via = args.client.via.is_some();
        let mut addresses = Addresses::default();
        for text in &args.urls {
            addresses.add(text, via)?;
        }
        let Some(path) = &args.input else { return Ok(addresses) };
        let text = String::from_utf8_lossy(&read(path)?).into_owned();
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        // One a line; empty lines and those that begin with # are none.
        for (number, line) in text.lines().map(str::trim).enumerate() {
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            addresses.add(line, via).map_err(|failure| {
                let message = format!("line {} of {}: {}", number + 1, name(path), failure.message);
                Failure { message, ..failure }
            })?;
        }
        Ok(addresses)
    }

    fn add(&mut self, text: &str, has_via: bool) -> Result<(), Failure> {
        let (socket, address) = match unix(text)? {
            Some((socket, rest)) => (Some(socket), address(&rest, true)?),
            None => (None, address(text, has_via)?),
        };
        let mixed = !self.all.is_empty() && self.via != socket;
        if mixed || (has_via && socket.is_some()) {
            let why = "all URLs of one run go to one Unix socket, or none does";
            return Err(wrong(text, why));
        }
        self.via = socket;
        self.all.push(address);
        Ok(())
    }
}

fn name(path: &Path) -> String {
    if path == Path::new("-") { "stdin".to_owned() } else { path.display().to_string() }
}

/// A URL alone, for what is fetched besides.
pub(super) fn url(text: &str) -> Result<Url, Failure> {
    address(text, false).map(|address| address.url)
}

/// Without a scheme it is `http://`. Where the connection leads is said elsewhere if there is a
/// `via`: then the host may be missing, and is this machine.
fn address(text: &str, has_via: bool) -> Result<Address, Failure> {
    let mut whole = if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
    let (scheme, rest) = whole.split_once("://").unwrap_or_default();
    let is_web = scheme.eq_ignore_ascii_case("http") || scheme.eq_ignore_ascii_case("https");
    if is_web && rest.starts_with(['/', '?', '#']) || rest.is_empty() {
        // A browser would take the first word of the path for the host.
        if !has_via {
            return Err(wrong(text, "the host is missing"));
        }
        whole = format!("{scheme}://localhost{rest}");
    }
    let (whole, zone) = without_zone(&whole);
    let url = Url::parse(&whole).map_err(|error| wrong(text, &error.to_string()))?;
    match url.scheme() {
        "http" | "https" => Ok(Address { url, zone }),
        other => Err(wrong(
            text,
            &format!("{other}:// is not fetched, only http://, https:// and http+unix://"),
        )),
    }
}

fn wrong(text: &str, why: &str) -> Failure {
    let text = shown(text);
    Failure::new(Exit::Usage, format!("invalid URL '{text}': {why}")).hint("http://HOST/PATH")
}

/// `[fe80::1%25eth0]`, or with a bare `%`, as people type it (RFC 6874); the URL without the zone.
fn without_zone(text: &str) -> (String, Option<String>) {
    let found = text.find("://").and_then(|at| {
        let host = at + 3;
        let end = text[host..].find(['/', '?', '#']).map_or(text.len(), |end| host + end);
        let close = text[host..end].rfind(']')? + host;
        let percent = text[host..close].find('%')? + host;
        // What stands before is the address alone: no user, no password.
        text[..percent].contains('[').then_some((percent, close))
    });
    let Some((percent, close)) = found else { return (text.to_owned(), None) };
    let zone = &text[percent + 1..close];
    let zone = zone.strip_prefix("25").unwrap_or(zone);
    (format!("{}{}", &text[..percent], &text[close..]), Some(zone.to_owned()))
}

/// The socket and the URL of `http+unix://%2Frun%2Fapp.sock/path`.
fn unix(text: &str) -> Result<Option<(String, String)>, Failure> {
    let Some((scheme, rest)) = text.split_once("+unix://") else { return Ok(None) };
    if !matches!(scheme, "http" | "https") {
        return Ok(None);
    }
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    let socket = percent_encoding::percent_decode_str(&rest[..end]).decode_utf8();
    match socket {
        Ok(socket) if socket.starts_with(['/', '.', '@']) => {
            Ok(Some((socket.into_owned(), format!("{scheme}://localhost{}", &rest[end..]))))
        }
        _ => Err(wrong(text, "the host is a path, with %2F for each slash")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, via: bool) -> Result<(String, Option<String>), String> {
        let read = address(text, via).map_err(|failure| failure.message);
        read.map(|address| (address.url.into(), address.zone))
    }

    #[test]
    fn a_host_that_is_missing_is_no_other_host() {
        for text in ["http:///x", "https:///x/y", "http://?x", "http://"] {
            let why = format!("invalid URL '{text}': the host is missing");
            assert_eq!(read(text, false), Err(why));
        }
        assert_eq!(read("http:///x", true), Ok(("http://localhost/x".into(), None)));
        assert_eq!(read("h/x", false), Ok(("http://h/x".into(), None)));
    }

    #[test]
    fn a_zone_is_taken_out() {
        for text in ["http://[fe80::1%25eth0]:81/x%25", "http://[fe80::1%eth0]:81/x%25"] {
            let wanted = ("http://[fe80::1]:81/x%25".to_owned(), Some("eth0".to_owned()));
            assert_eq!(read(text, false), Ok(wanted));
        }
        assert_eq!(read("http://h/[a%25b]", false).unwrap().1, None);
    }

    #[test]
    fn a_password_is_never_shown() {
        for (text, shown) in [
            ("http://me:secret@h:port/", "http://me:***@h:port/"),
            ("me:secret@h:port", "me:***@h:port"),
            ("ftp://me:secret@h/", "ftp://me:***@h/"),
            ("http://me:se/cret@h/", "http://me:***@h/"),
            ("http://me:sec@ret@[h/x", "http://me:***@[h/x"),
        ] {
            let error = read(text, false).unwrap_err();
            assert!(error.contains(shown) && !error.contains("cret"), "{error}");
        }
    }

    #[test]
    fn a_unix_socket_may_stand_for_the_host() {
        let read = |text| unix(text).map_err(|failure| failure.message);
        let found = read("http+unix://%2Frun%2Fapp.sock/info?x").unwrap().unwrap();
        assert_eq!(found, ("/run/app.sock".into(), "http://localhost/info?x".into()));
        assert_eq!(read("http://h/").unwrap(), None);
        assert!(read("http+unix:///run/app.sock").is_err());
    }
}
