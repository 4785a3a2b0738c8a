//! Many names at once: a bounded number under way, answers as they come or in order.
//!
//! Memory does not grow with the number of names: names are read only as fast as lookups finish,
//! and with `--in-order` an answer that waits for an earlier one keeps its place among those
//! under way.
//!
//! How one name is looked up is not known here.

use std::collections::VecDeque;
use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::sync::Arc;
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::event::{Answered, Cause, ResolveSummary, Resolved, Unresolved};
use super::names::{Line, Names};
use super::programs::Programs;
use super::records::Records;
use super::{Args, graver};
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report};

/// Looks up every name and gives the gravest outcome.
pub(super) async fn run(args: &Args, out: &Out) -> Result<Exit, Failure> {
    let types = args.record_types();
    let (parallel, wanted) = (args.parallel as usize, args.wanted());
    let way = match types.is_empty() {
        true => Way::Programs(Programs::new(parallel, args.timeout, wanted, args.style())),
        false => Way::Records(Records::new(args, types)?),
    };
    let (names, size) = match &args.file {
        Some(file) => Names::open(file)?,
        None => (Names::Given(args.names.clone().into_iter()), None),
    };
    let bar = if args.file.is_some() { progress(size) } else { ProgressBar::hidden() };
    let mut teller = Teller::new(out, bar, args.file.is_some());
    // What a person typed is answered in the order they typed it.
    let in_order = args.in_order || args.file.is_none();
    let told = each(names, parallel, in_order, &Arc::new(way), &mut teller).await;
    let exit = teller.finish()?;
    told.map(|()| exit)
}

#[derive(Debug)]
enum Way {
    Programs(Programs),
    Records(Records),
}

/// What came of one name.
enum Outcome {
    Resolved(Resolved),
    Answered(Answered),
    Unresolved(Unresolved),
}

struct Done {
    outcomes: Vec<Outcome>,
    position: u64,
}

impl Way {
    async fn look_up(self: Arc<Way>, line: Line) -> Done {
        let mut outcomes = match (&line.wrong, self.as_ref()) {
            (Some(why), _) => vec![Outcome::Unresolved(rejected(&line.text, why))],
            (None, Way::Programs(programs)) => match Box::pin(programs.look_up(&line.text)).await {
                Ok(resolved) => vec![Outcome::Resolved(resolved)],
                Err(unresolved) => vec![Outcome::Unresolved(unresolved)],
            },
            (None, Way::Records(records)) => {
                let answers = records.look_up(&line.text).await;
                let outcome = |one: Result<Answered, Unresolved>| {
                    one.map_or_else(Outcome::Unresolved, Outcome::Answered)
                };
                answers.into_iter().map(outcome).collect()
            }
        };
        for outcome in &mut outcomes {
            if let Outcome::Unresolved(unresolved) = outcome {
                unresolved.line = line.number;
            }
        }
        Done { outcomes, position: line.position }
    }
}

fn rejected(text: &str, why: &str) -> Unresolved {
    let (query, reason) = (text.chars().take(80).collect(), why.to_owned());
    Unresolved { query, record_type: None, cause: Cause::MalformedName, reason, line: None }
}

/// Lookups under way.
enum Flight {
    AsTheyCome(JoinSet<Done>),
    InOrder(VecDeque<JoinHandle<Done>>),
}

impl Flight {
    fn len(&self) -> usize {
        match self {
            Flight::AsTheyCome(set) => set.len(),
            Flight::InOrder(queue) => queue.len(),
        }
    }

    fn start(&mut self, way: &Arc<Way>, line: Line) {
        let lookup = way.clone().look_up(line);
        match self {
            Flight::AsTheyCome(set) => drop(set.spawn(lookup)),
            Flight::InOrder(queue) => queue.push_back(tokio::spawn(lookup)),
        }
    }

    /// The next one that is done already, without waiting.
    async fn ready(&mut self) -> Option<Result<Done, JoinError>> {
        match self {
            Flight::AsTheyCome(set) => set.try_join_next(),
            Flight::InOrder(queue) => match queue.front().is_some_and(JoinHandle::is_finished) {
                true => Some(self.next().await),
                false => None,
            },
        }
    }

    /// The next one that gets done; waits for ever when none is under way.
    async fn next(&mut self) -> Result<Done, JoinError> {
        let done = match self {
            Flight::AsTheyCome(set) => set.join_next().await,
            Flight::InOrder(queue) => match queue.front_mut() {
                None => None,
                Some(first) => {
                    let done = first.await;
                    queue.pop_front();
                    Some(done)
                }
            },
        };
        match done {
            Some(done) => done,
            None => std::future::pending().await,
        }
    }
}

async fn each(
    mut names: Names,
    parallel: usize,
    in_order: bool,
    way: &Arc<Way>,
    teller: &mut Teller<'_>,
) -> Result<(), Failure> {
    let mut flight = match in_order {
        true => Flight::InOrder(VecDeque::new()),
        false => Flight::AsTheyCome(JoinSet::new()),
    };
    let mut more = true;
    loop {
        while let Some(done) = flight.ready().await {
            teller.tell(done)?;
        }
        // Everything printed so far is seen before anything is waited for.
        teller.stdout.flush()?;
        if !more && flight.len() == 0 {
            return Ok(());
        }
        tokio::select! {
            biased;
            line = names.next(), if more && flight.len() < parallel => match line? {
                Some(line) => flight.start(way, line),
                None => more = false,
            },
            done = flight.next() => teller.tell(done)?,
        }
    }
}

/// Prints outcomes and counts them.
struct Teller<'a> {
    out: &'a Out,
    stdout: BufWriter<StdoutLock<'a>>,
    bar: ProgressBar,
    many: bool,
    summary: ResolveSummary,
    exit: Exit,
    started: Instant,
}

impl<'a> Teller<'a> {
    fn new(out: &'a Out, bar: ProgressBar, many: bool) -> Teller<'a> {
        Teller {
            out,
            many,
            stdout: BufWriter::with_capacity(1 << 16, io::stdout().lock()),
            bar,
            summary: ResolveSummary::default(),
            exit: Exit::Done,
            started: Instant::now(),
        }
    }

    fn tell(&mut self, done: Result<Done, JoinError>) -> Result<(), Failure> {
        let broken = |_| Failure::new(Exit::Machine, "a lookup broke down; the others were lost");
        let Done { outcomes, position } = done.map_err(broken)?;
        self.count(&outcomes);
        for outcome in &outcomes {
            match outcome {
                Outcome::Resolved(resolved) => self.report(resolved)?,
                Outcome::Unresolved(unresolved) => self.report(unresolved)?,
                Outcome::Answered(answered) => {
                    self.report(answered)?;
                    if self.tells_provenance(answered) {
                        self.talk(&answered.provenance())?;
                    }
                }
            }
        }
        self.bar.set_position(position);
        if self.summary.names.is_multiple_of(64) {
            self.bar.set_message(format!("{} names", self.summary.names));
        }
        Ok(())
    }

    /// Among thousands of names, who answered each is noise; that one was cut short is not.
    fn tells_provenance(&self, answered: &Answered) -> bool {
        let wanted = answered.truncated || (self.out.is_verbose() && !self.many);
        wanted && !self.out.is_json()
    }

    fn count(&mut self, outcomes: &[Outcome]) {
        let mut gravest = Exit::Done;
        let mut found = false;
        for outcome in outcomes {
            match outcome {
                Outcome::Unresolved(unresolved) => {
                    gravest = graver(gravest, unresolved.cause.exit());
                }
                Outcome::Resolved(_) | Outcome::Answered(_) => found = true,
            }
        }
        self.exit = graver(self.exit, gravest);
        if gravest == Exit::Usage && !found {
            self.summary.rejected += 1;
            return;
        }
        self.summary.names += 1;
        match gravest {
            _ if found => self.summary.found += 1,
            Exit::No => self.summary.missing += 1,
            _ => self.summary.failed += 1,
        }
    }

    fn report<R: Report>(&mut self, report: &R) -> Result<(), Failure> {
        if self.out.is_json() {
            return self.bar.suspend(|| self.out.report(report));
        }
        match report.human() {
            Human::Answer(text) if self.bar.is_hidden() => writeln!(self.stdout, "{text}")?,
            Human::Answer(text) => {
                let stdout = &mut self.stdout;
                self.bar.suspend(|| writeln!(stdout, "{text}").and_then(|()| stdout.flush()))?;
            }
            Human::Talk(text) => self.talk(&text)?,
            Human::Detail(text) if self.out.is_verbose() => self.talk(&text)?,
            Human::Detail(_) | Human::Silent => {}
        }
        Ok(())
    }

    /// Talk comes after the answers before it.
    fn talk(&mut self, text: &str) -> Result<(), Failure> {
        self.stdout.flush()?;
        self.bar.suspend(|| self.out.talk(text));
        Ok(())
    }

    fn finish(mut self) -> Result<Exit, Failure> {
        self.bar.finish_and_clear();
        self.summary.elapsed_ms = self.started.elapsed().as_secs_f64() * 1e3;
        if self.many {
            let summary = std::mem::take(&mut self.summary);
            self.report(&summary)?;
        }
        self.stdout.flush()?;
        Ok(self.exit)
    }
}

/// A bar on a terminal; nothing elsewhere.
fn progress(size: Option<u64>) -> ProgressBar {
    if !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let (bar, template) = match size {
        Some(size) => (ProgressBar::new(size), "{wide_bar} {percent:>3} %  {msg}  {eta} left"),
        None => (ProgressBar::new_spinner(), "{spinner} {msg}  {elapsed}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}
