//! Two sockets connected to each other.
//!
//! The system makes pairs of Unix sockets only; for IP they are made over loopback, and it is
//! checked that nobody else slipped in between.
//!
//! Nothing here outlives the call except the pair.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use super::error::{Call, Object, SocketError};
use super::kind::{Family, Kind, noun};
use super::{Socket, calls};
use crate::address::Address;

impl Socket {
    /// Two connected sockets.
    ///
    /// Every kind that can be connected on loopback or in a Unix pair; others fail with
    /// [`SocketErrorKind::NotSupported`](super::SocketErrorKind::NotSupported).
    pub fn pair(family: Family, kind: Kind) -> Result<(Socket, Socket), SocketError> {
        match (family, kind) {
            (Family::Unix, _) => unix(kind),
            (_, Kind::Stream) => stream(family),
            (_, Kind::Dgram) => dgram(family),
            _ => {
                let why = "only TCP and UDP can be paired over IP";
                Err(failed(family, kind, io::Error::new(io::ErrorKind::Unsupported, why)))
            }
        }
    }
}

fn failed(family: Family, kind: Kind, cause: io::Error) -> SocketError {
    let what = Object::What(format!("a pair of {} sockets", noun(family, kind, None)));
    SocketError::new(Call::Pair, what, cause)
}

fn unix(kind: Kind) -> Result<(Socket, Socket), SocketError> {
    let (one, other) =
        calls::socketpair(Family::Unix, kind).map_err(|cause| failed(Family::Unix, kind, cause))?;
    Ok((Socket::from_inner(one), Socket::from_inner(other)))
}

/// Port 0 of loopback.
fn anywhere(family: Family) -> Address {
    let ip = match family {
        Family::Inet6 => IpAddr::from(Ipv6Addr::LOCALHOST),
        Family::Inet | Family::Unix => IpAddr::from(Ipv4Addr::LOCALHOST),
    };
    Address::Ip(SocketAddr::new(ip, 0))
}

fn stream(family: Family) -> Result<(Socket, Socket), SocketError> {
    let listener = Socket::new(family, Kind::Stream, None)?;
    listener.bind(&anywhere(family))?;
    listener.listen(1)?;
    let one = Socket::new(family, Kind::Stream, None)?;
    one.connect(&listener.local_name()?)?;
    let ours = one.local_name()?;
    // Any process of this machine may connect in between; it is let go.
    loop {
        let (other, from) = listener.accept()?;
        if from == ours {
            return Ok((one, other));
        }
    }
}

fn dgram(family: Family) -> Result<(Socket, Socket), SocketError> {
    let one = Socket::new(family, Kind::Dgram, None)?;
    let other = Socket::new(family, Kind::Dgram, None)?;
    one.bind(&anywhere(family))?;
    other.bind(&anywhere(family))?;
    one.connect(&other.local_name()?)?;
    other.connect(&one.local_name()?)?;
    Ok((one, other))
}
