//! Questions to tunnels and to those who let them through: IKE, OpenVPN, GTP, NAT-PMP.
//!
//! They begin what any client begins, and leave it at that; or they only ask whether one is there.
//!
//! Nothing here has a key.

use super::packet::Packet;

const OURS: &[u8; 8] = b"coaxscan";

/// Version 2, then version 1.
pub(crate) fn ike() -> Vec<Vec<u8>> {
    vec![ike_2(), ike_1()]
}

/// The same behind the four zeros that tell it from ESP (RFC 3948 §2.2).
pub(crate) fn ike_through_nat() -> Vec<Vec<u8>> {
    ike().into_iter().map(|packet| Packet::new().zeros(4).bytes(packet).done()).collect()
}

/// IKE_SA_INIT (RFC 7296 §1.2): what is proposed, half of a key, a number used once. Who takes the
/// proposal answers with his half, who does not says so; both forget it within seconds.
fn ike_2() -> Vec<u8> {
    const SA: u8 = 33;
    const KEY: u8 = 34;
    const NONCE: u8 = 40;
    const MODP_2048: u16 = 14;
    let transform = |more: u8, kind: u8, number: u16, attribute: &[u8]| {
        let length = 8 + attribute.len() as u16;
        Packet::new().u8(more).u8(0).u16(length).u8(kind).u8(0).u16(number).bytes(attribute)
    };
    // AES-CBC with 128 bits, PRF and integrity by SHA-256, the group (§3.3.2, IANA "IKEv2").
    let transforms = transform(3, 1, 12, &[0x80, 14, 0, 128])
        .bytes(transform(3, 2, 5, &[]))
        .bytes(transform(3, 3, 12, &[]))
        .bytes(transform(0, 4, MODP_2048, &[]));
    let length = 8 + transforms.len() as u16;
    let proposal = Packet::new().u16(0).u16(length).u8(1).u8(1).u8(0).u8(4).bytes(transforms);
    // Any number of this length does: nobody goes on with it (§3.4).
    let half = Packet::new().u16(MODP_2048).u16(0).bytes([0x5a; 256]);
    let payloads = ike_payload(KEY, &proposal)
        .bytes(ike_payload(NONCE, &half))
        .bytes(ike_payload(0, &Packet::new().bytes([0xa5; 32])));
    const INITIATOR: u8 = 8;
    ike_message(SA, 0x20, 34, INITIATOR, &payloads)
}

/// Main mode, first message (RFC 2408 §3.1 to §3.6, RFC 2407 §4.6.1, RFC 2409 appendix A).
fn ike_1() -> Vec<u8> {
    const SA: u8 = 1;
    const IDENTITY_PROTECTION: u8 = 2;
    // Cipher AES with 128 bits, hash SHA-1, shared key, group 14.
    let attributes = [(1, 7), (14, 128), (2, 2), (3, 1), (4, 14)]
        .iter()
        .fold(Packet::new(), |packet, &(kind, value)| packet.u16(0x8000 | kind).u16(value));
    let length = 8 + attributes.len() as u16;
    let transform = Packet::new().u16(0).u16(length).u8(1).u8(1).u16(0).bytes(attributes);
    let length = 8 + transform.len() as u16;
    let proposal = Packet::new().u16(0).u16(length).u8(1).u8(1).u8(0).u8(1).bytes(transform);
    let association = Packet::new().u32(1).u32(1).bytes(proposal);
    ike_message(SA, 0x10, IDENTITY_PROTECTION, 0, &ike_payload(0, &association))
}

/// RFC 7296 §3.2, RFC 2408 §3.2.
fn ike_payload(next: u8, content: &Packet) -> Packet {
    Packet::new().u8(next).u8(0).u16(4 + content.len() as u16).bytes(content)
}

/// RFC 7296 §3.1, RFC 2408 §3.1: our number, none of theirs, what follows, message 0.
fn ike_message(first: u8, version: u8, exchange: u8, flags: u8, payloads: &Packet) -> Vec<u8> {
    let header = Packet::new().bytes(OURS).zeros(8).u8(first).u8(version).u8(exchange).u8(flags);
    header.u32(0).u32(28 + payloads.len() as u32).bytes(payloads).done()
}

/// P_CONTROL_HARD_RESET_CLIENT_V2: session, nothing acknowledged, packet 0 (OpenVPN protocol
/// documentation, "Network protocol"). A server that demands a key first stays silent.
pub(crate) fn openvpn() -> Vec<Vec<u8>> {
    const HARD_RESET_CLIENT_V2: u8 = 7;
    Packet::new().u8(HARD_RESET_CLIENT_V2 << 3).bytes(OURS).u8(0).u32(0).only()
}

/// Echo request, version 1 with a sequence number (3GPP TS 29.281 §5.1, §7.2.1).
pub(crate) fn gtp() -> Vec<Vec<u8>> {
    Packet::new().u8(0x32).u8(1).u16(4).u32(0).u16(1).u16(0).only()
}

/// What is the public address? (RFC 6886 §3.2)
pub(crate) fn nat_pmp() -> Vec<Vec<u8>> {
    vec![vec![0, 0]]
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The lengths of the payloads of a message, first to last.
    fn payloads(message: &[u8]) -> Vec<usize> {
        let total = u32::from_be_bytes([message[24], message[25], message[26], message[27]]);
        assert_eq!(total as usize, message.len());
        let (mut next, mut at, mut lengths) = (message[16], 28, Vec::new());
        while next != 0 {
            let length = usize::from(u16::from_be_bytes([message[at + 2], message[at + 3]]));
            lengths.push(length);
            (next, at) = (message[at], at + length);
        }
        assert_eq!(at, message.len());
        lengths
    }

    #[test]
    fn the_payloads_of_ike_fill_its_messages() {
        // §3.3, §3.4, §3.9: 4 + 8 + 12 + 3 · 8, 4 + 4 + 256, 4 + 32.
        assert_eq!(payloads(&ike_2()), [48, 264, 36]);
        assert_eq!(payloads(&ike_1()), [48]);
        assert_eq!(ike_through_nat()[0][4..], ike()[0]);
    }

    #[test]
    fn the_others_have_the_length_their_document_says() {
        assert_eq!([openvpn(), gtp(), nat_pmp()].map(|all| all[0].len()), [14, 12, 2]);
    }
}
