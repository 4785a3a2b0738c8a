//! Asking a web server for a page, to learn its status and whether it is what is expected.
//!
//! HTTP/1.1 with `Connection: close` (RFC 9112): every server speaks it. Interim answers are passed
//! over, and a head that does not end is no answer. What follows the status is read where something
//! is expected of it.
//!
//! Nothing here knows whether the bytes are encrypted, or which status is a good one.

use std::fmt;
use std::io;

use coax_net::cause_in_words;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use crate::expected::Expected;
use crate::goal::Web;

/// More than any server says before its answer; a stranger must not fill the memory.
const LONGEST: usize = 64 << 10;

/// Why there is no status.
#[derive(Debug)]
pub(crate) enum NoStatus {
    Broken(io::Error),
    /// Without an answer.
    Closed,
    /// Within the answer.
    Cut,
    NotHttp,
}

impl fmt::Display for NoStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoStatus::Broken(error) => f.write_str(&cause_in_words(error)),
            NoStatus::Closed => f.write_str("closed without an answer"),
            NoStatus::Cut => f.write_str("closed before its answer was whole"),
            NoStatus::NotHttp => f.write_str("what it answers is not HTTP"),
        }
    }
}

/// What a page answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: u16,
    /// What was expected of its fields or its content and is not so.
    pub(super) unmet: Option<String>,
}

/// Asks for the page; reads as much of the answer as shows whether it is what is expected.
pub(super) async fn ask<S>(
    stream: &mut S,
    web: &Web,
    expected: &Expected,
) -> Result<Answer, NoStatus>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    stream.write_all(request(web).as_bytes()).await.map_err(NoStatus::Broken)?;
    stream.flush().await.map_err(NoStatus::Broken)?;
    let (mut bytes, mut chunk) = (Vec::new(), [0; 4096]);
    loop {
        let count = stream.read(&mut chunk).await.map_err(NoStatus::Broken)?;
        bytes.extend_from_slice(&chunk[..count]);
        let (head, rest) = final_head(&bytes);
        let status = match head {
            Head::Status(status) => status,
            Head::NotHttp => return Err(NoStatus::NotHttp),
            Head::Unfinished if count == 0 => return Err(NoStatus::Closed),
            Head::Unfinished if bytes.len() > LONGEST => return Err(NoStatus::NotHttp),
            Head::Unfinished => continue,
        };
        if expected.is_nothing() {
            return Ok(Answer { status, unmet: None });
        }
        match expected.judge(rest, count == 0)? {
            Some(unmet) => return Ok(Answer { status, unmet }),
            None if count == 0 => return Err(NoStatus::Cut),
            None => {}
        }
    }
}

fn request(web: &Web) -> String {
    format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nUser-Agent: coax/{}\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n",
        web.path,
        web.authority,
        env!("CARGO_PKG_VERSION"),
    )
}

/// What the first bytes of an answer are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Head {
    /// A status, 100 to 999.
    Status(u16),
    /// More bytes will tell.
    Unfinished,
    /// No bytes after these will make it an answer.
    NotHttp,
}

/// The status of an HTTP/1 answer that begins with `bytes`: the one after the interim ones, which
/// have a head each (RFC 9110 §15.2).
pub fn final_status(bytes: &[u8]) -> Head {
    final_head(bytes).0
}

/// The final status, and the bytes from its head on.
fn final_head(mut bytes: &[u8]) -> (Head, &[u8]) {
    loop {
        match first_status(bytes) {
            // 101 would change the protocol; nobody asked for that.
            Head::Status(100..=199) => match after_head(bytes) {
                Some(rest) => bytes = rest,
                None => return (Head::Unfinished, bytes),
            },
            other => return (other, bytes),
        }
    }
}

/// The status line, RFC 9112 §4.
fn first_status(bytes: &[u8]) -> Head {
    const VERSION: &[u8] = b"HTTP/1.";
    let shared = bytes.len().min(VERSION.len());
    if bytes[..shared] != VERSION[..shared] {
        return Head::NotHttp;
    }
    let Some(end) = bytes.iter().position(|&byte| byte == b'\n') else {
        return Head::Unfinished;
    };
    let line = bytes[..end].strip_suffix(b"\r").unwrap_or(&bytes[..end]);
    match &line[VERSION.len()..] {
        [minor, b' ', code @ ..] if minor.is_ascii_digit() => three_digits(code),
        _ => Head::NotHttp,
    }
}

fn three_digits(code: &[u8]) -> Head {
    let digits = |code: &[u8]| code.iter().all(u8::is_ascii_digit);
    match code {
        [a @ b'1'..=b'9', b, c] | [a @ b'1'..=b'9', b, c, b' ', ..] if digits(&[*b, *c]) => {
            let digit = |byte: &u8| u16::from(byte - b'0');
            Head::Status(digit(a) * 100 + digit(b) * 10 + digit(c))
        }
        _ => Head::NotHttp,
    }
}

/// What follows the empty line.
fn after_head(bytes: &[u8]) -> Option<&[u8]> {
    let mut start = 0;
    while let Some(length) = bytes[start..].iter().position(|&byte| byte == b'\n') {
        let line = &bytes[start..start + length];
        start += length + 1;
        if line.is_empty() || line == b"\r" {
            return Some(&bytes[start..]);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_final_status_is_the_one_that_counts() {
        use Head::{NotHttp, Status, Unfinished};
        let table: [(&[u8], Head); 17] = [
            (b"HTTP/1.1 200 OK\r\n", Status(200)),
            (b"HTTP/1.0 404 Not Found\n", Status(404)),
            (b"HTTP/1.1 204\r\n", Status(204)),
            (b"HTTP/1.1 503 \r\n", Status(503)),
            (b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n", Status(200)),
            (b"HTTP/1.1 100 Continue\n\nHTTP/1.1 302 Found\r\n", Status(302)),
            (b"HTTP/1.1 100 Continue\r\n\r\n", Unfinished),
            (b"HTTP/1.1 100 Continue\r\n\r\nHTT", Unfinished),
            (b"HTTP/1.1 100 Continue\r\nA: b\r\n", Unfinished),
            (b"", Unfinished),
            (b"HTTP/1.1 200 OK", Unfinished),
            (b"SSH-2.0-OpenSSH_9.2\r\n", NotHttp),
            (b"\x15\x03\x01", NotHttp),
            (b"HTTP/2 200\r\n", NotHttp),
            (b"HTTP/1.1 2000 OK\r\n", NotHttp),
            (b"HTTP/1.1 099 OK\r\n", NotHttp),
            (b"HTTP/1.1\r\n", NotHttp),
        ];
        for (bytes, head) in table {
            assert_eq!(final_status(bytes), head, "{}", String::from_utf8_lossy(bytes));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(
            bytes in prop_oneof![
                any::<Vec<u8>>(),
                "(HTTP/1\\.[0-9] ?[0-9]{0,4} ?[a-z]{0,4}\r?\n?([a-z]: x\r\n)?\r?\n?){0,4}"
                    .prop_map(String::into_bytes),
            ]
        ) {
            let whole = final_status(&bytes);
            // More bytes never change what was known.
            for cut in 0..bytes.len() {
                let part = final_status(&bytes[..cut]);
                prop_assert!(part == Head::Unfinished || part == whole);
            }
        }
    }
}
