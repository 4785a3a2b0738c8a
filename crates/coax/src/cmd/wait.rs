//! `coax wait`: until places answer, or are gone; then, if asked for, a command.
//!
//! Quiet while it waits, unless `-v` or `--json` asks. When time is up, one line names everything
//! that is missing, and why. The command takes this process over, so its exit code is ours.
//!
//! How a place is looked at, and how often, is the library's business.

mod event;

use std::ffi::OsString;
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::Duration;

use coax_addr::ServiceTable;
use coax_net::{SystemResolver, cause_in_words};
use coax_wait::{End, Expected, Field, Goal, Need, News, Standing, Statuses, Until, Wait};
use regex::bytes::Regex;
use tokio::time::Instant;

use crate::cli::EXIT_STATUS;
use crate::cmd::ask::expression;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::Signals;
use crate::trust::TlsArgs;
use crate::{duration, place, runtime, services};

pub(crate) use event::{Ready, WaitSummary, Waiting};

const EXAMPLES: &str = "\
EXAMPLES
    coax wait db:5432                           until it accepts connections
    coax wait tcp://db:5432 -- ./server --port 80
    coax wait http://web:8080/health --status 200 --timeout 2m -v
    coax wait --any cache-1:6379 cache-2:6379   until one of them does
    coax wait --gone /run/app.sock              until nobody listens there
    coax wait name://db udp://ns:53 @bus        a name, an answer, a Unix socket

WHAT IS WAITED FOR
    host:port          accepts a connection; so do /path, @name, unix-seqpacket:
    unix-dgram:        somebody receives there
    udp://host:port    answers a datagram: --send says which. Without it, ports
                       53, 123, 161, 3478, 5060 and 11211 get a question of
                       their protocol, others a newline
    tls://host:port    has a certificate for that host that is trusted here
    http:// https://   answers with a status from 200 to 399, or of --status;
                       http+unix://%2Frun%2Fapp.sock/health over a Unix socket
    redis:// postgres:// mysql:// memcached://HOST
                       says that it serves: a database accepts connections
                       before that. A refused password is an answer too
    name://host        has an address, as programs on this machine see it
    file:/path         exists

    Each is looked at at once, after 50 ms, then after twice as long each time,
    up to a second. A check ends its connection as a client does that has
    nothing to say. --ca trusts more certificates than this machine does.

    With --gone a place is gone when it refuses, is silent, has no such name, or
    answers with another status. What could not be found out does not count.";

const OUTCOMES: &str =
    "    Here 0 is: reached. 3: not in time; the command is not run. With a command,
    the exit code is the command's.";

/// Nobody reads more in one line; `--json` has them all.
const NAMED: usize = 12;

/// Wait until places answer, or are gone; then run a command
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}\n{OUTCOMES}"))]
pub(crate) struct Args {
    /// Where: host:port, /path, udp://…, http://…, redis://…, file:/…
    #[arg(value_name = "ENDPOINT", required = true)]
    endpoints: Vec<String>,
    /// Be done when one of them is reached, not all
    #[arg(long)]
    any: bool,
    /// Wait until they are gone
    #[arg(long)]
    gone: bool,
    /// Give up after this long
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, default_value = "30s")]
    timeout: Duration,
    /// One look takes at most this
    ///
    /// Finding the name of a place comes before, and takes the system's time.
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, default_value = "5s")]
    look: Duration,
    /// HTTP statuses to wait for: 200,204 or 2xx
    #[arg(long, value_name = "LIST")]
    status: Option<Statuses>,
    /// A regular expression for the page or datagram
    #[arg(long, value_name = "REGEX", value_parser = expression)]
    expect: Option<Regex>,
    /// A header that the page has: 'NAME: REGEX'
    #[arg(long, value_name = "HEADER")]
    expect_header: Vec<Field>,
    /// What to send to udp:// places
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    send: Option<String>,
    #[command(flatten)]
    tls: TlsArgs,
    /// Use IPv4 alone
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Use IPv6 alone
    #[arg(short = '6', long)]
    ipv6: bool,
    /// What to run then, in place of this process
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let goals = goals(args)?;
    runtime::run(wait(args, &goals, out))?;
    match args.command.split_first() {
        Some((program, words)) => Err(become_command(program, words)),
        None => Ok(()),
    }
}

fn goals(args: &Args) -> Result<Vec<Goal>, Failure> {
    let services = services::table();
    let read = |text: &String| goal(text, &services);
    let goals = args.endpoints.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    if args.status.is_some() && !goals.iter().any(Goal::is_http) {
        let text = "--status is for http:// and https:// places, and there is none";
        return Err(Failure::new(Exit::Usage, text));
    }
    if args.expect.is_some() && !goals.iter().any(|goal| goal.is_http() || goal.is_datagram()) {
        let text = "--expect is for http://, https:// and udp:// places, and there is none";
        return Err(Failure::new(Exit::Usage, text));
    }
    if !args.expect_header.is_empty() && !goals.iter().any(Goal::is_http) {
        let text = "--expect-header is for http:// and https:// places, and there is none";
        return Err(Failure::new(Exit::Usage, text));
    }
    if args.send.is_some() && !goals.iter().any(Goal::is_datagram) {
        return Err(Failure::new(Exit::Usage, "--send is for udp:// places, and there is none"));
    }
    if let (Some(flag), false) = (args.tls.given(), goals.iter().any(Goal::is_secure)) {
        let text = format!("{flag} is for tls:// and https:// places, and there is none");
        return Err(Failure::new(Exit::Usage, text));
    }
    Ok(goals)
}

fn goal(text: &str, services: &ServiceTable) -> Result<Goal, Failure> {
    Goal::parse(text, services).map_err(|error| {
        let failure = Failure::new(Exit::Usage, error.to_string());
        match error.advice() {
            Some(advice) => failure.hint(advice),
            None => failure,
        }
    })
}

async fn wait(args: &Args, goals: &[Goal], out: &Out) -> Result<(), Failure> {
    let resolver = SystemResolver::default();
    let wait = args.wait(&resolver)?;
    let mut standings = vec![Standing::default(); goals.len()];
    let mut signals = Signals::catch()?;
    let start = Instant::now();
    let end = tokio::select! {
        end = wait.run(goals, &mut standings, |news| tell(news, goals, args, out)) => Some(end?),
        () = signals.any() => None,
    };
    let outcome = match &end {
        Some(End::Reached) => "reached",
        Some(End::TooLate) => "timeout",
        Some(End::Hopeless(..)) => "impossible",
        None => "interrupted",
    };
    out.report(&WaitSummary::new(outcome, goals, &standings, start.elapsed()))?;
    match end {
        Some(End::Reached) => Ok(()),
        Some(End::TooLate) => Err(too_late(args, goals, &standings)),
        Some(End::Hopeless(index, why)) => {
            let text = format!("cannot wait for {}: {why}", goals[index]);
            Err(Failure::new(Exit::Usage, text))
        }
        None => Err(signals.failure()),
    }
}

fn tell(news: News<'_>, goals: &[Goal], args: &Args, out: &Out) -> Result<(), Failure> {
    match news {
        News::Waiting(index, standing) => {
            out.report(&Waiting::new(&goals[index], args.gone, standing))
        }
        News::Reached(index, standing) => {
            out.report(&Ready::new(&goals[index], args.gone, standing))
        }
    }
}

impl Args {
    fn wait<'a>(&self, resolver: &'a SystemResolver) -> Result<Wait<'a>, Failure> {
        Ok(Wait {
            resolver,
            wanted: place::wanted(self.ipv4, self.ipv6),
            until: if self.gone { Until::Gone } else { Until::There },
            need: if self.any { Need::Any } else { Need::All },
            timeout: self.timeout,
            look: self.look,
            statuses: self.status.clone().unwrap_or_default(),
            expected: Expected { content: self.expect.clone(), fields: self.expect_header.clone() },
            question: self.send.as_ref().map(|text| text.as_bytes().to_vec()),
            tls: self.tls.tls()?,
        })
    }
}

/// One line, with everything that is missing in it.
fn too_late(args: &Args, goals: &[Goal], standings: &[Standing]) -> Failure {
    let missing: Vec<(&Goal, &str)> = goals
        .iter()
        .zip(standings)
        .filter(|(_, standing)| standing.reached.is_none())
        .map(|(goal, standing)| (goal, standing.reason.as_deref().unwrap_or(event::UNKNOWN)))
        .collect();
    let (gone, limit) = (if args.gone { " to be gone" } else { "" }, duration::words(args.timeout));
    let text = match missing[..] {
        [(goal, why)] => format!("still waiting for {goal}{gone} after {limit}: {why}"),
        _ => {
            let any = if args.any { "any of " } else { "" };
            format!("still waiting after {limit} for {any}{}{gone}", list(&missing))
        }
    };
    Failure::new(Exit::Network, text)
}

/// Each with its reason; of very many the first.
fn list(missing: &[(&Goal, &str)]) -> String {
    let (named, others) = missing.split_at(missing.len().min(NAMED));
    let mut each: Vec<_> = named.iter().map(|(goal, why)| format!("{goal} ({why})")).collect();
    if !others.is_empty() {
        each.push(format!("and {} more", others.len()));
    }
    each.join(", ")
}

/// Comes back only where the command cannot be run.
fn become_command(program: &OsString, words: &[OsString]) -> Failure {
    let error = Command::new(program).args(words).exec();
    let (program, cause) = (program.to_string_lossy(), cause_in_words(&error));
    Failure::new(Exit::Machine, format!("cannot run {program}: {cause}"))
}
