//! Which kind of place a text means: by its scheme, or by how it begins.
//!
//! Whoever mistypes a scheme hears which one was probably meant; nothing is guessed.
//!
//! Nothing here knows what stands inside a host, a path or an option.

use super::authority::Authority;
use super::error::EndpointErrorKind::{Command, Empty, Path, Scheme};
use super::error::{Fault, fault};
use super::{Endpoint, Place, Transport, UnixKind, foreign, options, percent, unix};
use crate::ServiceTable;
use crate::near::{did_you_mean, nearest, shown};

/// Every scheme, for suggestions.
const SCHEMES: [&str; 11] = [
    "tcp",
    "udp",
    "tls",
    "ws",
    "wss",
    "unix",
    "unix-dgram",
    "unix-seqpacket",
    "stdio",
    "exec",
    "file",
];

/// Reads a whole endpoint.
pub(super) fn endpoint(text: &str, services: &ServiceTable) -> Result<Endpoint, Fault> {
    if text.trim().is_empty() {
        return fault(Empty, "no endpoint given; write HOST:PORT, or /PATH for a Unix socket");
    }
    if let Some(("exec", command)) = scheme_of(text).as_ref().map(|(s, rest)| (s.as_str(), rest)) {
        return exec(command).map(Endpoint::from);
    }
    let (place_text, option_text) = parts(text);
    let place = place(place_text, services)?;
    let options = options::read(option_text, &place)?;
    Ok(Endpoint { place, options })
}

/// Reads `HOST PORT`.
pub(super) fn words(host: &str, port: &str, services: &ServiceTable) -> Result<Endpoint, Fault> {
    let (transport, prefix, host) = match scheme_of(host) {
        Some((scheme, rest)) if rest.starts_with("//") => match transport_of(&scheme) {
            Some(transport) => (transport, &host[..scheme.len() + 3], &rest[2..]),
            None => return unknown(&scheme, rest),
        },
        _ => (Transport::Tcp, "", host),
    };
    let (port, option_text) = parts(port);
    let (host, port) = Authority { transport, prefix, services }.two_words(host, port)?;
    let place = Place::Net { transport, host, port, path: String::new() };
    let options = options::read(option_text, &place)?;
    Ok(Endpoint { place, options })
}

/// What stands before the first `?`, and what after.
fn parts(text: &str) -> (&str, Option<&str>) {
    match text.split_once('?') {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn place(text: &str, services: &ServiceTable) -> Result<Place, Fault> {
    if ["/", "./", "../", "@"].iter().any(|start| text.starts_with(start)) {
        let kind = UnixKind::Stream;
        return unix::bare_name(text).map(|name| Place::Unix { kind, name });
    }
    if text == "-" {
        return fault(Scheme, "standard input and output is written stdio:");
    }
    let Some((scheme, rest)) = scheme_of(text) else {
        return net(Transport::Tcp, "", text, services);
    };
    match (scheme.as_str(), transport_of(&scheme), rest.strip_prefix("//")) {
        ("unix", ..) => socket(UnixKind::Stream, rest),
        ("unix-dgram", ..) => socket(UnixKind::Dgram, rest),
        ("unix-seqpacket", ..) => socket(UnixKind::Seqpacket, rest),
        ("file", ..) => unix::file(rest).map(Place::File),
        ("stdio", ..) => stdio(rest),
        (_, Some(transport), Some(authority)) => {
            net(transport, &text[..scheme.len() + 3], authority, services)
        }
        (_, Some(_), None) => slashes_missing(&scheme, rest),
        (_, None, Some(_)) => unknown(&scheme, rest),
        _ if rest.starts_with(['/', '.', '@', '\'']) => unknown(&scheme, rest),
        // A host may have any name; a word that makes no sense as one was meant as a scheme.
        _ => net(Transport::Tcp, "", text, services).or_else(|fault| {
            match foreign::instead(&scheme, rest) {
                Some(_) => unknown(&scheme, rest),
                None => Err(fault),
            }
        }),
    }
}

/// The word before the first colon in lower case, and what follows the colon.
fn scheme_of(text: &str) -> Option<(String, &str)> {
    let (word, rest) = text.split_once(':')?;
    let shaped = word.starts_with(|c: char| c.is_ascii_alphabetic())
        && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-+.".contains(&byte));
    shaped.then(|| (word.to_ascii_lowercase(), rest))
}

fn transport_of(scheme: &str) -> Option<Transport> {
    Transport::ALL.into_iter().find(|transport| transport.scheme() == scheme)
}

/// Whether `name:80` would be taken for a scheme.
pub(super) fn is_scheme(name: &str) -> bool {
    SCHEMES.iter().any(|scheme| scheme.eq_ignore_ascii_case(name))
}

fn socket(kind: UnixKind, text: &str) -> Result<Place, Fault> {
    unix::name(kind.scheme(), text).map(|name| Place::Unix { kind, name })
}

fn stdio(rest: &str) -> Result<Place, Fault> {
    match rest {
        "" | "//" => Ok(Place::Stdio),
        _ => fault(Scheme, "nothing follows stdio:"),
    }
}

fn net(
    transport: Transport,
    prefix: &str,
    text: &str,
    services: &ServiceTable,
) -> Result<Place, Fault> {
    let at = text.find('/').unwrap_or(text.len());
    let (authority, path) = match (prefix, transport.default_port()) {
        ("", _) => (text, ""),
        (_, None) if at < text.len() => {
            let path = shown(&text[at..]);
            return fault(Path, format!("{prefix} has no path; leave '{path}' out"));
        }
        _ => text.split_at(at),
    };
    let (host, port) = Authority { transport, prefix, services }.read(authority)?;
    Ok(Place::Net { transport, host, port, path: web_path(path)? })
}

/// The path of a WebSocket as its server will see it: `%XX` stays as it is, except that `%3F` is
/// the question mark before a query, because `?` begins our own options.
fn web_path(text: &str) -> Result<String, Fault> {
    percent::decode(text)?;
    let mut path = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '#' => return fault(Path, "a WebSocket's path has no '#' (RFC 6455 §3)"),
            _ if character.is_control() => {
                return fault(Path, "a WebSocket's path has no control characters");
            }
            ' ' | '\u{80}'.. => {
                for byte in character.encode_utf8(&mut [0; 4]).bytes() {
                    path.push_str(&format!("%{byte:02X}"));
                }
            }
            _ => path.push(character),
        }
    }
    Ok(path.replace("%3F", "?").replace("%3f", "?"))
}

fn exec(text: &str) -> Result<Place, Fault> {
    let command = unquoted(text).unwrap_or_else(|| text.to_owned());
    match () {
        () if command.trim().is_empty() => {
            fault(Command, "the command is missing; write exec:'COMMAND'")
        }
        () if command.contains('\0') => fault(Command, "a command cannot hold a NUL byte"),
        () => Ok(Place::Exec(command)),
    }
}

/// What one single-quoted shell word says, `'\''` being a quote inside; `None` if it is not one.
fn unquoted(text: &str) -> Option<String> {
    let inner = text.strip_prefix('\'')?.strip_suffix('\'')?;
    let command = inner.split(r"'\''").collect::<Vec<_>>();
    let whole = command.iter().all(|part| !part.contains('\''));
    whole.then(|| command.join("'"))
}

fn slashes_missing(scheme: &str, rest: &str) -> Result<Place, Fault> {
    let rest = rest.trim_start_matches('/');
    let rest = if rest.is_empty() { "HOST:PORT" } else { rest };
    fault(Scheme, format!("'//' is missing after {scheme}:; write {scheme}://{}", shown(rest)))
}

fn unknown<T>(scheme: &str, rest: &str) -> Result<T, Fault> {
    let quoted = shown(scheme);
    let more = match (foreign::instead(scheme, rest), nearest(scheme, SCHEMES)) {
        (Some(instead), _) => instead,
        (None, _) if scheme == "ssl" => did_you_mean(Some("tls")),
        (None, None) => format!("; there are {}", SCHEMES.join(", ")),
        (None, near) => did_you_mean(near),
    };
    fault(Scheme, format!("there is no scheme '{quoted}'{more}"))
}
