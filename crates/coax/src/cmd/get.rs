//! `coax get`: a page to stdout, files to the disk, whole or not at all.
//!
//! Each URL has an outcome of its own; one that fails stops no other, and the exit code is that of
//! the gravest. What is kept of an interrupted file is found again by the next run.
//!
//! How bytes get to their place is the library's business.

mod address;
mod again;
mod client;
mod event;
mod form;
mod gauge;
mod head;
mod headers;
mod input;
mod many;
mod outcome;
mod plan;
mod request;
mod size;
mod sum;
mod teller;
mod timing;

use std::env;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use coax_fetch::{Client, Download, DownloadError, Fetched};

use crate::cli::EXIT_STATUS;
use crate::duration::{self, Deadline, late};
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::runtime;
use crate::session::{Signals, share_stdout};
use plan::{Goal, Plan};
use teller::Teller;

pub(crate) use event::{
    FetchReport, GetSummary, HopReport, KeptReport, ProgressReport, RestartReport, RetryReport,
    SplitReport, StallReport,
};

const EXAMPLES: &str = "\
EXAMPLES
    coax get http://example.org/                  a page, to stdout
    coax get -O https://example.org/debian.iso    a file, named as the server says
    coax get -o disk.iso https://example.org/debian.iso --sha256 https://example.org/SHA256SUMS
    coax get -i urls.txt -o downloads/            many files, into a folder
    coax get --via /run/docker.sock http://localhost/info
    coax get -o - https://example.org/install.sh | sh
    coax get -d name=ada http://example.org/form  POST, as a form
    coax get -F photo=@me.png https://example.org/form
    coax get -I --timing https://example.org/     the headers alone, and what took how long

FILES
    A file is written to NAME.part and gets its name when it is whole, right, and on
    the disk. NAME.part.state says what is there of it: the next run goes on from
    there if the server still has the same file, by its ETag or date, and begins
    anew if not. A file of such a name that is not of coax is left alone, and
    NAME.part.1 is taken. -o replaces a file that has the name, and keeps its mode;
    -O does so with --replace. Without it, a file that is there already is a
    success where it is what --sha256 says, has the server's length and time, or is
    the same byte for byte, and else an error.
    What -O, or -o FOLDER, has saved is printed, one path a line. -o NEW/ makes
    the folder.

    Large files come over several connections where one is slowed: by a server that
    limits each, or by a line that loses packets. What a server gives no part of
    comes over one. A connection that breaks is tried again, and goes on where it
    broke; where that cannot be had, all is fetched again.

    A page to stdout is asked for in gzip, deflate, br or zstd, and is decoded. A
    file is asked for as it is. -H 'Accept-Encoding: …' asks for something else.";

const OUTCOMES: &str = "\
    Here 0 is: everything is there, whole and right. 1: a status from 400 to 499.
    3: the network, or a status from 500. 4: certificate, checksum, or a server
    that contradicts itself. 5: disk. Of several URLs the highest counts.";

/// Fetch pages and files: resumes, verifies, shows progress
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}\n{OUTCOMES}"))]
pub(crate) struct Args {
    /// What to fetch: http://… or https://…; without either, http://
    #[arg(value_name = "URL", required_unless_present = "input")]
    urls: Vec<String>,
    /// Read URLs from FILE, one a line; - is stdin
    #[arg(short, long, visible_short_alias = 'f', value_name = "FILE")]
    input: Option<PathBuf>,
    /// Write to FILE, or into FOLDER; - is stdout
    #[arg(short, long, value_name = "FILE", conflicts_with = "remote_name")]
    output: Option<PathBuf>,
    /// Write here, named as the server says
    #[arg(short = 'O', long)]
    remote_name: bool,
    /// Print the headers before the body
    #[arg(long)]
    include: bool,
    /// What it must be: 64 digits, or a list (file or URL)
    ///
    /// A list is what sha256sum prints, or its BSD form; a file is found in it by its name.
    #[arg(long, value_name = "SUM")]
    sha256: Option<String>,
    /// More bytes than this are an error: 500k, 2G
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    max_size: Option<u64>,
    #[command(flatten)]
    request: request::RequestArgs,
    #[command(flatten)]
    files: plan::FileArgs,
    #[command(flatten)]
    pace: Pace,
    #[command(flatten)]
    client: client::ClientArgs,
    /// Draw what took how long, on stderr
    #[arg(long, help_heading = "Output")]
    timing: bool,
    /// No progress bar
    #[arg(short, long, help_heading = "Output")]
    quiet: bool,
}

/// How much at once, how fast, and how long.
#[derive(clap::Args, Debug)]
struct Pace {
    /// URLs at once
    #[arg(long, value_name = "COUNT", default_value = "50", value_parser = crate::count::up_to(1000_u16), help_heading = "Pace")]
    parallel: u16,
    /// Connections for one file, at most
    #[arg(long, value_name = "COUNT", default_value = "16", value_parser = crate::count::up_to(16_u16), help_heading = "Pace")]
    connections: u16,
    /// Bytes a second, all together: 1M
    #[arg(long, value_name = "SIZE", value_parser = size::parse, help_heading = "Pace")]
    limit_rate: Option<u64>,
    /// Failures in a row before giving up
    ///
    /// Pauses between tries double, unless the server says how long. What brought bytes is no
    /// failure in a row.
    #[arg(long, value_name = "COUNT", default_value = "5", value_parser = crate::count::or_none::<u32>, help_heading = "Pace")]
    retries: u32,
    /// End after this long, whatever happens
    #[arg(long, value_name = "TIME", value_parser = Deadline::parse, allow_hyphen_values = true, help_heading = "Pace")]
    deadline: Option<Deadline>,
}

pub(crate) fn run(args: &Args, out: &Out) -> Result<(), Failure> {
    let plan = Plan::new(args, out)?;
    runtime::run(async {
        let mut signals = Signals::catch()?;
        let teller = OnceLock::new();
        tokio::select! {
            done = fetch(args, plan, out, &teller) => done,
            () = late(args.pace.deadline) => {
                kept(&teller, out);
                let limit = args.pace.deadline.map(Deadline::words).unwrap_or_default();
                Err(Failure::new(Exit::Network, format!("not done after {limit}")))
            }
            () = signals.any() => {
                kept(&teller, out);
                Err(signals.failure())
            }
        }
    })
}

/// Says what is kept of what was not done, and how it goes on.
fn kept(teller: &OnceLock<Arc<Teller>>, out: &Out) {
    if teller.get().is_some_and(|teller| teller.interrupted()) && !out.is_json() {
        let same = again::command(env::args_os().skip(1));
        out.talk(&format!("hint: {same} goes on from there"));
    }
}

async fn fetch(
    args: &Args,
    plan: Plan,
    out: &Out,
    told: &OnceLock<Arc<Teller>>,
) -> Result<(), Failure> {
    let mut plan = plan.with_sink()?;
    let client = args.client.client(&mut plan, out)?;
    let sum = match &args.sha256 {
        Some(text) => Some(sum::read(text, &client, plan.goals.len()).await?),
        None => None,
    };
    let plan = Plan { template: Download { sum, ..plan.template }, ..plan };
    if plan.head {
        return head::run(&plan, &client, args.timing, out).await;
    }
    let teller = Arc::new(Teller::new(out, args, &plan)?);
    // There is one in a run.
    let _ = told.set(Arc::clone(&teller));
    let watching = teller.watch();
    let done = match &plan.goals[..] {
        [goal] => one(&plan, goal, &client, &teller).await,
        _ => many::fetch(&plan, &client, &teller).await,
    };
    drop(watching);
    teller.end()?;
    done
}

/// Where one URL's bytes go.
async fn bring(
    plan: &Plan,
    goal: &Goal,
    client: &Client,
    teller: &Arc<Teller>,
) -> Result<Fetched, DownloadError> {
    let download = plan.download(goal);
    let watch = teller.begin(goal);
    let done = match (&goal.target, &plan.sink) {
        (Some(target), _) => {
            let done = match plan.skipped(goal) {
                Some(there) => Ok(there),
                None => download.to_file(client, target, &watch).await,
            };
            plan.finish(goal, done)
        }
        (None, sink) => {
            let sink = sink.as_ref().expect("whatever goes to no file has a stream");
            download.to_stream(client, sink, &watch).await
        }
    };
    teller.over(goal, &watch, &done);
    done
}

async fn one(
    plan: &Plan,
    goal: &Goal,
    client: &Client,
    teller: &Arc<Teller>,
) -> Result<(), Failure> {
    match bring(plan, goal, client, teller).await {
        Ok(fetched) => {
            teller.saved(&fetched);
            teller.print_saved()
        }
        Err(error) => Err(plan.failure(&error)),
    }
}

/// A time in milliseconds, for programs.
fn milliseconds(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Standard output, for a body.
fn stdout() -> Result<Arc<coax_net::Descriptor>, Failure> {
    share_stdout().map(Arc::new)
}

/// `1.2 s`.
fn words(time: Duration) -> String {
    duration::words(time)
}
