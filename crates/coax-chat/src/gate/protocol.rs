//! Which protocol does a caller speak? Read from the first bytes, like a doorman who listens.
//!
//! Nothing is decided before enough bytes are there to tell. A TLS hello is known by its first six
//! bytes, the others by their first line. What looks like the beginning of TLS, HTTP or IRC is waited
//! for; any other text is somebody typing, and a short pause ends what they typed.
//!
//! Nothing here reads a socket or a clock: it is given the bytes, and told whether they paused.

/// The most bytes that are looked at; a first line as long as this is told by its beginning.
pub(super) const LOOK: usize = 2048;

/// What a caller speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// A TLS ClientHello (RFC 8446 §4.1.2); what is inside is asked again.
    Tls,
    /// An HTTP request (RFC 9112 §3), a page or a WebSocket.
    Http,
    /// An IRC client: a command that opens a registration.
    Irc,
    /// A person, or a small program, that sends lines of text.
    Plain,
    /// Nothing that is spoken here: bytes that are no text, or another protocol's opening.
    Unknown,
}

/// Tells what `bytes` begin, or `None` where more must come first. `paused`: nothing followed them
/// for a while.
#[must_use]
pub fn protocol(bytes: &[u8], paused: bool) -> Option<Protocol> {
    match bytes.first()? {
        0x16 => return tls(bytes),
        b'\r' | b'\n' => return blank(bytes, paused),
        _ => {}
    }
    // What comes later never changes what was told.
    let looked = &bytes[..bytes.len().min(LOOK)];
    match looked.iter().position(|&byte| byte == b'\n') {
        Some(end) => Some(line(&bytes[..end])),
        None if bytes.len() >= LOOK => Some(beginning(bytes).unwrap_or_else(|| talk(looked))),
        None if !paused || beginning(bytes).is_some() => None,
        None => Some(talk(looked)),
    }
}

/// A record of type handshake, version 3.x, whose first message is a ClientHello.
fn tls(bytes: &[u8]) -> Option<Protocol> {
    let hello = |place: usize, byte: u8| match place {
        1 => byte == 3,
        2 => byte <= 4,
        5 => byte == 1,
        _ => true,
    };
    match bytes.iter().enumerate().take(6).all(|(place, &byte)| hello(place, byte)) {
        true => (bytes.len() >= 6).then_some(Protocol::Tls),
        false => Some(Protocol::Unknown),
    }
}

/// An empty line says nothing about who sent it, unless nothing follows: a person pressed Enter.
fn blank(bytes: &[u8], paused: bool) -> Option<Protocol> {
    let looked = &bytes[..bytes.len().min(LOOK)];
    match looked.iter().position(|byte| !matches!(byte, b'\r' | b'\n')) {
        Some(start) => protocol(&bytes[start..], paused),
        None => (paused || bytes.len() >= LOOK).then_some(Protocol::Plain),
    }
}

/// The protocol of a whole first line.
fn line(line: &[u8]) -> Protocol {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if http(line) {
        Protocol::Http
    } else if irc(line) {
        Protocol::Irc
    } else {
        talk(line)
    }
}

/// Talk begins with text. A person at a terminal has tabs, and keys that send ESC or BS; a program
/// that speaks something else has other controls, or opens as its protocol says.
fn talk(line: &[u8]) -> Protocol {
    let is_text = |byte: &u8| !matches!(byte, 0..=7 | 0x0b | 0x0c | 0x0e..=0x1a | 0x1c..=0x1f);
    if line.iter().all(is_text) && !is_foreign(line) { Protocol::Plain } else { Protocol::Unknown }
}

/// How other protocols open with a line of text: SMTP and LMTP (RFC 5321 §4.1.1.1), SSH (RFC 4253
/// §4.2), Redis (`*1`, `$4`), PROXY, RTSP, SIP and what else looks like HTTP.
fn is_foreign(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let opens =
        |word: &[u8]| line.get(..word.len()).is_some_and(|it| it.eq_ignore_ascii_case(word));
    let numbered =
        |sign: u8| line.len() > 1 && line[0] == sign && line[1..].iter().all(u8::is_ascii_digit);
    // In small letters it is a greeting that somebody mistyped.
    let greets = opens(b"EHLO") || opens(b"LHLO") || line.starts_with(b"HELO");
    let is_smtp = greets && line.get(4).is_none_or(|next| *next == b' ');
    let versioned = line.rsplit(|byte| *byte == b' ').next().unwrap_or_default();
    let is_versioned = [&b"SIP/"[..], b"RTSP/", b"HTTP/", b"ICAP/"]
        .iter()
        .any(|start| versioned.starts_with(start) && versioned.ends_with(b".0"));
    is_smtp
        || is_versioned
        || opens(b"SSH-")
        || opens(b"PROXY TCP")
        || numbered(b'*')
        || numbered(b'$')
}

/// `METHOD target HTTP/n.n`: the method in capitals, so that "get milk" is talk.
fn http(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| byte == b' ');
    let method = words
        .next()
        .is_some_and(|word| !word.is_empty() && word.iter().all(u8::is_ascii_uppercase));
    method && words.next_back().is_some_and(|version| version.starts_with(b"HTTP/"))
}

/// A command that an IRC client opens with, in the shape it has there; "pass the salt" is talk.
fn irc(line: &[u8]) -> bool {
    let mut words = line.split(|&byte| byte == b' ').filter(|word| !word.is_empty()).peekable();
    for sign in [b'@', b':'] {
        words.next_if(|word| word[0] == sign);
    }
    let Some(command) = words.next() else { return false };
    let first = words.next();
    let many = first.map_or(0, |word| 1 + usize::from(word[0] != b':') * words.count());
    match command.to_ascii_uppercase().as_slice() {
        b"CAP" => first.is_some_and(|verb| {
            let known = CAP_VERBS.iter().any(|known| verb.eq_ignore_ascii_case(known));
            // A client that asks for what is not there is told so, as by IRC.
            known || command == b"CAP" && many == 1 && verb.iter().all(u8::is_ascii_uppercase)
        }),
        b"NICK" | b"PASS" | b"PING" | b"PONG" | b"AUTHENTICATE" => many == 1,
        b"USER" => many >= 4,
        b"WEBIRC" | b"SERVICE" | b"SERVER" => many >= 3,
        b"QUIT" | b"REGISTER" | b"VERIFY" => true,
        b"STARTTLS" => many == 0,
        _ => false,
    }
}

const CAP_VERBS: [&[u8]; 6] = [b"LS", b"LIST", b"REQ", b"ACK", b"END", b"CLEAR"];

/// Commands that a first line without its end may turn into, each with the protocol it would be.
const BEGINNINGS: [(&[u8], Protocol); 19] = [
    (b"GET /", Protocol::Http),
    (b"HEAD /", Protocol::Http),
    (b"POST /", Protocol::Http),
    (b"PUT /", Protocol::Http),
    (b"DELETE /", Protocol::Http),
    (b"OPTIONS ", Protocol::Http),
    (b"CONNECT ", Protocol::Http),
    (b"PRI * HTTP/2.0", Protocol::Http),
    (b"CAP ", Protocol::Irc),
    (b"NICK ", Protocol::Irc),
    (b"USER ", Protocol::Irc),
    (b"PASS ", Protocol::Irc),
    (b"PING ", Protocol::Irc),
    (b"QUIT", Protocol::Irc),
    (b"WEBIRC ", Protocol::Irc),
    (b"AUTHENTICATE ", Protocol::Irc),
    (b"REGISTER ", Protocol::Irc),
    (b"@", Protocol::Irc),
    (b":", Protocol::Irc),
];

/// What an unfinished line may become, where that is more than talk. Commands are in capitals here:
/// programs write them so, and a program's line may come in pieces.
fn beginning(bytes: &[u8]) -> Option<Protocol> {
    if request(bytes) {
        return Some(Protocol::Http);
    }
    let fits = |start: &[u8]| bytes.starts_with(start) || start.starts_with(bytes);
    BEGINNINGS.iter().find(|(start, _)| fits(start)).map(|&(_, protocol)| protocol)
}

/// A method and a path, whatever the method: what a page of a stranger has a browser send must never
/// be taken for talk, however long its first line is.
fn request(bytes: &[u8]) -> bool {
    let method = bytes.iter().take_while(|byte| byte.is_ascii_uppercase()).count();
    method > 0 && bytes[method..].starts_with(b" /")
}

#[cfg(test)]
mod tests {
    use super::{LOOK, Protocol, protocol};

    const HELLO: &[u8] = &[0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3];

    #[test]
    fn the_first_line_tells_who_calls() {
        let table: [(&[u8], Protocol); 23] = [
            (HELLO, Protocol::Tls),
            (b"GET / HTTP/1.1\r\n", Protocol::Http),
            (b"HEAD /metrics HTTP/1.0\r\n", Protocol::Http),
            (b"POST / HTTP/1.1\n", Protocol::Http),
            (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Protocol::Http),
            (b"CAP LS 302\r\n", Protocol::Irc),
            (b"CAP NOSUCH\r\n", Protocol::Irc),
            (b"NICK ada\n", Protocol::Irc),
            (b"nick ada\r\n", Protocol::Irc),
            (b"USER ada 0 * :Ada Lovelace\r\n", Protocol::Irc),
            (b"PASS :two words\r\n", Protocol::Irc),
            (b"QUIT :chkport\r\n", Protocol::Irc),
            (b"@label=1 :x CAP LS\r\n", Protocol::Irc),
            (b"\r\nNICK ada\r\n", Protocol::Irc),
            (b"hello\n", Protocol::Plain),
            (b"get milk\n", Protocol::Plain),
            (b"GET milk\n", Protocol::Plain),
            (b"pass the salt\n", Protocol::Plain),
            (b"user friendly, this\n", Protocol::Plain),
            (b"cap and gown\n", Protocol::Plain),
            (b"CAP AND GOWN\n", Protocol::Plain),
            (b"/nick ada\n", Protocol::Plain),
            (&[0x16, 9, 9], Protocol::Unknown),
        ];
        for (bytes, expected) in table {
            assert_eq!(protocol(bytes, false), Some(expected), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn what_is_no_text_is_not_talk() {
        for bytes in [
            // A STUN binding request, with a byte in it that ends a line.
            &b"\x00\x01\x00\x00\x21\x12\xa4\x42\n\x01\x02\x03\x04"[..],
            b"EHLO mail.example\r\n",
            b"HELO x\r\n",
            b"ehlo\r\n",
            b"*1\r\n$4\r\nPING\r\n",
            b"SSH-2.0-OpenSSH_10.0\r\n",
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n",
            b"OPTIONS sip:nm SIP/2.0\r\n",
            b"OPTIONS / RTSP/1.0\r\n",
            b"\x80\x00\x00\x28\x72\xfe\x1d\x13\n",
            b"\x03\x00\x00\x0b\x06\xe0\n",
        ] {
            assert_eq!(protocol(bytes, false), Some(Protocol::Unknown), "{}", bytes.escape_ascii());
        }
        assert_eq!(protocol(b"\x00\x01\x00", true), Some(Protocol::Unknown));
        for text in [
            "héllo\n",
            "helo everybody\n",
            "hello, world\n",
            "*1 and *2\n",
            "* waves\n",
            "$5 please\n",
            "*\n",
        ] {
            assert_eq!(protocol(text.as_bytes(), false), Some(Protocol::Plain), "{text:?}");
        }
        for bytes in [&b"caf\xe9\n"[..], b"\x1b[Ahello\n", b"helo\x08lo there\n", b"a\tb\n"] {
            assert_eq!(protocol(bytes, false), Some(Protocol::Plain), "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn nothing_is_decided_before_enough_bytes_are_there() {
        for whole in [HELLO, b"GET / HTTP/1.1\r\n", b"CAP LS 302\r\n", b"hello\n"] {
            let told = (0..=whole.len()).find_map(|end| protocol(&whole[..end], false));
            assert_eq!(
                told,
                protocol(whole, false),
                "every shorter beginning says that more must come"
            );
        }
    }

    #[test]
    fn a_pause_ends_what_a_person_typed_and_nothing_else() {
        assert_eq!(protocol(b"hello", true), Some(Protocol::Plain));
        assert_eq!(protocol(b"\n", true), Some(Protocol::Plain));
        for unfinished in [&HELLO[..4], b"GET /index", b"CAP LS", b"NI", b"NICK ad", b"@time=2026"]
        {
            assert_eq!(protocol(unfinished, true), None, "{}", unfinished.escape_ascii());
        }
    }

    #[test]
    fn a_first_line_without_an_end_is_told_by_its_beginning() {
        let mut target = b"GET /".to_vec();
        target.resize(LOOK, b'a');
        assert_eq!(protocol(&target, false), Some(Protocol::Http));
        for method in ["PATCH /", "NICK /", "PASS /"] {
            let mut other = method.as_bytes().to_vec();
            other.resize(LOOK, b'a');
            assert_eq!(protocol(&other, false), Some(Protocol::Http), "{method}");
            assert_eq!(protocol(&other[..9], true), None);
        }
        assert_eq!(protocol(&[b'a'; LOOK], false), Some(Protocol::Plain));
        assert_eq!(protocol(&[b'\n'; LOOK], false), Some(Protocol::Plain));
    }
}
