//! The words of a failed dial.
//!
//! Causes alike are told together, each with the addresses it befell; an address or a name is never
//! said twice in one line.
//!
//! Nothing here decides what kind of failure it was.

use std::fmt::{self, Write};
use std::net::IpAddr;
use std::time::Duration;

use coax_addr::{Host, Place, Transport, UnixKind};

use super::race::{Attempt, AttemptOutcome};
use crate::address::Address;
use crate::resolve::ResolveError;
use crate::socket::{Call, SocketError, SocketErrorKind};

/// A resolver names the name; the target has it already.
pub(super) fn without_name(error: &ResolveError) -> String {
    let text = error.to_string();
    let prefix = format!("cannot resolve {}: ", error.name);
    text.strip_prefix(&prefix).map_or_else(|| text.clone(), str::to_owned)
}

/// The cause; with the call where that was another than the connect.
pub(super) fn words(error: &SocketError) -> String {
    match error.call() {
        Call::Connect | Call::Open => error.cause(),
        _ => error.to_string(),
    }
}

/// Each cause with the addresses it befell, in the order they were tried.
pub(super) fn every_cause(attempts: &[Attempt]) -> String {
    let mut causes: Vec<(Cause, Vec<String>, Duration)> = Vec::new();
    for attempt in attempts {
        let (cause, address) = (Cause::of(attempt), host_of(&attempt.address));
        match causes.iter_mut().find(|(known, ..)| *known == cause) {
            Some((_, addresses, longest)) => {
                addresses.push(address);
                *longest = attempt.took.max(*longest);
            }
            None => causes.push((cause, vec![address], attempt.took)),
        }
    }
    let told = causes.iter().map(|(cause, addresses, took)| cause.told(addresses, *took));
    told.collect::<Vec<_>>().join(", ")
}

#[derive(PartialEq, Eq)]
enum Cause {
    Refused,
    Reset,
    NoAnswer,
    /// With the addresses in brackets.
    Other(String),
    /// Not about the address at all.
    Local(String),
}

impl Cause {
    fn of(attempt: &Attempt) -> Cause {
        let AttemptOutcome::Failed(error) = &attempt.outcome else { return Cause::NoAnswer };
        match error.kind() {
            SocketErrorKind::Refused => Cause::Refused,
            SocketErrorKind::Reset => Cause::Reset,
            SocketErrorKind::TimedOut => Cause::NoAnswer,
            SocketErrorKind::TooManyDescriptors | SocketErrorKind::OutOfMemory => {
                Cause::Local(words(error))
            }
            _ if error.call() == Call::Bind => Cause::Local(words(error)),
            _ => Cause::Other(words(error)),
        }
    }

    fn told(&self, addresses: &[String], took: Duration) -> String {
        let addresses = list(addresses);
        match self {
            Cause::Refused => format!("refused by {addresses}"),
            Cause::Reset => format!("reset by {addresses}"),
            Cause::NoAnswer => format!("no answer from {addresses} in {}", time(took)),
            Cause::Other(words) => format!("{words} ({addresses})"),
            Cause::Local(words) => words.clone(),
        }
    }
}

/// Without the port, which the target has.
fn host_of(address: &Address) -> String {
    let text = address.to_string();
    let Address::Ip(ip) = address else { return text };
    let host = text.strip_suffix(&format!(":{}", ip.port())).unwrap_or(&text);
    host.trim_matches(['[', ']']).to_owned()
}

fn list(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [most @ .., last] => format!("{} and {last}", most.join(", ")),
    }
}

/// `3 s`, `1.5 s`, `250 ms`.
pub(super) fn time(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    if milliseconds < 1000 {
        return format!("{milliseconds} ms");
    }
    let tenths = (milliseconds + 50) / 100;
    match tenths % 10 {
        0 => format!("{} s", tenths / 10),
        tenth => format!("{}.{tenth} s", tenths / 10),
    }
}

pub(super) fn is_literal(place: &Place) -> bool {
    !matches!(place, Place::Net { host: Host::Name(_) | Host::Any, .. })
}

/// The endpoint in words, without its options.
pub(super) fn target(place: &Place) -> String {
    let mut text = String::new();
    // Writing to a string does not fail.
    let _ = match place {
        Place::Net { transport: Transport::Tcp, host, port, .. } => {
            write!(text, "{}:{port}", Shown(host))
        }
        Place::Net { host, port, path, .. } => {
            write!(text, "{}://{}:{port}{path}", scheme(place), Shown(host))
        }
        Place::Unix { kind: UnixKind::Stream, name } => {
            write!(text, "{}", Address::Unix(name.clone()))
        }
        Place::Unix { name, .. } => {
            write!(text, "{}:{}", scheme(place), Address::Unix(name.clone()))
        }
        Place::Exec(command) => write!(text, "exec:'{command}'"),
        Place::File(path) => write!(text, "file:{}", path.display()),
        Place::Stdio => write!(text, "stdio:"),
    };
    text
}

pub(super) fn scheme(place: &Place) -> &'static str {
    match place {
        Place::Net { transport, .. } => match transport {
            Transport::Tcp => "tcp",
            Transport::Udp => "udp",
            Transport::Tls => "tls",
            Transport::Ws => "ws",
            Transport::Wss => "wss",
        },
        Place::Unix { kind: UnixKind::Stream, .. } => "unix",
        Place::Unix { kind: UnixKind::Dgram, .. } => "unix-dgram",
        Place::Unix { kind: UnixKind::Seqpacket, .. } => "unix-seqpacket",
        Place::Stdio => "stdio",
        Place::Exec(_) => "exec",
        Place::File(_) => "file",
    }
}

struct Shown<'a>(&'a Host);

impl fmt::Display for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Host::Any => Ok(()),
            Host::Name(name) => f.write_str(name),
            Host::Ip(IpAddr::V6(v6)) => write!(f, "[{v6}]"),
            Host::Ip(ip) => ip.fmt(f),
            Host::Zoned { address, zone } => write!(f, "[{address}%{zone}]"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::Object;
    use rustix::io::Errno;

    fn failed(call: Call, to: &str, errno: Errno) -> Attempt {
        let address = Address::Ip(format!("{to}:80").parse().unwrap());
        let error = SocketError::new(call, Object::Address(address.clone()), errno);
        attempt(address, AttemptOutcome::Failed(error))
    }

    fn silent(to: &str) -> Attempt {
        attempt(Address::Ip(format!("{to}:80").parse().unwrap()), AttemptOutcome::NoAnswer)
    }

    fn attempt(address: Address, outcome: AttemptOutcome) -> Attempt {
        Attempt { address, started: Duration::ZERO, took: Duration::from_secs(3), outcome }
    }

    #[test]
    fn causes_alike_are_told_together() {
        use Call::{Bind, Connect, Open};
        let table = [
            (vec![failed(Connect, "10.0.0.7", Errno::CONNREFUSED)], "refused by 10.0.0.7"),
            (
                vec![failed(Connect, "10.0.0.7", Errno::CONNREFUSED), silent("10.0.0.8")],
                "refused by 10.0.0.7, no answer from 10.0.0.8 in 3 s",
            ),
            (
                vec![
                    failed(Connect, "[::1]", Errno::CONNREFUSED),
                    failed(Connect, "[::2]", Errno::NETUNREACH),
                    failed(Connect, "127.0.0.1", Errno::CONNREFUSED),
                    failed(Connect, "127.0.0.2", Errno::CONNREFUSED),
                ],
                "refused by ::1, 127.0.0.1 and 127.0.0.2, network unreachable (::2)",
            ),
            (
                vec![failed(Connect, "10.0.0.8", Errno::TIMEDOUT), silent("10.0.0.9")],
                "no answer from 10.0.0.8 and 10.0.0.9 in 3 s",
            ),
            (
                vec![
                    failed(Bind, "10.1.1.1", Errno::ADDRINUSE),
                    failed(Bind, "10.1.1.1", Errno::ADDRINUSE),
                ],
                "cannot bind 10.1.1.1:80: address already in use",
            ),
            (vec![failed(Open, "[::1]", Errno::NOMEM)], "out of memory"),
        ];
        for (attempts, text) in table {
            assert_eq!(every_cause(&attempts), text);
        }
    }

    #[test]
    fn a_time_is_as_exact_as_a_person_wants() {
        let table = [
            (0, "0 ms"),
            (250, "250 ms"),
            (1000, "1 s"),
            (1449, "1.4 s"),
            (2960, "3 s"),
            (130_020, "130 s"),
        ];
        for (milliseconds, text) in table {
            assert_eq!(time(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn an_endpoint_is_named_as_it_was_written() {
        let net = |transport, host, path: &str| Place::Net {
            transport,
            host,
            port: 80,
            path: path.into(),
        };
        let abstract_name =
            |kind| Place::Unix { kind, name: coax_addr::UnixName::Abstract(b"x".into()) };
        let table = [
            (net(Transport::Tcp, Host::Name("db.internal".into()), ""), "db.internal:80"),
            (net(Transport::Tcp, Host::Any, ""), ":80"),
            (net(Transport::Tcp, Host::Ip("::1".parse().unwrap()), ""), "[::1]:80"),
            (net(Transport::Udp, Host::BROADCAST, ""), "udp://255.255.255.255:80"),
            (
                net(
                    Transport::Udp,
                    Host::Zoned { address: "fe80::1".parse().unwrap(), zone: "eth0".into() },
                    "",
                ),
                "udp://[fe80::1%eth0]:80",
            ),
            (net(Transport::Wss, Host::Name("x".into()), "/chat"), "wss://x:80/chat"),
            (abstract_name(UnixKind::Stream), "@x"),
            (abstract_name(UnixKind::Dgram), "unix-dgram:@x"),
            (Place::Stdio, "stdio:"),
        ];
        for (place, text) in table {
            assert_eq!(target(&place), text);
        }
    }
}
