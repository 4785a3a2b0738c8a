//! Where the names come from: the command line, a file, or stdin.
//!
//! A file is read by a thread of its own, a bounded way ahead, so a slow writer on stdin stops
//! nothing and a long file costs no memory. Lines that cannot be names are told apart, with
//! their number.
//!
//! Nothing here looks a name up.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use tokio::sync::mpsc;

use crate::failure::{Exit, Failure};

/// Lines read ahead of the lookups, in batches.
const AHEAD: usize = 16;
/// Lines handed over at once: waking the reader for each would cost more than reading it.
const BATCH: usize = 128;
/// No name comes near this; the rest of a longer line is skipped unread.
const LONGEST_LINE: u64 = 4096;

/// No names, and yet they mean something: this machine, everybody here, the root of all names.
const MEANINGS: [&str; 4] = ["", "*", "<broadcast>", "."];

/// One name to look up, or a line that is none.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Line {
    /// Counted from 1; none for a name from the command line.
    pub(super) number: Option<u64>,
    pub(super) text: String,
    /// Why it cannot be a name, when that is plain from the line alone.
    pub(super) wrong: Option<&'static str>,
    /// Bytes read so far, this line included.
    pub(super) position: u64,
}

/// The names, one after the other.
pub(super) enum Names {
    Given(std::vec::IntoIter<String>),
    Read { batches: mpsc::Receiver<io::Result<Vec<Line>>>, batch: std::vec::IntoIter<Line> },
}

impl Names {
    /// Opens `file`; `-` is stdin. Also gives the file's size, where it has one.
    pub(super) fn open(file: &Path) -> Result<(Names, Option<u64>), Failure> {
        if file == Path::new("-") {
            return Ok((Names::read(io::stdin())?, None));
        }
        let cannot = |error: io::Error| {
            let missing = error.kind() == io::ErrorKind::NotFound;
            let why = coax_net::cause_in_words(&error);
            let exit = if missing { Exit::Usage } else { Exit::Machine };
            Failure::new(exit, format!("cannot read {}: {why}", file.display()))
        };
        let opened = File::open(file).map_err(cannot)?;
        let about = opened.metadata().map_err(cannot)?;
        if about.is_dir() {
            let message = format!("cannot read {}: it is a directory", file.display());
            return Err(Failure::new(Exit::Usage, message));
        }
        Ok((Names::read(opened)?, about.is_file().then_some(about.len())))
    }

    fn read(source: impl Read + Send + 'static) -> Result<Names, Failure> {
        let (to, batches) = mpsc::channel(AHEAD);
        let work = move || read_all(BufReader::with_capacity(1 << 16, source), &to);
        std::thread::Builder::new().name("names".to_owned()).spawn(work).map_err(|error| {
            let why = coax_net::no_thread(&error);
            Failure::new(Exit::Machine, format!("cannot read names: {why}"))
        })?;
        Ok(Names::Read { batches, batch: Vec::new().into_iter() })
    }

    /// The next name, or none at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Line>, Failure> {
        match self {
            Names::Given(names) => Ok(names.next().map(|text| line(None, text, 0))),
            Names::Read { batches, batch } => loop {
                if let Some(line) = batch.next() {
                    return Ok(Some(line));
                }
                match batches.recv().await {
                    None => return Ok(None),
                    Some(Ok(more)) => *batch = more.into_iter(),
                    Some(Err(error)) => {
                        let why = coax_net::cause_in_words(&error);
                        let message = format!("cannot read the names: {why}");
                        return Err(Failure::new(Exit::Machine, message));
                    }
                }
            },
        }
    }
}

fn read_all(mut source: BufReader<impl Read>, to: &mpsc::Sender<io::Result<Vec<Line>>>) {
    let (mut number, mut position) = (0, 0);
    let mut batch = Vec::with_capacity(BATCH);
    loop {
        let mut bytes = Vec::new();
        match read_line(&mut source, &mut bytes) {
            Ok(0) => break,
            Ok(count) => position += count,
            Err(error) => {
                let _ = to.blocking_send(Ok(batch));
                let _ = to.blocking_send(Err(error));
                return;
            }
        }
        number += 1;
        batch.extend(from_bytes(number, &bytes, position));
        // A writer that pauses must not hold back the lines it has written.
        if batch.len() >= BATCH || source.buffer().is_empty() {
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if !full.is_empty() && to.blocking_send(Ok(full)).is_err() {
                return;
            }
        }
    }
    let _ = to.blocking_send(Ok(batch));
}

/// One line, newline included, and the bytes it took from the source; of a line that is too long
/// only the beginning is kept.
fn read_line(source: &mut impl BufRead, bytes: &mut Vec<u8>) -> io::Result<u64> {
    let mut count = source.take(LONGEST_LINE).read_until(b'\n', bytes)? as u64;
    while count >= LONGEST_LINE && bytes.last() != Some(&b'\n') {
        let mut rest = Vec::new();
        let more = source.take(LONGEST_LINE).read_until(b'\n', &mut rest)? as u64;
        count += more;
        if more == 0 || rest.last() == Some(&b'\n') {
            break;
        }
    }
    Ok(count)
}

/// Blank lines and comments, also behind a name, are nobody's name.
fn from_bytes(number: u64, bytes: &[u8], position: u64) -> Option<Line> {
    let text = match std::str::from_utf8(bytes) {
        // No name has a '#'.
        Ok(text) => text.split('#').next().unwrap_or_default().trim(),
        Err(_) => {
            let text = String::from_utf8_lossy(bytes).trim().to_owned();
            let wrong = Some("it is not UTF-8");
            return Some(Line { number: Some(number), text, wrong, position });
        }
    };
    (!text.is_empty()).then(|| line(Some(number), text.to_owned(), position))
}

fn line(number: Option<u64>, text: String, position: u64) -> Line {
    let wrong = match coax_net::check_host_name(&text) {
        _ if MEANINGS.contains(&text.as_str()) => None,
        // Colons are for addresses; the root has records of its own.
        Ok(()) if text.contains(':') && address(&text).is_none() => {
            Some("a host name has no colons, and this is no IPv6 address")
        }
        Err(coax_net::ResolveErrorKind::Malformed(why)) => Some(why),
        _ => None,
    };
    Line { number, text, wrong, position }
}

/// The address that `text` is, zone left out: it says where an address is, not whose.
pub(super) fn address(text: &str) -> Option<std::net::IpAddr> {
    text.split('%').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(bytes: &'static [u8]) -> Vec<Line> {
        let (to, mut batches) = mpsc::channel(AHEAD);
        read_all(BufReader::new(bytes), &to);
        drop(to);
        let mut all = Vec::new();
        while let Some(batch) = batches.blocking_recv() {
            all.extend(batch.unwrap());
        }
        all
    }

    #[test]
    fn blank_lines_and_comments_are_skipped_and_rubbish_keeps_its_number() {
        let found: Vec<_> =
            lines(b"a.test # it\n\n# x\n  b.test \r\nno name\n\xff\n::1\na:b\n.\nlast")
                .into_iter()
                .map(|line| (line.number.unwrap(), line.text, line.wrong.is_some()))
                .collect();
        let expected = [
            (1, "a.test", false),
            (4, "b.test", false),
            (5, "no name", true),
            (6, "\u{fffd}", true),
            (7, "::1", false),
            (8, "a:b", true),
            (9, ".", false),
            (10, "last", false),
        ];
        assert_eq!(found, expected.map(|(number, text, wrong)| (number, text.to_owned(), wrong)));
    }

    #[test]
    fn a_line_without_end_is_rejected_in_little_memory() {
        let mut text = vec![b'a'; 3 * LONGEST_LINE as usize];
        text.extend(b"\nb.test\n");
        let found = lines(text.leak());
        assert!(found[0].wrong.is_some() && found[0].text.len() <= LONGEST_LINE as usize);
        assert_eq!((found[1].text.as_str(), found[1].number), ("b.test", Some(2)));
        assert_eq!(found[1].position, 3 * LONGEST_LINE + 8);
    }
}
