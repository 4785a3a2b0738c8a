//! `coax scan`: which ports are open, closed, filtered, or could not be told.
//!
//! Words become a plan, the plan is scanned, and every verdict is printed as it comes; the last
//! line accounts for every port. A name that cannot be resolved does not keep the others waiting.
//!
//! How a port is asked is the library's business.

mod all_open;
mod banner;
mod before;
mod event;
mod files;
mod follow;
mod hosts;
mod kept;
mod names;
mod place;
mod progress;
mod resume;
mod rounds;
mod screen;
mod service;
mod table;
mod targets;
mod teller;
mod watch;

use std::fmt::Write as _;
use std::hash::{BuildHasher, RandomState};
use std::net::IpAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use clap::ValueEnum;
use coax_addr::{Protocol, ProtocolPorts, ServiceTable};
use coax_net::Wanted;
use coax_scan::{Hosts, Limits, Order, ScanError, TcpProbe};
use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::flag;

use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::{duration, services};

pub(crate) use event::{
    ChangeReport, HostReport, PortReport, RationedReport, ReservedReport, ScanSummary, TarpitReport,
};

use before::Before;
use files::Files;
use rounds::Rounds;

const EXAMPLES: &str = "\
EXAMPLES
    coax scan localhost                         the 1000 ports most worth asking
    coax scan --banner localhost                and what listens at those that are open
    coax scan -p - 127.0.0.1                    all of them
    coax scan -p '22,80,443,http*' 10.0.0.0/24 --exclude 10.0.0.1
    coax scan -p 1-1024 10.0.0-3.1-20 2001:db8::1 db.internal
    coax scan -f hosts -p ssh --json            a file of targets; - is stdin
    coax scan -p 80 10.0.0.0/16 --rate 1000     no more than 1000 probes a second
    coax scan 10.0.0.0/24 --xml out.xml         for programs that read nmap's files
    coax scan 10.0.0.0/24 --json >old.ndjson    and a day later, what came and what went:
    coax scan 10.0.0.0/24 --since old.ndjson
    coax scan db.internal --watch 5m            all of it once, then what changes
    sudo coax scan --syn -p - 10.0.0.0/24       by raw packets: many more a second
    coax scan --udp -p 53,ntp,snmp 10.0.0.0/24  UDP; no privilege is needed
    coax scan -p 80,443,53/udp db.internal      TCP and UDP in one scan
    coax scan -p - 10.0.0.0/24 --resume lab     after Ctrl-C: coax scan --resume lab

TARGETS
    A name, an address, a network, octet ranges (10.0.0-3.1-20), or from one address to another
    (10.0.0.9-10.0.1.20). Commas or spaces stand between them; in a file, # begins a comment.
    A host is asked once, whatever words lead to it, and told with all of them: with --json, host is
    the first and names are all. Addresses that no host has, such as multicast, are left out of
    networks and ranges. More than 1048576 public addresses (a /12) need --max-addresses N, so that
    10.0.0.0/0 is not what a slip for /8 becomes; what is private or local does not count.

OUTPUT
    On a terminal, hosts by their addresses: names, hardware address on the same cable, round trip;
    below it the ports that are open, and how many are not. Into a pipe or a file, a row for each
    port as soon as it is found. --json has everything, and what a row has no room for.

HOSTS
    Before more than 4 ports are asked of a network, of ranges or of more than 16 hosts, each host is
    asked for a sign of life: by ICMP echo, TCP ports 443, 80, 22 and two of those to be scanned, and
    a UDP port; on the same cable the kernel finds its hardware address. No privilege is needed. A
    host that gives none is silent: its ports are not asked, and the summary names it. One that drops
    all of this and has another port open is missed; --all-hosts asks all ports of all hosts, silent
    ones last. Hosts that are named one by one, up to 16, are always asked.

PORTS
    80, 80-90, 8000-, http, http*, top:100, or - for 1 to 65535; commas stand between them.
    They are TCP's, or UDP's with --udp. 53/udp and 80/tcp say it of one; T: and U: of all that
    follow, as in T:80,443,U:53.

STATES
    open              somebody listens
    closed            the host says that nobody does
    filtered          no answer, or a firewall's or router's word that there will be none
    open-or-filtered  UDP was silent: the question was lost, forbidden, or not understood
    inconclusive      this machine could not ask: no route, no descriptor, no source port
    A service's name with a question mark is a guess from the port alone; with --banner a name
    without one was recognised by what the port said: first, or when it was politely asked. What
    was heard and disproves the guess makes it unknown.

UDP
    Each well-known port is asked what its service understands. Hosts tell of a closed port by ICMP,
    many of them once a second and no more, so a hundred closed ports may take two minutes. A port
    that was silent while its host was not free to answer is asked again.

FILES
    --xml and --grep write what nmap's -oX and -oG would, each file whole at every moment: at the
    end, and every few seconds before. A host that gave no sign is not in them, only counted; any
    other costs some 300 bytes of memory until then, and 150 for each port that is listed: the
    open ones, or with --all-states all of every host, and what they said with --banner. inconclusive
    is called unknown there.

GOING ON
    --resume keeps how far the scan is, every few seconds: after Ctrl-C, a kill or a power failure it
    asks again what was not kept, and leaves nothing out. It tells again what was open, so the last
    run's output is the whole scan's: the hosts, --json, and --xml and --grep if every run has them.
    What was not open, --all-states tells in the run that asked it, with --xml or --grep again too.

CHANGES
    --since compares with what an earlier scan wrote with --json; its last scan counts. What was
    asked both times is compared: a port that the file does not mention was not open. A change is
    to open (+) or from open (-); with --all-states any other (~) of a port in the file. A port
    that is inconclusive now is none. --watch compares each round with the one before it, resolves
    names anew, and keeps in memory what was open (with --all-states all).";

const DEFAULT_PORTS: &str = "top:1000";
const PORT_HINT: &str = "-p 22,80-90,http,top:100 or -p - for all";
/// A closed UDP port may take a second: see UDP in the help.
const DEFAULT_UDP_PORTS: &str = "top:100";

const OUTCOMES: &str = "\
    Here 0 is: something is open. 1: nothing is. 3: a name could not be resolved, the others were
    scanned. Where every port is inconclusive it is 3 without a route, 5 where this machine refused.
    After a signal the summary tells how far the scan came.
    With --since, 0 is: nothing changed. 1: something did.";

/// Find out which ports answer
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}\n{OUTCOMES}"))]
pub(crate) struct Args {
    /// Names, addresses, networks, ranges
    #[arg(value_name = "TARGET", required_unless_present_any = ["file", "resume"])]
    targets: Vec<String>,
    /// Ports to ask [default: top:1000]
    ///
    /// With --udp the default is top:100, since a closed UDP port may take a second.
    #[arg(short, long, value_name = "PORTS", allow_hyphen_values = true)]
    ports: Option<String>,
    /// Ask UDP ports where nothing else is said
    #[arg(short = 'u', long)]
    udp: bool,
    /// Ports not to ask
    #[arg(long, value_name = "PORTS", allow_hyphen_values = true)]
    exclude_ports: Option<String>,
    /// Targets to leave out; names are resolved
    #[arg(long, value_name = "TARGETS")]
    exclude: Vec<String>,
    /// Refuse more public addresses [default: 1048576]
    ///
    /// What is private, local or for documentation does not count.
    #[arg(long, value_name = "N", value_parser = crate::count::parse::<u64>)]
    max_addresses: Option<u64>,
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
    /// Ask by SYN packets, which needs CAP_NET_RAW
    ///
    /// It is faster; the answers are the same.
    #[arg(long)]
    syn: bool,
    /// Ask each open port what it is
    ///
    /// One connection where the service that is usual at the port is there, up to 15 where a port
    /// says nothing. Questions read and change nothing; printers and machine controls are only
    /// listened to. Products, versions and what else is told hold no clock, so two scans of a server
    /// that did not change are equal but for the words that were heard.
    #[arg(short, long)]
    banner: bool,
    /// Ask silent hosts too
    ///
    /// Who is there is found out first where more than 4 ports are asked of a network or of many
    /// hosts: see HOSTS.
    #[arg(long)]
    all_hosts: bool,
    /// Print every port, not only open ones
    #[arg(long)]
    all_states: bool,
    /// At most so many probes a second
    #[arg(long, value_name = "N", value_parser = one_or_more)]
    rate: Option<u32>,
    /// The longest wait for an answer
    ///
    /// The usual wait follows what the host's answers take.
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration::parse)]
    timeout: Duration,
    /// Resend an unanswered probe so often
    #[arg(long, value_name = "N", value_parser = retries, default_value_t = Limits::default().retries)]
    retries: u8,
    /// Resend until silence is so certain
    ///
    /// A port is called filtered when the loss that was measured, on ports of its host and network
    /// that do answer, leaves this probability that an open port would have answered. Of a good line
    /// four attempts are enough; of a bad or an unknown one it takes more, up to --retries.
    /// [default: 99.9999]
    #[arg(long, value_name = "PERCENT", value_parser = certainty, hide_default_value = true, default_value_t = Limits::default().certainty)]
    certainty: f64,
    /// Leave a host that has N open ports
    ///
    /// Open ports, and hardly any other.
    #[arg(long, value_name = "N", value_parser = one_or_more)]
    tarpit: Option<u32>,
    /// Go on with the scan of FILE, or keep it there
    ///
    /// It is kept every few seconds and when it is stopped, and removed when it has ended.
    #[arg(long, value_name = "FILE")]
    resume: Option<PathBuf>,
    /// random or serial: what is asked first
    #[arg(long, value_name = "ORDER", value_enum, hide_possible_values = true, hide_default_value = true, default_value_t = Sequence::Random)]
    order: Sequence,
    /// The same number gives the same random order
    #[arg(long, value_name = "NUMBER", value_parser = crate::count::or_none::<u64>)]
    seed: Option<u64>,
    /// Write a file as nmap's -oX does
    #[arg(long, value_name = "FILE")]
    xml: Option<PathBuf>,
    /// Write a file as nmap's -oG does
    #[arg(long, value_name = "FILE")]
    grep: Option<PathBuf>,
    /// Print only what changed since a scan with --json
    #[arg(long, value_name = "FILE")]
    since: Option<PathBuf>,
    /// Scan again so often, and print what changed
    #[arg(long, value_name = "TIME", conflicts_with = "resume", value_parser = duration::parse)]
    watch: Option<Duration>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Sequence {
    /// Hosts and ports mixed
    Random,
    /// Host by host, port by port
    Serial,
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let before = args.since.as_deref().map(Before::read).transpose()?.unwrap_or_default();
    let mut rounds = Rounds {
        args,
        out,
        services: services::table(),
        said: None,
        before,
        files: files(args)?,
        signals: Asked::default(),
        number: 0,
    };
    match args.watch {
        None => rounds.scan(),
        Some(interval) => watch::repeat(&mut rounds, interval),
    }
}

/// The files that are written, each of which is another one.
fn files(args: &Args) -> Result<Files, Failure> {
    let files = Files::new(args.xml.as_deref(), args.grep.as_deref())?;
    for (flag, file) in [("--xml", &args.xml), ("--grep", &args.grep)] {
        if file.is_some() && *file == args.resume {
            return Err(Failure::new(
                Exit::Usage,
                format!("{flag} and --resume name the same file"),
            ));
        }
    }
    Ok(files)
}

impl Args {
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
            ("--all-hosts", self.all_hosts),
            ("-4", self.ipv4),
            ("-6", self.ipv6),
            ("--order=serial", self.order == Sequence::Serial),
        ];
        words.extend(flags.iter().filter(|(_, given)| *given).map(|(name, _)| name.to_string()));
        words
    }

    /// How it is scanned, as it could be typed: what a scan that goes on must be told again.
    fn manner(&self) -> String {
        let mut words = String::new();
        let flags = [("syn", self.syn), ("banner", self.banner), ("all-states", self.all_states)];
        for (name, _) in flags.iter().filter(|(_, given)| *given) {
            let _ = write!(words, " --{name}");
        }
        if let Some(rate) = self.rate {
            let _ = write!(words, " --rate {rate}");
        }
        let files = [("xml", &self.xml), ("grep", &self.grep), ("since", &self.since)];
        for (name, path) in files {
            if let Some(path) = path {
                let _ = write!(words, " --{name} {}", path.display());
            }
        }
        words
    }

    fn ports(&self, table: &ServiceTable) -> Result<ProtocolPorts, Failure> {
        let (default, most_telling) = match self.udp {
            true => (Protocol::Udp, DEFAULT_UDP_PORTS),
            false => (Protocol::Tcp, DEFAULT_PORTS),
        };
        let read = |text: &str| {
            ProtocolPorts::parse(text, table, default)
                .map_err(|error| Failure::new(Exit::Usage, error.to_string()).hint(PORT_HINT))
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

    fn hosts(&self) -> Hosts {
        if self.all_hosts { Hosts::All } else { Hosts::Find }
    }

    fn tcp(&self) -> TcpProbe {
        match self.syn {
            true => TcpProbe::Syn,
            false => TcpProbe::Connect,
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
        let &Args { rate, timeout, retries, certainty, tarpit, .. } = self;
        let spare = if self.banner { banner::descriptors() } else { 0 };
        let spare_descriptors = Limits::default().spare_descriptors + spare;
        let limits = Limits { rate, timeout, retries, certainty, ..Limits::default() };
        Limits { tarpit, spare_descriptors, ..limits }
    }
}

fn one_or_more(text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| format!("it is a number from 1 to {}", u32::MAX))
}

fn retries(text: &str) -> Result<u8, String> {
    text.parse().map_err(|_| format!("it is a number from 0 to {}", u8::MAX))
}

fn certainty(text: &str) -> Result<f64, String> {
    let percent = text.parse().ok().filter(|percent| (0.0..100.0).contains(percent));
    percent.ok_or_else(|| "it is a number from 0 to less than 100, such as 99.9".to_owned())
}

/// Of several addresses of a name, which are scanned.
fn kept(addresses: Vec<IpAddr>, first: bool) -> Vec<IpAddr> {
    addresses.into_iter().take(if first { 1 } else { usize::MAX }).collect()
}

impl From<ScanError> for Failure {
    fn from(error: ScanError) -> Failure {
        let exit = match error {
            ScanError::Machine(_) | ScanError::NoRawSockets => Exit::Machine,
            _ => Exit::Usage,
        };
        let failure = Failure::new(exit, error.to_string());
        match error {
            ScanError::NoRawSockets => failure.hint(
                "leave out --syn for the same answers, or allow it: \
                 sudo setcap cap_net_raw+ep \"$(command -v coax)\"",
            ),
            _ => failure,
        }
    }
}

/// The signals that ask the scan to end. The first is answered with a summary; a second one kills
/// at once, since whoever reads the summary may have stopped reading.
#[derive(Default)]
struct Asked {
    signal: Arc<AtomicUsize>,
    caught: bool,
}

impl Asked {
    /// From now on they are caught.
    fn catch(&mut self) -> Result<(), Failure> {
        if std::mem::replace(&mut self.caught, true) {
            return Ok(());
        }
        let again = Arc::new(AtomicBool::new(false));
        for number in [SIGINT, SIGTERM] {
            flag::register_conditional_default(number, again.clone())
                .and_then(|_| flag::register(number, again.clone()))
                .and_then(|_| flag::register_usize(number, self.signal.clone(), number as usize))
                .map_err(|error| {
                    let why = coax_net::cause_in_words(&error);
                    Failure::new(Exit::Machine, format!("cannot catch signals: {why}"))
                })?;
        }
        Ok(())
    }

    fn came(&self) -> Option<i32> {
        let number = self.signal.load(Ordering::Relaxed);
        i32::try_from(number).ok().filter(|&number| number > 0)
    }

    fn failure(&self) -> Failure {
        Failure::signal(self.came().unwrap_or(SIGINT))
    }
}
