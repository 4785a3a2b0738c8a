//! The network interfaces of this machine, and the address it would send from.
//!
//! Interfaces are listed as the kernel numbers them, each with its addresses. Asking for the
//! sending address sends nothing: a UDP socket is connected, which only chooses a route.
//!
//! Names of addresses are `resolve`'s business.

use std::io;
use std::net::{IpAddr, SocketAddr};

use nix::ifaddrs::{InterfaceAddress, getifaddrs};
use nix::net::if_::{InterfaceFlags, if_nametoindex};
use nix::sys::socket::SockaddrStorage;

use crate::{Address, Family, Kind, Socket, SocketError};

/// A network interface.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Interface {
    /// Its name, such as `eth0`.
    pub name: String,
    /// The kernel's number for it; 0 when it went away meanwhile.
    pub index: u32,
    /// Switched on.
    pub up: bool,
    /// Leads back to this machine alone.
    pub loopback: bool,
    /// Its hardware address, where it has one.
    pub mac: Option<[u8; 6]>,
    /// Each address with the length of its network prefix.
    pub addresses: Vec<(IpAddr, u8)>,
}

/// Every interface, in the order of their numbers.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let mut all: Vec<Interface> = Vec::new();
    for entry in getifaddrs()? {
        let at = match all.iter().position(|one| one.name == entry.interface_name) {
            Some(at) => at,
            None => {
                all.push(bare(&entry));
                all.len() - 1
            }
        };
        let interface = &mut all[at];
        if let Some(address) = entry.address.as_ref().and_then(ip) {
            interface.addresses.push((address, prefix(&entry, address)));
        }
        interface.mac = interface.mac.or_else(|| mac(&entry));
    }
    all.sort_by_key(|interface| interface.index);
    Ok(all)
}

/// The address this machine would send from to reach `target`; an error where no route leads
/// there. Nothing is sent.
pub fn source_towards(target: IpAddr) -> Result<Option<IpAddr>, SocketError> {
    let family = if target.is_ipv4() { Family::Inet } else { Family::Inet6 };
    let socket = Socket::new(family, Kind::Dgram, None)?;
    // Any port will do: it has no part in choosing a route.
    socket.connect(&Address::Ip(SocketAddr::new(target, 9)))?;
    Ok(socket.local_name()?.ip())
}

fn bare(entry: &InterfaceAddress) -> Interface {
    Interface {
        name: entry.interface_name.clone(),
        index: if_nametoindex(entry.interface_name.as_str()).unwrap_or(0),
        up: entry.flags.contains(InterfaceFlags::IFF_UP),
        loopback: entry.flags.contains(InterfaceFlags::IFF_LOOPBACK),
        mac: None,
        addresses: Vec::new(),
    }
}

fn ip(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|one| IpAddr::V4(one.ip()));
    v4.or_else(|| address.as_sockaddr_in6().map(|one| IpAddr::V6(one.ip())))
}

/// The length of the netmask, or of the address itself where there is none.
fn prefix(entry: &InterfaceAddress, address: IpAddr) -> u8 {
    let bits = match entry.netmask.as_ref().and_then(ip) {
        Some(IpAddr::V4(mask)) => mask.to_bits().leading_ones(),
        Some(IpAddr::V6(mask)) => mask.to_bits().leading_ones(),
        None if address.is_ipv4() => 32,
        None => 128,
    };
    u8::try_from(bits).unwrap_or(128)
}

/// Loopback has a hardware address of zeros, which is none.
fn mac(entry: &InterfaceAddress) -> Option<[u8; 6]> {
    let link = entry.address.as_ref()?.as_link_addr()?;
    link.addr().filter(|bytes| *bytes != [0; 6])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback_is_there_with_its_prefix() {
        let all = interfaces().unwrap();
        let loopback = all.iter().find(|one| one.loopback).unwrap();
        assert!(loopback.up && loopback.index > 0 && loopback.mac.is_none());
        assert!(loopback.addresses.contains(&("127.0.0.1".parse().unwrap(), 8)));
    }

    #[test]
    fn loopback_is_reached_from_loopback() {
        let loopback: IpAddr = "127.0.0.1".parse().unwrap();
        assert_eq!(source_towards(loopback).unwrap(), Some(loopback));
    }
}
