//! `coax resolve`: names to addresses and back, as programs get them and as name servers say.
//!
//! Every name gets its own answer or its own line on stderr; the exit code is the gravest of
//! them. Names from arguments and names from a file take the same way.
//!
//! How a name is looked up is the libraries' business; here are the flags and the choice.

mod aliases;
mod bulk;
mod event;
mod explain;
mod names;
mod nothing;
mod programs;
mod records;

use std::path::PathBuf;
use std::time::Duration;

use coax_dns::{RecordType, Server};

use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::{duration, place, runtime};

pub(crate) use event::{Answered, ResolveSummary, Resolved, Unresolved};
pub(crate) use explain::Explained;
pub(crate) use programs::unresolved;

use event::{Cause, Style};

const EXAMPLES: &str = "\
EXAMPLES
    coax resolve db.internal                what programs on this machine get
    coax resolve 192.0.2.7                  the name of an address
    coax resolve --explain printer          where the answer comes from, beside what DNS says
    coax resolve -t MX,TXT example.org      ask the machine's name servers
    coax resolve -t A --server tls://9.9.9.9 example.org
    coax resolve -f names -t A --short --parallel 500

NAMES
    With -t, a name without a dot is completed by the search list of /etc/resolv.conf; any other
    name, and every name when --server is given, is asked as it stands, unless --search is given.
    Names beyond ASCII are asked as browsers ask for them. '' is every address of this machine,
    '<broadcast>' everybody on its network. In a file, what follows a # is a comment.
    Of many names, the highest of the codes below is the exit status.";

/// Look up names and addresses: what programs get, and what DNS says
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// Names to look up, or addresses to find the names of
    #[arg(value_name = "NAME|ADDRESS", required_unless_present = "file")]
    names: Vec<String>,
    /// IPv4 addresses only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// IPv6 addresses only
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Ask name servers for these record types (A,MX,TXT)
    ///
    /// Any type by its name or number (TLSA, ANY, TYPE65); AXFR brings a whole zone from a server
    /// that lets you have it.
    #[arg(short = 't', long = "type", value_name = "TYPES", value_delimiter = ',', conflicts_with_all = ["ipv4", "ipv6"])]
    types: Vec<RecordType>,
    /// Ask this name server
    ///
    /// HOST[:PORT], udp://HOST, tcp://HOST, tls://HOST or https://HOST/PATH.
    #[arg(long, value_name = "SERVER")]
    server: Option<Server>,
    /// Complete names by the search list, as programs do
    ///
    /// With -t or --server: search, domain and ndots of /etc/resolv.conf. What was asked for is
    /// said.
    #[arg(long)]
    search: bool,
    /// Also trust the authorities in this PEM file
    ///
    /// For servers with tls:// and https://.
    #[arg(long, value_name = "FILE")]
    ca: Vec<PathBuf>,
    /// Give up on a name after so long
    ///
    /// Without this option a name takes as long as /etc/resolv.conf allows: its timeout (5 s) for
    /// an attempt, its attempts (2) at each server.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true)]
    timeout: Option<Duration>,
    /// Print addresses or values alone, one a line
    #[arg(long)]
    short: bool,
    /// Show each step programs take, beside what DNS says
    ///
    /// The hosts file, the name services, DNS; each with its source, and where they differ.
    #[arg(long, conflicts_with_all = ["types", "file", "short", "search"])]
    explain: bool,
    /// Read names from a file, one a line; - is stdin
    #[arg(short = 'f', long, value_name = "FILE", conflicts_with = "names")]
    file: Option<PathBuf>,
    /// Look up so many names at once
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = crate::count::up_to(10_000_u32))]
    parallel: u32,
    /// Print answers in the order of the names
    #[arg(long)]
    in_order: bool,
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    if args.search && args.record_types().is_empty() {
        let message = "--search is for -t and --server: programs always use the search list";
        return Err(Failure::new(Exit::Usage, message));
    }
    let outcome = runtime::run(async {
        if args.explain { explain::run(args, out).await } else { bulk::run(args, out).await }
    });
    match outcome? {
        Exit::Done => Ok(()),
        // Each name has had its own line; the code is all that is left to say.
        exit => Err(Failure::new(exit, "")),
    }
}

impl Args {
    fn wanted(&self) -> coax_net::Wanted {
        place::wanted(self.ipv4, self.ipv6)
    }

    fn style(&self) -> Style {
        match (self.short, &self.file) {
            (true, _) => Style::Short,
            (false, Some(_)) => Style::Line,
            (false, None) => Style::Full,
        }
    }

    /// DNS is asked directly as soon as a type or a server is named.
    fn record_types(&self) -> Vec<RecordType> {
        match (self.types.is_empty(), &self.server) {
            (false, _) => self.types.clone(),
            (true, None) => Vec::new(),
            (true, Some(_)) => match self.wanted() {
                coax_net::Wanted::V4 => vec![RecordType::A],
                coax_net::Wanted::V6 => vec![RecordType::AAAA],
                coax_net::Wanted::Both => vec![RecordType::A, RecordType::AAAA],
            },
        }
    }
}

impl Cause {
    fn exit(self) -> Exit {
        match self {
            Cause::NoSuchName | Cause::NoSuchRecord => Exit::No,
            Cause::MalformedName => Exit::Usage,
            Cause::Timeout | Cause::ServerFailed => Exit::Network,
            Cause::Machine => Exit::Machine,
            Cause::MalformedAnswer | Cause::Untrusted => Exit::Untrusted,
        }
    }
}

/// The graver of two outcomes: the higher code, as `--help` numbers them.
fn graver(one: Exit, other: Exit) -> Exit {
    if other as u8 > one as u8 { other } else { one }
}
