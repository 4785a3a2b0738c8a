//! Questions to machines and devices: the time, files, procedures, routes, controllers.
//!
//! They read one small thing, or name something that is not there.
//!
//! Nothing here changes what a device does.

use super::packet::Packet;

/// A client's packet, version 4, mode 3 (RFC 5905 §7.3); of the rest only the time at which it
/// left, which the server sends back, is more than zero.
pub(crate) fn ntp() -> Vec<Vec<u8>> {
    const NO_LEAP_VERSION_4_CLIENT: u8 = 4 << 3 | 3;
    Packet::new().u8(NO_LEAP_VERSION_4_CLIENT).zeros(39).bytes("coaxscan").only()
}

/// Echo, users, daytime, quote, characters and time answer whatever comes (RFC 862, 866, 867, 865,
/// 864, 868).
pub(crate) fn any_datagram() -> Vec<Vec<u8>> {
    vec![b"coax\r\n".to_vec()]
}

/// Please read a file that is not there (RFC 1350 §5): an error is the answer.
pub(crate) fn tftp() -> Vec<Vec<u8>> {
    const READ: u16 = 1;
    Packet::new().u16(READ).bytes("coax.invalid\0octet\0").only()
}

/// The procedure that does nothing, of the port mapper, version 2 (RFC 1833 §3).
pub(crate) fn portmapper() -> Vec<Vec<u8>> {
    rpc_null(100_000, 2)
}

/// The same of NFS, version 3 (RFC 1813 §3.3.0), and 4 (RFC 7530 §15.1).
pub(crate) fn nfs() -> Vec<Vec<u8>> {
    [rpc_null(100_003, 3), rpc_null(100_003, 4)].concat()
}

/// A call of procedure 0 without credentials (RFC 5531 §9, §12.1).
fn rpc_null(program: u32, version: u32) -> Vec<Vec<u8>> {
    const CALL: u32 = 0;
    let number = Packet::new().bytes("coax").u32(CALL).u32(2);
    number.u32(program).u32(version).u32(0).zeros(16).only()
}

/// Query: are you willing to manage a display? (XDMCP 1.1, "Packet formats"); no kind of
/// authentication is named.
pub(crate) fn xdmcp() -> Vec<Vec<u8>> {
    const QUERY: u16 = 2;
    Packet::new().u16(1).u16(QUERY).part16([0]).only()
}

/// Service request for service agents in the default scope (RFC 2608 §8, §8.1).
pub(crate) fn service_location() -> Vec<Vec<u8>> {
    const REQUEST: u8 = 1;
    let asked = Packet::new().part16("").part16("service:service-agent").part16("DEFAULT");
    let asked = asked.part16("").part16("");
    let language = Packet::new().part16("en");
    let length = 12 + language.len() + asked.len();
    let header = Packet::new().u8(2).u8(REQUEST).u24(length as u32).u16(0).u24(0).u16(0xc0a4);
    header.bytes(language).bytes(asked).only()
}

/// Request for one route, to a network for documents (RFC 2453 §3.9.1, RFC 5737 §3): the answer is
/// one entry, where asking for the whole table would bring many packets.
pub(crate) fn rip() -> Vec<Vec<u8>> {
    let header = Packet::new().u8(1).u8(2).u16(0);
    let route = header.u16(2).u16(0).bytes([192, 0, 2, 0]).bytes([255, 255, 255, 0]);
    route.u32(0).u32(16).only()
}

/// The same for IPv6 (RFC 2080 §2.1, §2.4.1; RFC 3849).
pub(crate) fn rip_ng() -> Vec<Vec<u8>> {
    let header = Packet::new().u8(1).u8(1).u16(0);
    header.u32(0x2001_0db8).zeros(12).u16(0).u8(32).u8(16).only()
}

/// First the ping of RMCP (ASF 2.0 §3.2.4.2), then how a user would have to authenticate (IPMI 2.0
/// §13.6, §22.13), which any machine with IPMI tells.
pub(crate) fn ipmi() -> Vec<Vec<u8>> {
    const ASF: u8 = 6;
    const IPMI: u8 = 7;
    let header = |class| Packet::new().u8(6).u8(0).u8(0xff).u8(class);
    let ping = header(ASF).u32(4542).u8(0x80).u8(1).u8(0).u8(0);
    let to = [0x20, 0x18];
    // Channel 14 is the one this comes by; the wanted level is administrator.
    let asked = [0x81, 0, 0x38, 0x8e, 4];
    let message = Packet::new().bytes(to).u8(checksum(&to)).bytes(asked).u8(checksum(&asked));
    // Neither authentication nor session nor sequence.
    let question = header(IPMI).zeros(9).part8(message);
    vec![ping.done(), question.done()]
}

/// IPMI 2.0 §13.8: with it the bytes add up to nothing.
fn checksum(bytes: &[u8]) -> u8 {
    bytes.iter().fold(0_u8, |sum, &byte| sum.wrapping_sub(byte))
}

/// Which instances are there, to one machine (MC-SQLR §2.2.2).
pub(crate) fn sql_server() -> Vec<Vec<u8>> {
    vec![vec![3]]
}

/// SYN: sequence numbers, window, flag, both sizes (MS-RDPEUDP §2.2.2.1, §2.2.2.5), padded to the
/// size it proposes (§3.1.5.1.1).
pub(crate) fn remote_desktop() -> Vec<Vec<u8>> {
    const SYN: u16 = 1;
    const SIZE: u16 = 1232;
    let header = Packet::new().u32(u32::MAX).u16(64).u16(SYN);
    let sizes = header.bytes("coax").u16(SIZE).u16(SIZE);
    sizes.padded_to(usize::from(SIZE)).only()
}

/// Discovery, version 1: a header alone. Its maker publishes no document.
pub(crate) fn ubiquiti() -> Vec<Vec<u8>> {
    vec![vec![1, 0, 0, 0]]
}

/// `version` in a frame: number, first of one datagram, reserved (memcached, `protocol.txt`, "UDP
/// protocol"). `stats` would bring far more.
pub(crate) fn memcached() -> Vec<Vec<u8>> {
    Packet::new().u16(0xc0a4).u16(0).u16(1).u16(0).bytes("version\r\n").only()
}

/// ListIdentity (CIP volume 2 §2-4.2): the command, little end first, in an empty frame.
pub(crate) fn ethernet_ip() -> Vec<Vec<u8>> {
    Packet::new().u16(0x6300).padded_to(24).only()
}

/// Which device are you? ReadProperty of the device that answers, by the number that stands for
/// any (ASHRAE 135 §15.5, §20.1.2, annex J.2).
pub(crate) fn bacnet() -> Vec<Vec<u8>> {
    const UNICAST: u8 = 0x0a;
    const READ_PROPERTY: u8 = 12;
    const ANY_DEVICE: u32 = 8 << 22 | 0x3f_ffff;
    const OBJECT_IDENTIFIER: u8 = 75;
    let network = Packet::new().u8(1).u8(4);
    let request = network.u8(0).u8(5).u8(1).u8(READ_PROPERTY);
    let asked = request.u8(0x0c).u32(ANY_DEVICE).u8(0x19).u8(OBJECT_IDENTIFIER);
    let length = 4 + asked.len() as u16;
    Packet::new().u8(0x81).u8(UNICAST).u16(length).bytes(asked).only()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_length_its_document_says() {
        let lengths = |all: Vec<Vec<u8>>| all.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(lengths(ntp()), [48]);
        assert_eq!(lengths(nfs()), [40, 40]);
        assert_eq!(lengths(xdmcp()), [7]);
        assert_eq!((lengths(rip()), lengths(rip_ng())), (vec![24], vec![24]));
        assert_eq!(lengths(ipmi()), [12, 23]);
        assert_eq!(lengths(remote_desktop()), [1232]);
        assert_eq!(lengths(ethernet_ip()), [24]);
    }

    #[test]
    fn lengths_within_are_those_of_the_packet() {
        let bacnet = &bacnet()[0];
        assert_eq!(usize::from(u16::from_be_bytes([bacnet[2], bacnet[3]])), bacnet.len());
        let slp = &service_location()[0];
        assert_eq!(usize::from(u16::from_be_bytes([slp[3], slp[4]])), slp.len());
        assert_eq!(usize::from(ipmi()[1][13]), ipmi()[1].len() - 14);
    }

    #[test]
    fn checksums_make_the_sum_zero() {
        let sum = |bytes: &[u8]| bytes.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(byte));
        let message = &ipmi()[1][14..];
        assert_eq!((sum(&message[..3]), sum(&message[3..])), (0, 0));
    }

    #[test]
    fn no_question_is_one_that_is_known_to_be_answered_with_much() {
        assert_eq!(ntp()[0][0] & 7, 3, "a client's: neither control (6) nor private (7)");
        assert!(memcached()[0].ends_with(b"version\r\n"));
        assert_ne!(rip()[0][4..6], [0, 0], "one route, not the table (RFC 2453 §3.9.1)");
    }
}
