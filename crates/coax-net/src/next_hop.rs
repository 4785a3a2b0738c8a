//! Who is next on the way to a host, and whether this machine knows its hardware address.
//!
//! The kernel keeps packets to a neighbour whose hardware address it still asks for (ARP, RFC 826;
//! neighbour discovery, RFC 4861), for three seconds where nobody answers. They count against the
//! sender meanwhile, so whoever sends to many hosts must know where that is so. Asked over netlink
//! (rtnetlink(7)), which needs no privilege. A kernel that does not answer knows of no obstacle.
//!
//! Nothing here sends anything to the network.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, recv, send, socket_with,
};

/// A route and a neighbour take some hundred bytes each.
const ANSWER_SIZE: usize = 4096;
/// `struct nlmsghdr`, `struct rtmsg` and `struct ndmsg`, `struct rtattr`.
const HEADER_SIZE: usize = 16;
const BODY_SIZE: usize = 12;
const ATTRIBUTE_SIZE: usize = 4;

const NLM_F_REQUEST: u16 = 1;
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

/// `NUD_INCOMPLETE` and `NUD_FAILED` (linux/neighbour.h).
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
    kernel: OwnedFd,
    sequence: u32,
}

impl NextHops {
    /// Opens the socket.
    pub fn open() -> io::Result<NextHops> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let (family, kind) = (AddressFamily::NETLINK, SocketType::DGRAM);
        // Protocol 0 is NETLINK_ROUTE.
        let kernel = socket_with(family, kind, flags, None)?;
        Ok(NextHops { kernel, sequence: 0 })
    }

    /// The neighbour to whom packets for `to` go, and this machine's address towards it. `None`
    /// where there is none: on this machine itself, or where no packet is let through.
    pub fn towards(&mut self, to: &SocketAddr) -> io::Result<Option<(NextHop, Option<IpAddr>)>> {
        let ip = to.ip();
        let bits = if ip.is_ipv4() { 32 } else { 128 };
        let mut attributes = attribute(RTA_DST, ip);
        if let SocketAddr::V6(to) = to
            && to.scope_id() != 0
        {
            attributes.extend([8, 0]);
            attributes.extend(RTA_OIF.to_ne_bytes());
            attributes.extend(to.scope_id().to_ne_bytes());
        }
        let route = self.ask(RTM_GETROUTE, [family(ip), bits, 0, 0], 0, &attributes)?;
        Ok(route.as_deref().and_then(|route| next(route, ip)))
    }

    /// What is known of `hop`'s hardware address.
    pub fn resolution(&mut self, hop: &NextHop) -> io::Result<Resolution> {
        let attributes = attribute(NDA_DST, hop.address);
        let start = [family(hop.address), 0, 0, 0];
        let neighbour = self.ask(RTM_GETNEIGH, start, hop.interface, &attributes)?;
        Ok(neighbour.as_deref().and_then(resolution).unwrap_or(Resolution::Unknown))
    }

    /// Sends a request, and gives the body of its answer, with the attributes; `None` where the
    /// kernel knows nothing of it. It answers before the call of sending returns.
    fn ask(
        &mut self,
        kind: u16,
        start: [u8; 4],
        second: u32,
        attributes: &[u8],
    ) -> io::Result<Option<Vec<u8>>> {
        self.sequence = self.sequence.wrapping_add(1);
        let length = (HEADER_SIZE + BODY_SIZE + attributes.len()) as u32;
        let mut message = Vec::with_capacity(length as usize);
        message.extend(length.to_ne_bytes());
        message.extend(kind.to_ne_bytes());
        message.extend(NLM_F_REQUEST.to_ne_bytes());
        message.extend(self.sequence.to_ne_bytes());
        message.extend([0; 4]);
        message.extend(start);
        message.extend(second.to_ne_bytes());
        message.extend([0; 4]);
        message.extend(attributes);
        send(&self.kernel, &message, SendFlags::empty())?;
        let mut buffer = [0; ANSWER_SIZE];
        loop {
            let (count, _) = recv(&self.kernel, &mut buffer[..], RecvFlags::empty())?;
            let answer = buffer.get(..count).unwrap_or(&buffer);
            let header: [u8; HEADER_SIZE] = *answer.first_chunk().ok_or(Errno::PROTO)?;
            // What an earlier call did not wait for.
            if header[8..12] != self.sequence.to_ne_bytes() {
                continue;
            }
            let told = u16::from_ne_bytes([header[4], header[5]]);
            let is_told = matches!(told, RTM_NEWROUTE | RTM_NEWNEIGH);
            return Ok(is_told.then(|| answer[HEADER_SIZE..].to_vec()));
        }
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

/// `struct rtattr` with an address; its length is a multiple of four.
fn attribute(kind: u16, ip: IpAddr) -> Vec<u8> {
    let octets = match ip {
        IpAddr::V4(ip) => ip.octets().to_vec(),
        IpAddr::V6(ip) => ip.octets().to_vec(),
    };
    let mut bytes = Vec::with_capacity(ATTRIBUTE_SIZE + octets.len());
    bytes.extend(((ATTRIBUTE_SIZE + octets.len()) as u16).to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(octets);
    bytes
}

fn attributes(mut rest: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let [a, b, c, d] = *rest.first_chunk()?;
        let length = usize::from(u16::from_ne_bytes([a, b]));
        let value = rest.get(ATTRIBUTE_SIZE..length)?;
        // Each begins at a multiple of four.
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((u16::from_ne_bytes([c, d]), value))
    })
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => Some(Ipv4Addr::from(*bytes.first_chunk()?).into()),
        16 => Some(Ipv6Addr::from(*bytes.first_chunk()?).into()),
        _ => None,
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
        fn attributes_are_read_as_they_are_written(
            gateway: IpAddr, source: IpAddr, interface: u32, to: IpAddr,
        ) {
            let mut route = vec![0; BODY_SIZE];
            route[7] = RTN_UNICAST;
            route.extend(attribute(RTA_GATEWAY, gateway));
            route.extend([8, 0, RTA_OIF as u8, 0]);
            route.extend(interface.to_ne_bytes());
            route.extend(attribute(RTA_PREFSRC, source));
            let hop = NextHop { interface, address: gateway };
            prop_assert_eq!(next(&route, to), Some((hop, Some(source))));
        }
    }
}
