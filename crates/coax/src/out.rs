//! What a person or a program sees.
//!
//! A verb reports events; with `--json` each is a line on stdout, otherwise its own rendering
//! goes to stdout (what was asked for) or stderr (talk). Both come from the same value, so they
//! cannot disagree.
//!
//! Nothing here knows what a verb does.

mod clean;
pub(crate) mod narrate;

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::process::ExitCode;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::Output;
use crate::failure::Failure;

use clean::clean_json;

pub(crate) use clean::clean;

/// The version of the JSON envelope; a field may be added, none changes meaning within one.
const SCHEMA_VERSION: u8 = 1;

/// Something that happened, for a program and for a person.
pub(crate) trait Report: Serialize + JsonSchema {
    /// The value of `"event"`.
    const EVENT: &'static str;
    /// What a person reads.
    fn human(&self) -> Human;
    /// When it happened, if that was not just now.
    fn at(&self) -> Option<jiff::Timestamp> {
        None
    }
}

/// Where a person reads it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Human {
    /// What was asked for: stdout, whole lines.
    Answer(String),
    /// Talk: stderr.
    Talk(String),
    /// Talk that `-v` asks for.
    Detail(String),
    /// Only programs care.
    Silent,
}

/// The way out for everything a verb says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    json: bool,
    verbose: u8,
}

#[derive(Serialize)]
struct Envelope<'a, R> {
    v: u8,
    event: &'a str,
    at: String,
    #[serde(flatten)]
    report: &'a R,
}

/// The run failed; the exit code is the one the process will have.
#[derive(Serialize, JsonSchema)]
pub(crate) struct FailureReport {
    message: String,
    hint: Option<String>,
    exit: u8,
}

impl Report for FailureReport {
    const EVENT: &'static str = "error";
    fn human(&self) -> Human {
        let hint = self.hint.as_ref().map(|hint| format!("\nhint: {hint}")).unwrap_or_default();
        Human::Talk(format!("coax: {}{hint}", self.message))
    }
}

impl Out {
    pub(crate) fn new(output: &Output) -> Out {
        Out { json: output.json, verbose: output.verbose }
    }

    /// For what is said before the flags are known.
    pub(crate) fn plain() -> Out {
        Out { json: false, verbose: 0 }
    }

    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    pub(crate) fn is_verbose(&self) -> bool {
        self.verbose > 0
    }

    /// `-vv`: what is of use to who looks for a fault.
    pub(crate) fn is_very_verbose(&self) -> bool {
        self.verbose > 1
    }

    /// Tells what happened. An error is a reader that left, or a full disk.
    pub(crate) fn report<R: Report>(&self, report: &R) -> Result<(), Failure> {
        if self.json {
            return Ok(io::stdout().lock().write_all(&line(report))?);
        }
        match report.human() {
            Human::Answer(text) => writeln!(io::stdout().lock(), "{}", shown(&text, io::stdout()))?,
            Human::Talk(text) => self.talk(&text),
            Human::Detail(text) if self.is_verbose() => self.talk(&text),
            Human::Detail(_) | Human::Silent => {}
        }
        Ok(())
    }

    /// A line of talk on stderr. A stderr that is gone is nobody's loss.
    pub(crate) fn talk(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{}", shown(text, io::stderr()));
    }

    /// Writes events in great number, which nobody could read one by one.
    pub(crate) fn stream<R: Report>(&self, report: &R, to: &mut impl Write) -> io::Result<()> {
        to.write_all(&line(report))
    }

    pub(crate) fn failure(&self, failure: &Failure) {
        let report = FailureReport {
            message: failure.message.clone(),
            hint: failure.hint.clone(),
            exit: failure.exit as u8,
        };
        if self.json {
            let _ = io::stdout().lock().write_all(&line(&report));
        }
        // Where both streams are one terminal or file, it would be said there twice.
        if self.json && is_same_place(io::stdout(), io::stderr()) {
            return;
        }
        if let Human::Talk(text) = report.human() {
            self.talk(&text);
        }
    }
}

fn is_same_place(one: impl AsFd, other: impl AsFd) -> bool {
    match (rustix::fs::fstat(one), rustix::fs::fstat(other)) {
        (Ok(one), Ok(other)) => (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino),
        _ => false,
    }
}

/// What a stranger may have sent as part of it is made harmless for a terminal.
pub(crate) fn shown(text: &str, stream: impl IsTerminal) -> Cow<'_, str> {
    match clean(text) {
        // Whether it is a terminal costs a call of the system, which most lines need not make.
        Cow::Owned(safe) if stream.is_terminal() => Cow::Owned(safe),
        _ => Cow::Borrowed(text),
    }
}

/// The event as a line of JSON. People read it on a terminal, too, and not all of it goes there by the
/// same way: so what is dangerous there is escaped always, which changes no value.
pub(crate) fn line<R: Report>(report: &R) -> Vec<u8> {
    let at = report.at().unwrap_or_else(jiff::Timestamp::now).to_string();
    let envelope = Envelope { v: SCHEMA_VERSION, event: R::EVENT, at, report };
    let mut line = serde_json::to_string(&envelope).expect("reports are structs with text keys");
    line.push('\n');
    clean_json(line).into_bytes()
}

/// Bytes that are not text, for a program.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut hex, byte| {
        let _ = write!(hex, "{byte:02x}");
        hex
    })
}

/// Prints what was asked for before any verb ran: help or the version.
pub(crate) fn tell(text: &str) -> ExitCode {
    match write!(io::stdout().lock(), "{text}").map_err(Failure::from) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.leave(&Out::plain()),
    }
}
