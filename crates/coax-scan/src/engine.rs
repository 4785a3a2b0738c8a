//! A scan under way: threads that ask, one that finds out who is there, one who listens to them.
//!
//! The threads share nothing but a counter of questions; each has its own sockets, windows and
//! clocks. Verdicts come in batches through a bounded queue: who reads slowly slows the scan.
//!
//! Nothing here knows how a port is asked.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use coax_addr::AddressSet;
use coax_net::cause_in_words;
use rustix::event::epoll;
use rustix::fd::OwnedFd;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::ask::{Asker, syn};
use crate::discover::Finder;
use crate::ledger::{Checkpoint, Ledger, Settled};
use crate::pace::SharedRate;
use crate::questions::Questions;
use crate::recheck::Rationed;
use crate::tally::{Counts, sum};
use crate::tarpit::Tarpits;
use crate::worker::Worker;
use crate::{Host, HostGroup, Limits, Plan, Rest, Tally, TcpProbe, Tell, Verdict};

/// Probes a thread has under way at most.
const LARGEST: usize = 8192;
/// Batches of verdicts on their way to the reader.
const QUEUE: usize = 16;
/// Fewer questions than this are not worth a second thread.
const FEW: u64 = 2048;

/// A scan under way. Dropping it stops it.
#[derive(Debug)]
pub struct Scan {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
    heard: Option<Receiver<Message>>,
    /// What was handed out, if that is wanted.
    ledger: Option<Ledger>,
    silent: AddressSet,
}

/// What a thread sends: something to hand out, and what is settled by it.
#[derive(Debug)]
pub(crate) struct Message {
    pub(crate) heard: Heard,
    pub(crate) settled: Vec<Settled>,
    /// Whose ports will be asked.
    pub(crate) group: Option<HostGroup>,
    /// Whose ports will not.
    pub(crate) silent: Vec<SocketAddr>,
}

impl Message {
    pub(crate) fn of(heard: Heard, settled: Vec<Settled>) -> Message {
        Message { heard, settled, group: None, silent: Vec::new() }
    }
}

/// What the threads have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) questions: Questions,
    pub(crate) limits: Limits,
    pub(crate) tell: Tell,
    pub(crate) tcp: TcpProbe,
    /// Threads that ask.
    pub(crate) threads: usize,
    /// Of each of them, and last of the one that finds hosts.
    pub(crate) counts: Vec<Counts>,
    /// Silent hosts.
    pub(crate) silent: AtomicU64,
    pub(crate) rate: SharedRate,
    /// Probes a thread may have under way.
    pub(crate) capacity: usize,
    pub(crate) tarpits: Tarpits,
    /// Whether somebody keeps account of what is settled.
    pub(crate) accounts: bool,
    stop: AtomicBool,
}

/// What has come.
#[derive(Debug)]
pub enum Heard {
    /// Verdicts, in the order in which they were found.
    Verdicts(Vec<Verdict>),
    /// Hosts that were looked for and gave their first sign of life. Each comes once, before its
    /// ports do.
    Hosts(Vec<Host>),
    /// This host answers on every port, and is asked no more.
    Tarpit(IpAddr),
    /// A part of a host is answered for only so often, and was asked accordingly.
    Rationed(Rationed),
    /// Nothing within the time.
    Nothing,
    /// Everything was asked, or the scan was stopped.
    End,
}

/// Why a scan cannot start.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScanError {
    /// There are no targets or no ports. A scan that goes on may have none left.
    Nothing,
    /// There are more than 2⁶⁴ ports to ask.
    TooMany,
    /// This process may not send raw packets: it lacks CAP_NET_RAW.
    NoRawSockets,
    /// This machine has no thread or descriptor for it, in words.
    Machine(String),
}

impl fmt::Display for ScanError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScanError::Nothing => f.write_str("there is nothing to scan"),
            ScanError::TooMany => f.write_str("that is more than can be asked in a lifetime"),
            ScanError::NoRawSockets => f.write_str("cannot scan by SYN: it needs CAP_NET_RAW"),
            ScanError::Machine(why) => write!(f, "cannot start a scan: {why}"),
        }
    }
}

impl std::error::Error for ScanError {}

impl From<io::Error> for ScanError {
    fn from(error: io::Error) -> ScanError {
        ScanError::Machine(cause_in_words(&error))
    }
}

impl Scan {
    /// Starts the threads. Descriptors are taken as they are: see [`raise_descriptor_limit`].
    pub fn start(plan: &Plan) -> Result<Scan, ScanError> {
        let questions = Questions::of(plan).ok_or(ScanError::TooMany)?;
        if questions.len() == 0 && plan.rest == Rest::default() {
            return Err(ScanError::Nothing);
        }
        let syn = plan.tcp == TcpProbe::Syn && !plan.ports.tcp.is_empty();
        let count = thread_count(plan, questions.len());
        let needs_sockets = !syn || !plan.ports.udp.is_empty();
        let finds_hosts = plan.finds_hosts();
        let shared = Arc::new(Shared {
            questions,
            limits: plan.limits.clone(),
            tell: plan.tell,
            tcp: if syn { TcpProbe::Syn } else { TcpProbe::Connect },
            threads: count,
            counts: (0..=count).map(|_| Counts::default()).collect(),
            silent: AtomicU64::new(0),
            rate: SharedRate::new(plan.limits.rate),
            capacity: if needs_sockets {
                sockets_of_each(count + usize::from(finds_hosts), plan.limits.spare_descriptors)
            } else {
                LARGEST
            },
            tarpits: Tarpits::default(),
            accounts: plan.checkpoints,
            stop: AtomicBool::new(false),
        });
        let (verdicts, heard) = sync_channel(QUEUE);
        // What has been started is stopped by the drop when the rest cannot be.
        let ledger = || Ledger::of(&shared.questions, plan.rest.groups.clone());
        let ledger = plan.checkpoints.then(ledger);
        let (threads, silent) = (Vec::new(), plan.rest.silent.clone());
        let mut scan = Scan { shared, threads, heard: Some(heard), ledger, silent };
        if finds_hosts {
            let thread = scan.spawn_finder(plan, verdicts.clone())?;
            scan.threads.push(thread);
        }
        for number in 0..count {
            let thread = scan.spawn(number, verdicts.clone())?;
            scan.threads.push(thread);
        }
        Ok(scan)
    }

    fn spawn(&self, number: usize, to: SyncSender<Message>) -> Result<JoinHandle<()>, ScanError> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(io::Error::from)?;
        let shared = self.shared.clone();
        let asker = shared.asker(&epoll)?;
        thread("scan", move || Worker::new(shared, number, epoll, asker, to).run())
    }

    fn spawn_finder(
        &self,
        plan: &Plan,
        to: SyncSender<Message>,
    ) -> Result<JoinHandle<()>, ScanError> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).map_err(io::Error::from)?;
        let asker = self.shared.asker(&epoll)?;
        let finder = Finder::new(self.shared.clone(), plan, epoll, asker, to)?;
        thread("scan-hosts", move || finder.run())
    }

    /// Waits for verdicts, at most for `time`.
    pub fn next(&mut self, time: Duration) -> Heard {
        let Some(heard) = &self.heard else { return Heard::End };
        match heard.recv_timeout(time) {
            Ok(message) => self.take(message),
            Err(RecvTimeoutError::Timeout) => Heard::Nothing,
            Err(RecvTimeoutError::Disconnected) => Heard::End,
        }
    }

    fn take(&mut self, message: Message) -> Heard {
        let Message { heard, settled, group, silent } = message;
        for host in &silent {
            self.silent.add_address(host.ip(), scope(host));
        }
        if let Some(ledger) = &mut self.ledger {
            ledger.take(&settled);
            ledger.silent(silent.len() as u64, self.shared.questions.of_each_host());
            group.into_iter().for_each(|group| ledger.found(group));
        }
        heard
    }

    /// How far it has come.
    pub fn tally(&self) -> Tally {
        let Shared { questions, counts, silent, .. } = &*self.shared;
        let mut tally = sum(questions.len(), counts.iter());
        tally.count_silent(silent.load(Relaxed), questions.of_each_host());
        tally
    }

    /// Who gave no sign of life and is not asked, as far as [`next`](Scan::next) has come; who was
    /// silent in the scan before is among them.
    pub fn silent(&self) -> &AddressSet {
        &self.silent
    }

    /// What [`next`](Scan::next) has handed out, and what is left. Whoever keeps it at any moment,
    /// stopped or not, can go on from there, and misses nothing. `None` unless the plan wants it.
    pub fn checkpoint(&self) -> Option<Checkpoint> {
        let mut checkpoint = self.ledger.as_ref()?.checkpoint(self.tally().sent);
        checkpoint.rest.silent = self.silent.clone();
        Some(checkpoint)
    }

    fn end(&mut self) {
        self.stop();
        // A thread that waits for a reader must find that there is none.
        self.heard = None;
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }

    /// Asks the threads to stop; what they have found still comes, then the end. What they were
    /// about to find does not.
    pub fn stop(&self) {
        self.shared.stop.store(true, Relaxed);
    }
}

impl Drop for Scan {
    fn drop(&mut self) {
        self.end();
    }
}

impl Shared {
    fn asker(&self, epoll: &OwnedFd) -> Result<Asker, ScanError> {
        let syn = match self.tcp {
            TcpProbe::Connect => None,
            TcpProbe::Syn => match syn::Asker::open() {
                Ok(syn) => Some(syn),
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                    return Err(ScanError::NoRawSockets);
                }
                Err(error) => return Err(error.into()),
            },
        };
        Ok(Asker::new(syn, epoll)?)
    }

    pub(crate) fn stopped(&self) -> bool {
        self.stop.load(Relaxed)
    }
}

/// The number of the interface that an address belongs to.
pub(crate) fn scope(address: &SocketAddr) -> u32 {
    match address {
        SocketAddr::V4(_) => 0,
        SocketAddr::V6(address) => address.scope_id(),
    }
}

fn thread(name: &str, work: impl FnOnce() + Send + 'static) -> Result<JoinHandle<()>, ScanError> {
    let thread = thread::Builder::new().name(name.to_owned()).spawn(work);
    thread.map_err(|error| ScanError::Machine(coax_net::no_thread(&error)))
}

/// One for each processor; one alone where it asks a single host over a line, since all that is
/// known of the line must be known to whoever judges silence, or where it has little to do, or must
/// keep a rate, or must know all that a host has said, since hosts are sparing with what they say
/// about UDP.
fn thread_count(plan: &Plan, questions: u64) -> usize {
    let limits = &plan.limits;
    match limits.threads {
        None if is_one_far_host(plan) => 1,
        _ if limits.rate.is_some() || questions < FEW || !plan.ports.udp.is_empty() => 1,
        Some(count) => count.clamp(1, 64),
        None => thread::available_parallelism().map_or(1, usize::from).min(8),
    }
}

/// A host of this machine has no line.
fn is_one_far_host(plan: &Plan) -> bool {
    plan.targets.len() == 1 && !plan.targets.socket_at(0, 0).ip().to_canonical().is_loopback()
}

fn sockets_of_each(threads: usize, spare: usize) -> usize {
    let limit = getrlimit(Resource::Nofile).current;
    let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
    (limit.saturating_sub(spare) / threads).clamp(1, LARGEST)
}

/// Raises the process's limit of open files as far as it may go. Fewer make a scan slower, so a
/// refusal is no error.
pub fn raise_descriptor_limit() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    let _ = setrlimit(Resource::Nofile, raised);
}
