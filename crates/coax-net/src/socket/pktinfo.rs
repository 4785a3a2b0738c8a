//! `IP_PKTINFO` and `IPV6_PKTINFO` (ip(7), RFC 3542 §6): the address of ours that a datagram was
//! sent to, and the one that an answer leaves from.
//!
//! A datagram that many received (multicast, broadcast) has an address that nobody sends from: the
//! system chooses then, for IPv4 the address of the interface it came in by.
//!
//! Nothing here makes a system call.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use nix::sys::socket::{ControlMessage, ControlMessageOwned, RecvMsg, SockaddrStorage};

use crate::Address;
use crate::datagrams::{Arrival, Origin};

/// Who sent a datagram, and where it arrived.
pub(super) fn origin(message: &RecvMsg<'_, '_, SockaddrStorage>) -> Origin {
    let from = message.address.as_ref().and_then(sender).map_or(Address::Unnamed, Address::Ip);
    let arrival = message.cmsgs().ok().and_then(|mut all| all.find_map(|one| arrival(&one)));
    Origin { from, arrival }
}

fn sender(from: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = from.as_sockaddr_in().map(|v4| SocketAddr::V4((*v4).into()));
    v4.or_else(|| from.as_sockaddr_in6().map(|v6| SocketAddr::V6((*v6).into())))
}

fn arrival(control: &ControlMessageOwned) -> Option<Arrival> {
    let (address, interface) = match control {
        ControlMessageOwned::Ipv4PacketInfo(info) => {
            // Where an answer would leave from, also after a broadcast.
            let source = Ipv4Addr::from_bits(u32::from_be(info.ipi_spec_dst.s_addr));
            (IpAddr::V4(source), 0)
        }
        ControlMessageOwned::Ipv6PacketInfo(info) => {
            (IpAddr::V6(Ipv6Addr::from(info.ipi6_addr.s6_addr)), info.ipi6_ifindex)
        }
        _ => return None,
    };
    let usable = !address.is_unspecified() && !address.is_multicast();
    usable.then_some(Arrival { address, interface })
}

/// Calls `send` with the control message that says where from.
pub(super) fn with_source<T>(arrival: Arrival, send: impl FnOnce(ControlMessage<'_>) -> T) -> T {
    match arrival.address {
        IpAddr::V4(source) => {
            let none = libc::in_addr { s_addr: 0 };
            let source = libc::in_addr { s_addr: source.to_bits().to_be() };
            let info = libc::in_pktinfo { ipi_ifindex: 0, ipi_spec_dst: source, ipi_addr: none };
            send(ControlMessage::Ipv4PacketInfo(&info))
        }
        IpAddr::V6(source) => {
            // Only a link-local address means nothing without its interface.
            let interface = if source.is_unicast_link_local() { arrival.interface } else { 0 };
            let ipi6_addr = libc::in6_addr { s6_addr: source.octets() };
            let info = libc::in6_pktinfo { ipi6_addr, ipi6_ifindex: interface };
            send(ControlMessage::Ipv6PacketInfo(&info))
        }
    }
}
