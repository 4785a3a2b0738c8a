//! Questions to the web and to telephony: QUIC, DTLS, CoAP, SSDP, WS-Discovery, SIP, STUN, IAX.
//!
//! A server answers them before it knows or keeps anything about the asker, as far as its protocol
//! has such an answer.
//!
//! Nothing here completes a handshake.

use super::packet::Packet;

/// First QUIC, then DTLS: both are found at the ports of HTTPS and of DNS over something safe.
pub(crate) fn quic_then_dtls() -> Vec<Vec<u8>> {
    [quic(), dtls()].concat()
}

/// A long header with a version that nobody may implement (RFC 9000 §15), large enough to be
/// answered with the versions there are (RFC 9000 §6.1, §14.1; RFC 8999 §5.1, §6).
fn quic() -> Vec<Vec<u8>> {
    const LONG_AND_FIXED: u8 = 0xc0;
    let header = Packet::new().u8(LONG_AND_FIXED).u32(0x1a2a_3a4a);
    header.part8("coaxscan").part8("coaxscan").padded_to(1200).only()
}

/// ClientHello without a cookie (RFC 6347 §4.2.1): the server sends one and forgets us.
pub(crate) fn dtls() -> Vec<Vec<u8>> {
    const HANDSHAKE: u8 = 22;
    const CLIENT_HELLO: u8 = 1;
    const DTLS_1_0: u16 = 0xfeff;
    const DTLS_1_2: u16 = 0xfefd;
    // With certificates by ECDSA and RSA, the latter also as of old; with a shared key, as small
    // devices do (RFC 5289, RFC 5288, RFC 5246, RFC 6655, RFC 7251).
    let ciphers = [0xc02b, 0xc02f, 0x009c, 0x002f, 0xc0ae, 0xc0a8]
        .iter()
        .fold(Packet::new(), |packet, &cipher| packet.u16(cipher));
    let hello = Packet::new().u16(DTLS_1_2).bytes([0xc0; 32]).part8("").part8("");
    let hello = hello.part16(ciphers).part8([0]).part16(dtls_extensions());
    let length = hello.len() as u32;
    let message = Packet::new().u8(CLIENT_HELLO).u24(length).u16(0).u24(0).u24(length).bytes(hello);
    // §4.1: epoch and sequence number are zero.
    Packet::new().u8(HANDSHAKE).u16(DTLS_1_0).zeros(8).part16(message).only()
}

/// Curves and their format (RFC 8422 §5.1), signatures (RFC 5246 §7.4.1.4.1).
fn dtls_extensions() -> Packet {
    let list = |numbers: &[u16]| {
        let list = numbers.iter().fold(Packet::new(), |packet, &number| packet.u16(number));
        Packet::new().part16(list)
    };
    let extensions = Packet::new().u16(10).part16(list(&[0x001d, 0x0017, 0x0018]));
    let extensions = extensions.u16(11).part16(Packet::new().part8([0]));
    extensions.u16(13).part16(list(&[0x0403, 0x0401, 0x0804, 0x0201]))
}

/// An empty message that wants to be confirmed, and is reset: a ping (RFC 7252 §3, §4.3).
pub(crate) fn coap() -> Vec<Vec<u8>> {
    const VERSION_1_CONFIRMABLE: u8 = 0x40;
    Packet::new().u8(VERSION_1_CONFIRMABLE).u8(0).u16(0xc0a4).only()
}

/// Is a root device there? (UPnP Device Architecture 2.0 §1.3.2); not `ssdp:all`, which would bring
/// a packet for each of its services.
pub(crate) fn ssdp() -> Vec<Vec<u8>> {
    let lines = [
        "M-SEARCH * HTTP/1.1",
        "HOST: 239.255.255.250:1900",
        "MAN: \"ssdp:discover\"",
        "MX: 1",
        "ST: upnp:rootdevice",
    ];
    lines_of_text(&lines)
}

/// Which capabilities are there? To the server itself (RFC 3261 §11), which answers to where this
/// came from (RFC 3581 §4).
pub(crate) fn sip() -> Vec<Vec<u8>> {
    let lines = [
        "OPTIONS sip:coax.invalid SIP/2.0",
        "Via: SIP/2.0/UDP coax.invalid;branch=z9hG4bKcoaxscan;rport",
        "Max-Forwards: 70",
        "From: <sip:scan@coax.invalid>;tag=coaxscan",
        "To: <sip:coax.invalid>",
        "Call-ID: coaxscan",
        "CSeq: 1 OPTIONS",
        "Accept: application/sdp",
        "Content-Length: 0",
    ];
    lines_of_text(&lines)
}

fn lines_of_text(lines: &[&str]) -> Vec<Vec<u8>> {
    vec![format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes()]
}

/// Probe for whatever is there (OASIS WS-Discovery 2005 §5.2, as printers and cameras speak it).
pub(crate) fn ws_discovery() -> Vec<Vec<u8>> {
    const DISCOVERY: &str = "http://schemas.xmlsoap.org/ws/2005/04/discovery";
    const ADDRESSING: &str = "http://schemas.xmlsoap.org/ws/2004/08/addressing";
    const SOAP: &str = "http://www.w3.org/2003/05/soap-envelope";
    let text = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\
         <s:Envelope xmlns:s=\"{SOAP}\" xmlns:a=\"{ADDRESSING}\" xmlns:d=\"{DISCOVERY}\"><s:Header>\
         <a:MessageID>urn:uuid:c0a45ca0-0000-4000-8000-000000000000</a:MessageID>\
         <a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>\
         <a:Action>{DISCOVERY}/Probe</a:Action></s:Header>\
         <s:Body><d:Probe/></s:Body></s:Envelope>"
    );
    vec![text.into_bytes()]
}

/// Binding request: where do I come from? (RFC 8489 §5, §2)
pub(crate) fn stun() -> Vec<Vec<u8>> {
    const BINDING_REQUEST: u16 = 1;
    const MAGIC: u32 = 0x2112_a442;
    Packet::new().u16(BINDING_REQUEST).u16(0).u32(MAGIC).bytes("coaxcoaxscan").only()
}

/// POKE: is a server there? (RFC 5456 §6.7.2, §8.1.1): a full frame of type IAX from call 1 to none.
pub(crate) fn iax() -> Vec<Vec<u8>> {
    const IAX: u8 = 6;
    const POKE: u8 = 0x1e;
    Packet::new().u16(0x8001).u16(0).u32(0).u8(0).u8(0).u8(IAX).u8(POKE).only()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quic_is_large_enough_and_of_a_version_that_is_reserved() {
        let packet = &quic()[0];
        assert_eq!(packet.len(), 1200);
        assert!(packet[1..5].iter().all(|byte| byte & 15 == 10), "0x?a?a?a?a");
        assert_eq!((packet[0] & 0xc0, packet[5], packet[14]), (0xc0, 8, 8));
    }

    #[test]
    fn every_length_in_the_client_hello_is_right() {
        let packet = &dtls()[0];
        let at = |at: usize| usize::from(u16::from_be_bytes([packet[at], packet[at + 1]]));
        assert_eq!(at(11), packet.len() - 13, "the record (RFC 6347 §4.1)");
        assert_eq!((at(15), at(23)), (packet.len() - 25, packet.len() - 25), "the message");
        // Version, random, no session, no cookie, then the ciphers.
        let ciphers = 25 + 2 + 32 + 1 + 1;
        let extensions = ciphers + 2 + at(ciphers) + 2;
        assert_eq!(at(extensions), packet.len() - extensions - 2);
        let mut next = extensions + 2;
        while next < packet.len() {
            next += 4 + at(next + 2);
        }
        assert_eq!(next, packet.len());
    }

    #[test]
    fn the_small_ones_have_the_length_their_document_says() {
        assert_eq!([coap(), stun(), iax()].map(|all| all[0].len()), [4, 20, 12]);
    }

    #[test]
    fn text_ends_with_an_empty_line() {
        for packet in [ssdp(), sip()].concat() {
            let text = String::from_utf8(packet).unwrap();
            assert!(text.ends_with("\r\n\r\n") && !text.trim_end().contains("\r\n\r\n"));
        }
        assert!(sip()[0].starts_with(b"OPTIONS sip:"), "nothing rings");
    }
}
