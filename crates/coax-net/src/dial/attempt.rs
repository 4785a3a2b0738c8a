//! One attempt at one address: a socket with its options, its source, its connect.
//!
//! A connect under way is waited for without blocking; dropping the attempt closes its socket.
//!
//! Nothing here knows the other addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use coax_addr::{Options, Transport};
use rustix::io::Errno;

use super::Found;
use super::error::Trouble;
use super::place::interface_index;
use crate::address::Address;
use crate::configure::{configure, set};
use crate::socket::{
    Call, ConnectOutcome, Family, Kind, Object, Socket, SocketError, SocketErrorKind,
};
use crate::sys::register;

/// What every attempt of a dial has in common.
#[derive(Debug)]
pub(super) struct Setup {
    kind: Kind,
    source: Option<SocketAddr>,
    options: Options,
    /// The index of the `interface` option.
    pub(super) interface: Option<u32>,
}

impl Setup {
    pub(super) fn new(
        transport: Transport,
        source: Option<SocketAddr>,
        options: &Options,
    ) -> Result<Setup, Trouble> {
        let kind = if transport == Transport::Udp { Kind::Dgram } else { Kind::Stream };
        let source = match (source, &options.bind) {
            (None, Some(text)) => Some(source_in(text)?),
            (source, _) => source,
        };
        let interface = options.interface.as_deref().map(interface_index).transpose()?;
        if options.join.is_some() {
            return Err(Trouble::Invalid("a group is joined by listening; leave join out".into()));
        }
        Ok(Setup { kind, source, options: options.clone(), interface })
    }

    pub(super) fn is_datagram(&self) -> bool {
        self.kind == Kind::Dgram
    }

    /// Without the addresses that the source's family cannot reach.
    pub(super) fn reachable_from_source(
        &self,
        mut addresses: Vec<SocketAddr>,
    ) -> Result<Vec<SocketAddr>, Trouble> {
        let Some(source) = self.source.filter(|source| !source.ip().is_unspecified()) else {
            return Ok(addresses);
        };
        addresses.retain(|address| address.is_ipv4() == source.is_ipv4());
        match addresses.is_empty() {
            false => Ok(addresses),
            true => {
                let family = if source.is_ipv4() { "IPv4" } else { "IPv6" };
                let from = source.ip();
                Err(Trouble::Invalid(format!(
                    "it has no {family} address to be reached from {from}"
                )))
            }
        }
    }

    /// A non-blocking socket, bound if a source is wanted.
    fn open(&self, to: SocketAddr) -> Result<Socket, SocketError> {
        let family = if to.is_ipv4() { Family::Inet } else { Family::Inet6 };
        let socket = Socket::new(family, self.kind, None)?;
        self.set_options(&socket, to.ip())?;
        if let Some(source) = self.source_towards(to.ip()) {
            if self.kind == Kind::Stream {
                // Attempts side by side share the port, and a connection that lingers from the
                // last run does not keep it.
                socket.set_reuse_address(true)?;
            }
            socket.bind(&Address::Ip(source))?;
        }
        socket.set_nonblocking(true)?;
        Ok(socket)
    }

    fn source_towards(&self, to: IpAddr) -> Option<SocketAddr> {
        let source = self.source?;
        match (source.ip().is_unspecified(), source.port()) {
            (true, 0) => None,
            (true, port) => Some(SocketAddr::new(unspecified_like(to), port)),
            (false, _) => Some(source),
        }
    }

    fn set_options(&self, socket: &Socket, to: IpAddr) -> Result<(), SocketError> {
        configure(socket, self.kind, &self.options)?;
        if to == IpAddr::V4(Ipv4Addr::BROADCAST) {
            socket.set_broadcast(true)?;
        }
        if to.is_multicast() {
            set(self.options.ttl, |hops| socket.set_multicast_ttl(hops))?;
            set(self.interface, |index| socket.set_multicast_interface(index))?;
        }
        Ok(())
    }
}

/// `address`, `address:port`, `:port`.
fn source_in(text: &str) -> Result<SocketAddr, Trouble> {
    if let Ok(source) = text.parse::<SocketAddr>() {
        return Ok(source);
    }
    let bare = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(text);
    if let Ok(ip) = bare.parse::<IpAddr>() {
        return Ok(SocketAddr::new(ip, 0));
    }
    match text.strip_prefix(':').map(str::parse) {
        Some(Ok(port)) => Ok(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), port)),
        _ => {
            let why = format!("bind={text} is not an address, address:port or :port");
            Err(Trouble::Invalid(why))
        }
    }
}

fn unspecified_like(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        IpAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    }
}

/// Whether what is sent there is answered from somewhere else.
fn reaches_many(ip: IpAddr) -> bool {
    ip.is_multicast() || ip == IpAddr::V4(Ipv4Addr::BROADCAST)
}

/// Connects a TCP socket, waiting as long as the system does.
pub(super) async fn tcp(to: SocketAddr, setup: &Setup) -> Result<Found, SocketError> {
    let socket = setup.open(to)?;
    let address = Address::Ip(to);
    let socket = match socket.try_connect(&address) {
        ConnectOutcome::Connected => socket,
        ConnectOutcome::InProgress => connected(socket, &address).await?,
        ConnectOutcome::Failed(error) => return Err(error),
    };
    let found = Found::new(socket, address)?;
    // Towards a free port of this machine the system may choose that very port to send from, and
    // TCP then connects the socket to itself. Nobody listens there.
    match found.local == found.peer {
        true => Err(failed(&found.peer, Errno::CONNREFUSED)),
        false => Ok(found),
    }
}

/// Waits until a connect under way has ended.
async fn connected(socket: Socket, to: &Address) -> Result<Socket, SocketError> {
    let waiting = register(socket).map_err(|cause| failed(to, std::io::Error::from(cause)))?;
    loop {
        let mut ready = waiting.writable().await.map_err(|cause| failed(to, cause))?;
        if let Some(error) = waiting.get_ref().take_error()? {
            return Err(error);
        }
        match waiting.get_ref().peer_name() {
            Err(error) if error.kind() == SocketErrorKind::NotConnected => ready.clear_ready(),
            Err(error) => return Err(error),
            Ok(_) => break,
        }
    }
    Ok(waiting.into_inner())
}

fn failed(to: &Address, cause: impl Into<std::io::Error>) -> SocketError {
    SocketError::new(Call::Connect, Object::Address(to.clone()), cause)
}

/// Connects a UDP socket, which finds out whether there is a route; where many are meant, the
/// socket is bound only.
pub(super) fn udp(to: SocketAddr, setup: &Setup) -> Result<Found, SocketError> {
    let socket = setup.open(to)?;
    // Whether an address is a subnet's broadcast address only its subnet knows; the option says so.
    let many = reaches_many(to.ip()) || setup.options.broadcast == Some(true);
    if !many {
        socket.connect(&Address::Ip(to))?;
    } else if setup.source_towards(to.ip()).is_none() {
        socket.bind(&Address::Ip(SocketAddr::new(unspecified_like(to.ip()), 0)))?;
    }
    Ok(Found { connected: !many, ..Found::new(socket, Address::Ip(to))? })
}
