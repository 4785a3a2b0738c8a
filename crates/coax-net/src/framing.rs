//! Where one message ends.
//!
//! A [`Framing`] writes messages as bytes and a [`Decoder`] finds them again, however the bytes
//! were cut on the way. What a stranger announces is checked against [`MESSAGE_LIMIT`] before a
//! byte is stored, and an incomplete last message is never dropped.
//!
//! Nothing here reads or writes: bytes in, messages out.

mod delimiter;

use std::fmt;
use std::str::FromStr;

use memchr::{memchr, memchr_iter};

pub use delimiter::Delimiter;

/// The longest message a decoder keeps, bytes: room for any text a person sends, and a bound on
/// what a stranger can make us store.
pub const MESSAGE_LIMIT: usize = 16 << 20;

/// What a framing's text begins with when the bytes that end a message follow.
const DELIMITER: &str = "delimiter:";

/// How messages are told apart.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    /// Not at all: bytes as they come.
    #[default]
    Raw,
    /// Each ends with a newline; a carriage return before it is not part of the message.
    Line,
    /// Each ends with carriage return and newline.
    Crlf,
    /// Each ends with a zero byte.
    Nul,
    /// What one read returned is one message, as `recv(1024)` and compare does.
    Chunk,
    /// Each is preceded by its length: four bytes, big-endian.
    Len32,
    /// Each ends with these bytes.
    Delimiter(Delimiter),
}

impl Framing {
    /// Every framing that has a name of one word. `delimiter:TEXT` is the other kind.
    pub const ALL: [(&'static str, Framing); 6] = [
        ("raw", Framing::Raw),
        ("line", Framing::Line),
        ("crlf", Framing::Crlf),
        ("nul", Framing::Nul),
        ("chunk", Framing::Chunk),
        ("len32", Framing::Len32),
    ];

    /// Appends `message` to `output`, marked as this framing does.
    ///
    /// Fails when the receiver could not find the message's end again: it holds the mark that
    /// ends it, or it is too long for its length field.
    pub fn encode(self, message: &[u8], output: &mut Vec<u8>) -> Result<(), FramingError> {
        match self {
            Framing::Raw | Framing::Chunk => output.extend_from_slice(message),
            Framing::Line | Framing::Crlf | Framing::Nul | Framing::Delimiter(_) => {
                marked(message, self.mark(), output)?;
            }
            Framing::Len32 => {
                let length = within(MESSAGE_LIMIT, message.len())?;
                output.extend_from_slice(&length.to_be_bytes());
                output.extend_from_slice(message);
            }
        }
        Ok(())
    }

    /// Appends `text` as one message, or as several where it holds the mark; a mark at its end is
    /// the mark. What is too long to be counted is sent as it is.
    pub fn encode_text(self, text: &[u8], output: &mut Vec<u8>) {
        let before = output.len();
        if self.encode(text, output).is_ok() {
            return;
        }
        output.truncate(before);
        output.extend_from_slice(text);
        if !text.ends_with(self.mark()) {
            output.extend_from_slice(self.mark());
        }
    }

    /// The bytes that end a message; empty where none do.
    pub fn mark(&self) -> &[u8] {
        match self {
            Framing::Line => b"\n",
            Framing::Crlf => b"\r\n",
            Framing::Nul => b"\0",
            Framing::Delimiter(delimiter) => delimiter.bytes(),
            Framing::Raw | Framing::Chunk | Framing::Len32 => b"",
        }
    }
}

fn marked(message: &[u8], mark: &[u8], output: &mut Vec<u8>) -> Result<(), FramingError> {
    let holds = match mark {
        [byte] => memchr(*byte, message).is_some(),
        _ => message.windows(mark.len()).any(|window| window == mark),
    };
    if holds {
        return Err(FramingError::HoldsMark);
    }
    output.extend_from_slice(message);
    output.extend_from_slice(mark);
    Ok(())
}

fn within(limit: usize, length: usize) -> Result<u32, FramingError> {
    match u32::try_from(length) {
        Ok(short) if length <= limit => Ok(short),
        _ => Err(FramingError::TooLong { length: length as u64, limit }),
    }
}

impl fmt::Display for Framing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Framing::Delimiter(delimiter) = self {
            return write!(f, "{DELIMITER}{delimiter}");
        }
        let named = Framing::ALL.iter().find(|(_, framing)| framing == self);
        f.write_str(named.map_or("raw", |(name, _)| name))
    }
}

impl FromStr for Framing {
    type Err = FramingError;
    fn from_str(text: &str) -> Result<Framing, FramingError> {
        if let Some(escaped) = text.strip_prefix(DELIMITER) {
            let delimiter = Delimiter::parse(escaped).map(Framing::Delimiter);
            return delimiter.ok_or_else(|| FramingError::Delimiter(escaped.to_owned()));
        }
        let named = Framing::ALL.iter().find(|(name, _)| *name == text);
        named.map(|(_, framing)| *framing).ok_or_else(|| FramingError::Unknown(text.to_owned()))
    }
}

/// Why bytes are not messages, or a text is not a framing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FramingError {
    /// The text names no framing.
    Unknown(String),
    /// What follows `delimiter:` is no delimiter.
    Delimiter(String),
    /// A message over the limit, announced or accumulated.
    TooLong {
        /// Bytes announced, or bytes so far.
        length: u64,
        /// Bytes allowed.
        limit: usize,
    },
    /// The stream ended within a message.
    CutShort {
        /// Bytes announced and bytes still missing; `None` inside a length field.
        missing: Option<(u64, u64)>,
    },
    /// The message to send holds the mark that would end it.
    HoldsMark,
}

impl fmt::Display for FramingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            FramingError::Unknown(text) => {
                let names = Framing::ALL.map(|(name, _)| name).join(", ");
                write!(f, "'{text}' is no framing; one of {names}, {DELIMITER}TEXT is")
            }
            FramingError::Delimiter(text) => {
                let most = Delimiter::MAX_BYTES;
                write!(
                    f,
                    "'{text}' is no delimiter of 1 to {most} bytes; \\r \\n \\t \\0 \\\\ and \\xHH stand for one each"
                )
            }
            FramingError::TooLong { length, limit } => {
                write!(f, "a message of {length} bytes is over the limit of {limit}")
            }
            FramingError::CutShort { missing: Some((announced, missing)) } => {
                write!(f, "the stream ended {missing} bytes before a message of {announced} did")
            }
            FramingError::CutShort { missing: None } => {
                f.write_str("the stream ended within a message's length")
            }
            FramingError::HoldsMark => {
                f.write_str("the message holds the mark that would end it; use len32")
            }
        }
    }
}

impl std::error::Error for FramingError {}

/// Finds messages in bytes as they arrive. Holds at most one incomplete message.
#[derive(Clone, Debug)]
pub struct Decoder {
    framing: Framing,
    /// The incomplete message, with its length field where it has one.
    kept: Vec<u8>,
    /// The longest message, bytes.
    limit: usize,
}

impl Decoder {
    /// A decoder at the start of a stream.
    pub fn new(framing: Framing) -> Decoder {
        Decoder::with_limit(framing, MESSAGE_LIMIT)
    }

    /// A decoder that refuses a message longer than `limit` bytes before it is kept.
    pub fn with_limit(framing: Framing, limit: usize) -> Decoder {
        Decoder { framing, kept: Vec::new(), limit: limit.min(MESSAGE_LIMIT) }
    }

    /// Hands each message that `bytes` completes to `each`. With `raw` and `chunk`, that is
    /// `bytes` itself.
    pub fn feed(&mut self, bytes: &[u8], mut each: impl FnMut(&[u8])) -> Result<(), FramingError> {
        match self.framing {
            Framing::Raw | Framing::Chunk => {
                within(self.limit, bytes.len())?;
                each(bytes);
            }
            Framing::Line | Framing::Crlf | Framing::Nul | Framing::Delimiter(_) => {
                self.feed_marked(bytes, &mut each)?;
            }
            Framing::Len32 => self.feed_counted(bytes, &mut each)?,
        }
        Ok(())
    }

    /// Each place where the mark's last byte stands may be the end of a message.
    fn feed_marked(
        &mut self,
        bytes: &[u8],
        each: &mut impl FnMut(&[u8]),
    ) -> Result<(), FramingError> {
        let framing = self.framing;
        let Some((last, before_last)) = framing.mark().split_last() else { return Ok(()) };
        let mut start = 0;
        for end in memchr_iter(*last, bytes) {
            let body = &bytes[start..end];
            start = end + 1;
            if self.kept.is_empty() && body.ends_with(before_last) {
                self.hand_out(body, before_last, each)?;
                continue;
            }
            self.keep(body)?;
            if self.kept.ends_with(before_last) {
                let whole = std::mem::take(&mut self.kept);
                self.hand_out(&whole, before_last, each)?;
            } else {
                self.keep(&[*last])?;
            }
        }
        match &bytes[start..] {
            [] => Ok(()),
            rest => self.keep(rest),
        }
    }

    /// `marked` is a message with all of its mark but the last byte.
    fn hand_out(
        &self,
        marked: &[u8],
        before_last: &[u8],
        each: &mut impl FnMut(&[u8]),
    ) -> Result<(), FramingError> {
        let message = marked.strip_suffix(before_last).unwrap_or(marked);
        let message = match self.framing {
            Framing::Line => message.strip_suffix(b"\r").unwrap_or(message),
            _ => message,
        };
        within(self.limit, message.len())?;
        each(message);
        Ok(())
    }

    /// Adds to the incomplete message, within the limit.
    fn keep(&mut self, bytes: &[u8]) -> Result<(), FramingError> {
        let length = self.kept.len() + bytes.len();
        if length > self.limit + Delimiter::MAX_BYTES {
            return Err(FramingError::TooLong { length: length as u64, limit: self.limit });
        }
        self.kept.extend_from_slice(bytes);
        within(self.limit, length - self.begun_mark())?;
        Ok(())
    }

    /// How many of the last bytes may be the beginning of the mark, which is no part of a message.
    fn begun_mark(&self) -> usize {
        let mark: &[u8] = match self.framing {
            // A return before the newline is not part of the line either.
            Framing::Line => b"\r\n",
            _ => self.framing.mark(),
        };
        (1..mark.len()).rev().find(|count| self.kept.ends_with(&mark[..*count])).unwrap_or(0)
    }

    fn feed_counted(
        &mut self,
        mut bytes: &[u8],
        each: &mut impl FnMut(&[u8]),
    ) -> Result<(), FramingError> {
        while !bytes.is_empty() || self.missing() == Some(0) {
            let Some(missing) = self.missing() else {
                let (field, rest) = bytes.split_at(bytes.len().min(4 - self.kept.len()));
                self.kept.extend_from_slice(field);
                bytes = rest;
                self.announced()?;
                if bytes.is_empty() && self.missing() != Some(0) {
                    break;
                }
                continue;
            };
            let (body, rest) = bytes.split_at(bytes.len().min(missing));
            self.kept.extend_from_slice(body);
            bytes = rest;
            if self.missing() == Some(0) {
                each(&self.kept[4..]);
                self.kept.clear();
            }
        }
        Ok(())
    }

    /// The length field, once it is there and within the limit.
    fn announced(&self) -> Result<Option<usize>, FramingError> {
        let Some(field) = self.kept.first_chunk::<4>() else { return Ok(None) };
        let length = u32::from_be_bytes(*field) as usize;
        within(self.limit, length)?;
        Ok(Some(length))
    }

    /// Bytes of the body still to come; `None` while the length field is incomplete.
    fn missing(&self) -> Option<usize> {
        let announced = self.announced().ok().flatten()?;
        Some(announced - (self.kept.len() - 4))
    }

    /// Whether the start of a message is here, and its end is not.
    pub fn is_amid_message(&self) -> bool {
        !self.kept.is_empty()
    }

    /// The stream is over: hands out what is left, so that nothing received is lost.
    ///
    /// An unfinished line is a message. An unfinished counted message is handed out too, and then
    /// is an error.
    pub fn finish(&mut self, mut each: impl FnMut(&[u8])) -> Result<(), FramingError> {
        let whole = self.whole();
        let rest = std::mem::take(&mut self.kept);
        let message = if self.framing == Framing::Len32 { rest.get(4..) } else { Some(&*rest) };
        if let Some(message) = message.filter(|message| !message.is_empty()) {
            each(message);
        }
        whole
    }

    /// Whether what is left would be a message if the stream ended now. A counted message that is
    /// not all here is none.
    pub fn whole(&self) -> Result<(), FramingError> {
        if self.framing != Framing::Len32 || self.kept.is_empty() {
            return Ok(());
        }
        let announced = self.announced().ok().flatten();
        let missing = announced.zip(self.missing()).map(|(all, rest)| (all as u64, rest as u64));
        Err(FramingError::CutShort { missing })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decode(framing: Framing, pieces: &[&[u8]]) -> Result<Vec<Vec<u8>>, FramingError> {
        let mut messages = Vec::new();
        let mut decoder = Decoder::new(framing);
        for piece in pieces {
            decoder.feed(piece, |message| messages.push(message.to_vec()))?;
        }
        decoder.finish(|message| messages.push(message.to_vec()))?;
        Ok(messages)
    }

    #[test]
    fn a_line_is_found_however_it_was_cut() {
        let whole = decode(Framing::Line, &[b"one\r\ntwo\n\nend"]).unwrap();
        assert_eq!(whole, [&b"one"[..], b"two", b"", b"end"]);
        assert_eq!(
            decode(Framing::Line, &[b"on", b"e\r", b"\ntwo\n", b"\ne", b"nd"]).unwrap(),
            whole
        );
    }

    #[test]
    fn crlf_does_not_end_at_a_bare_newline() {
        assert_eq!(decode(Framing::Crlf, &[b"a\nb\r", b"\nc\r\n"]).unwrap(), [&b"a\nb"[..], b"c"]);
    }

    #[test]
    fn a_delimiter_is_found_however_it_was_cut() {
        let framing = r"delimiter:\r\n\r\n".parse::<Framing>().unwrap();
        let whole = [&b"GET /\r\nHost: a"[..], b"", b"\r\nend\r\n"];
        let bytes = b"GET /\r\nHost: a\r\n\r\n\r\n\r\n\r\nend\r\n";
        for size in 1..=bytes.len() {
            let pieces = bytes.chunks(size).collect::<Vec<_>>();
            assert_eq!(decode(framing, &pieces).unwrap(), whole, "{size} at a time");
        }
        let mut sent = Vec::new();
        framing.encode(b"a", &mut sent).unwrap();
        assert_eq!(sent, b"a\r\n\r\n");
        assert_eq!(framing.encode(b"a\r\n\r\nb", &mut sent), Err(FramingError::HoldsMark));
    }

    #[test]
    fn a_delimiter_is_printed_as_it_is_read() {
        for text in
            [r"delimiter:\r\n\r\n", r"delimiter:END\x00\xff", r"delimiter: \\", "delimiter:,"]
        {
            assert_eq!(text.parse::<Framing>().unwrap().to_string(), text);
        }
        for bad in ["", r"\", r"\q", r"\x1", &"x".repeat(33)] {
            let error = format!("delimiter:{bad}").parse::<Framing>().unwrap_err();
            assert_eq!(error, FramingError::Delimiter(bad.to_owned()));
        }
    }

    #[test]
    fn an_announced_length_is_checked_before_anything_is_stored() {
        let error = decode(Framing::Len32, &[&[0xff, 0xff, 0xff, 0xff, b'x']]).unwrap_err();
        assert_eq!(error, FramingError::TooLong { length: 0xffff_ffff, limit: MESSAGE_LIMIT });
    }

    #[test]
    fn a_line_without_end_is_refused_at_the_limit() {
        let long = vec![b'a'; MESSAGE_LIMIT];
        assert_eq!(
            decode(Framing::Line, &[&long, b"a"]).unwrap_err(),
            FramingError::TooLong { length: MESSAGE_LIMIT as u64 + 1, limit: MESSAGE_LIMIT }
        );
    }

    #[test]
    fn a_lower_limit_holds_for_every_framing() {
        let delimited = ("delimiter", "delimiter:--".parse().unwrap());
        for (name, framing) in Framing::ALL.into_iter().chain([delimited]) {
            let mut bytes = Vec::new();
            framing.encode(b"12345", &mut bytes).unwrap();
            let fed = |limit| Decoder::with_limit(framing, limit).feed(&bytes, |_| {});
            assert_eq!(fed(5), Ok(()), "{name}");
            let mut piecewise = Decoder::with_limit(framing, 5);
            let mut pieces = bytes.chunks(1);
            assert!(pieces.all(|piece| piecewise.feed(piece, |_| {}).is_ok()), "{name}");
            assert_eq!(fed(4), Err(FramingError::TooLong { length: 5, limit: 4 }), "{name}");
        }
    }

    #[test]
    fn a_counted_message_cut_short_is_handed_out_and_reported() {
        let mut messages = Vec::new();
        let mut decoder = Decoder::new(Framing::Len32);
        decoder.feed(b"\0\0\0\x05he", |m| messages.push(m.to_vec())).unwrap();
        let error = decoder.finish(|m| messages.push(m.to_vec())).unwrap_err();
        assert_eq!(
            (messages, error),
            (vec![b"he".to_vec()], FramingError::CutShort { missing: Some((5, 3)) })
        );
    }

    #[test]
    fn a_message_that_holds_the_mark_is_refused() {
        let refused = Framing::Line.encode(b"a\nb", &mut Vec::new());
        assert_eq!(refused, Err(FramingError::HoldsMark));
    }

    #[test]
    fn a_text_of_several_lines_is_several_messages() {
        let encoded = |framing: Framing, text: &str| {
            let mut output = b"x".to_vec();
            framing.encode_text(text.as_bytes(), &mut output);
            String::from_utf8(output).unwrap()
        };
        assert_eq!(encoded(Framing::Line, "a"), "xa\n");
        assert_eq!(encoded(Framing::Line, "a\nb"), "xa\nb\n");
        assert_eq!(encoded(Framing::Line, "a\n"), "xa\n");
        assert_eq!(encoded(Framing::Crlf, "a\r\nb"), "xa\r\nb\r\n");
        assert_eq!(encoded(Framing::Chunk, "a\n"), "xa\n");
        assert_eq!(encoded(Framing::Len32, "ab"), "x\0\0\0\u{2}ab");
        assert_eq!(encoded("delimiter:--".parse().unwrap(), "a--b"), "xa--b--");
    }

    proptest! {
        #[test]
        fn what_is_encoded_is_decoded_in_any_pieces(
            messages in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 0..8),
            cuts in prop::collection::vec(1_usize..9, 1..20),
            framing in prop::sample::select(vec![Framing::Nul, Framing::Len32, Framing::Line, Framing::Crlf]),
        ) {
            let mut sent = Vec::new();
            let mut bytes = Vec::new();
            for message in messages {
                // A trailing return belongs to the mark of the two line framings.
                let ambiguous = message.ends_with(b"\r") && matches!(framing, Framing::Line | Framing::Crlf);
                if !ambiguous && framing.encode(&message, &mut bytes).is_ok() {
                    sent.push(message);
                }
            }
            let mut pieces = Vec::new();
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                if rest.is_empty() { break; }
                let (piece, tail) = rest.split_at((*cut).min(rest.len()));
                pieces.push(piece);
                rest = tail;
            }
            prop_assert_eq!(decode(framing, &pieces).unwrap(), sent);
        }

        #[test]
        fn no_bytes_make_a_decoder_panic(
            pieces in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..64), 0..8),
            index in 0..Framing::ALL.len(),
        ) {
            let pieces: Vec<&[u8]> = pieces.iter().map(Vec::as_slice).collect();
            let _ = decode(Framing::ALL[index].1, &pieces);
        }
    }
}
