//! Binding a socket to every address an endpoint stands for.
//!
//! All of them get one port number, also when the system is to choose it. A family the machine
//! does not have is left out as long as another remains.
//!
//! Nothing here accepts a connection.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use coax_addr::{Endpoint, Host, Options, Place};

use super::{ListenError, SocketFile};
use crate::{
    Address, Family, Kind, Resolve, ResolveError, ResolveErrorKind, Socket, SocketError,
    SocketErrorKind, Wanted, configure,
};

/// How often a port that the system chose for one family is tried for the other.
const TRIES: usize = 32;

/// Sockets bound to one endpoint.
pub(crate) struct Opened {
    pub(crate) sockets: Vec<(Socket, Address)>,
    pub(crate) file: Option<SocketFile>,
}

/// Opens and binds; nothing listens yet.
pub(crate) async fn open(
    endpoint: &Endpoint,
    kind: Kind,
    wanted: Wanted,
    resolver: &dyn Resolve,
) -> Result<Opened, ListenError> {
    if endpoint.options.bind.is_some() {
        let why = "bind is for connecting; the address to listen on stands before the '?'";
        return Err(ListenError::Misplaced(why));
    }
    match &endpoint.place {
        Place::Net { host, port, .. } => {
            let mut places = places(host, *port, wanted, resolver).await?;
            scope_groups(&mut places, &endpoint.options)?;
            let sockets = bind_all(&places, kind, &endpoint.options)?;
            Ok(Opened { sockets, file: None })
        }
        Place::Unix { name, .. } => {
            let address = Address::Unix(name.clone());
            let (socket, file) = super::file::bind(kind, name, &endpoint.options)?;
            configure(&socket, kind, &endpoint.options)?;
            Ok(Opened { sockets: vec![(socket, address)], file })
        }
        _ => Err(ListenError::Unsupported(endpoint.to_string())),
    }
}

async fn places(
    host: &Host,
    port: u16,
    wanted: Wanted,
    resolver: &dyn Resolve,
) -> Result<Vec<SocketAddr>, ListenError> {
    let any: [IpAddr; 2] = [Ipv6Addr::UNSPECIFIED.into(), Ipv4Addr::UNSPECIFIED.into()];
    let addresses = match host {
        Host::Any => any.into_iter().filter(|address| wanted.has(*address)).collect(),
        // An IPv4 address in IPv6's clothes: the socket here is for one family alone.
        Host::Ip(address) if address.to_canonical() != *address => {
            let canonical = Host::Ip(address.to_canonical());
            return Box::pin(places(&canonical, port, wanted, resolver)).await;
        }
        Host::Ip(address) if !wanted.has(*address) => {
            return Err(ListenError::WrongFamily(*address));
        }
        Host::Ip(address) => vec![*address],
        Host::Name(name) => named(name, wanted, resolver).await?,
        Host::Zoned { address, .. } if !wanted.has((*address).into()) => {
            return Err(ListenError::WrongFamily((*address).into()));
        }
        Host::Zoned { address, zone } => {
            let scope = crate::scope_of(zone).ok_or(ListenError::NoInterface(zone.clone()))?;
            return Ok(vec![SocketAddrV6::new(*address, port, 0, scope).into()]);
        }
    };
    Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
}

/// At least one address of `name`.
async fn named(
    name: &str,
    wanted: Wanted,
    resolver: &dyn Resolve,
) -> Result<Vec<IpAddr>, ResolveError> {
    let mut addresses = resolver.resolve(name, wanted).await?.addresses;
    addresses.retain(|address| wanted.has(*address));
    match addresses.is_empty() {
        true => Err(ResolveError { name: name.to_owned(), kind: ResolveErrorKind::NoAddress }),
        false => Ok(addresses),
    }
}

/// An IPv6 group is bound on the interface where it is to be heard.
fn scope_groups(places: &mut [SocketAddr], options: &Options) -> Result<(), ListenError> {
    let Some(name) = &options.interface else { return Ok(()) };
    let scope = crate::scope_of(name).ok_or_else(|| ListenError::NoInterface(name.clone()))?;
    for place in places {
        if let SocketAddr::V6(place) = place
            && (place.ip().is_multicast() || place.ip().is_unicast_link_local())
            && place.scope_id() == 0
        {
            place.set_scope_id(scope);
        }
    }
    Ok(())
}

fn bind_all(
    places: &[SocketAddr],
    kind: Kind,
    options: &Options,
) -> Result<Vec<(Socket, Address)>, ListenError> {
    let chosen_by_system = places.len() > 1 && places.iter().all(|place| place.port() == 0);
    let mut tries = if chosen_by_system { TRIES } else { 1 };
    loop {
        tries -= 1;
        match bind_each(places, kind, options) {
            Err(error) if tries > 0 && error.kind() == SocketErrorKind::AddressInUse => {}
            done => return Ok(done?),
        }
    }
}

/// One socket for each place, all with the port of the first.
fn bind_each(
    places: &[SocketAddr],
    kind: Kind,
    options: &Options,
) -> Result<Vec<(Socket, Address)>, SocketError> {
    let mut bound: Vec<(Socket, Address)> = Vec::new();
    let mut missing = None;
    for place in places {
        let mut place = *place;
        if let Some(port) = bound.first().and_then(|(_, address)| address.port()) {
            place.set_port(port);
        }
        match bind_one(place, kind, options) {
            Ok(socket) => bound.push(socket),
            Err(error) if is_missing_family(&error) && places.len() > 1 => missing = Some(error),
            Err(error) => return Err(error),
        }
    }
    match missing {
        Some(error) if bound.is_empty() => Err(error),
        _ => Ok(bound),
    }
}

fn bind_one(
    place: SocketAddr,
    kind: Kind,
    options: &Options,
) -> Result<(Socket, Address), SocketError> {
    let family = if place.is_ipv6() { Family::Inet6 } else { Family::Inet };
    let socket = Socket::new(family, kind, None)?;
    if place.is_ipv6() {
        // The IPv4 socket beside it has the same port.
        socket.set_v6only(true)?;
    }
    // A server that is started again must not wait for its old connections to be forgotten; and
    // several listeners may share a multicast group.
    if kind == Kind::Stream || place.ip().is_multicast() || options.join.is_some() {
        socket.set_reuse_address(true)?;
    }
    configure(&socket, kind, options)?;
    socket.bind(&Address::Ip(place))?;
    let name = socket.local_name()?;
    Ok((socket, name))
}

/// A machine without IPv6 (or IPv4) cannot open or bind such a socket.
fn is_missing_family(error: &SocketError) -> bool {
    matches!(error.kind(), SocketErrorKind::NotSupported | SocketErrorKind::AddressNotAvailable)
}
