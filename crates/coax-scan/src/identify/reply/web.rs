//! Answers of the web and of telephony: QUIC, DTLS, CoAP, SSDP, WS-Discovery, SIP, STUN, IAX.
//!
//! Each reader looks at what only an answer of its protocol has, and no further than the product.
//!
//! Nothing here goes on with a handshake.

use super::{Recognised, known, named};
use crate::identify::cursor::Cursor;
use crate::identify::recognise::recognise;
use crate::identify::text::{header, holds, title};

/// A version negotiation for our connection (RFC 8999 §6).
pub(in crate::identify) fn quic(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [0x80..=0xFF, 0, 0, 0, 0, ids @ ..] = answer else { return None };
    let (mut ours, mut theirs) = (Cursor(asked.get(5..)?), Cursor(ids));
    let sent = (part(&mut ours)?, part(&mut ours)?);
    let back = (part(&mut theirs)?, part(&mut theirs)?);
    known(!theirs.0.is_empty() && sent == (back.1, back.0), "quic")
}

fn part<'a>(bytes: &mut Cursor<'a>) -> Option<&'a [u8]> {
    let length = bytes.byte()?;
    bytes.take(length.into())
}

/// An alert or a handshake in a version that there is (RFC 6347 §4.1).
pub(in crate::identify) fn dtls(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    known(matches!(answer, [21 | 22, 0xFE, 0xFF | 0xFD, 0, 0, ..] if answer.len() > 13), "dtls")
}

/// An answer to a search, with what a search's answer must have.
pub(in crate::identify) fn ssdp(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let fits = answer.starts_with(b"HTTP/1.1 200") && header(answer, "USN").is_some();
    fits.then(|| named("ssdp", header(answer, "Server").and_then(title)))?
}

/// A match, even an empty one.
pub(in crate::identify) fn ws_discovery(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    known(holds(answer, "ProbeMatches") && holds(answer, "Envelope"), "ws-discovery")
}

/// The same as over TCP.
pub(in crate::identify) fn sip(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    recognise(answer).filter(|it| it.service == "sip")
}

/// A binding response or error with our number, and the software's name (RFC 8489 §5, §14.14).
pub(in crate::identify) fn stun(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [1, 1 | 0x11, _, _, cookie @ ..] = answer else { return None };
    if cookie.get(..16)? != asked.get(4..20)? {
        return None;
    }
    let mut rest = Cursor(&cookie[16..]);
    let attributes = std::iter::from_fn(|| {
        let (kind, length) = (rest.short()?, rest.short()?);
        let value = rest.take(length.into())?;
        // Each begins at a multiple of four.
        rest.take(usize::from(length.wrapping_neg() % 4));
        Some((kind, value))
    });
    let software = { attributes }.find(|(kind, _)| *kind == 0x8022);
    named("stun", software.and_then(|(_, value)| title(value)))
}

/// A full frame of type IAX that answers a poke (RFC 5456 §6.7.3, §8.1.1).
pub(in crate::identify) fn iax(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [0x80..=0xFF, _, _, _, _, _, _, _, _, _, 6, kind, ..] = answer else { return None };
    // A pong, or an acknowledgement or refusal of our call.
    known(matches!(kind, 3 | 4 | 10), "iax")
}

/// Version 1, our message id, and a reset, an acknowledgement or a response (RFC 7252 §3).
pub(in crate::identify) fn coap(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [first, code, ..] = *answer else { return None };
    let ours = asked.get(2..4)? == answer.get(2..4)?;
    let says = code == 0 || matches!(code >> 5, 2 | 4 | 5);
    known(first >> 6 == 1 && says && ours, "coap")
}
