//! Requests and their replies, by the hundred thousand.
//!
//! All text lies in one piece of memory, and a row says where in it: some thirty bytes a row with
//! its hash, its line and its count, whatever the rows hold. A request is found by its hash,
//! whichever row it is. Whoever wrote the table is trusted with the choice of its requests, so the
//! hash is a fast one: a stranger asks and adds nothing.
//!
//! Nothing here knows files or sockets.

use std::hash::BuildHasher;
use std::hint::black_box;
use std::sync::atomic::{AtomicU64, Ordering};

use hashbrown::{DefaultHashBuilder, HashTable};

/// Look-ups that are prepared together: memory fetches no more than this at the same time.
pub(crate) const TOGETHER: usize = 32;

/// Rows, each found by its request.
#[derive(Debug, Default)]
pub(crate) struct Table {
    /// Request, reply, request, reply.
    text: Vec<u8>,
    rows: Vec<Row>,
    /// Numbers of rows.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

/// Where a row's text begins, where its request ends, where its reply ends. All that an answer
/// needs lies together: it is fetched at once.
#[derive(Debug)]
struct Row {
    start: u32,
    middle: u32,
    end: u32,
    /// Of the file that it was read from.
    line: u32,
    hits: AtomicU64,
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
            rows: Vec::with_capacity(rows),
            index: HashTable::with_capacity(rows),
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
        let place = |bytes: usize| u32::try_from(bytes).map_err(|_| Refused::Full);
        let start = self.text.len();
        let middle = start + request.len();
        let row = Row {
            start: place(start)?,
            middle: place(middle)?,
            end: place(middle + reply.len())?,
            line: u32::try_from(line).unwrap_or(u32::MAX),
            hits: AtomicU64::new(0),
        };
        let number = place(self.rows.len())?;
        self.text.extend_from_slice(request);
        self.text.extend_from_slice(reply);
        self.rows.push(row);
        let Table { text, rows, index, hasher } = self;
        let again = |row: &u32| hasher.hash_one(rows[*row as usize].request(text));
        index.insert_unique(hasher.hash_one(request), number, again);
        Ok(())
    }

    /// Gives back what was reserved and not used.
    pub(crate) fn finish(mut self) -> Table {
        self.text.shrink_to_fit();
        self.rows.shrink_to_fit();
        self
    }

    /// The row of `request`.
    pub(crate) fn find(&self, request: &[u8]) -> Option<usize> {
        self.find_hashed(request, self.hash(request))
    }

    /// By which a request is found.
    pub(crate) fn hash(&self, request: &[u8]) -> u64 {
        self.hasher.hash_one(request)
    }

    /// The row of `request`, which has this hash.
    pub(crate) fn find_hashed(&self, request: &[u8], hash: u64) -> Option<usize> {
        let found = self.index.find(hash, |row| self.request(*row as usize) == request);
        found.map(|row| *row as usize)
    }

    /// The hashes of up to [`TOGETHER`] requests. Memory brings what their look-ups and their
    /// replies will need for all of them at once: one after the other, each would wait for its own.
    pub(crate) fn fetch<'r>(&self, requests: impl Iterator<Item = &'r [u8]>) -> [u64; TOGETHER] {
        // Each round does one thing alone, so that the next begins before memory has answered.
        let (mut hashes, mut count) = ([0; TOGETHER], 0);
        for (request, hash) in requests.zip(&mut hashes) {
            *hash = self.hash(request);
            count += 1;
        }
        let mut rows = [None; TOGETHER];
        for (hash, row) in hashes[..count].iter().zip(&mut rows) {
            // Whatever has a part of its hash is most likely what will be found.
            *row = self.index.find(*hash, |_| true).copied();
        }
        let mut places = [[0; 3]; TOGETHER];
        for (row, places) in rows.iter().flatten().zip(&mut places) {
            let Row { start, middle, end, .. } = self.rows[*row as usize];
            *places = [start, middle, end.saturating_sub(1)];
        }
        let byte = |at: &u32| self.text.get(*at as usize).copied().unwrap_or_default();
        black_box(places[..count].iter().flatten().fold(0, |all, at| all ^ byte(at)));
        hashes
    }

    pub(crate) fn request(&self, row: usize) -> &[u8] {
        self.rows[row].request(&self.text)
    }

    pub(crate) fn reply(&self, row: usize) -> &[u8] {
        let Row { middle, end, .. } = self.rows[row];
        &self.text[middle as usize..end as usize]
    }

    pub(crate) fn line(&self, row: usize) -> usize {
        self.rows[row].line as usize
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    /// How often `row` was hit.
    pub(crate) fn hits(&self, row: usize) -> &AtomicU64 {
        &self.rows[row].hits
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

impl Row {
    fn request<'a>(&self, text: &'a [u8]) -> &'a [u8] {
        &text[self.start as usize..self.middle as usize]
    }
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
        let rows = table.rows.capacity() * std::mem::size_of::<super::Row>();
        let bytes = rows + table.index.allocation_size();
        assert!(bytes / table.len() < 40, "{} bytes a row", bytes / table.len());
    }

    #[test]
    fn fetching_changes_nothing_and_any_request_may_be_fetched() {
        let mut table = Table::default();
        table.fetch([&b"a"[..]].into_iter());
        assert_eq!(table.find(b"a"), None);
        table.push(b"a", b"", 1).unwrap();
        let many = vec![&b"a"[..]; 2 * super::TOGETHER];
        table.fetch(many.into_iter());
        let hashes = table.fetch([&b"b"[..], b"a"].into_iter());
        let found = [(&b"b"[..], hashes[0]), (b"a", hashes[1])];
        assert_eq!(found.map(|(text, hash)| table.find_hashed(text, hash)), [None, Some(0)]);
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
