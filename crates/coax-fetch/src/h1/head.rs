//! Heads of HTTP/1.1: the request's written, the answer's read (RFC 9112 §2 to §6).
//!
//! How long a body is follows from the head alone; a head that says two things about it is refused.
//!
//! Nothing here reads or writes a socket.

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderName, HeaderValue, TRANSFER_ENCODING};
use http::{HeaderMap, Method, StatusCode, Version};
use memchr::memchr_iter;

use crate::error::{FetchErrorKind, Trouble};

/// The head of an answer.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) framing: Framing,
    /// Whether the connection may be used again once the body has ended.
    pub(crate) reusable: bool,
}

/// How the end of a body is known (RFC 9112 §6.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Framing {
    Length(u64),
    Chunked,
    /// The connection ends with it.
    Close,
}

/// The bytes of a request's head.
pub(crate) fn encode(method: &Method, target: &str, headers: &HeaderMap) -> Vec<u8> {
    let mut out = Vec::with_capacity(256);
    out.extend_from_slice(method.as_str().as_bytes());
    out.push(b' ');
    out.extend_from_slice(target.as_bytes());
    out.extend_from_slice(b" HTTP/1.1\r\n");
    for (name, value) in headers {
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value.as_bytes());
        out.extend_from_slice(b"\r\n");
    }
    out.extend_from_slice(b"\r\n");
    out
}

/// Whether `held` is the beginning of an answer, as far as it goes.
pub(crate) fn may_be_http(held: &[u8]) -> bool {
    const HTTP: &[u8] = b"HTTP/";
    // An empty line may be left over from before (RFC 9112 §2.2).
    let held = held.strip_prefix(b"\r\n").unwrap_or(held);
    let known = held.len().min(HTTP.len());
    held == b"\r" || held[..known] == HTTP[..known]
}

/// What is said of an answer that is not HTTP.
pub(crate) fn no_http(held: &[u8]) -> String {
    match held.first() {
        // A record of TLS: an alert or a handshake (RFC 8446 §5.1).
        Some(0x15 | 0x16) => "what it answers is TLS; write https://".to_owned(),
        _ => {
            let line = held.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default();
            let start = &line[..line.len().min(40)];
            format!("what it answers is not HTTP: it begins with '{}'", start.escape_ascii())
        }
    }
}

/// Where the head ends, looking at what was not searched before.
pub(crate) fn end(held: &[u8], searched: usize) -> Option<usize> {
    let from = searched.saturating_sub(3);
    memchr_iter(b'\n', &held[from..]).find_map(|at| {
        let after = from + at + 1;
        // A first empty line is no end.
        let empty = held[..after].ends_with(b"\n\r\n") || held[..after].ends_with(b"\n\n");
        (empty && after > 4).then_some(after)
    })
}

impl Head {
    /// How long the body is, where that is known.
    pub(crate) fn length(&self) -> Option<u64> {
        match self.framing {
            Framing::Length(length) => Some(length),
            _ => None,
        }
    }

    /// Reads a whole head that answers a request with `method`.
    pub(crate) fn parse(bytes: &[u8], method: &Method) -> Result<Head, Trouble> {
        // The values are slices of one copy: of the block that was read into, they would keep all.
        let bytes = &Bytes::copy_from_slice(bytes);
        // Each header has a line, so there are not more of them.
        let lines = memchr_iter(b'\n', bytes).count();
        let mut room = vec![httparse::EMPTY_HEADER; lines];
        let mut answer = httparse::Response::new(&mut room);
        let mut config = httparse::ParserConfig::default();
        config.allow_obsolete_multiline_headers_in_responses(true);
        config.allow_spaces_after_header_name_in_responses(true);
        let parsed = config.parse_response(&mut answer, bytes);
        let malformed = |what: &str| Trouble::protocol(format!("its answer is malformed: {what}"));
        match parsed.map_err(|error| malformed(in_words(error)))? {
            httparse::Status::Complete(_) => {}
            httparse::Status::Partial => return Err(malformed("its head has no end")),
        }
        let code = answer.code.unwrap_or_default();
        let status =
            StatusCode::from_u16(code).map_err(|_| malformed("its status is no status"))?;
        let version = match answer.version {
            Some(0) => Version::HTTP_10,
            _ => Version::HTTP_11,
        };
        let headers = collected(answer.headers, bytes)?;
        let framing = framing(method, status, &headers)?;
        let reusable = keeps_open(version, &headers)
            && framing != Framing::Close
            && status != StatusCode::SWITCHING_PROTOCOLS;
        Ok(Head { status, version, headers, framing, reusable })
    }

    /// Whether another head follows for the same request. 101 is final: nothing here asks for it.
    pub(crate) fn is_interim(&self) -> bool {
        self.status.is_informational() && self.status != StatusCode::SWITCHING_PROTOCOLS
    }
}

fn collected(parsed: &[httparse::Header<'_>], head: &Bytes) -> Result<HeaderMap, Trouble> {
    let too_many = || Trouble::new(FetchErrorKind::TooLarge, "it has too many headers");
    let mut headers = HeaderMap::try_with_capacity(parsed.len()).map_err(|_| too_many())?;
    for header in parsed {
        let name = HeaderName::from_bytes(header.name.as_bytes());
        let value = match header.value.iter().copied().any(is_control) {
            false => HeaderValue::from_maybe_shared(head.slice_ref(header.value)),
            true => HeaderValue::from_bytes(&unfolded(header.value)),
        };
        // Whatever cannot be told cannot matter: the parser has refused what is dangerous.
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.try_append(name, value).map_err(|_| too_many())?;
        }
    }
    Ok(headers)
}

/// A folded line is one line with spaces (RFC 9112 §5.2).
fn unfolded(value: &[u8]) -> Vec<u8> {
    value.iter().map(|byte| if is_control(*byte) { b' ' } else { *byte }).collect()
}

fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}

fn framing(method: &Method, status: StatusCode, headers: &HeaderMap) -> Result<Framing, Trouble> {
    let bodiless = status.is_informational()
        || matches!(status, StatusCode::NO_CONTENT | StatusCode::NOT_MODIFIED);
    if bodiless || method == Method::HEAD || (method == Method::CONNECT && status.is_success()) {
        return Ok(Framing::Length(0));
    }
    if headers.contains_key(TRANSFER_ENCODING) {
        return transfer(headers);
    }
    Ok(length(headers)?.map_or(Framing::Close, Framing::Length))
}

/// Chunked is the only coding that we take (we name no other), and it overrides any length. Servers
/// behind servers name it twice, and apply it once (RFC 9112 §6.1 allows no more).
fn transfer(headers: &HeaderMap) -> Result<Framing, Trouble> {
    let codings = || tokens(headers, &TRANSFER_ENCODING);
    let all = |word: &[u8]| codings().all(|coding| coding.eq_ignore_ascii_case(word));
    if codings().next().is_some() && all(b"chunked") {
        Ok(Framing::Chunked)
    } else if codings().count() == 1 && all(b"identity") {
        Ok(Framing::Close)
    } else {
        Err(Trouble::protocol("it sends with a transfer coding that was not asked for"))
    }
}

/// The one length it names, if any.
pub(crate) fn length(headers: &HeaderMap) -> Result<Option<u64>, Trouble> {
    let mut length = None;
    for token in tokens(headers, &CONTENT_LENGTH) {
        let digits = token.iter().all(u8::is_ascii_digit);
        let number = std::str::from_utf8(token).ok().filter(|_| digits);
        let number = number.and_then(|text| text.parse::<u64>().ok());
        let shown = || token[..token.len().min(40)].escape_ascii().to_string();
        let number = number.ok_or_else(|| {
            Trouble::protocol(format!("its Content-Length is not a length: '{}'", shown()))
        })?;
        if length.is_some_and(|known| known != number) {
            return Err(Trouble::protocol("it names two different Content-Lengths"));
        }
        length = Some(number);
    }
    Ok(length)
}

fn keeps_open(version: Version, headers: &HeaderMap) -> bool {
    let says = |word: &[u8]| tokens(headers, &CONNECTION).any(|it| it.eq_ignore_ascii_case(word));
    // A length beside chunks may be an attempt at having one answer taken for two.
    let twice = tokens(headers, &TRANSFER_ENCODING).count() > 1;
    let doubtful =
        headers.contains_key(TRANSFER_ENCODING) && (headers.contains_key(CONTENT_LENGTH) || twice);
    match version {
        _ if doubtful || says(b"close") => false,
        Version::HTTP_10 => says(b"keep-alive"),
        _ => true,
    }
}

/// The members of a list that may be spread over several headers (RFC 9110 §5.6.1).
fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a [u8]> {
    let members = |value: &'a HeaderValue| value.as_bytes().split(|byte| *byte == b',');
    let members = headers.get_all(name).into_iter().flat_map(members);
    members.map(<[u8]>::trim_ascii).filter(|token| !token.is_empty())
}

fn in_words(error: httparse::Error) -> &'static str {
    use httparse::Error as Bad;
    match error {
        Bad::HeaderName => "a header has no proper name",
        Bad::HeaderValue => "a header has bytes that none may have",
        Bad::NewLine => "a line does not end as lines do",
        Bad::Status => "its status is no status",
        Bad::Version => "it is of an unknown version of HTTP",
        Bad::TooManyHeaders => "it has too many headers",
        _ => "it is not HTTP",
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(head: &str) -> Result<Head, String> {
        Head::parse(head.as_bytes(), &Method::GET).map_err(|trouble| trouble.why)
    }

    #[test]
    fn a_connection_is_used_again_only_where_the_end_is_sure() {
        let table = [
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", true),
            ("HTTP/1.1 204 OK\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\n\r\n", false),
            ("HTTP/1.1 101 Switching\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nConnection: x, Close\r\n\r\n", false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", false),
            ("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\n", true),
            ("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n", false),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n", false),
        ];
        for (head, reusable) in table {
            assert_eq!(read(head).unwrap().reusable, reusable, "{head}");
        }
    }

    #[test]
    fn a_head_ends_with_an_empty_line() {
        let table = [
            ("HTTP/1.1 200 OK\r\n\r\nbody", Some(19)),
            ("HTTP/1.1 200 OK\n\nbody", Some(17)),
            ("\r\nHTTP/1.1 200 OK\r\n\r\n", Some(21)),
            ("HTTP/1.1 200 OK\r\n", None),
            ("\r\n", None),
        ];
        for (held, found) in table {
            for searched in 0..held.len().min(found.unwrap_or(usize::MAX)) {
                assert_eq!(end(held.as_bytes(), searched), found, "{held:?} {searched}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_a_head_or_refused(
            bytes in proptest::collection::vec(
                prop_oneof![any::<u8>(), Just(b'\n'), Just(b'\r'), Just(b':'), Just(b'1')], 0..200
            ),
            http in any::<bool>(),
        ) {
            let start: &[u8] = if http { b"HTTP/1.1 200 OK\r\n" } else { b"" };
            let bytes = [start, &bytes, b"\r\n\r\n"].concat();
            let _ = (may_be_http(&bytes), no_http(&bytes), end(&bytes, 0));
            let _ = Head::parse(&bytes, &Method::GET);
        }
    }
}
