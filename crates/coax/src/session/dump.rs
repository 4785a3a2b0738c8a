//! What went by, in hexadecimal on stderr.
//!
//! Each direction counts its own bytes, and each line says which direction it is.
//!
//! Nothing here changes or delays what it shows.

use std::fmt::Write as _;
use std::io::{self, Write as _};

/// A dump of one direction on stderr, sixteen bytes a line.
#[derive(Debug)]
pub(crate) struct Dump {
    mark: String,
    offset: u64,
}

impl Dump {
    /// Each line begins with `mark`.
    pub(crate) fn new(mark: impl Into<String>) -> Dump {
        Dump { mark: mark.into(), offset: 0 }
    }

    pub(crate) fn show(&mut self, bytes: &[u8]) {
        let mut text = String::new();
        for row in bytes.chunks(16) {
            let _ = writeln!(text, "{}", dump_line(&self.mark, self.offset, row));
            self.offset += row.len() as u64;
        }
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }
}

fn dump_line(mark: &str, offset: u64, row: &[u8]) -> String {
    let mut hex = String::new();
    let mut text = String::new();
    for (index, byte) in row.iter().enumerate() {
        let gap = if index == 8 { "  " } else { " " };
        let _ = write!(hex, "{gap}{byte:02x}");
        text.push(if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' });
    }
    format!("{mark} {offset:08x} {hex:<49}  |{text}|")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dump_line_shows_offset_bytes_and_text() {
        assert_eq!(
            dump_line(">", 16, b"hello\n"),
            "> 00000010  68 65 6c 6c 6f 0a                                 |hello.|"
        );
    }
}
