//! What happens to bytes between the standard streams and a socket.
//!
//! Outward, lines become messages; inward, messages become lines, JSON, or what a terminal may
//! see. Either way a dump can be made on the side.
//!
//! Nothing here reads or writes a socket; it is given bytes and gives bytes.

use std::io;

use coax_net::{Decoder, Filter, Framing, FramingError, Pieces};

use super::dump::Dump;
use super::summary::MessageReport;
use crate::out::{Out, clean, hex};

/// Who reads what arrives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shown {
    /// A pipe or file: untouched.
    AsTheyAre,
    /// A person: control characters become visible.
    Terminal,
    /// A program: one event a message, from this peer.
    Json(String),
}

impl Shown {
    pub(crate) fn on(out: &Out, stdout: bool, peer: &str) -> Shown {
        match stdout {
            true if out.is_json() => Shown::Json(peer.to_owned()),
            true if super::is_terminal(io::stdout()) => Shown::Terminal,
            _ => Shown::AsTheyAre,
        }
    }
}

/// From standard input to the socket.
#[derive(Debug)]
pub(crate) struct Outward {
    framing: Framing,
    /// Each message is sent on its own.
    packets: bool,
    crlf: bool,
    lines: Option<Decoder>,
    after_return: bool,
    dump: Option<Dump>,
    /// The most bytes a packet holds, where packets are sent.
    largest: Option<usize>,
    unsent: u64,
}

impl Outward {
    /// Lines to messages; bytes as they come where the framing is raw.
    pub(crate) fn new(framing: Framing) -> Outward {
        Outward {
            framing,
            packets: framing == Framing::Chunk,
            crlf: false,
            lines: (framing != Framing::Raw).then(|| Decoder::new(Framing::Line)),
            after_return: false,
            dump: None,
            largest: None,
            unsent: 0,
        }
    }

    /// With a return before each newline, if `on`; a message of its own ends in both.
    pub(crate) fn crlf(self, on: bool) -> Outward {
        let marked = on && self.lines.is_some();
        let framing = if marked { Framing::Crlf } else { self.framing };
        Outward { crlf: on, framing, ..self }
    }

    /// With a dump of what is sent, if `on`.
    pub(crate) fn hex(self, on: bool) -> Outward {
        Outward { dump: on.then(|| Dump::new(">")), ..self }
    }

    /// Each message on its own, of at most so many bytes, if the socket keeps boundaries.
    pub(crate) fn packets(self, largest: Option<usize>) -> Outward {
        Outward { packets: self.packets || largest.is_some(), largest, ..self }
    }

    /// How many messages did not fit into a packet and were left out.
    pub(crate) fn unsent(&self) -> u64 {
        self.unsent
    }

    /// `\r\n` for each newline that is not already preceded by a return.
    fn with_returns(&mut self, input: &[u8], output: &mut Vec<u8>) {
        for byte in input {
            if *byte == b'\n' && !self.after_return {
                output.push(b'\r');
            }
            self.after_return = *byte == b'\r';
            output.push(*byte);
        }
    }

    /// One message, unless one before it could not be sent.
    fn encoded(
        &mut self,
        before: &Result<(), FramingError>,
        line: &[u8],
        output: &mut Pieces,
    ) -> Result<(), FramingError> {
        before.clone()?;
        let start = output.bytes().len();
        self.framing.encode(line, output.bytes())?;
        let length = output.bytes().len() - start;
        if let Some(largest) = self.largest.filter(|&largest| length > largest) {
            output.bytes().truncate(start);
            self.unsent += 1;
            let why = format!("a message of {length} bytes, and a packet holds {largest} here");
            Out::plain().talk(&format!("coax: not sent: {why}"));
            return Ok(());
        }
        if self.packets {
            output.cut();
        }
        Ok(())
    }

    fn dumped(&mut self, output: &[u8]) {
        if let Some(dump) = &mut self.dump {
            dump.show(output);
        }
    }
}

impl Filter for Outward {
    fn feed(&mut self, input: &[u8], output: &mut Pieces) -> Result<(), FramingError> {
        let before = output.bytes().len();
        match self.lines.take() {
            Some(mut lines) => {
                let mut encoded = Ok(());
                let fed = lines.feed(input, |line| encoded = self.encoded(&encoded, line, output));
                self.lines = Some(lines);
                fed.and(encoded)?;
            }
            None if self.crlf => self.with_returns(input, output.bytes()),
            None => {
                for piece in input.chunks(self.largest.unwrap_or(usize::MAX).max(1)) {
                    output.bytes().extend_from_slice(piece);
                    output.cut();
                }
            }
        }
        self.dumped(&output.bytes()[before..]);
        Ok(())
    }

    fn finish(&mut self, output: &mut Pieces) -> Result<(), FramingError> {
        let before = output.bytes().len();
        let mut encoded = Ok(());
        if let Some(mut lines) = self.lines.take() {
            lines.finish(|line| encoded = self.encoded(&encoded, line, output))?;
        }
        self.dumped(&output.bytes()[before..]);
        encoded
    }
}

/// From the socket to standard output.
#[derive(Debug)]
pub(crate) struct Inward {
    framing: Framing,
    messages: Option<Decoder>,
    shown: Shown,
    /// A character that a read cut in two, for a terminal and raw bytes.
    cut: Vec<u8>,
    dump: Option<Dump>,
}

impl Inward {
    pub(crate) fn new(framing: Framing, shown: Shown, hex: bool) -> Inward {
        let dump = hex.then(|| Dump::new("<"));
        Inward { framing, messages: Some(Decoder::new(framing)), shown, cut: Vec::new(), dump }
    }

    fn show(&mut self, message: &[u8], output: &mut Vec<u8>) {
        let newline = self.framing != Framing::Raw;
        match &self.shown {
            Shown::Json(peer) => return output.extend(message_report(peer, message)),
            Shown::AsTheyAre => output.extend_from_slice(message),
            Shown::Terminal if newline => {
                output.extend_from_slice(clean(&String::from_utf8_lossy(message)).as_bytes());
            }
            Shown::Terminal => self.show_raw(message, output),
        }
        // One that ends in a newline needs no second one.
        if newline && !message.ends_with(b"\n") {
            output.push(b'\n');
        }
    }

    /// Raw bytes on a terminal: a character that the next read completes waits for it.
    fn show_raw(&mut self, bytes: &[u8], output: &mut Vec<u8>) {
        self.cut.extend_from_slice(bytes);
        let whole = whole_characters(&self.cut);
        let rest = self.cut.split_off(whole);
        output.extend_from_slice(clean(&String::from_utf8_lossy(&self.cut)).as_bytes());
        self.cut = rest;
    }
}

/// How many bytes are left when an unfinished character at the end is set aside.
fn whole_characters(bytes: &[u8]) -> usize {
    match bytes.utf8_chunks().last() {
        Some(last) => {
            let tail = last.invalid();
            let unfinished = std::str::from_utf8(tail).is_err_and(|e| e.error_len().is_none());
            bytes.len() - if unfinished { tail.len() } else { 0 }
        }
        None => 0,
    }
}

impl Filter for Inward {
    fn feed(&mut self, input: &[u8], output: &mut Pieces) -> Result<(), FramingError> {
        if let Some(dump) = &mut self.dump {
            dump.show(input);
        }
        let Some(mut messages) = self.messages.take() else { return Ok(()) };
        let fed = messages.feed(input, |message| self.show(message, output.bytes()));
        self.messages = Some(messages);
        fed
    }

    fn finish(&mut self, output: &mut Pieces) -> Result<(), FramingError> {
        let Some(mut messages) = self.messages.take() else { return Ok(()) };
        let finished = messages.finish(|message| self.show(message, output.bytes()));
        let rest = std::mem::take(&mut self.cut);
        output.bytes().extend_from_slice(String::from_utf8_lossy(&rest).as_bytes());
        finished
    }
}

/// One `message` event as a line.
pub(crate) fn message_report(from: &str, message: &[u8]) -> Vec<u8> {
    let text = std::str::from_utf8(message).ok().map(str::to_owned);
    let hex = text.is_none().then(|| hex(message));
    crate::out::line(&MessageReport { from: from.to_owned(), text, hex })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(filter: &mut dyn Filter, pieces: &[&[u8]]) -> Vec<u8> {
        let mut output = Pieces::default();
        for piece in pieces {
            filter.feed(piece, &mut output).unwrap();
        }
        filter.finish(&mut output).unwrap();
        std::mem::take(output.bytes())
    }

    #[test]
    fn a_typed_line_is_a_message_without_its_newline() {
        let mut filter = Outward::new(Framing::Chunk);
        assert_eq!(through(&mut filter, &[b"hello\n"]), b"hello");
        let mut filter = Outward::new(Framing::Len32);
        assert_eq!(through(&mut filter, &[b"he", b"y\nx"]), b"\0\0\0\x03hey\0\0\0\x01x");
    }

    #[test]
    fn crlf_adds_returns_only_where_they_are_missing() {
        let mut filter = Outward::new(Framing::Raw).crlf(true);
        assert_eq!(through(&mut filter, &[b"a\nb\r", b"\nc"]), b"a\r\nb\r\nc");
    }

    #[test]
    fn a_character_cut_by_a_read_is_shown_whole() {
        let mut filter = Inward::new(Framing::Raw, Shown::Terminal, false);
        assert_eq!(
            through(&mut filter, &["é".as_bytes().split_at(1).0, &"é".as_bytes()[1..]]),
            "é".as_bytes()
        );
        let mut filter = Inward::new(Framing::Raw, Shown::Terminal, false);
        assert_eq!(
            through(&mut filter, &[b"\x1b[2J\xff\xc3"]),
            "\\u{1b}[2J\u{fffd}\u{fffd}".as_bytes()
        );
    }

    #[test]
    fn what_one_read_returned_is_printed_with_a_newline() {
        let mut filter = Inward::new(Framing::Chunk, Shown::AsTheyAre, false);
        assert_eq!(through(&mut filter, &[b"hi", b"you\n", b"\n"]), b"hi\nyou\n\n");
    }
}
