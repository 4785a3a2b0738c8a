//! Why a socket call failed: the call, the address, the cause.
//!
//! The text is one line a person can act on; [`SocketErrorKind`] is what a program matches on,
//! and stays when the text gets better.
//!
//! Nothing here decides exit codes.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use rustix::io::Errno;
use rustix::process::{Resource, getrlimit};

use crate::address::Address;
use crate::cause::cause_in_words;

/// The calls that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    Open,
    Pair,
    Bind,
    Listen,
    Accept,
    Connect,
    Send,
    Receive,
    Shutdown,
    Close,
    SetOption,
    GetOption,
    Name,
}

/// What the call was about.
#[derive(Debug)]
pub(crate) enum Object {
    /// The other end, or the address asked for.
    Address(Address),
    /// This end, when no other is known.
    Local(Address),
    /// What was asked for, in words.
    What(String),
}

/// A socket call that failed.
#[derive(Debug)]
pub struct SocketError {
    call: Call,
    object: Object,
    cause: io::Error,
    /// Why the cause holds, in words.
    reason: Option<String>,
}

/// What kind of failure it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SocketErrorKind {
    /// Nobody listens there.
    Refused,
    /// No answer in time.
    TimedOut,
    /// No way leads there.
    Unreachable,
    /// The peer broke the connection off.
    Reset,
    /// The peer no longer reads.
    BrokenPipe,
    /// The system does not let this user.
    PermissionDenied,
    /// Another socket has the address.
    AddressInUse,
    /// No interface of this machine has the address, or no port is left.
    AddressNotAvailable,
    /// The process or the machine has no descriptor left.
    TooManyDescriptors,
    /// No memory or buffer space left.
    OutOfMemory,
    /// The system does not offer this.
    NotSupported,
    /// The arguments make no sense together.
    Invalid,
    /// No such Unix socket.
    NotFound,
    /// The call needs a connection.
    NotConnected,
    /// A datagram larger than the way there takes.
    TooLong,
    /// It would have to wait, and was told not to.
    WouldBlock,
    /// Anything else: see the text.
    Other,
}

impl SocketError {
    pub(crate) fn new(call: Call, object: Object, cause: impl Into<io::Error>) -> SocketError {
        SocketError { call, object, cause: cause.into(), reason: None }
    }

    pub(crate) fn because(self, reason: Option<String>) -> SocketError {
        SocketError { reason, ..self }
    }

    /// What kind of failure it was.
    pub fn kind(&self) -> SocketErrorKind {
        match Errno::from_io_error(&self.cause) {
            // No address or port of ours to reach it from: that is a way that does not exist.
            Some(Errno::ADDRNOTAVAIL) if self.call == Call::Connect => SocketErrorKind::Unreachable,
            Some(errno) => kind_of(errno),
            None => kind_of_own(self.cause.kind()),
        }
    }

    /// Whether the same call may succeed later though nothing here is changed.
    pub fn is_retryable(&self) -> bool {
        use SocketErrorKind::{
            BrokenPipe, OutOfMemory, Refused, Reset, TimedOut, TooManyDescriptors, Unreachable,
            WouldBlock,
        };
        matches!(
            self.kind(),
            Refused
                | TimedOut
                | Unreachable
                | Reset
                | BrokenPipe
                | WouldBlock
                | TooManyDescriptors
                | OutOfMemory
        )
    }

    pub(crate) fn call(&self) -> Call {
        self.call
    }

    /// The address the call was about, where there was one.
    pub fn address(&self) -> Option<&Address> {
        match &self.object {
            Object::Address(address) | Object::Local(address) => Some(address),
            Object::What(_) => None,
        }
    }

    /// The cause alone, in words: `refused`, `permission denied (…)`.
    pub fn cause(&self) -> String {
        let Some(errno) = Errno::from_io_error(&self.cause) else {
            return cause_in_words(&self.cause);
        };
        let words = self.better_words(errno).unwrap_or_else(|| cause_in_words(&self.cause));
        match &self.reason {
            Some(reason) => format!("{words}: {reason}"),
            None => words,
        }
    }

    /// Words that only make sense for this call.
    fn better_words(&self, errno: Errno) -> Option<String> {
        Some(match (self.call, errno) {
            (_, Errno::MFILE) => too_many_files(),
            (_, Errno::NAMETOOLONG) => {
                "name too long (a Unix socket's name has at most 108 bytes)".into()
            }
            (Call::Open, Errno::PERM | Errno::ACCESS) => {
                "permission denied (raw sockets need privilege)".into()
            }
            (Call::Open, errno) if kind_of(errno) == SocketErrorKind::NotSupported => {
                format!("this system does not offer it ({})", cause_in_words(&self.cause))
            }
            (Call::SetOption, Errno::PERM) => {
                "permission denied (this system lets only root do it)".into()
            }
            (Call::Bind, _) => self.bind_words(errno)?.into(),
            (Call::Connect | Call::Send, _) => self.reach_words(errno)?.into(),
            _ => return None,
        })
    }

    fn bind_words(&self, errno: Errno) -> Option<&'static str> {
        Some(match (errno, self.ip()) {
            (Errno::ACCESS, Some(address)) if address.port() < 1024 => {
                "permission denied (ports below 1024 need privilege)"
            }
            (Errno::ADDRNOTAVAIL, Some(_)) => {
                "address not available (no interface of this machine has it)"
            }
            (Errno::INVAL, Some(address)) if needs_interface(address) => LINK_LOCAL,
            (Errno::INVAL, _) => "already bound, or not an address for this socket",
            _ => return None,
        })
    }

    fn reach_words(&self, errno: Errno) -> Option<&'static str> {
        Some(match (errno, self.ip()) {
            (Errno::ACCESS, Some(SocketAddr::V4(_))) => {
                "permission denied (a broadcast address needs ?broadcast=true after the port)"
            }
            (Errno::INVAL, Some(address)) if needs_interface(address) => LINK_LOCAL,
            (Errno::PROTOTYPE, None) => "the socket there is of another kind",
            (Errno::AGAIN, None) if self.call == Call::Connect => {
                "its queue of waiting connections is full"
            }
            (Errno::ADDRNOTAVAIL, _) => "unreachable (no address or port here leads there)",
            (Errno::TIMEDOUT, _) if self.call == Call::Connect => "no answer",
            _ => return None,
        })
    }

    fn ip(&self) -> Option<SocketAddr> {
        match self.address() {
            Some(Address::Ip(address)) => Some(*address),
            _ => None,
        }
    }
}

const LINK_LOCAL: &str = "a link-local address needs its interface, as in fe80::1%eth0";

fn needs_interface(address: SocketAddr) -> bool {
    matches!(address, SocketAddr::V6(v6) if v6.ip().is_unicast_link_local() && v6.scope_id() == 0)
}

fn too_many_files() -> String {
    match getrlimit(Resource::Nofile).current {
        Some(limit) => format!("too many open files (ulimit -n is {limit})"),
        None => "too many open files".to_owned(),
    }
}

fn kind_of(errno: Errno) -> SocketErrorKind {
    use SocketErrorKind as K;
    match errno {
        Errno::CONNREFUSED => K::Refused,
        Errno::TIMEDOUT => K::TimedOut,
        Errno::HOSTUNREACH | Errno::NETUNREACH | Errno::HOSTDOWN | Errno::NETDOWN => K::Unreachable,
        Errno::CONNRESET | Errno::CONNABORTED | Errno::NETRESET => K::Reset,
        Errno::PIPE => K::BrokenPipe,
        Errno::ACCESS | Errno::PERM => K::PermissionDenied,
        Errno::ADDRINUSE => K::AddressInUse,
        Errno::ADDRNOTAVAIL => K::AddressNotAvailable,
        Errno::MFILE | Errno::NFILE => K::TooManyDescriptors,
        Errno::NOBUFS | Errno::NOMEM => K::OutOfMemory,
        Errno::AFNOSUPPORT
        | Errno::PFNOSUPPORT
        | Errno::PROTONOSUPPORT
        | Errno::SOCKTNOSUPPORT
        | Errno::OPNOTSUPP
        | Errno::NOPROTOOPT
        | Errno::NOSYS => K::NotSupported,
        Errno::NOENT => K::NotFound,
        Errno::NOTCONN | Errno::DESTADDRREQ => K::NotConnected,
        Errno::AGAIN | Errno::INPROGRESS | Errno::ALREADY => K::WouldBlock,
        Errno::MSGSIZE => K::TooLong,
        Errno::INVAL | Errno::NAMETOOLONG | Errno::ISCONN | Errno::PROTOTYPE => K::Invalid,
        _ => K::Other,
    }
}

/// For causes this crate made itself.
fn kind_of_own(kind: io::ErrorKind) -> SocketErrorKind {
    match kind {
        io::ErrorKind::Unsupported => SocketErrorKind::NotSupported,
        io::ErrorKind::InvalidInput => SocketErrorKind::Invalid,
        io::ErrorKind::TimedOut => SocketErrorKind::TimedOut,
        io::ErrorKind::WriteZero => SocketErrorKind::BrokenPipe,
        _ => SocketErrorKind::Other,
    }
}

impl fmt::Display for SocketError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {} {}: {}", self.verb(), self.object, self.cause())
    }
}

impl SocketError {
    fn verb(&self) -> &'static str {
        let here = matches!(self.object, Object::Local(_));
        match self.call {
            Call::Open => "open",
            Call::Pair => "make",
            Call::Bind => "bind",
            Call::Listen => "listen on",
            Call::Accept => "accept on",
            Call::Connect => "connect to",
            Call::Send if here => "send from",
            Call::Send => "send to",
            Call::Receive if here => "receive on",
            Call::Receive => "receive from",
            Call::Shutdown => "shut down",
            Call::Close => "close",
            Call::SetOption => "set",
            Call::GetOption => "read",
            Call::Name => "name",
        }
    }
}

impl fmt::Display for Object {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Object::Local(Address::Unnamed) => f.write_str("an unnamed socket"),
            Object::Address(address) | Object::Local(address) => address.fmt(f),
            Object::What(words) => f.write_str(words),
        }
    }
}

impl std::error::Error for SocketError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> Object {
        Object::Address(Address::Ip(text.parse().unwrap()))
    }

    fn unix(text: &str) -> Object {
        Object::Address(Address::Unix(coax_addr::UnixName::Path(text.into())))
    }

    fn what(text: &str) -> Object {
        Object::What(text.into())
    }

    #[test]
    #[expect(clippy::too_many_lines, reason = "a table is as long as its rows")]
    fn each_failure_says_call_object_and_cause() {
        use SocketErrorKind as K;
        let table = [
            (
                (Call::Bind, ip("127.0.0.1:80"), Errno::ACCESS),
                "cannot bind 127.0.0.1:80: permission denied (ports below 1024 need privilege)",
                K::PermissionDenied,
            ),
            (
                (Call::Bind, ip("127.0.0.1:8080"), Errno::ADDRINUSE),
                "cannot bind 127.0.0.1:8080: address already in use",
                K::AddressInUse,
            ),
            (
                (Call::Bind, ip("192.0.2.77:80"), Errno::ADDRNOTAVAIL),
                "cannot bind 192.0.2.77:80: address not available (no interface of this machine has it)",
                K::AddressNotAvailable,
            ),
            (
                (Call::Bind, unix("/x"), Errno::ACCESS),
                "cannot bind /x: permission denied",
                K::PermissionDenied,
            ),
            (
                (Call::Connect, ip("127.0.0.1:9"), Errno::CONNREFUSED),
                "cannot connect to 127.0.0.1:9: refused",
                K::Refused,
            ),
            (
                (Call::Connect, ip("[::1]:9"), Errno::TIMEDOUT),
                "cannot connect to [::1]:9: no answer",
                K::TimedOut,
            ),
            (
                (Call::Connect, ip("[fe80::1]:9"), Errno::INVAL),
                "cannot connect to [fe80::1]:9: a link-local address needs its interface, as in fe80::1%eth0",
                K::Invalid,
            ),
            (
                (Call::Connect, unix("/x"), Errno::NOENT),
                "cannot connect to /x: no such file or directory",
                K::NotFound,
            ),
            (
                (Call::Connect, unix("/x"), Errno::PROTOTYPE),
                "cannot connect to /x: the socket there is of another kind",
                K::Invalid,
            ),
            (
                (Call::Send, ip("192.0.2.255:9"), Errno::ACCESS),
                "cannot send to 192.0.2.255:9: permission denied (a broadcast address needs ?broadcast=true after the port)",
                K::PermissionDenied,
            ),
            (
                (Call::Open, what("an IPv6 TCP socket"), Errno::AFNOSUPPORT),
                "cannot open an IPv6 TCP socket: this system does not offer it (address family not supported)",
                K::NotSupported,
            ),
            (
                (Call::Open, what("an IPv4 raw socket"), Errno::PERM),
                "cannot open an IPv4 raw socket: permission denied (raw sockets need privilege)",
                K::PermissionDenied,
            ),
            (
                (Call::Receive, Object::Local(Address::Unnamed), Errno::NOTCONN),
                "cannot receive on an unnamed socket: not connected",
                K::NotConnected,
            ),
        ];
        for ((call, object, errno), text, kind) in table {
            let error = SocketError::new(call, object, errno);
            assert_eq!(error.to_string(), text);
            assert_eq!(error.kind(), kind, "{text}");
        }
    }

    #[test]
    fn running_out_of_descriptors_names_the_limit() {
        let error = SocketError::new(Call::Open, what("an IPv4 TCP socket"), Errno::MFILE);
        let text = error.to_string();
        assert!(
            text.starts_with("cannot open an IPv4 TCP socket: too many open files (ulimit -n is")
        );
        assert!(error.is_retryable());
    }
}
