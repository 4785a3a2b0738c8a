//! Who is on the same cable: the kernel's table of neighbours, as `ip neighbour` shows it.
//!
//! Whatever is sent to a host on the same cable makes the kernel ask for its hardware address (ARP,
//! RFC 826; neighbour discovery, RFC 4861), and nobody who is there can refuse to answer that. So
//! the table says who is there, and no privilege is needed to read it.
//!
//! Nothing here sends anything to a neighbour.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::netlink::{Answers, ask, attributes, number};

/// rtnetlink(7).
const RTM_NEWNEIGH: u16 = 28;
const RTM_GETNEIGH: u16 = 30;
/// `struct ndmsg`: family, interface, state, flags, type.
const HEADER_SIZE: usize = 12;
/// Attributes.
const NDA_DST: u16 = 1;
const NDA_LLADDR: u16 = 2;

/// An entry of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// Its address.
    pub address: IpAddr,
    /// The number of the interface it is behind.
    pub interface: u32,
    /// What the kernel knows of it.
    pub state: NeighbourState,
    /// Its hardware address, where it has one of six bytes.
    pub hardware: Option<[u8; 6]>,
}

/// What the kernel knows of a neighbour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NeighbourState {
    /// It is being asked for, and has not answered yet.
    Asked,
    /// It was asked for three times, usually, and did not answer.
    Absent,
    /// It has answered within the last half minute or so.
    Reachable,
    /// It has answered before, and may be gone.
    Remembered,
    /// The interface asks for nobody.
    Unasked,
}

/// All neighbours of one family.
pub fn neighbours(v4: bool) -> io::Result<Vec<Neighbour>> {
    let family = if v4 { libc::AF_INET } else { libc::AF_INET6 } as u8;
    let mut request = [0; HEADER_SIZE];
    request[0] = family;
    let mut found = Vec::new();
    ask(None, RTM_GETNEIGH, &request, Answers::All, |kind, body| {
        if kind == RTM_NEWNEIGH && body.len() >= HEADER_SIZE && body[0] == family {
            found.extend(entry(body));
        }
    })?;
    Ok(found)
}

fn entry(body: &[u8]) -> Option<Neighbour> {
    let (mut address, mut hardware) = (None, None);
    for (kind, value) in attributes(body.get(HEADER_SIZE..)?) {
        match kind {
            NDA_DST => address = ip(value),
            NDA_LLADDR => hardware = value.try_into().ok(),
            _ => {}
        }
    }
    let state = state(u16::from_ne_bytes([body[8], body[9]]));
    Some(Neighbour { address: address?, interface: number(body, 4), state, hardware })
}

pub(crate) fn ip(octets: &[u8]) -> Option<IpAddr> {
    let v4 = <[u8; 4]>::try_from(octets).map(|octets| Ipv4Addr::from(octets).into());
    v4.or_else(|_| <[u8; 16]>::try_from(octets).map(|octets| Ipv6Addr::from(octets).into())).ok()
}

/// `NUD_…` of linux/neighbour.h.
fn state(bits: u16) -> NeighbourState {
    match bits {
        0x00 | 0x40 => NeighbourState::Unasked,
        0x01 => NeighbourState::Asked,
        0x02 => NeighbourState::Reachable,
        0x20 => NeighbourState::Absent,
        _ => NeighbourState::Remembered,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attribute(kind: u16, value: &[u8]) -> Vec<u8> {
        let mut bytes = ((value.len() + 4) as u16).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(value);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes
    }

    #[test]
    fn an_entry_is_read_whatever_stands_around_it_and_half_of_one_is_none() {
        let mut body = vec![libc::AF_INET as u8, 0, 0, 0];
        body.extend(7_u32.to_ne_bytes());
        body.extend(2_u16.to_ne_bytes());
        body.extend([0, 0]);
        body.extend(attribute(9, &[1, 2, 3]));
        body.extend(attribute(NDA_LLADDR, &[2, 0, 0, 0, 0, 9]));
        body.extend(attribute(NDA_DST, &[10, 0, 0, 1]));
        let expected = Neighbour {
            address: [10, 0, 0, 1].into(),
            interface: 7,
            state: NeighbourState::Reachable,
            hardware: Some([2, 0, 0, 0, 0, 9]),
        };
        assert_eq!(entry(&body), Some(expected));
        for length in 0..body.len() {
            let _ = entry(&body[..length]);
        }
        body[12] = 255;
        assert_eq!(entry(&body), None, "its first attribute claims to be all of it");
    }

    #[test]
    fn this_machine_can_be_asked() {
        for v4 in [true, false] {
            assert!(neighbours(v4).unwrap().iter().all(|it| it.address.is_ipv4() == v4));
        }
    }
}
