//! The bytes of a SYN, and what the bytes of its answer say.
//!
//! A SYN looks as any program's does: a maximum segment size, a usual window. Reading takes any
//! bytes at all; what is too short says nothing.
//!
//! Nothing here knows sockets, or which answer belongs to which question.

use std::net::{Ipv4Addr, Ipv6Addr};

/// RFC 791 §3.1, without options.
const IPV4_HEADER: usize = 20;
/// RFC 8200 §3.
const IPV6_HEADER: usize = 40;
/// RFC 9293 §3.1, with one option.
const SEGMENT: usize = 24;
/// The longest IPv4 header and the TCP header without options: all that is read of an answer.
pub(super) const LONGEST_ANSWER: usize = 80;

/// Assigned Internet protocol numbers.
pub(super) const PROTOCOL_TCP: u8 = 6;
/// RFC 1700 recommends it, and everybody uses it.
const HOPS: u8 = 64;
/// RFC 791: do not fragment.
const DONT_FRAGMENT: u16 = 0x4000;

pub(super) const SYN: u8 = 0x02;
pub(super) const RST: u8 = 0x04;
pub(super) const ACK: u8 = 0x10;
/// What Linux offers first.
const WINDOW: u16 = 64_240;
/// RFC 9293 §3.7.1: kind 2, length 4.
const MAXIMUM_SEGMENT_SIZE: [u8; 2] = [2, 4];
/// An Ethernet frame without the IP and TCP headers.
const ETHERNET: u16 = 1500;

/// A SYN that is to be sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Syn {
    pub(super) from_port: u16,
    pub(super) to_port: u16,
    pub(super) sequence: u32,
}

/// What the first eight bytes of a segment say; routers quote no more of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quoted {
    pub(super) from_port: u16,
    pub(super) to_port: u16,
    pub(super) sequence: u32,
}

/// What a whole TCP header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) from_port: u16,
    pub(super) to_port: u16,
    pub(super) acknowledged: u32,
    pub(super) flags: u8,
}

impl Syn {
    /// Adds the packet to `bytes`.
    pub(super) fn write_v4(&self, from: Ipv4Addr, to: Ipv4Addr, bytes: &mut Vec<u8>) {
        let segment = self.segment(&from.octets(), &to.octets(), ETHERNET - 40);
        let length = (IPV4_HEADER + SEGMENT) as u16;
        // Version 4, five words; the kernel fills the checksum in (raw(7)).
        bytes.extend([0x45, 0]);
        bytes.extend(length.to_be_bytes());
        bytes.extend([0, 0]);
        bytes.extend(DONT_FRAGMENT.to_be_bytes());
        bytes.extend([HOPS, PROTOCOL_TCP, 0, 0]);
        bytes.extend(from.octets());
        bytes.extend(to.octets());
        bytes.extend(segment);
    }

    /// Adds the packet to `bytes`.
    pub(super) fn write_v6(&self, from: Ipv6Addr, to: Ipv6Addr, bytes: &mut Vec<u8>) {
        let segment = self.segment(&from.octets(), &to.octets(), ETHERNET - 60);
        // Version 6, no traffic class, no flow label.
        bytes.extend([0x60, 0, 0, 0]);
        bytes.extend((SEGMENT as u16).to_be_bytes());
        bytes.extend([PROTOCOL_TCP, HOPS]);
        bytes.extend(from.octets());
        bytes.extend(to.octets());
        bytes.extend(segment);
    }

    fn segment(&self, from: &[u8], to: &[u8], largest: u16) -> [u8; SEGMENT] {
        let mut bytes = [0; SEGMENT];
        bytes[0..2].copy_from_slice(&self.from_port.to_be_bytes());
        bytes[2..4].copy_from_slice(&self.to_port.to_be_bytes());
        bytes[4..8].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[12] = (SEGMENT as u8 / 4) << 4;
        bytes[13] = SYN;
        bytes[14..16].copy_from_slice(&WINDOW.to_be_bytes());
        bytes[20..22].copy_from_slice(&MAXIMUM_SEGMENT_SIZE);
        bytes[22..24].copy_from_slice(&largest.to_be_bytes());
        let pseudo = sum(from) + sum(to) + u32::from(PROTOCOL_TCP) + SEGMENT as u32;
        let checksum = checksum(pseudo + sum(&bytes));
        bytes[16..18].copy_from_slice(&checksum.to_be_bytes());
        bytes
    }
}

/// Bytes of a SYN with its headers.
pub(super) fn packet_length(v4: bool) -> usize {
    SEGMENT + if v4 { IPV4_HEADER } else { IPV6_HEADER }
}

/// The sum of 16-bit words (RFC 1071); no packet is long enough to overflow it.
fn sum(bytes: &[u8]) -> u32 {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let odd = rest.first().map_or(0, |&byte| u32::from(byte) << 8);
    pairs.iter().map(|&pair| u32::from(u16::from_be_bytes(pair))).sum::<u32>() + odd
}

/// The one's complement of a sum, its carries added.
fn checksum(mut sum: u32) -> u16 {
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

/// The segment within an IPv4 packet.
pub(super) fn within_v4(packet: &[u8]) -> Option<&[u8]> {
    let words = packet.first()? & 0x0f;
    packet.get(usize::from(words) * 4..)
}

/// Reads what a router quotes of a segment.
pub(super) fn quoted(segment: &[u8]) -> Option<Quoted> {
    let &[a, b, c, d, e, f, g, h] = segment.first_chunk()?;
    let (from_port, to_port) = (u16::from_be_bytes([a, b]), u16::from_be_bytes([c, d]));
    Some(Quoted { from_port, to_port, sequence: u32::from_be_bytes([e, f, g, h]) })
}

/// Reads a segment's header.
pub(super) fn answer(segment: &[u8]) -> Option<Answer> {
    let Quoted { from_port, to_port, .. } = quoted(segment)?;
    let &[a, b, c, d, _, flags] = segment.get(8..)?.first_chunk()?;
    Some(Answer { from_port, to_port, acknowledged: u32::from_be_bytes([a, b, c, d]), flags })
}

#[cfg(test)]
mod tests {
    use super::*;
    use etherparse::{NetSlice, SlicedPacket, TcpOptionElement, TransportSlice};
    use proptest::prelude::*;
    use std::net::IpAddr;

    fn segment_of(packet: &[u8], from: IpAddr, to: IpAddr) -> etherparse::TcpHeader {
        let sliced = SlicedPacket::from_ip(packet).unwrap();
        let Some(TransportSlice::Tcp(tcp)) = sliced.transport else { panic!("{sliced:?}") };
        let header = tcp.to_header();
        let sum = match (from, to, sliced.net.unwrap()) {
            (IpAddr::V4(from), IpAddr::V4(to), NetSlice::Ipv4(ip)) => {
                let ip = ip.header();
                assert_eq!((ip.source_addr(), ip.destination_addr()), (from, to));
                assert_eq!((usize::from(ip.total_len()), ip.dont_fragment()), (44, true));
                assert_eq!((ip.ttl(), packet.len()), (64, 44));
                header.calc_checksum_ipv4_raw(from.octets(), to.octets(), &[])
            }
            (IpAddr::V6(from), IpAddr::V6(to), NetSlice::Ipv6(ip)) => {
                let ip = ip.header();
                assert_eq!((ip.source_addr(), ip.destination_addr()), (from, to));
                assert_eq!((ip.payload_length(), ip.hop_limit()), (24, 64));
                assert_eq!(packet.len(), 64);
                header.calc_checksum_ipv6_raw(from.octets(), to.octets(), &[])
            }
            other => panic!("{other:?}"),
        };
        assert_eq!(header.checksum, sum.unwrap());
        header
    }

    proptest! {
        #[test]
        fn another_parser_reads_what_is_written(
            v4: (u32, u32), v6: (u128, u128), from_port: u16, to_port: u16, sequence: u32,
        ) {
            let syn = Syn { from_port, to_port, sequence };
            let (from4, to4) = (Ipv4Addr::from(v4.0), Ipv4Addr::from(v4.1));
            let (from6, to6) = (Ipv6Addr::from(v6.0), Ipv6Addr::from(v6.1));
            let (mut packet4, mut packet6) = (Vec::new(), Vec::new());
            syn.write_v4(from4, to4, &mut packet4);
            syn.write_v6(from6, to6, &mut packet6);
            let headers = [
                (segment_of(&packet4, from4.into(), to4.into()), 1460),
                (segment_of(&packet6, from6.into(), to6.into()), 1440),
            ];
            for (header, largest) in headers {
                prop_assert_eq!((header.source_port, header.destination_port), (from_port, to_port));
                prop_assert_eq!((header.sequence_number, header.acknowledgment_number), (sequence, 0));
                prop_assert!(header.syn && !header.ack && !header.rst && !header.fin && !header.psh);
                prop_assert_eq!(header.window_size, WINDOW);
                let options: Vec<_> = header.options_iterator().collect();
                prop_assert_eq!(options, [Ok(TcpOptionElement::MaximumSegmentSize(largest))]);
            }
            let quote = Quoted { from_port, to_port, sequence };
            prop_assert_eq!(within_v4(&packet4).and_then(quoted), Some(quote));
            prop_assert_eq!(quoted(&packet6[IPV6_HEADER..]), Some(quote));
        }

        #[test]
        fn what_another_writer_writes_is_read(
            ports: (u16, u16), acknowledged: u32, flags: (bool, bool, bool), options in 0_usize..40,
        ) {
            let mut header = etherparse::TcpHeader::new(ports.0, ports.1, 7, 1024);
            header.acknowledgment_number = acknowledged;
            (header.syn, header.ack, header.rst) = flags;
            header.set_options_raw(&vec![1; options]).unwrap();
            let mut bytes = Vec::new();
            header.write(&mut bytes).unwrap();
            let read = answer(&bytes).unwrap();
            prop_assert_eq!((read.from_port, read.to_port), ports);
            prop_assert_eq!(read.acknowledged, acknowledged);
            let bit = |flag, bit| if flag { bit } else { 0 };
            prop_assert_eq!(read.flags, bit(flags.0, SYN) | bit(flags.1, ACK) | bit(flags.2, RST));
        }
    }

    #[test]
    fn the_sum_is_that_of_rfc_1071() {
        // §3: the words 0001 f203 f4f5 f6f7 sum to 2ddf0, and so to ddf2 with the carry added.
        let words = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(sum(&words), 0x2_ddf0);
        assert_eq!(checksum(sum(&words)), !0xddf2);
        assert_eq!(sum(&[0x12, 0x34, 0x56]), 0x1234 + 0x5600, "an odd byte is a high one");
        // Adding the carry can carry again.
        assert_eq!(checksum(0x1_ffff), !1);
        assert_eq!(checksum(0), 0xffff);
    }
}
