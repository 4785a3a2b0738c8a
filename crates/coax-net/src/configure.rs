//! An endpoint's options, set on a socket.
//!
//! What an endpoint said is set or is an error; what it did not say is left to the system.

use coax_addr::Options;
use nix::net::if_::if_nametoindex;

use crate::{Socket, SocketError};

/// Sets everything `options` says that is not about a particular address.
pub(crate) fn configure(socket: &Socket, options: &Options) -> Result<(), SocketError> {
    type Switch = fn(&Socket, bool) -> Result<(), SocketError>;
    let switches: [(Option<bool>, Switch); 5] = [
        (options.nodelay, Socket::set_nodelay),
        (options.keepalive, Socket::set_keepalive),
        (options.broadcast, Socket::set_broadcast),
        (options.reuseaddr, Socket::set_reuse_address),
        (options.reuseport, Socket::set_reuse_port),
    ];
    for (value, set) in switches {
        if let Some(value) = value {
            set(socket, value)?;
        }
    }
    if let Some(hops) = options.ttl {
        socket.set_ttl(hops)?;
    }
    if let Some(bytes) = options.sndbuf {
        socket.set_send_buffer(bytes as usize)?;
    }
    if let Some(bytes) = options.rcvbuf {
        socket.set_receive_buffer(bytes as usize)?;
    }
    Ok(())
}

/// The index of an interface given by name or by index, RFC 4007 §11.2.
pub(crate) fn scope_of(zone: &str) -> Option<u32> {
    zone.parse().ok().or_else(|| if_nametoindex(zone).ok())
}
