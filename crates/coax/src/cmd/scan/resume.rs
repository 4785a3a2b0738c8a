//! A scan that was stopped goes on: `--resume FILE`.
//!
//! The file is written before the first probe, so that a path that cannot be written is known
//! then, and again when the scan is stopped. It holds everything that was chosen, so the same
//! command goes on, and so does one with nothing but the file. A finished scan removes it.
//!
//! Nothing here asks a port.

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use coax_addr::{Protocol, ProtocolPorts, ServiceTable};
use coax_net::cause_in_words;
use coax_scan::{Order, Plan, Rest, Tally};
use serde::{Deserialize, Serialize};

use super::targets::{self, Chosen};
use crate::failure::{Exit, Failure};

/// Another version is another format.
const VERSION: u8 = 1;

/// A scan's file.
pub(super) struct ResumeFile {
    path: PathBuf,
    saved: Saved,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Saved {
    v: u8,
    /// The words that chose it.
    words: Vec<String>,
    targets: String,
    ports: String,
    /// Names the random order; none is the serial one.
    seed: Option<u64>,
    names: BTreeMap<IpAddr, String>,
    unresolved: bool,
    next: u64,
    again: Vec<u64>,
    so_far: SoFar,
}

/// What was counted before.
#[derive(Clone, Copy, Default, Serialize, Deserialize)]
struct SoFar {
    open: u64,
    closed: u64,
    filtered: u64,
    open_or_filtered: u64,
    inconclusive: u64,
    skipped: u64,
    sent: u64,
    elapsed_ms: f64,
}

impl ResumeFile {
    /// The file that an earlier scan left at `path`, chosen by the same `words` or by none.
    pub(super) fn open(path: &Path, words: &[String]) -> Result<Option<ResumeFile>, Failure> {
        let text = match fs::read_to_string(path) {
            Ok(text) if text.is_empty() => return Ok(None),
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(unusable(path, "read", &error)),
        };
        let shown = path.display();
        let foreign = |why: &str| {
            Failure::new(Exit::Usage, format!("{shown} is no scan that can go on: {why}"))
                .hint("name another file, or remove it to begin anew")
        };
        let saved: Saved =
            serde_json::from_str(&text).map_err(|error| foreign(&error.to_string()))?;
        if saved.v != VERSION {
            return Err(foreign(&format!("version {} is not {VERSION}", saved.v)));
        }
        if !words.is_empty() && words != saved.words {
            let theirs = saved.words.join(" ");
            let message = format!("{shown} is of another scan: coax scan {theirs}");
            return Err(Failure::new(Exit::Usage, message)
                .hint(format!("coax scan --resume {shown} goes on with that one")));
        }
        Ok(Some(ResumeFile { path: path.to_owned(), saved }))
    }

    /// A new file for a scan of `plan`.
    pub(super) fn begin(
        path: &Path,
        words: Vec<String>,
        plan: &Plan,
        chosen: &Chosen,
    ) -> Result<ResumeFile, Failure> {
        let saved = Saved {
            v: VERSION,
            words,
            targets: plan.targets.to_string(),
            ports: plan.ports.to_string(),
            seed: match plan.order {
                Order::Random { seed } => Some(seed),
                Order::Serial => None,
            },
            names: chosen.names.iter().map(|(address, name)| (*address, name.clone())).collect(),
            unresolved: chosen.unresolved,
            next: 0,
            again: Vec::new(),
            so_far: SoFar::default(),
        };
        let file = ResumeFile { path: path.to_owned(), saved };
        file.write()?;
        Ok(file)
    }

    pub(super) fn chosen(&self) -> Result<Chosen, Failure> {
        let names: HashMap<_, _> = self.saved.names.clone().into_iter().collect();
        let addresses = targets::addresses(&self.saved.targets)?;
        Ok(Chosen { addresses, names, unresolved: self.saved.unresolved })
    }

    pub(super) fn ports(&self, table: &ServiceTable) -> Result<ProtocolPorts, Failure> {
        ProtocolPorts::parse(&self.saved.ports, table, Protocol::Tcp)
            .map_err(|error| Failure::new(Exit::Usage, error.to_string()))
    }

    pub(super) fn order(&self) -> Order {
        self.saved.seed.map_or(Order::Serial, |seed| Order::Random { seed })
    }

    pub(super) fn rest(&self) -> Rest {
        Rest { next: self.saved.next, again: self.saved.again.clone() }
    }

    /// What this and the scans before it have counted.
    pub(super) fn add_to(&self, tally: Tally) -> Tally {
        let SoFar { open, closed, filtered, open_or_filtered, inconclusive, skipped, sent, .. } =
            self.saved.so_far;
        let before = open + closed + filtered + open_or_filtered + inconclusive;
        Tally {
            total: tally.total + before + skipped,
            probed: tally.probed + before,
            open: tally.open + open,
            closed: tally.closed + closed,
            filtered: tally.filtered + filtered,
            open_or_filtered: tally.open_or_filtered + open_or_filtered,
            inconclusive: tally.inconclusive + inconclusive,
            skipped: tally.skipped + skipped,
            sent: tally.sent + sent,
        }
    }

    pub(super) fn elapsed_ms(&self) -> f64 {
        self.saved.so_far.elapsed_ms
    }

    /// The scan was stopped: `tally` and `elapsed_ms` are of all that was done.
    pub(super) fn keep(
        mut self,
        rest: Rest,
        tally: &Tally,
        elapsed_ms: f64,
    ) -> Result<(), Failure> {
        let &Tally {
            open, closed, filtered, open_or_filtered, inconclusive, skipped, sent, ..
        } = tally;
        self.saved.so_far = SoFar {
            open,
            closed,
            filtered,
            open_or_filtered,
            inconclusive,
            skipped,
            sent,
            elapsed_ms,
        };
        (self.saved.next, self.saved.again) = (rest.next, rest.again);
        self.write()
    }

    /// Everything was asked.
    pub(super) fn remove(self) -> Result<(), Failure> {
        fs::remove_file(&self.path).map_err(|error| unusable(&self.path, "remove", &error))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Whole or not at all: beside the file first, then in its place.
    fn write(&self) -> Result<(), Failure> {
        let mut beside = self.path.clone().into_os_string();
        beside.push(".new");
        serde_json::to_vec(&self.saved)
            .map_err(io::Error::from)
            .and_then(|bytes| fs::write(&beside, bytes))
            .and_then(|()| fs::rename(&beside, &self.path))
            .map_err(|error| unusable(&self.path, "write", &error))
    }
}

fn unusable(path: &Path, what: &str, error: &io::Error) -> Failure {
    let why = cause_in_words(error);
    Failure::new(Exit::Machine, format!("cannot {what} {}: {why}", path.display()))
}
