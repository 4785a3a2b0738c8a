//! The table that is asked, and the requests that ask it.
//!
//! A request is 64 bytes and its reply the same 64, so that an echo can stand beside a table and
//! one client checks both alike. Requests come in an order that jumps through the table.
//!
//! Nothing here sends.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;

pub(super) const ROWS: usize = 100_000;
/// Bytes of a request.
pub(super) const SIZE: usize = 64;
/// From one request to the next, in rows. It has no factor in common with their number.
const JUMP: usize = 7_919;

pub(super) fn text(row: usize) -> String {
    format!("{:.<SIZE$}", format!("course {row:09}"))
}

/// A CSV file of the first `rows`.
pub(super) fn table(name: &str, rows: usize) -> Result<PathBuf, String> {
    let path = std::env::temp_dir().join(format!("coax-bench-{}-{name}.csv", std::process::id()));
    let mut lines = String::new();
    for row in 0..rows {
        let _ = writeln!(lines, "{0},{0}", text(row));
    }
    fs::write(&path, lines).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

/// Requests ready to be sent: making them costs the load nothing while it runs.
pub(super) struct Requests {
    text: Vec<u8>,
    /// Bytes of what is sent at once.
    block: usize,
    /// How many blocks there are; each begins at a request of its own.
    places: usize,
    stride: usize,
}

impl Requests {
    /// `at_once` of them in a block, each followed by `mark`.
    pub(super) fn new(at_once: usize, mark: &str) -> Requests {
        let stride = SIZE + mark.len();
        let mut text = Vec::with_capacity((ROWS + at_once) * stride);
        for number in 0..ROWS + at_once {
            text.extend_from_slice(self::text(number * JUMP % ROWS).as_bytes());
            text.extend_from_slice(mark.as_bytes());
        }
        Requests { text, block: at_once * stride, places: ROWS, stride }
    }

    /// The block number `number`, of which there is no end.
    pub(super) fn block(&self, number: usize) -> &[u8] {
        let at_once = self.block / self.stride;
        let start = number * at_once % self.places * self.stride;
        &self.text[start..start + self.block]
    }
}

#[cfg(test)]
mod tests {
    use super::{ROWS, Requests, SIZE};
    use std::collections::HashSet;

    #[test]
    fn every_row_is_asked_for() {
        let requests = Requests::new(1, "");
        let asked = (0..ROWS).map(|number| requests.block(number)).collect::<HashSet<_>>();
        assert_eq!(asked.len(), ROWS);
        assert!(asked.iter().all(|request| request.len() == SIZE));
    }

    #[test]
    fn a_block_is_so_many_lines() {
        let requests = Requests::new(3, "\n");
        let lines = requests.block(ROWS + 1).split_inclusive(|byte| *byte == b'\n');
        assert_eq!(lines.map(<[u8]>::len).collect::<Vec<_>>(), [SIZE + 1; 3]);
    }
}
