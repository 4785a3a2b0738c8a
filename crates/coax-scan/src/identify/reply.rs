//! Which protocol a datagram that came back speaks.
//!
//! The port says what to expect, the question what must come back with the answer: an id, a
//! cookie. An answer that does not fit is nobody's, so a stray datagram names no service.
//!
//! Nothing here knows how long was waited.

use super::cursor::Cursor;
use super::recognise::{Recognised, recognise};
use super::text::{header, title};

/// What `answer` to the question `asked`, which went to this UDP port, gives away.
pub fn recognise_reply(port: u16, asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    if !asked.is_empty() && answer == asked {
        return named("echo", None);
    }
    let expected = match port {
        53 => same_id(asked, answer).then(|| dns(answer))?,
        69 => tftp(answer),
        111 => rpc(asked, answer),
        123 => ntp(answer),
        137 => netbios(asked, answer),
        161 => snmp(answer),
        1900 => ssdp(answer),
        3478 => stun(asked, answer),
        5353 => dns(answer).and_then(|_| named("mdns", None)),
        5683 => coap(asked, answer),
        11211 => answer.get(8..).filter(|_| same_id(asked, answer)).and_then(recognise),
        _ => None,
    };
    // A web server does not answer datagrams; others that speak in lines do.
    expected.or_else(|| recognise(answer).filter(|it| matches!(it.service, "sip" | "chargen")))
}

fn named(service: &'static str, product: Option<String>) -> Option<Recognised> {
    Some(Recognised { service, product })
}

fn same_id(asked: &[u8], answer: &[u8]) -> bool {
    matches!((asked, answer), ([a, b, ..], [c, d, ..]) if (a, b) == (c, d))
}

/// An answer (RFC 1035 §4.1), and the first text in it, which is the version if that was asked.
pub(super) fn dns(answer: &[u8]) -> Option<Recognised> {
    let mut rest = Cursor(answer);
    let (_id, flags) = (rest.short()?, rest.short()?);
    let (questions, answers) = (rest.short()?, rest.short()?);
    rest.take(4)?;
    let is_answer = flags & 0x8000 != 0 && flags & 0x7800 == 0 && questions <= 1;
    let mut product = || {
        if questions == 1 {
            skip_name(&mut rest)?;
            rest.take(4)?;
        }
        (answers > 0).then(|| first_text(rest))?
    };
    is_answer.then(|| named("domain", product()))?
}

fn first_text(mut rest: Cursor<'_>) -> Option<String> {
    skip_name(&mut rest)?;
    let (kind, _class, _ttl, _length) =
        (rest.short()?, rest.short()?, rest.take(4)?, rest.short()?);
    let length = rest.byte()?;
    (kind == 16).then(|| title(rest.take(length.into())?))?
}

/// Labels up to the root or a pointer (RFC 1035 §4.1.4); where the pointer leads does not matter.
fn skip_name(rest: &mut Cursor<'_>) -> Option<()> {
    loop {
        match rest.byte()? {
            0 => return Some(()),
            0xC0.. => return rest.byte().map(drop),
            label => rest.take(label.into())?,
        };
    }
}

/// A server's answer in a version that there is (RFC 5905 §7.3).
fn ntp(answer: &[u8]) -> Option<Recognised> {
    let first = *answer.first()?;
    let (version, mode) = (first >> 3 & 7, first & 7);
    let fits = answer.len() >= 48 && mode == 4 && (1..=4).contains(&version);
    fits.then(|| named("ntp", None))?
}

/// A response, and in it the description that was asked for (RFC 3416 §3).
fn snmp(answer: &[u8]) -> Option<Recognised> {
    let mut message = Cursor(answer).expect(0x30)?;
    let (2, [version]) = message.element()? else { return None };
    let fits = match version {
        // A report of version 3 has no community, and says little to strangers.
        3 => true,
        _ => message.element()?.0 == 4 && matches!(message.0.first(), Some(0xA2 | 0xA8)),
    };
    fits.then(|| named("snmp", description(message)))?
}

fn description(mut message: Cursor<'_>) -> Option<String> {
    let mut response = message.expect(0xA2)?;
    let (_id, _status, _index) = (response.element()?, response.element()?, response.element()?);
    let mut binding = response.expect(0x30)?.expect(0x30)?;
    let (_name, (4, value)) = (binding.element()?, binding.element()?) else { return None };
    title(value)
}

/// Data, an acknowledgement, an error or options, of a file that is nowhere (RFC 1350, RFC 2347).
fn tftp(answer: &[u8]) -> Option<Recognised> {
    let fits = match answer {
        [0, 3, _, _, data @ ..] => data.len() <= 512,
        [0, 5, 0, code, text @ ..] => *code <= 8 && text.last() == Some(&0),
        [0, 6, .., 0] => true,
        _ => false,
    };
    fits.then(|| named("tftp", None))?
}

/// A reply to the call with this number (RFC 5531 §9).
fn rpc(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let fits = asked.len() >= 4 && answer.len() >= 12 && asked[..4] == answer[..4];
    (fits && answer[4..8] == [0, 0, 0, 1]).then(|| named("sunrpc", None))?
}

/// A node status response; the first name is the machine's (RFC 1002 §4.2.18).
fn netbios(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let mut rest = Cursor(answer);
    let (_id, flags) = (rest.short()?, rest.short()?);
    let fits = same_id(asked, answer) && flags & 0xF800 == 0x8000;
    let mut product = || {
        rest.take(8)?;
        skip_name(&mut rest)?;
        rest.take(10)?;
        (rest.byte()? > 0).then(|| title(rest.take(15)?))?
    };
    fits.then(|| named("netbios-ns", product()))?
}

/// An answer to a search, with what a search's answer must have.
fn ssdp(answer: &[u8]) -> Option<Recognised> {
    let fits = answer.starts_with(b"HTTP/1.1 200") && header(answer, "USN").is_some();
    fits.then(|| named("ssdp", header(answer, "Server").and_then(title)))?
}

/// A binding response or error with our number, and the software's name (RFC 8489 §5, §14.14).
fn stun(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
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

/// Version 1, our message id, a class of response (RFC 7252 §3).
fn coap(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [first, code, ..] = *answer else { return None };
    let ours = asked.get(2..4).is_some() && asked.get(2..4) == answer.get(2..4);
    let fits = first >> 6 == 1 && (code == 0 || matches!(code >> 5, 2 | 4 | 5)) && ours;
    fits.then(|| named("coap", None))?
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identify::question::datagram;

    /// What `answer` to our own question is.
    fn known(port: u16, answer: &[u8]) -> Option<(&'static str, String)> {
        let found = recognise_reply(port, &datagram(port), answer)?;
        Some((found.service, found.product.unwrap_or_default()))
    }

    /// Port, answer, service, product.
    const ANSWERS: &[(u16, &[u8], &str, &str)] = &[
        (53, b"\x63\x78\x84\0\0\x01\0\x01\0\0\0\0\x07version\x04bind\0\0\x10\0\x03\xC0\x0C\0\x10\0\x03\0\0\0\0\0\x07\x06Knot 3", "domain", "Knot 3"),
        (53, b"\x63\x78\x81\x05\0\0\0\0\0\0\0\0", "domain", ""),
        (69, b"\0\x05\0\x01File not found\0", "tftp", ""),
        (111, b"coax\0\0\0\x01\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", "sunrpc", ""),
        (123, &[0x24; 48], "ntp", ""),
        (137, b"\x63\x78\x84\0\0\0\0\x01\0\0\0\0\x20CKAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\0\0\x21\0\x01\0\0\0\0\0\x41\x01FILESERVER     \0\x04\0", "netbios-ns", "FILESERVER"),
        (161, b"\x30\x2B\x02\x01\x01\x04\x06public\xA2\x1E\x02\x01\x01\x02\x01\0\x02\x01\0\x30\x13\x30\x11\x06\x08\x2B\x06\x01\x02\x01\x01\x01\0\x04\x05Linux", "snmp", "Linux"),
        (1900, b"HTTP/1.1 200 OK\r\nST: upnp:rootdevice\r\nUSN: uuid:1\r\nSERVER: Linux UPnP/1.0 x/1\r\n\r\n", "ssdp", "Linux UPnP/1.0 x/1"),
        (3478, b"\x01\x01\0\x0C\x21\x12\xA4\x42coax-asks-it\x80\x22\0\x06Coturn\0\0", "stun", "Coturn"),
        (5060, b"SIP/2.0 404 Not Found\r\nServer: kamailio (5.6.3)\r\n\r\n", "sip", "kamailio (5.6.3)"),
        (5353, b"\0\0\x84\0\0\0\0\0\0\0\0\0", "mdns", ""),
        (5683, b"\x60\x45\x63\x78\xFF</a>", "coap", ""),
        (11211, b"\x63\x78\0\0\0\x01\0\0VERSION 1.6.18\r\n", "memcache", "1.6.18"),
        (7, b"\r\n", "echo", ""),
        (19, b" !\"#$%&'()*+,-./0123456789:;", "chargen", ""),
    ];

    #[test]
    fn each_answer_names_its_service() {
        for (port, answer, service, product) in ANSWERS {
            assert_eq!(known(*port, answer), Some((*service, (*product).to_owned())), "{port}");
        }
    }

    #[test]
    fn an_answer_to_another_question_names_nothing() {
        for (port, answer, ..) in ANSWERS.iter().filter(|it| !matches!(it.0, 7 | 19 | 5060)) {
            assert_eq!(known(9, answer), None, "{port}");
        }
        assert_eq!(known(53, b"\0\x01\x81\x05\0\0\0\0\0\0\0\0"), None);
        assert_eq!(known(3478, b"\x01\x01\0\0\x21\x12\xA4\x42somebodyelse"), None);
        assert_eq!(known(123, &[0x23; 48]), None);
        assert_eq!(known(1900, b"HTTP/1.1 200 OK\r\n\r\n"), None);
    }

    #[test]
    fn anything_cut_or_changed_is_read_without_harm() {
        for (port, answer, ..) in ANSWERS {
            for at in 0..answer.len() {
                let _ = known(*port, &answer[..at]);
                for byte in [0, 0x7F, 0xC0, 0xFF] {
                    let mut changed = answer.to_vec();
                    changed[at] = byte;
                    let _ = known(*port, &changed);
                }
            }
        }
    }
}
