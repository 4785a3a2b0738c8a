//! Talk and media: IRC, XMPP, SIP, RTSP, MPD, Mumble, dictionaries, TeamSpeak.
//!
//! Nothing here joins, registers or rings.

use super::super::cursor::Cursor;
use super::super::protocol::Take::{After, Between, Header, Is, Rest, Version, Word};
use super::super::protocol::{Ask, First, Heard, Protocol, sign};
use super::super::recognise::Recognised;
use super::super::reply::web;
use super::super::text::title;

/// RFC 3261 §11: what can you do? Nothing rings. The answer comes by this connection.
const SIP: &[u8] = b"OPTIONS sip:coax.invalid SIP/2.0\r\n\
Via: SIP/2.0/TCP coax.invalid;branch=z9hG4bKcoaxscan;rport\r\nMax-Forwards: 70\r\n\
From: <sip:scan@coax.invalid>;tag=coaxscan\r\nTo: <sip:coax.invalid>\r\nCall-ID: coaxscan\r\n\
CSeq: 1 OPTIONS\r\nAccept: application/sdp\r\nContent-Length: 0\r\n\r\n";
/// RFC 6120 §4.7, to a domain that is nowhere: the answer is a stream with an error in it.
const XMPP_CLIENT: &[u8] = b"<?xml version='1.0'?><stream:stream to='coax.invalid' version='1.0' \
xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>";
const XMPP_SERVER: &[u8] = b"<?xml version='1.0'?><stream:stream to='coax.invalid' version='1.0' \
xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams'>";
/// RFC 8489 §5: a binding request; over TCP nothing stands before it (§6.2.2).
const STUN: &[u8] = b"\0\x01\0\0\x21\x12\xA4\x42coaxcoaxscan";
const NUMERIC: &str = " NOTICE | 451 | 421 | 020 | CAP * LS ";

pub(super) static PROTOCOLS: &[Protocol] = &[
    // RFC 2812 §2.3; capability negotiation asks before one registers.
    Protocol {
        service: "irc",
        over_tls: "ircs-u",
        ports: &[194, 6660, 6661, 6662, 6663, 6664, 6665, 6666, 6667, 6668, 6669, 7000],
        tls_ports: &[6697],
        ask: Ask::Bytes(b"CAP LS 302\r\n"),
        signs: &[
            sign(b"NOTICE AUTH :"),
            sign(b"NOTICE * :"),
            sign(b"ERROR :"),
            sign(b":").holding(NUMERIC).host(Word),
            sign(b"CAP * LS "),
        ],
        ..Protocol::NONE
    },
    Protocol {
        service: "xmpp-client",
        ports: &[5222],
        tls_ports: &[5223],
        ask: Ask::Bytes(XMPP_CLIENT),
        over_tls: "xmpp-client",
        after: &[b"<?xml version", b"<stream:"],
        signs: &[sign(b"<").holding("<stream:stream").lacking("jabber:server")],
        ..Protocol::NONE
    },
    Protocol {
        service: "xmpp-server",
        ports: &[5269],
        tls_ports: &[5270],
        ask: Ask::Bytes(XMPP_SERVER),
        signs: &[sign(b"<").holding("<stream:stream")],
        ..Protocol::NONE
    },
    Protocol {
        service: "sip",
        over_tls: "sips",
        ports: &[5060, 5080],
        tls_ports: &[5061],
        ask: Ask::Bytes(SIP),
        anywhere: 9,
        signs: &[
            sign(b"SIP/2.0 ").holding("\nserver:").product(Header("Server")),
            sign(b"SIP/2.0 ").product(Header("User-Agent")),
        ],
        ..Protocol::NONE
    },
    Protocol {
        service: "stun",
        over_tls: "stuns",
        ports: &[3478],
        tls_ports: &[5349],
        ask: Ask::Bytes(STUN),
        read: |heard| (heard.asked == STUN).then(|| web::stun(heard.asked, heard.said))?,
        ..Protocol::NONE
    },
    // RFC 2326 §10.1.
    Protocol {
        service: "rtsp",
        over_tls: "rtsps",
        ports: &[554, 8554],
        tls_ports: &[322],
        ask: Ask::Bytes(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n"),
        signs: &[
            sign(b"RTSP/1.0 ").product(Header("Server")),
            sign(b"RTSP/2.0 ").product(Header("Server")),
        ],
        ..Protocol::NONE
    },
    Protocol {
        service: "mpd",
        ports: &[6600],
        first: First::Server,
        signs: &[sign(b"OK MPD ")
            .extra(Version("protocol", "OK MPD ", "\n"))
            .product(Is("Music Player Daemon"))],
        ..Protocol::NONE
    },
    // RFC 2229 §3.1: between the brackets are its capabilities.
    Protocol {
        service: "dict",
        ports: &[2628],
        first: First::Server,
        signs: &[sign(b"220 ").holding(" <auth.| <mime|dictd ").product(Rest)],
        ..Protocol::NONE
    },
    Protocol {
        service: "teamspeak",
        ports: &[10011],
        first: First::Server,
        signs: &[sign(b"TS3\n\r").product(Is("TeamSpeak 3"))],
        ..Protocol::NONE
    },
    // Asterisk's manager.
    Protocol {
        service: "asterisk",
        ports: &[5038],
        tls_ports: &[5039],
        first: First::Server,
        signs: &[sign(b"Asterisk Call Manager/").product(Is("Asterisk")).extra(After("Manager/"))],
        ..Protocol::NONE
    },
    // GPSD's first object (gpsd_json(5)).
    Protocol {
        service: "gpsd",
        ports: &[2947],
        first: First::Server,
        signs: &[sign(b"{\"class\":\"VERSION\"").product(Between("\"release\":\"", "\""))],
        ..Protocol::NONE
    },
    Protocol {
        service: "mumble",
        over_tls: "mumble",
        tls_ports: &[64738],
        first: First::Server,
        read: mumble,
        ..Protocol::NONE
    },
];

/// The version message that opens each side (Mumble protocol, "Connection"): type 0, a length,
/// then fields of Protocol Buffers, of which 2 and 3 are the release and the system.
fn mumble(heard: Heard<'_>) -> Option<Recognised> {
    let mut rest = Cursor(heard.said);
    let [0, 0, 0, 0, high, low] = *rest.take(6)? else { return None };
    let mut fields = Cursor(rest.take(usize::from(u16::from_be_bytes([high, low])))?);
    let (mut release, mut seen) = (None, 0);
    while !fields.0.is_empty() {
        let tag = fields.byte()?;
        match tag & 7 {
            0 => drop(varint(&mut fields)?),
            2 => {
                let length = usize::try_from(varint(&mut fields)?).ok()?;
                let text = fields.take(length)?;
                release = if tag >> 3 == 2 { title(text) } else { release };
            }
            _ => return None,
        }
        seen += usize::from((1..=5).contains(&(tag >> 3)));
    }
    (seen >= 2).then(|| Recognised::new("mumble", release.map(|it| format!("Murmur {it}"))))
}

fn varint(rest: &mut Cursor<'_>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..63).step_by(7) {
        let byte = rest.byte()?;
        number |= u64::from(byte & 0x7F) << shift;
        if byte < 0x80 {
            return Some(number);
        }
    }
    None
}
