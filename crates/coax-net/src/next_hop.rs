//! Who is next on the way to a host, and whether this machine knows its hardware address.
//!
//! The kernel keeps packets to a neighbour whose hardware address it still asks for (ARP, RFC 826;
//! neighbour discovery, RFC 4861), for three seconds where nobody answers. They count against the
//! sender meanwhile, so whoever sends to many hosts must know where that is so. Asked over netlink
//! (rtnetlink(7)), which needs no privilege. A kernel that does not answer knows of no obstacle.
//!
//! Nothing here sends anything to the network.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::neighbours::ip;
use crate::netlink::{Answers, Netlink, add_attribute, attributes};

/// `struct rtmsg` and `struct ndmsg`.
const BODY_SIZE: usize = 12;

const RTM_NEWROUTE: u16 = 24;
const RTM_GETROUTE: u16 = 26;
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
const RTN_UNICAST: u8 = 1;

const RTA_DST: u16 = 1;
const RTA_OIF: u16 = 4;
const RTA_GATEWAY: u16 = 5;
const RTA_PREFSRC: u16 = 7;
/// A gateway of the other family.
const RTA_VIA: u16 = 18;
const NDA_DST: u16 = 1;
const NDA_CACHEINFO: u16 = 3;

/// `NUD_…` of linux/neighbour.h.
const NUD_NONE: u16 = 0x00;
const NUD_INCOMPLETE: u16 = 0x01;
const NUD_FAILED: u16 = 0x20;
/// What failed longer ago says little.
const RECENT: Duration = Duration::from_secs(10);
/// `USER_HZ`: the kernel tells times in hundredths of a second.
const TICK: Duration = Duration::from_millis(10);

/// A neighbour: the host itself, or the gateway to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct NextHop {
    /// The number of the interface.
    pub interface: u32,
    /// Its address there.
    pub address: IpAddr,
}

/// What this machine knows of a neighbour's hardware address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// Nothing: it was not asked for, at least not lately, or the interface needs none.
    Unknown,
    /// It is known, and packets leave at once.
    Resolved,
    /// It has been asked for, for this long, and packets wait.
    Pending(Duration),
    /// Nobody answered, within the last seconds.
    Failed,
}

/// Asks the kernel about routes and neighbours.
#[derive(Debug)]
pub struct NextHops {
    kernel: Netlink,
}

impl NextHops {
    /// Opens the socket.
    pub fn open() -> io::Result<NextHops> {
        Ok(NextHops { kernel: Netlink::open(None)? })
    }

    /// The neighbour to whom packets for `to` go, and this machine's address towards it. `None`
    /// where there is none: on this machine itself, or where no packet is let through.
    pub fn towards(&mut self, to: &SocketAddr) -> io::Result<Option<(NextHop, Option<IpAddr>)>> {
        let ip = to.ip();
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        let mut body = vec![0; BODY_SIZE];
        (body[0], body[1]) = (family(ip), bits);
        add_attribute(&mut body, RTA_DST, &octets(ip));
        if let SocketAddr::V6(to) = to
            && to.scope_id() != 0
        {
            add_attribute(&mut body, RTA_OIF, &to.scope_id().to_ne_bytes());
        }
        let mut found = None;
        self.kernel.ask(RTM_GETROUTE, &body, Answers::One, |kind, route| {
            found = (kind == RTM_NEWROUTE).then(|| next(route, ip)).flatten();
        })?;
        Ok(found)
    }

    /// What is known of `hop`'s hardware address.
    pub fn resolution(&mut self, hop: &NextHop) -> io::Result<Resolution> {
        let mut body = vec![0; BODY_SIZE];
        body[0] = family(hop.address);
        body[4..8].copy_from_slice(&hop.interface.to_ne_bytes());
        add_attribute(&mut body, NDA_DST, &octets(hop.address));
        let mut found = None;
        self.kernel.ask(RTM_GETNEIGH, &body, Answers::One, |kind, neighbour| {
            found = (kind == RTM_NEWNEIGH).then(|| resolution(neighbour)).flatten();
        })?;
        Ok(found.unwrap_or(Resolution::Unknown))
    }
}

/// The neighbour that a route to `to` leads to, from its body.
fn next(route: &[u8], to: IpAddr) -> Option<(NextHop, Option<IpAddr>)> {
    if *route.get(7)? != RTN_UNICAST {
        return None;
    }
    let (mut interface, mut address, mut source) = (None, to, None);
    for (kind, value) in attributes(route.get(BODY_SIZE..)?) {
        match kind {
            RTA_OIF => interface = value.first_chunk().map(|bytes| u32::from_ne_bytes(*bytes)),
            RTA_GATEWAY => address = ip(value)?,
            // The family comes first.
            RTA_VIA => address = ip(value.get(2..)?)?,
            RTA_PREFSRC => source = ip(value),
            _ => {}
        }
    }
    Some((NextHop { interface: interface?, address }, source))
}

/// What the body of a neighbour says.
fn resolution(neighbour: &[u8]) -> Option<Resolution> {
    let state = u16::from_ne_bytes(*neighbour.get(8..)?.first_chunk()?);
    let mut attributes = attributes(neighbour.get(BODY_SIZE..)?);
    // `struct nda_cacheinfo`: since it was confirmed, used, updated.
    let times = attributes.find(|&(kind, _)| kind == NDA_CACHEINFO);
    let age =
        times.and_then(|(_, times)| Some(u32::from_ne_bytes(*times.get(8..)?.first_chunk()?)));
    let age = age.and_then(|ticks| TICK.checked_mul(ticks)).unwrap_or(Duration::MAX);
    Some(match state {
        NUD_NONE => Resolution::Unknown,
        NUD_INCOMPLETE => Resolution::Pending(age),
        NUD_FAILED if age <= RECENT => Resolution::Failed,
        NUD_FAILED => Resolution::Unknown,
        _ => Resolution::Resolved,
    })
}

fn family(ip: IpAddr) -> u8 {
    (if ip.is_ipv4() { libc::AF_INET } else { libc::AF_INET6 }) as u8
}

fn octets(ip: IpAddr) -> Vec<u8> {
    match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn this_machine_has_no_neighbour_on_the_way_to_itself() {
        let mut hops = NextHops::open().unwrap();
        for host in ["127.0.0.1:80", "[::1]:80"] {
            assert_eq!(hops.towards(&host.parse().unwrap()).unwrap(), None, "{host}");
        }
    }

    #[test]
    fn what_was_never_asked_is_no_obstacle() {
        let mut hops = NextHops::open().unwrap();
        for address in ["127.0.0.9", "fe80::9"] {
            let hop = NextHop { interface: 1, address: address.parse().unwrap() };
            assert_eq!(hops.resolution(&hop).unwrap(), Resolution::Unknown, "{address}");
        }
    }

    proptest! {
        #[test]
        fn a_route_that_is_no_route_leads_nowhere(
            bytes in prop::collection::vec(any::<u8>(), 0..200), to: IpAddr,
        ) {
            let told = next(&bytes, to);
            prop_assert!(told.is_none() || bytes.get(7) == Some(&RTN_UNICAST));
        }

        #[test]
        fn a_route_is_read_whatever_its_gateway_is(
            gateway: IpAddr, source: IpAddr, interface: u32, to: IpAddr,
        ) {
            let mut route = vec![0; BODY_SIZE];
            route[7] = RTN_UNICAST;
            add_attribute(&mut route, RTA_GATEWAY, &octets(gateway));
            add_attribute(&mut route, RTA_OIF, &interface.to_ne_bytes());
            add_attribute(&mut route, RTA_PREFSRC, &octets(source));
            let hop = NextHop { interface, address: gateway };
            prop_assert_eq!(next(&route, to), Some((hop, Some(source))));
        }
    }
}
