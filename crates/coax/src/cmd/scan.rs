//! `coax scan`: which ports are open, closed, filtered, or could not be told.
//!
//! Words become a plan, the plan is scanned, and every verdict is printed as it comes; the last
//! line accounts for every port. A name that cannot be resolved does not keep the others waiting.
//!
//! How a port is asked is the library's business.

mod event;
mod resume;
mod targets;
mod teller;

use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use coax_addr::{Protocol, ProtocolPorts, ServiceTable};
use coax_net::Wanted;
use coax_scan::{Heard, Limits, Order, Plan, Rest, Scan, ScanError, Tally, Tell};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::{duration, services};

pub(crate) use event::{PortReport, ScanSummary, TarpitReport};

use resume::ResumeFile;
use targets::Chosen;
use teller::Teller;

const EXAMPLES: &str = "\
EXAMPLES
    coax scan localhost                         the 1000 ports most worth asking
    coax scan -p - 127.0.0.1                    all of them
    coax scan -p 22,80,443,http* 10.0.0.0/24 --exclude 10.0.0.1
    coax scan -p 1-1024 10.0.0-3.1-20 2001:db8::1 db.internal
    coax scan -f hosts -p ssh --json            a file of targets; - is stdin
    coax scan -p 80 10.0.0.0/16 --rate 1000     no more than 1000 probes a second
    coax scan --udp -p 53,ntp,snmp 10.0.0.0/24  UDP; no privilege is needed
    coax scan -p T:80,443,U:53,123 db.internal  TCP and UDP in one scan
    coax scan -p - 10.0.0.0/24 --resume lab     after Ctrl-C: coax scan --resume lab

TARGETS
    A name, an address, a network, octet ranges (10.0.0-3.1-20), or from one address to another
    (10.0.0.9-10.0.1.20). Commas or spaces stand between them; in a file, # begins a comment.

PORTS
    80, 80-90, 8000-, http, http*, top:100, or - for 1 to 65535; commas stand between them.
    They are TCP's, or UDP's with --udp. After T: they are TCP's, after U: UDP's, whatever is said.

STATES
    open              somebody listens
    closed            the host says that nobody does
    filtered          no answer, or a firewall's or router's word that there will be none
    open-or-filtered  UDP was silent: the question was lost, forbidden, or not understood
    inconclusive      this machine could not ask: no route, no descriptor, no source port
    A service's name with a question mark is a guess from the port alone.

UDP
    Each well-known port is asked what its service understands. Hosts tell of a closed port by ICMP,
    many of them once a second and no more, so a hundred closed ports may take two minutes. A port
    that was silent while its host was not free to answer is asked again.";

const DEFAULT_PORTS: &str = "top:1000";
/// A closed UDP port may take a second: see UDP in the help.
const DEFAULT_UDP_PORTS: &str = "top:100";

const OUTCOMES: &str = "\
    Here 0 is: something is open. 1: nothing is. 3: a name could not be resolved, the others were
    scanned. After a signal the summary tells how far the scan came.";

/// Find out which ports answer
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}\n{OUTCOMES}"))]
pub(crate) struct Args {
    /// Names, addresses, networks, ranges
    #[arg(value_name = "TARGET", required_unless_present_any = ["file", "resume"])]
    targets: Vec<String>,
    /// Ports to ask [default: top:1000, with --udp top:100]
    #[arg(short, long, value_name = "PORTS", allow_hyphen_values = true)]
    ports: Option<String>,
    /// Ask UDP ports; T: and U: before ports say otherwise
    #[arg(short = 'u', long)]
    udp: bool,
    /// Ports not to ask
    #[arg(long, value_name = "PORTS", allow_hyphen_values = true)]
    exclude_ports: Option<String>,
    /// Targets to leave out; names are resolved
    #[arg(long, value_name = "TARGETS")]
    exclude: Vec<String>,
    /// Read targets from a file too; - is stdin
    #[arg(short = 'f', long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only the first address of each name
    #[arg(long)]
    first: bool,
    /// IPv4 addresses only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// IPv6 addresses only
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Print every port, not only open ones
    #[arg(long)]
    all_states: bool,
    /// At most so many probes a second
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    rate: Option<u32>,
    /// The longest wait for one answer; the usual wait follows the host
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration::parse)]
    timeout: Duration,
    /// Send a probe without an answer so often again
    #[arg(long, value_name = "N", default_value_t = Limits::default().retries)]
    retries: u8,
    /// Ask a host no more when N ports are open and hardly any other
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    tarpit: Option<u32>,
    /// Go on with the scan that FILE is of; keep it there when this one is stopped
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// What is asked first
    #[arg(long, value_name = "ORDER", value_enum, default_value_t = Sequence::Random)]
    order: Sequence,
    /// The random order to take: the same number gives the same order
    #[arg(long, value_name = "NUMBER")]
    seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sequence {
    /// Hosts and ports mixed
    Random,
    /// Host by host, port by port
    Serial,
}

/// How often the flags and the progress are looked at.
const GLANCE: Duration = Duration::from_millis(100);

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let table = services::table();
    let signals = Asked::to_end()?;
    let Task { plan, chosen, resume } = args.task(&table, out)?;
    if signals.came().is_some() {
        return Err(signals.failure());
    }
    let Chosen { names, unresolved, .. } = chosen;
    coax_scan::raise_descriptor_limit();
    let mut scan = Scan::start(&plan)?;
    let mut teller = Teller::new(
        out,
        table,
        names,
        args.all_states,
        all_of(scan.tally(), resume.as_ref()).total,
    );
    let followed = follow(&mut scan, &mut teller, &signals, resume.as_ref());
    let tally = all_of(scan.tally(), resume.as_ref());
    let elapsed_ms = teller.elapsed_ms() + resume.as_ref().map_or(0.0, ResumeFile::elapsed_ms);
    let told =
        followed.and_then(|()| teller.finish(&tally, &plan, elapsed_ms, signals.came().is_some()));
    if let Some(file) = resume {
        end_of(file, scan.into_rest(), &tally, elapsed_ms, out)?;
    }
    told?;
    if signals.came().is_some() {
        return Err(signals.failure());
    }
    match (unresolved, tally.open) {
        // Each name has had its own line; the code is all that is left to say.
        (true, _) => Err(Failure::new(Exit::Network, "")),
        (false, 0) => Err(Failure::new(Exit::No, "")),
        (false, _) => Ok(()),
    }
}

/// Prints what comes until the end, or until a signal has ended it.
fn follow(
    scan: &mut Scan,
    teller: &mut Teller<'_>,
    signals: &Asked,
    resume: Option<&ResumeFile>,
) -> Result<(), Failure> {
    loop {
        match scan.next(GLANCE) {
            Heard::Verdicts(verdicts) => teller.tell(&verdicts)?,
            Heard::Tarpit(host) => teller.tarpit(host)?,
            Heard::Nothing => {}
            Heard::End => return Ok(()),
        }
        teller.progress(&all_of(scan.tally(), resume));
        if signals.came().is_some() {
            scan.stop();
        }
    }
}

fn all_of(tally: Tally, resume: Option<&ResumeFile>) -> Tally {
    resume.map_or(tally, |file| file.add_to(tally))
}

fn end_of(
    file: ResumeFile,
    rest: Rest,
    tally: &Tally,
    elapsed_ms: f64,
    out: &Out,
) -> Result<(), Failure> {
    if tally.probed + tally.skipped == tally.total {
        return file.remove();
    }
    out.talk(&format!("coax: coax scan --resume {} goes on", file.path().display()));
    file.keep(rest, tally, elapsed_ms)
}

/// What is to be done.
struct Task {
    plan: Plan,
    chosen: Chosen,
    resume: Option<ResumeFile>,
}

fn nothing_left(args: &Args, unresolved: bool) -> Failure {
    match (unresolved, args.wanted()) {
        (true, _) => Failure::new(Exit::Network, ""),
        (false, Wanted::V4) => Failure::new(Exit::Usage, "no IPv4 address is left to scan"),
        (false, Wanted::V6) => Failure::new(Exit::Usage, "no IPv6 address is left to scan"),
        (false, Wanted::Both) => Failure::new(Exit::Usage, "no address is left to scan")
            .hint("--exclude and the file say which targets remain"),
    }
}

impl Args {
    /// From the file of an earlier scan, or from the words.
    fn task(&self, table: &ServiceTable, out: &Out) -> Result<Task, Failure> {
        let words = self.words();
        let earlier = match &self.resume {
            Some(path) => ResumeFile::open(path, &words)?,
            None => None,
        };
        let (ports, order, chosen) = match &earlier {
            Some(file) => (file.ports(table)?, file.order(), file.chosen()?),
            None if self.targets.is_empty() && self.file.is_none() => {
                return Err(Failure::new(Exit::Usage, "there is no earlier scan to go on with")
                    .hint("name targets to begin one: coax scan localhost --resume FILE"));
            }
            None => (self.ports(table)?, self.order(), targets::choose(self, out)?),
        };
        if chosen.addresses.is_empty() {
            return Err(nothing_left(self, chosen.unresolved));
        }
        let plan = Plan {
            targets: chosen.addresses.clone(),
            ports,
            order,
            limits: self.limits(),
            tell: if self.all_states { Tell::All } else { Tell::Open },
            rest: earlier.as_ref().map_or_else(Rest::default, ResumeFile::rest),
        };
        let resume = match (earlier, &self.resume) {
            (None, Some(path)) => Some(ResumeFile::begin(path, words, &plan, &chosen)?),
            (earlier, _) => earlier,
        };
        Ok(Task { plan, chosen, resume })
    }

    /// The words that choose what is scanned, as they could be typed; defaults are left out.
    fn words(&self) -> Vec<String> {
        let mut words = self.targets.clone();
        let mut option =
            |name: &str, value: &str| words.extend([name.to_owned(), value.to_owned()]);
        if let Some(ports) = &self.ports {
            option("-p", ports);
        }
        if let Some(ports) = &self.exclude_ports {
            option("--exclude-ports", ports);
        }
        self.exclude.iter().for_each(|targets| option("--exclude", targets));
        if let Some(file) = &self.file {
            option("-f", &file.display().to_string());
        }
        if let Some(seed) = self.seed {
            option("--seed", &seed.to_string());
        }
        let flags = [
            ("--udp", self.udp),
            ("--first", self.first),
            ("-4", self.ipv4),
            ("-6", self.ipv6),
            ("--order=serial", self.order == Sequence::Serial),
        ];
        words.extend(flags.iter().filter(|(_, given)| *given).map(|(name, _)| name.to_string()));
        words
    }

    fn ports(&self, table: &ServiceTable) -> Result<ProtocolPorts, Failure> {
        let (default, most_telling) = match self.udp {
            true => (Protocol::Udp, DEFAULT_UDP_PORTS),
            false => (Protocol::Tcp, DEFAULT_PORTS),
        };
        let read = |text: &str| {
            ProtocolPorts::parse(text, table, default)
                .map_err(|error| Failure::new(Exit::Usage, error.to_string()))
        };
        let mut ports = read(self.ports.as_deref().unwrap_or(most_telling))?;
        if let Some(excluded) = &self.exclude_ports {
            ports = ports.exclude(&read(excluded)?);
        }
        match ports.is_empty() {
            true => Err(Failure::new(Exit::Usage, "no port is left to scan")
                .hint("-p 80,443 or -p - for all")),
            false => Ok(ports),
        }
    }

    fn wanted(&self) -> Wanted {
        match (self.ipv4, self.ipv6) {
            (true, _) => Wanted::V4,
            (_, true) => Wanted::V6,
            _ => Wanted::Both,
        }
    }

    fn order(&self) -> Order {
        match self.order {
            Sequence::Serial => Order::Serial,
            // The standard library's hasher is keyed at random once a process.
            Sequence::Random => {
                Order::Random { seed: self.seed.unwrap_or_else(|| RandomState::new().hash_one(0)) }
            }
        }
    }

    fn limits(&self) -> Limits {
        let &Args { rate, timeout, retries, tarpit, .. } = self;
        Limits { rate, timeout, retries, tarpit, ..Limits::default() }
    }
}

/// Of several addresses of a name, which are scanned.
fn kept(addresses: Vec<IpAddr>, first: bool) -> Vec<IpAddr> {
    addresses.into_iter().take(if first { 1 } else { usize::MAX }).collect()
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Failure {
        let exit = match error {
            ScanError::Machine(_) => Exit::Machine,
            _ => Exit::Usage,
        };
        Failure::new(exit, error.to_string())
    }
}

/// The signals that ask the scan to end. The first is answered with a summary; a second one kills
/// at once, since whoever reads the summary may have stopped reading.
struct Asked {
    signal: Arc<AtomicUsize>,
}

impl Asked {
    fn to_end() -> Result<Asked, Failure> {
        let (again, signal) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        for number in [SIGINT, SIGTERM] {
            flag::register_conditional_default(number, again.clone())
                .and_then(|_| flag::register(number, again.clone()))
                .and_then(|_| flag::register_usize(number, signal.clone(), number as usize))
                .map_err(|error| {
                    let why = coax_net::cause_in_words(&error);
                    Failure::new(Exit::Machine, format!("cannot catch signals: {why}"))
                })?;
        }
        Ok(Asked { signal })
    }

    fn came(&self) -> Option<i32> {
        let number = self.signal.load(Ordering::Relaxed);
        i32::try_from(number).ok().filter(|&number| number > 0)
    }

    fn failure(&self) -> Failure {
        Failure::signal(self.came().unwrap_or(SIGINT))
    }
}
