//! A socket's options, each with its type.
//!
//! What is set can be read back. Where IPv4 and IPv6 name an option differently, one method
//! serves both and asks the socket which it is.
//!
//! Nothing here chooses a value.

use std::io;
use std::net::{IpAddr, Ipv4Addr};
use std::os::fd::AsRawFd;
use std::time::Duration;

use socket2::{Domain, InterfaceIndexOrAddress, TcpKeepalive};

use super::error::{Call, Object, SocketError};
use super::{Family, Socket};
use crate::cause::cause_in_words;
use crate::trace::{self, Told};

/// When to ask a silent peer whether it is still there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// Silence before the first probe. Whole seconds.
    pub idle: Duration,
    /// Between probes. Whole seconds.
    pub interval: Duration,
    /// Probes without an answer before the connection is given up.
    pub count: u32,
}

impl Told for Keepalive {
    fn told(&self) -> String {
        format!("{:?} idle, every {:?}, {} times", self.idle, self.interval, self.count)
    }
}

impl Told for Option<Duration> {
    fn told(&self) -> String {
        self.map_or_else(|| "none".to_owned(), |time| format!("{time:?}"))
    }
}

impl Told for Option<io::Error> {
    fn told(&self) -> String {
        self.as_ref().map_or_else(|| "no error".to_owned(), cause_in_words)
    }
}

impl Told for IpAddr {
    fn told(&self) -> String {
        self.to_string()
    }
}

impl Told for Family {
    fn told(&self) -> String {
        self.constant().to_owned()
    }
}

/// A getter and a setter that only pass on.
macro_rules! plain_options {
    ($($constant:literal, $words:literal, $type:ty: $(#[$read_doc:meta])* $read:ident = $get:ident, $(#[$write_doc:meta])* $write:ident = $set:ident;)*) => {
        impl Socket {
            $(
                $(#[$read_doc])*
                pub fn $read(&self) -> Result<$type, SocketError> {
                    self.read_option($constant, $words, |inner| inner.$get())
                }
                $(#[$write_doc])*
                pub fn $write(&self, value: $type) -> Result<(), SocketError> {
                    self.write_option($constant, $words, value, |inner| inner.$set(value))
                }
            )*
        }
    };
}

plain_options! {
    "SO_REUSEADDR", "address reuse", bool:
        /// Whether a name may be bound while old connections of it linger.
        reuse_address = reuse_address,
        /// Lets a name be bound while old connections of it linger (a server restarted).
        set_reuse_address = set_reuse_address;
    "SO_REUSEPORT", "port sharing", bool:
        /// Whether several sockets may have the same name.
        reuse_port = reuse_port,
        /// Lets several sockets have the same name; the system deals connections out.
        set_reuse_port = set_reuse_port;
    "SO_KEEPALIVE", "keepalive", bool:
        /// Whether a silent peer is probed.
        keepalive = keepalive,
        /// Probes a silent peer; [`Socket::set_keepalive_timing`] says how often.
        set_keepalive = set_keepalive;
    "TCP_NODELAY", "nodelay", bool:
        /// Whether small segments leave at once.
        nodelay = tcp_nodelay,
        /// Lets small segments leave at once rather than wait for company (Nagle).
        set_nodelay = set_tcp_nodelay;
    "SO_LINGER", "linger", Option<Duration>:
        /// How long a close waits for what is unsent.
        linger = linger,
        /// How long a close waits for what is unsent, in whole seconds. `Some(ZERO)` makes a close
        /// reset the connection.
        set_linger = set_linger;
    "SO_BROADCAST", "broadcast", bool:
        /// Whether datagrams may go to a broadcast address.
        broadcast = broadcast,
        /// Lets datagrams go to a broadcast address.
        set_broadcast = set_broadcast;
    "SO_SNDBUF", "the send buffer", usize:
        /// Bytes the send buffer takes. Linux says twice what was set: its own bookkeeping counts.
        send_buffer = send_buffer_size,
        /// How many bytes wait to be sent before a sender has to. The system has its own limits.
        set_send_buffer = set_send_buffer_size;
    "SO_RCVBUF", "the receive buffer", usize:
        /// Bytes the receive buffer takes. Linux says twice what was set.
        receive_buffer = recv_buffer_size,
        /// How many received bytes wait to be read. The system has its own limits.
        set_receive_buffer = set_recv_buffer_size;
    "IPV6_V6ONLY", "v6only", bool:
        /// Whether an IPv6 socket keeps away from IPv4.
        v6only = only_v6,
        /// Keeps an IPv6 socket away from IPv4, so that another may have the same port there.
        set_v6only = set_only_v6;
}

impl Socket {
    /// Whether calls fail rather than wait.
    pub fn nonblocking(&self) -> Result<bool, SocketError> {
        let args = || format!("{}, O_NONBLOCK", self.as_raw_fd());
        trace::call("fcntl", args, || self.inner.nonblocking())
            .map_err(|cause| self.option_failed(Call::GetOption, "non-blocking", cause))
    }

    /// Makes calls fail with `WouldBlock` rather than wait.
    pub fn set_nonblocking(&self, on: bool) -> Result<(), SocketError> {
        let args = || format!("{}, O_NONBLOCK, {}", self.as_raw_fd(), on.told());
        trace::call("fcntl", args, || self.inner.set_nonblocking(on))
            .map_err(|cause| self.option_failed(Call::SetOption, "non-blocking", cause))
    }

    /// How long a receive or accept waits; `None` is for ever.
    pub fn read_timeout(&self) -> Result<Option<Duration>, SocketError> {
        self.read_option("SO_RCVTIMEO", "the read timeout", |inner| inner.read_timeout())
    }

    /// Makes a receive or accept that waited this long fail with `TimedOut`.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> Result<(), SocketError> {
        self.write_option("SO_RCVTIMEO", "the read timeout", timeout, |inner| {
            inner.set_read_timeout(some_time(timeout)?)
        })
    }

    /// How long a send or connect waits; `None` is for ever.
    pub fn write_timeout(&self) -> Result<Option<Duration>, SocketError> {
        self.read_option("SO_SNDTIMEO", "the write timeout", |inner| inner.write_timeout())
    }

    /// Makes a send or connect that waited this long fail with `TimedOut`.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> Result<(), SocketError> {
        self.write_option("SO_SNDTIMEO", "the write timeout", timeout, |inner| {
            inner.set_write_timeout(some_time(timeout)?)
        })
    }

    /// The same time for reading and writing.
    pub fn set_timeout(&self, timeout: Option<Duration>) -> Result<(), SocketError> {
        self.set_read_timeout(timeout)?;
        self.set_write_timeout(timeout)
    }

    /// When a silent peer is probed, if [`Socket::keepalive`] says that it is.
    pub fn keepalive_timing(&self) -> Result<Keepalive, SocketError> {
        self.read_option("TCP_KEEPIDLE", "keepalive timing", |inner| {
            Ok(Keepalive {
                idle: inner.tcp_keepalive_time()?,
                interval: inner.tcp_keepalive_interval()?,
                count: inner.tcp_keepalive_retries()?,
            })
        })
    }

    /// Probes a silent peer at these times: turns keepalive on.
    pub fn set_keepalive_timing(&self, timing: Keepalive) -> Result<(), SocketError> {
        self.write_option("TCP_KEEPIDLE", "keepalive timing", timing, |inner| {
            inner.set_tcp_keepalive(
                &TcpKeepalive::new()
                    .with_time(timing.idle)
                    .with_interval(timing.interval)
                    .with_retries(timing.count),
            )
        })
    }

    /// How many hops a packet may take.
    pub fn ttl(&self) -> Result<u8, SocketError> {
        self.read_option("IP_TTL", "ttl", |inner| match is_v6(inner)? {
            true => hops(inner.unicast_hops_v6()?),
            false => hops(inner.ttl_v4()?),
        })
    }

    /// How many hops a packet may take, 1 to 255: IPv4's time to live, IPv6's hop limit.
    pub fn set_ttl(&self, hops: u8) -> Result<(), SocketError> {
        self.write_option("IP_TTL", "ttl", hops, |inner| {
            if is_v6(inner)? {
                inner.set_unicast_hops_v6(hops.into())?;
            }
            // An IPv6 socket sends to IPv4 too, with a limit of its own.
            inner.set_ttl_v4(hops.into())
        })
    }

    /// Receives what is sent to `group`, on the interface with this index (0: the system chooses).
    pub fn join_multicast(&self, group: IpAddr, interface: u32) -> Result<(), SocketError> {
        self.write_option("IP_ADD_MEMBERSHIP", "membership", group, |inner| match group {
            IpAddr::V4(v4) => inner.join_multicast_v4_n(&v4, &by_index(interface)),
            IpAddr::V6(v6) => inner.join_multicast_v6(&v6, interface),
        })
    }

    /// Ends [`Socket::join_multicast`].
    pub fn leave_multicast(&self, group: IpAddr, interface: u32) -> Result<(), SocketError> {
        self.write_option("IP_DROP_MEMBERSHIP", "membership", group, |inner| match group {
            IpAddr::V4(v4) => inner.leave_multicast_v4_n(&v4, &by_index(interface)),
            IpAddr::V6(v6) => inner.leave_multicast_v6(&v6, interface),
        })
    }

    /// Sends multicast through the interface with this index (0: the system chooses).
    pub fn set_multicast_interface(&self, interface: u32) -> Result<(), SocketError> {
        self.write_option("IP_MULTICAST_IF", "the multicast interface", interface, |inner| {
            if is_v6(inner)? {
                return inner.set_multicast_if_v6(interface);
            }
            let any = Ipv4Addr::UNSPECIFIED;
            Ok(rustix::net::sockopt::set_ip_multicast_if_with_ifindex(
                inner, &any, &any, interface,
            )?)
        })
    }

    /// How many hops a multicast packet may take.
    pub fn multicast_ttl(&self) -> Result<u8, SocketError> {
        self.read_option("IP_MULTICAST_TTL", "multicast ttl", |inner| match is_v6(inner)? {
            true => hops(inner.multicast_hops_v6()?),
            false => hops(inner.multicast_ttl_v4()?),
        })
    }

    /// How many hops a multicast packet may take; 0 keeps it on this machine.
    pub fn set_multicast_ttl(&self, hops: u8) -> Result<(), SocketError> {
        self.write_option("IP_MULTICAST_TTL", "multicast ttl", hops, |inner| match is_v6(inner)? {
            true => inner.set_multicast_hops_v6(hops.into()),
            false => inner.set_multicast_ttl_v4(hops.into()),
        })
    }

    /// Whether this machine hears the multicast it sends.
    pub fn multicast_loop(&self) -> Result<bool, SocketError> {
        self.read_option("IP_MULTICAST_LOOP", "multicast loop", |inner| match is_v6(inner)? {
            true => inner.multicast_loop_v6(),
            false => inner.multicast_loop_v4(),
        })
    }

    /// Lets this machine hear the multicast it sends.
    pub fn set_multicast_loop(&self, on: bool) -> Result<(), SocketError> {
        self.write_option("IP_MULTICAST_LOOP", "multicast loop", on, |inner| match is_v6(inner)? {
            true => inner.set_multicast_loop_v6(on),
            false => inner.set_multicast_loop_v4(on),
        })
    }

    /// Makes each datagram say to which address of this machine it was sent.
    pub(crate) fn set_packet_info(&self, on: bool) -> Result<(), SocketError> {
        use nix::sys::socket::{setsockopt, sockopt};
        match self.family()? {
            Family::Inet6 => self.write_option("IPV6_RECVPKTINFO", "packet info", on, |inner| {
                Ok(setsockopt(inner, sockopt::Ipv6RecvPacketInfo, &on)?)
            }),
            _ => self.write_option("IP_PKTINFO", "packet info", on, |inner| {
                Ok(setsockopt(inner, sockopt::Ipv4PacketInfo, &on)?)
            }),
        }
    }

    /// Room for `bytes` that wait to be read, as near as the system allows: beyond its limit only
    /// with privilege. Never less than before.
    pub(crate) fn widen_receive_buffer(&self, bytes: usize) -> Result<(), SocketError> {
        use nix::sys::socket::{setsockopt, sockopt};
        if self.receive_buffer()? >= bytes {
            return Ok(());
        }
        let forced = self.write_option("SO_RCVBUFFORCE", "the receive buffer", bytes, |inner| {
            Ok(setsockopt(inner, sockopt::RcvBufForce, &bytes)?)
        });
        forced.or_else(|_| self.set_receive_buffer(bytes))
    }

    /// Uses this interface alone: what arrives by another is not heard, and nothing leaves by
    /// another.
    pub fn bind_device(&self, interface: &str) -> Result<(), SocketError> {
        self.write_option("SO_BINDTODEVICE", "the interface", interface.to_owned(), |inner| {
            inner.bind_device(Some(interface.as_bytes()))
        })
    }

    /// The family the socket was opened with.
    pub fn family(&self) -> Result<Family, SocketError> {
        self.read_option("SO_DOMAIN", "the family", |inner| match inner.domain()? {
            Domain::IPV4 => Ok(Family::Inet),
            Domain::IPV6 => Ok(Family::Inet6),
            Domain::UNIX => Ok(Family::Unix),
            _ => Err(io::Error::new(io::ErrorKind::Unsupported, "neither IPv4, IPv6 nor Unix")),
        })
    }

    /// Takes what went wrong since it was last asked: how a connect under way ended, or an ICMP
    /// error. `None` is nothing. The error names the peer, as a connect's would.
    pub fn take_error(&self) -> Result<Option<SocketError>, SocketError> {
        let cause = self.read_option("SO_ERROR", "the error slot", |inner| inner.take_error())?;
        Ok(cause.map(|cause| self.failed(Call::Connect, cause)))
    }

    fn read_option<T: Told>(
        &self,
        constant: &'static str,
        words: &str,
        read: impl FnOnce(&socket2::Socket) -> io::Result<T>,
    ) -> Result<T, SocketError> {
        let args = || format!("{}, {constant}", self.as_raw_fd());
        trace::call("getsockopt", args, || read(&self.inner))
            .map_err(|cause| self.option_failed(Call::GetOption, words, cause))
    }

    fn write_option(
        &self,
        constant: &'static str,
        words: &str,
        value: impl Told,
        write: impl FnOnce(&socket2::Socket) -> io::Result<()>,
    ) -> Result<(), SocketError> {
        let args = || format!("{}, {constant}, {}", self.as_raw_fd(), value.told());
        trace::call("setsockopt", args, || write(&self.inner))
            .map_err(|cause| self.option_failed(Call::SetOption, words, cause))
    }

    fn option_failed(&self, call: Call, words: &str, cause: io::Error) -> SocketError {
        let what = format!("{words} of {}", self.object());
        SocketError::new(call, Object::What(what), cause)
    }
}

fn is_v6(inner: &socket2::Socket) -> io::Result<bool> {
    Ok(inner.domain()? == Domain::IPV6)
}

fn by_index(interface: u32) -> InterfaceIndexOrAddress {
    InterfaceIndexOrAddress::Index(interface)
}

fn hops(value: u32) -> io::Result<u8> {
    u8::try_from(value).map_err(|_| io::ErrorKind::InvalidData.into())
}

/// The system counts microseconds and takes zero for "for ever".
fn some_time(timeout: Option<Duration>) -> io::Result<Option<Duration>> {
    match timeout {
        Some(Duration::ZERO) => {
            let why = "a timeout of zero would wait for ever; make the socket non-blocking instead";
            Err(io::Error::new(io::ErrorKind::InvalidInput, why))
        }
        Some(time) => Ok(Some(time.max(Duration::from_micros(1)))),
        None => Ok(None),
    }
}
