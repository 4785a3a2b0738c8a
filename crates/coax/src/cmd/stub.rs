//! `coax stub`: answer requests from a table or from rules.
//!
//! The rules are read before anything listens, so a mistake in them is told at once; later a
//! mistake only keeps the old rules. Whatever ends it, the counts are told.
//!
//! How rules are written and matched is the library's business.

mod event;
mod follow;
mod serve;
mod witness;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::thread;
use std::time::Duration;

use coax_addr::Endpoint;
use coax_net::{Framing, MESSAGE_LIMIT};
use coax_stub::{Format, Recorder, Rules, RulesError, Settings, Source, Stub};

use crate::cli::EXIT_STATUS;
use crate::cmd::connect::is_datagram;
use crate::duration::{self, Deadline};
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::Signals;
use crate::{place, runtime};

pub(crate) use event::{ExchangeReport, RulesReport, StubSummary};

use witness::Teller;

/// A pause that people notice.
const NOTICED: Duration = Duration::from_secs(1);

const EXAMPLES: &str = "\
EXAMPLES
    coax stub courses.csv 9000 --default 'this course is not available'
    coax stub rules.toml localhost:2525 --record seen.ndjson
    coax stub --replay seen.ndjson 2525       answer as it was answered then
    coax stub replies.json udp://:5353        a datagram is a request
    coax stub rules.toml /tmp/s --require     exit 1 if a rule was never hit
    coax stub rules.toml :5353 udp://:5353    at several places at once

TABLES
    Two columns, request and reply: .csv (RFC 4180), .tsv, or .json (an object, or pairs).
        CS101,\"Programming, 4 credits\"
        CS201,Algorithms
    A client that sends CS101 gets its line; a line end after it does not count.

RULES
    A .toml file. The first rule that matches wins; what is not understood is an error.
        framing = \"line\"                one line is one request
        default = \"what?\"               for what no rule takes

        [[rule]]
        connect = true                  greet whoever connects
        reply = \"hello\"

        [[rule]]
        regex = '^add (\\d+) (\\d+)$'     or exact, prefix, bytes, length
        command = 'echo $(($1 + $2))'   or reply, hex, file, template
        delay = \"100ms\"
        then = \"close\"                  or half-close, reset, keep

        [[rule]]
        exact = \"next\"
        replies = [\"first\", { template = \"no. {count} for {peer}\" }]
    bytes = \"00 ff\" is hexadecimal; length = 4, \"1-9\" or \"10-\". In a template stand {0} {1}
    {name} (captures), {request} {peer} {address} {port} {time} {unix} {count} {connection}.
    replies is for the first hit, the second, and on; the last stays, or cycle = true. chunk = 5
    and pause = \"10ms\" send a reply in pieces. A command has limit = \"10s\". With chance = 0.1 a
    rule takes one in ten of the requests that it matches, and later rules take the others.
";

const OUTCOMES: &str = "\
    With --require a signal asks how it went: 0, every rule was hit; 1, one was not.";

/// Answer requests from a table or rules
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}\n{OUTCOMES}"))]
pub(crate) struct Args {
    /// A table (.csv .tsv .json) or rules (.toml)
    #[arg(value_name = "RULES", required_unless_present = "replay")]
    rules: Option<PathBuf>,
    /// Where to listen; a free port of localhost without it
    #[arg(value_name = "ENDPOINT")]
    endpoints: Vec<String>,
    /// What RULES is, whatever its name: csv tsv json toml
    #[arg(long, value_name = "NAME", value_parser = format_of, conflicts_with = "replay", help_heading = "Rules")]
    format: Option<Format>,
    /// Reply to what no rule takes; without it, silence
    #[arg(long, value_name = "REPLY", allow_hyphen_values = true, help_heading = "Rules")]
    default: Option<String>,
    /// Draw the same chances in every run: a whole number
    #[arg(long, value_name = "N", value_parser = seed, help_heading = "Rules")]
    seed: Option<u64>,
    /// At the end, exit 1 if a rule was never hit
    #[arg(long, help_heading = "Rules")]
    require: bool,
    /// Keep every exchange in FILE, one JSON object a line
    ///
    /// A file that is there is written over. Each line has its time, the peer, and in or out.
    #[arg(long, value_name = "FILE", help_heading = "Recordings")]
    record: Option<PathBuf>,
    /// Answer from a recording instead of RULES
    ///
    /// A request gets what it got then, the second time the second answer. What never came gets
    /// the default.
    #[arg(long, value_name = "FILE", help_heading = "Recordings")]
    replay: Option<PathBuf>,
    /// Wait before each reply as long as was waited then
    #[arg(long, requires = "replay", help_heading = "Recordings")]
    paced: bool,
    /// chunk line crlf nul len32 delimiter:TEXT or raw
    ///
    /// Where a request ends: chunk (the default) is what one read returned, as recv(1024) and
    /// compare has it; line, crlf, nul and delimiter:TEXT end with those bytes, and \\r \\n \\t \\0
    /// \\xHH in TEXT stand for one byte each; len32 begins with its length. Replies are marked alike.
    /// The last request of a connection needs no mark; one that is shorter than len32 announced is
    /// refused.
    #[arg(long, value_name = "NAME", help_heading = "Requests")]
    framing: Option<Framing>,
    /// Refuse longer requests: their connection ends
    #[arg(long, value_name = "BYTES", default_value = "65536", hide_default_value = true, value_parser = max_request, help_heading = "Requests")]
    max_request: NonZeroUsize,
    /// Listen on IPv4 alone
    #[arg(short = '4', long, conflicts_with = "ipv6", help_heading = "Connections")]
    ipv4: bool,
    /// Listen on IPv6 alone
    #[arg(short = '6', long, help_heading = "Connections")]
    ipv6: bool,
    /// Serve at most N at once; more wait their turn
    #[arg(short, long, value_name = "N", value_parser = crate::count::parse::<u32>, help_heading = "Connections")]
    max: Option<u32>,
    /// End a connection when nothing moved for this long
    #[arg(long, value_name = "TIME", value_parser = duration::parse, allow_hyphen_values = true, help_heading = "Connections")]
    idle: Option<Duration>,
    /// End after this long, whatever happens
    #[arg(long, value_name = "TIME", value_parser = Deadline::parse, allow_hyphen_values = true, help_heading = "Connections")]
    deadline: Option<Deadline>,
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let source = args.source()?;
    let endpoints = args.endpoints()?;
    let rules = args.completed(read(&source, out)?);
    if endpoints.iter().any(is_datagram) {
        refuse_connections(&rules, &source)?;
    }
    runtime::run(async {
        let signals = Signals::catch()?;
        let teller = Arc::new(Teller::new(args.recorder(&source)?, out)?);
        let stub = Arc::new(Stub::new(rules, args.settings(), teller.clone()));
        let serving = serve::Serving { args, stub: &stub, teller: &teller, source: &source, out };
        let ended = serving.run(&endpoints, signals).await;
        serving.finish(ended)
    })
}

/// Reads the rules. A pipe or a terminal may keep that waiting for ever: then it says so.
fn read(source: &Source, out: &Out) -> Result<Rules, RulesError> {
    if std::fs::metadata(source.path()).is_ok_and(|found| found.is_file()) {
        return source.read();
    }
    let (done, read) = sync_channel(1);
    let task = source.clone();
    let reader = thread::Builder::new().spawn(move || drop(done.send(task.read())));
    if reader.is_err() {
        return source.read();
    }
    let rules = read.recv_timeout(NOTICED).or_else(|_| {
        let path = source.path().display();
        out.talk(&format!("coax: reading rules from {path}, which is no file, until it ends"));
        read.recv()
    });
    rules.unwrap_or_else(|_| source.read())
}

/// A greeting or a close where there is no connection would never happen.
fn refuse_connections(rules: &Rules, source: &Source) -> Result<(), Failure> {
    let Some((line, what)) = rules.needs_connection() else { return Ok(()) };
    let file = source.path().display();
    let why = format!("{file}:{line}: '{what}' needs connections, and datagrams have none");
    Err(Failure::new(Exit::Usage, why))
}

fn format_of(text: &str) -> Result<Format, String> {
    let named = Format::NAMED.iter().find(|(name, _)| *name == text);
    named.map(|(_, format)| *format).ok_or_else(|| "one of csv, tsv, json, toml".to_owned())
}

fn seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a whole number from 0 to {}", u64::MAX))
}

fn max_request(text: &str) -> Result<NonZeroUsize, String> {
    let number = text.parse::<NonZeroUsize>().ok();
    let fits = number.filter(|number| number.get() <= MESSAGE_LIMIT);
    fits.ok_or_else(|| format!("a number of bytes from 1 to {MESSAGE_LIMIT}"))
}

impl Args {
    fn source(&self) -> Result<Source, Failure> {
        if let Some(recording) = &self.replay {
            return Ok(Source::new(recording, Format::Recording { paced: self.paced }));
        }
        let path = self.rules.clone().unwrap_or_default();
        match self.format.or_else(|| Format::of(&path)) {
            Some(format) => Ok(Source::new(path, format)),
            None => Err(Failure::new(
                Exit::Usage,
                format!(
                    "cannot tell what '{}' is: its name ends in none of .csv, .tsv, .json, .toml",
                    path.display()
                ),
            )
            .hint("--format csv")),
        }
    }

    /// With --replay, the first word is an endpoint as well.
    fn endpoints(&self) -> Result<Vec<Endpoint>, Failure> {
        let first = self.rules.iter().filter(|_| self.replay.is_some()).map(|word| {
            let text = word.to_str();
            text.ok_or_else(|| Failure::new(Exit::Usage, "an endpoint is written in UTF-8"))
        });
        let words = first.chain(self.endpoints.iter().map(|word| Ok(word.as_str())));
        let mut words = words.collect::<Result<Vec<_>, _>>()?;
        if words.is_empty() {
            words.push("localhost:0");
        }
        words.into_iter().map(|word| place::endpoint(word, None)).collect()
    }

    /// With what the command line adds to the rules of the file.
    fn completed(&self, rules: Rules) -> Rules {
        let rules = match &self.default {
            Some(reply) => rules.with_default(reply.as_bytes()),
            None => rules,
        };
        match self.seed {
            Some(seed) => rules.with_seed(seed),
            None => rules,
        }
    }

    fn settings(&self) -> Settings {
        let (framing, idle) = (self.framing, self.idle);
        Settings { framing, max_request: self.max_request.get(), idle }
    }

    fn recorder(&self, source: &Source) -> Result<Option<(Recorder, PathBuf)>, Failure> {
        let Some(path) = &self.record else { return Ok(None) };
        let stdout = PathBuf::from("/dev/stdout");
        let path = if path.as_os_str() == "-" { &stdout } else { path };
        let real = |path: &std::path::Path| std::fs::canonicalize(path).ok();
        if real(path).is_some_and(|file| Some(file) == real(source.path())) {
            let why = format!("--record would write over {}", source.path().display());
            return Err(Failure::new(Exit::Usage, why));
        }
        match Recorder::create(path) {
            Ok(recorder) => Ok(Some((recorder, path.clone()))),
            Err(error) => Err(witness::cannot_record(path, &error)),
        }
    }
}

impl From<RulesError> for Failure {
    fn from(error: RulesError) -> Failure {
        let exit = if error.is_machines() { Exit::Machine } else { Exit::Usage };
        Failure::new(exit, told(&error))
    }
}

/// The line, and the place it is about.
fn told(error: &RulesError) -> String {
    match error.excerpt() {
        Some(excerpt) => format!("{error}\n{excerpt}"),
        None => error.to_string(),
    }
}
