//! An endpoint's options, set on a socket.
//!
//! What an endpoint said is set or is an error; what it did not say is left to the system. Options
//! of another kind of socket are not looked at: `nodelay` means nothing to a datagram.
//!
//! Nothing here opens or connects a socket.

use coax_addr::Options;
use nix::net::if_::{if_indextoname, if_nametoindex};

use crate::{Kind, Socket, SocketError};

/// Sets everything `options` says that is not about a particular address.
pub(crate) fn configure(socket: &Socket, kind: Kind, options: &Options) -> Result<(), SocketError> {
    set(options.reuseaddr, |on| socket.set_reuse_address(on))?;
    set(options.reuseport, |on| socket.set_reuse_port(on))?;
    if let Some(interface) = &options.interface {
        socket.bind_device(&name_of(interface))?;
    }
    set(options.ttl, |hops| socket.set_ttl(hops))?;
    set(options.sndbuf, |bytes| socket.set_send_buffer(bytes as usize))?;
    set(options.rcvbuf, |bytes| socket.set_receive_buffer(bytes as usize))?;
    match kind {
        Kind::Stream => {
            set(options.nodelay, |on| socket.set_nodelay(on))?;
            set(options.keepalive, |on| socket.set_keepalive(on))
        }
        _ => set(options.broadcast, |on| socket.set_broadcast(on)),
    }
}

/// Sets `value` if there is one.
pub(crate) fn set<T>(
    value: Option<T>,
    set: impl FnOnce(T) -> Result<(), SocketError>,
) -> Result<(), SocketError> {
    value.map_or(Ok(()), set)
}

/// The name of an interface given by name or by index.
fn name_of(interface: &str) -> String {
    let name = interface.parse().ok().and_then(|index: u32| if_indextoname(index).ok());
    name.and_then(|name| name.into_string().ok()).unwrap_or_else(|| interface.to_owned())
}

/// The index of an interface given by name or by index, RFC 4007 §11.2.
pub fn scope_of(zone: &str) -> Option<u32> {
    zone.parse().ok().or_else(|| if_nametoindex(zone).ok())
}
