//! Printing what came of the names, and counting it.
//!
//! Answers go to stdout in large writes, talk to stderr in its place among them; on a terminal
//! a bar shows how far a file of names has come.
//!
//! In which order the names come is not decided here.

use std::io::{self, BufWriter, IsTerminal, StdoutLock, Write};
use std::time::Instant;

use indicatif::{ProgressBar, ProgressStyle};

use super::{Done, Outcome};
use crate::cmd::resolve::event::{Answered, ResolveSummary};
use crate::cmd::resolve::graver;
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report, shown};

/// Prints outcomes and counts them.
pub(super) struct Teller<'a> {
    out: &'a Out,
    stdout: BufWriter<StdoutLock<'a>>,
    bar: ProgressBar,
    many: bool,
    summary: ResolveSummary,
    exit: Exit,
    started: Instant,
}

impl<'a> Teller<'a> {
    pub(super) fn new(out: &'a Out, bar: ProgressBar, many: bool) -> Teller<'a> {
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

    /// Prints what came of one name.
    pub(super) fn tell(&mut self, done: Done) -> Result<(), Failure> {
        let Done { outcomes, position } = done;
        self.count(&outcomes);
        for outcome in &outcomes {
            match outcome {
                Outcome::Resolved(resolved) => self.report(resolved)?,
                Outcome::Unresolved(unresolved) => self.report(unresolved)?,
                Outcome::Answered(answered) => {
                    self.report(answered)?;
                    if let Some(asked) = answered.asked().filter(|_| !self.out.is_json()) {
                        self.talk(&format!("coax: {asked}"))?;
                    }
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
            Human::Answer(text) if self.bar.is_hidden() => {
                writeln!(self.stdout, "{}", shown(&text, io::stdout()))?;
            }
            Human::Answer(text) => {
                let text = shown(&text, io::stdout());
                let stdout = &mut self.stdout;
                self.bar.suspend(|| writeln!(stdout, "{text}").and_then(|()| stdout.flush()))?;
            }
            Human::Talk(text) => self.talk(&text)?,
            Human::Detail(text) if self.out.is_verbose() => self.talk(&text)?,
            Human::Detail(_) | Human::Silent => {}
        }
        Ok(())
    }

    pub(super) fn flush(&mut self) -> Result<(), Failure> {
        Ok(self.stdout.flush()?)
    }

    /// Talk comes after the answers before it.
    fn talk(&mut self, text: &str) -> Result<(), Failure> {
        self.stdout.flush()?;
        self.bar.suspend(|| self.out.talk(text));
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Exit, Failure> {
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
pub(super) fn progress(size: Option<u64>) -> ProgressBar {
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
