//! What to send where only an answer shows that somebody is there.
//!
//! Servers of a few protocols answer nothing but their own kind of question; any other is sent a
//! newline, which asks for nothing and which a line-based server takes for an empty line.
//!
//! Nothing here sends it, or reads the answer.

/// A query for the name servers of the root (RFC 1035 §4), which every name server answers, if
/// only with a refusal.
const DNS: &[u8] = b"\xc0\xa0\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\x01";

/// A client's packet of version 4 (RFC 5905 §7.3): everything but the first byte may be zero.
const NTP: &[u8] = &{
    let mut packet = [0; 48];
    packet[0] = 0x23;
    packet
};

/// SNMP version 1, community `public`, get `sysDescr.0` (RFC 1157 §4). An agent with another
/// community is silent.
const SNMP: &[u8] = b"\x30\x26\x02\x01\0\x04\x06public\xa0\x19\x02\x01\x01\x02\x01\0\x02\x01\0\
    \x30\x0e\x30\x0c\x06\x08\x2b\x06\x01\x02\x01\x01\x01\0\x05\0";

/// A request for the properties of a SIP server (RFC 3261 §11).
const SIP: &[u8] = b"OPTIONS sip:localhost SIP/2.0\r\n\
    Via: SIP/2.0/UDP localhost;branch=z9hG4bKcoax;rport\r\n\
    From: <sip:coax@localhost>;tag=coax\r\nTo: <sip:localhost>\r\nCall-ID: coax\r\n\
    CSeq: 1 OPTIONS\r\nMax-Forwards: 70\r\nContent-Length: 0\r\n\r\n";

/// A binding request (RFC 8489 §5): type, no attributes, the magic cookie, twelve bytes of one's own.
const STUN: &[u8] = b"\0\x01\0\0\x21\x12\xa4\x42coaxcoaxcoax";

/// The version of memcached, in the frame that its datagrams have.
const MEMCACHED: &[u8] = b"\0\x01\0\0\0\x01\0\0version\r\n";

const ANY: &[u8] = b"\n";

/// What a server at this port answers.
pub(crate) fn question(port: u16) -> &'static [u8] {
    match port {
        53 => DNS,
        123 => NTP,
        161 => SNMP,
        3478 => STUN,
        5060 => SIP,
        11211 => MEMCACHED,
        _ => ANY,
    }
}

/// Whether [`question`] is one that the protocol of this port answers.
pub(crate) fn is_known(port: u16) -> bool {
    question(port) != ANY
}
