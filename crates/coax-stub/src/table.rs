//! Requests and their replies, by the hundred thousand.
//!
//! All text lies in one piece of memory, and a row is two numbers that say where in it: some thirty
//! bytes a row with its hash, its line and its count, whatever the rows hold. A request is found by
//! its hash, whichever row it is.
//!
//! Nothing here knows files or sockets.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::HashTable;

/// Rows, each found by its request.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Request, reply, request, reply.
    text: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<u32>,
    /// The line of the file that each row was read from.
    lines: Vec<u32>,
    hits: Vec<AtomicU64>,
    rows: HashTable<u32>,
    hasher: RandomState,
}

/// Why a row is not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// The row of this line has the same request.
    Known(usize),
    /// More than 4 GiB of text.
    Full,
}

impl Table {
    /// Room for `rows` rows of `bytes` bytes of text in all.
    pub(crate) fn with_room(rows: usize, bytes: usize) -> Table {
        Table {
            text: Vec::with_capacity(bytes),
            ends: Vec::with_capacity(rows * 2),
            lines: Vec::with_capacity(rows),
            rows: HashTable::with_capacity(rows),
            ..Table::default()
        }
    }

    /// Adds a row, unless its request is there already.
    pub(crate) fn push(
        &mut self,
        request: &[u8],
        reply: &[u8],
        line: usize,
    ) -> Result<(), Refused> {
        if let Some(row) = self.find(request) {
            return Err(Refused::Known(self.line(row)));
        }
        let middle = u32::try_from(self.text.len() + request.len()).map_err(|_| Refused::Full)?;
        let end = u32::try_from(self.text.len() + request.len() + reply.len());
        let end = end.map_err(|_| Refused::Full)?;
        let row = self.lines.len() as u32;
        self.text.extend_from_slice(request);
        self.text.extend_from_slice(reply);
        self.ends.extend([middle, end]);
        self.lines.push(u32::try_from(line).unwrap_or(u32::MAX));
        let Table { text, ends, rows, hasher, .. } = self;
        let hash = hasher.hash_one(request);
        let again = |row: &u32| hasher.hash_one(cell(text, ends, *row as usize * 2));
        rows.insert_unique(hash, row, again);
        Ok(())
    }

    /// Gives back what was reserved and not used, and starts to count.
    pub(crate) fn finish(mut self) -> Table {
        self.text.shrink_to_fit();
        self.ends.shrink_to_fit();
        self.lines.shrink_to_fit();
        self.hits = std::iter::repeat_with(AtomicU64::default).take(self.lines.len()).collect();
        self
    }

    /// The row of `request`.
    pub(crate) fn find(&self, request: &[u8]) -> Option<usize> {
        if self.lines.is_empty() {
            return None;
        }
        let hash = self.hasher.hash_one(request);
        let found = self.rows.find(hash, |row| self.request(*row as usize) == request);
        found.map(|row| *row as usize)
    }

    pub(crate) fn request(&self, row: usize) -> &[u8] {
        cell(&self.text, &self.ends, row * 2)
    }

    pub(crate) fn reply(&self, row: usize) -> &[u8] {
        cell(&self.text, &self.ends, row * 2 + 1)
    }

    pub(crate) fn line(&self, row: usize) -> usize {
        self.lines[row] as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.lines.len()
    }

    /// How often `row` was hit.
    pub(crate) fn hits(&self, row: usize) -> &AtomicU64 {
        &self.hits[row]
    }

    /// Goes on counting where `old` has come to.
    pub(crate) fn carry(&self, old: &Table) {
        for row in 0..old.len() {
            let count = old.hits(row).load(Ordering::Relaxed);
            if let Some(new) = (count > 0).then(|| self.find(old.request(row))).flatten() {
                self.hits(new).fetch_add(count, Ordering::Relaxed);
            }
        }
    }
}

fn cell<'a>(text: &'a [u8], ends: &[u32], cell: usize) -> &'a [u8] {
    let start = if cell == 0 { 0 } else { ends[cell - 1] as usize };
    &text[start..ends[cell] as usize]
}

#[cfg(test)]
mod tests {
    use super::{Refused, Table};
    use proptest::prelude::*;
    use std::collections::HashMap;

    #[test]
    fn a_second_row_for_a_request_is_refused() {
        let mut table = Table::default();
        assert_eq!(table.push(b"a", b"1", 1), Ok(()));
        assert_eq!(table.push(b"a", b"2", 7), Err(Refused::Known(1)));
        let table = table.finish();
        assert_eq!((table.len(), table.reply(0)), (1, &b"1"[..]));
        assert_eq!(table.find(b""), None);
    }

    #[test]
    fn a_row_costs_little_above_its_text() {
        let mut table = Table::default();
        for row in 0..100_000_usize {
            table.push(format!("request {row}").as_bytes(), b"", row).unwrap();
        }
        let table = table.finish();
        let numbers = table.ends.capacity() * 4 + table.lines.capacity() * 4;
        let bytes = numbers + table.hits.capacity() * 8 + table.rows.allocation_size();
        assert!(bytes / table.len() < 40, "{} bytes a row", bytes / table.len());
    }

    proptest! {
        #[test]
        fn it_finds_what_a_map_finds(
            rows in prop::collection::vec(("[ab]{0,4}", "[xy]{0,3}"), 0..60),
            asked in prop::collection::vec("[ab]{0,4}", 0..20),
        ) {
            let (mut table, mut map) = (Table::default(), HashMap::new());
            for (line, (request, reply)) in rows.iter().enumerate() {
                let pushed = table.push(request.as_bytes(), reply.as_bytes(), line);
                prop_assert_eq!(pushed.is_ok(), !map.contains_key(request));
                map.entry(request).or_insert(reply);
            }
            let table = table.finish();
            for request in &asked {
                let found = table.find(request.as_bytes()).map(|row| table.reply(row));
                prop_assert_eq!(found, map.get(request).map(|reply| reply.as_bytes()));
            }
        }
    }
}
