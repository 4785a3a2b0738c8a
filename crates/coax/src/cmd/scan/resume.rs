//! A scan that was stopped, however it was, goes on: `--resume FILE`.
//!
//! The file is written before the first probe, so that a path that cannot be written is known
//! then, every few seconds, and when the scan is stopped. It is replaced whole and is on the disk
//! before it takes the old one's place, so a scan that was killed goes on from the last one. It
//! holds everything that was chosen and told, so the same command goes on, and so does one with
//! nothing but the file. A finished scan removes it.
//!
//! Nothing here asks a port.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use coax_addr::{Protocol, ProtocolPorts, ServiceTable};
use coax_net::cause_in_words;
use coax_scan::{Checkpoint, HostGroup, Hosts, Order, Plan, Rest, Tally};
use serde::{Deserialize, Serialize};

use super::files::Findings;
use super::kept::KeptPort;
use super::names::{KeptNames, Names};
use super::place::Place;
use super::targets::{self, Chosen};
use super::teller::{Because, Teller};
use crate::failure::{Exit, Failure};

/// Another version is another format.
const VERSION: u8 = 3;

/// Between two writes while the scan is under way.
const SOON: Duration = Duration::from_secs(2);
/// Writing takes no more than this part of the time: one of so many.
const SHARE: u32 = 20;

/// A scan's file.
pub(super) struct ResumeFile {
    place: Place,
    path: PathBuf,
    scan: Chose,
    /// What the runs before this one left.
    before: Done,
    rest: Rest,
    next: Instant,
}

/// What the file holds.
#[derive(Serialize, Deserialize)]
struct Page<C, D, P, F> {
    v: u8,
    scan: C,
    done: D,
    ports: P,
    files: F,
}

/// What is scanned.
#[derive(Serialize, Deserialize)]
struct Chose {
    /// The words that chose it.
    words: Vec<String>,
    targets: String,
    /// Of these, who is asked whether there or not.
    named: String,
    all_hosts: bool,
    ports: String,
    /// Names the random order; none is the serial one.
    seed: Option<u64>,
    names: KeptNames,
    unresolved: bool,
}

/// How far it is.
#[derive(Default, Serialize, Deserialize)]
struct Done {
    next: u64,
    again: Vec<u64>,
    open: u64,
    closed: u64,
    filtered: u64,
    open_or_filtered: u64,
    inconclusive: u64,
    inconclusive_because: Because,
    skipped: u64,
    silent_hosts: u64,
    not_asked: u64,
    sent: u64,
    elapsed_ms: f64,
    /// Whose ports the positions are, where hosts are looked for.
    groups: Vec<KeptGroup>,
    /// Who gave no sign of life.
    silent: String,
}

/// Hosts that were found together.
#[derive(Default, Serialize, Deserialize)]
struct KeptGroup {
    hosts: String,
    silent: bool,
}

/// What an earlier run has told: for whom it is told again, and for the files.
#[derive(Default)]
pub(super) struct Told {
    pub(super) ports: Vec<KeptPort>,
    pub(super) files: Option<Findings>,
}

impl ResumeFile {
    /// The file that an earlier scan left at `path`, chosen by the same `words` or by none.
    pub(super) fn open(
        path: &Path,
        words: &[String],
    ) -> Result<Option<(ResumeFile, Told)>, Failure> {
        let text = match fs::read_to_string(path) {
            Ok(text) if text.is_empty() => return Ok(None),
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(targets::unreadable(&path.display().to_string(), &error)),
        };
        let page = read(&text).map_err(|why| {
            let message = format!("{} is no scan that can go on: {why}", path.display());
            Failure::new(Exit::Usage, message).hint("name another file, or remove it to begin anew")
        })?;
        let Page { scan, done: before, ports, files, .. } = page;
        if !words.is_empty() && words != scan.words {
            let (shown, theirs) = (path.display(), scan.words.join(" "));
            let message = format!("{shown} is of another scan: coax scan {theirs}");
            return Err(Failure::new(Exit::Usage, message)
                .hint(format!("coax scan --resume {shown} goes on with that one")));
        }
        let rest = before.rest()?;
        let (place, path) = (place(path)?, path.to_owned());
        let file = ResumeFile { place, path, scan, before, rest, next: Instant::now() + SOON };
        Ok(Some((file, Told { ports, files })))
    }

    /// A new file for a scan of `plan`.
    pub(super) fn begin(
        path: &Path,
        words: Vec<String>,
        plan: &Plan,
        chosen: &Chosen,
    ) -> Result<ResumeFile, Failure> {
        let scan = Chose {
            words,
            targets: plan.targets.to_string(),
            named: plan.named.to_string(),
            all_hosts: plan.hosts == Hosts::All,
            ports: plan.ports.to_string(),
            seed: match plan.order {
                Order::Random { seed } => Some(seed),
                Order::Serial => None,
            },
            names: chosen.names.kept(),
            unresolved: chosen.unresolved,
        };
        let (place, path, before) = (place(path)?, path.to_owned(), Done::default());
        let (rest, next) = (Rest::default(), Instant::now() + SOON);
        let file = ResumeFile { place, path, scan, before, rest, next };
        file.write(&file.before, &[], None)?;
        Ok(file)
    }

    pub(super) fn chosen(&self) -> Result<Chosen, Failure> {
        let addresses = targets::addresses(&self.scan.targets)?;
        let named = targets::addresses(&self.scan.named)?;
        let plain = targets::addresses(&self.scan.names.plain)?;
        let (names, unresolved) = (Names::go_on(&self.scan.names, plain), self.scan.unresolved);
        Ok(Chosen { addresses, named, names, unresolved, reserved: None })
    }

    pub(super) fn ports(&self, table: &ServiceTable) -> Result<ProtocolPorts, Failure> {
        ProtocolPorts::parse(&self.scan.ports, table, Protocol::Tcp)
            .map_err(|error| Failure::new(Exit::Usage, error.to_string()))
    }

    pub(super) fn order(&self) -> Order {
        self.scan.seed.map_or(Order::Serial, |seed| Order::Random { seed })
    }

    pub(super) fn hosts(&self) -> Hosts {
        if self.scan.all_hosts { Hosts::All } else { Hosts::Find }
    }

    pub(super) fn rest(&self) -> Rest {
        self.rest.clone()
    }

    /// `tally`, and what the runs before this one have counted.
    pub(super) fn add_to(&self, tally: Tally) -> Tally {
        let &Done { open, closed, filtered, open_or_filtered, inconclusive, .. } = &self.before;
        let &Done { skipped, silent_hosts, not_asked, sent, .. } = &self.before;
        let probed = open + closed + filtered + open_or_filtered + inconclusive;
        Tally {
            total: tally.total + probed + skipped + not_asked,
            silent_hosts: tally.silent_hosts + silent_hosts,
            not_asked: tally.not_asked + not_asked,
            probed: tally.probed + probed,
            open: tally.open + open,
            closed: tally.closed + closed,
            filtered: tally.filtered + filtered,
            open_or_filtered: tally.open_or_filtered + open_or_filtered,
            inconclusive: tally.inconclusive + inconclusive,
            skipped: tally.skipped + skipped,
            sent: tally.sent + sent,
        }
    }

    /// Of the runs before this one.
    pub(super) fn elapsed_ms(&self) -> f64 {
        self.before.elapsed_ms
    }

    /// Why ports were inconclusive before, once.
    pub(super) fn take_inconclusive(&mut self) -> Because {
        std::mem::take(&mut self.before.inconclusive_because)
    }

    pub(super) fn is_due(&self) -> bool {
        Instant::now() >= self.next
    }

    /// Writes down how far this run has come.
    pub(super) fn keep(
        &mut self,
        so_far: Checkpoint,
        teller: &Teller<'_>,
        elapsed_ms: f64,
    ) -> Result<(), Failure> {
        let began = Instant::now();
        let Checkpoint { rest, tally } = so_far;
        let Tally { open, closed, filtered, open_or_filtered, inconclusive, .. } =
            self.add_to(tally);
        let Tally { silent_hosts, not_asked, .. } = self.add_to(tally);
        let done = Done {
            next: rest.next,
            again: rest.again,
            open,
            closed,
            filtered,
            open_or_filtered,
            inconclusive,
            inconclusive_because: teller.inconclusive.clone(),
            skipped: tally.skipped + self.before.skipped,
            silent_hosts,
            not_asked,
            sent: tally.sent + self.before.sent,
            elapsed_ms: elapsed_ms + self.before.elapsed_ms,
            groups: rest.groups.iter().map(KeptGroup::of).collect(),
            silent: rest.silent.to_string(),
        };
        let written = self.write(&done, teller.kept.ports(), teller.files.so_far());
        self.next = Instant::now() + SOON.max(began.elapsed() * SHARE);
        written
    }

    /// Everything was asked.
    pub(super) fn remove(self) -> Result<(), Failure> {
        fs::remove_file(&self.path).map_err(|error| {
            let (shown, why) = (self.path.display(), cause_in_words(&error));
            Failure::new(Exit::Machine, format!("cannot remove {shown}: {why}"))
        })
    }

    fn write(
        &self,
        done: &Done,
        ports: &[KeptPort],
        files: Option<&Findings>,
    ) -> Result<(), Failure> {
        let page = Page { v: VERSION, scan: &self.scan, done, ports, files };
        self.place.write(|to| Ok(serde_json::to_writer(to, &page)?))
    }
}

type Read = Page<Chose, Done, Vec<KeptPort>, Option<Findings>>;

fn read(text: &str) -> Result<Read, String> {
    #[derive(Deserialize)]
    struct Version {
        v: u8,
    }
    // What is wrong with a text that nobody wrote for us is of no use to anybody.
    let foreign = |_| "--resume did not write it".to_owned();
    let Version { v } = serde_json::from_str(text).map_err(foreign)?;
    if v != VERSION {
        return Err(format!("version {v} is not {VERSION}"));
    }
    let page: Read = serde_json::from_str(text).map_err(foreign)?;
    match page.done.adds_up() {
        true => Ok(page),
        false => Err("its counts do not add up".to_owned()),
    }
}

impl KeptGroup {
    fn of(group: &HostGroup) -> KeptGroup {
        KeptGroup { hosts: group.hosts.to_string(), silent: group.silent }
    }

    fn group(&self) -> Result<HostGroup, Failure> {
        Ok(HostGroup { hosts: targets::addresses(&self.hosts)?, silent: self.silent })
    }
}

impl Done {
    fn rest(&self) -> Result<Rest, Failure> {
        Ok(Rest {
            next: self.next,
            again: self.again.clone(),
            groups: self.groups.iter().map(KeptGroup::group).collect::<Result<_, _>>()?,
            silent: targets::addresses(&self.silent)?,
        })
    }

    /// Whether every port that is done has been counted.
    fn adds_up(&self) -> bool {
        let &Done { open, closed, filtered, open_or_filtered, inconclusive, skipped, .. } = self;
        let counts = [open, closed, filtered, open_or_filtered, inconclusive, skipped];
        let counted = counts.into_iter().try_fold(self.again.len() as u64, u64::checked_add);
        let largest = self.next.max(self.sent).max(self.not_asked).max(self.silent_hosts);
        counted == Some(self.next) && largest < u64::MAX >> 4
    }
}

/// Where the file goes, if it can be one.
fn place(path: &Path) -> Result<Place, Failure> {
    let named = Some(path).filter(|path| *path != Path::new("-"));
    let place = named.map(|path| Place::new("--resume", path)).transpose()?;
    place.filter(Place::can_be_replaced).ok_or_else(|| {
        let message = format!("--resume keeps the scan in a file, and {} is none", path.display());
        Failure::new(Exit::Usage, message).hint("--resume lab.scan")
    })
}
