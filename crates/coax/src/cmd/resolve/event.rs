//! What `coax resolve` reports.
//!
//! Each event is complete in itself: a program that reads one line knows what was asked, of whom,
//! and what came of it. Text from name servers is escaped where it is not printable.
//!
//! Nothing here asks anyone.

mod answered;

use std::net::IpAddr;

use schemars::JsonSchema;
use serde::Serialize;

use crate::out::{Human, Report, clean};

pub(crate) use answered::Answered;

/// How a person wants to read it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Style {
    /// A few labelled lines for each name.
    #[default]
    Full,
    /// One line for each name.
    Line,
    /// The addresses or values alone, one a line.
    Short,
}

/// A name or an address was resolved as programs would.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct Resolved {
    /// What was asked for.
    pub(crate) query: String,
    /// The name that stands for it where it has letters beyond ASCII: what resolvers are asked.
    pub(crate) ascii: Option<String>,
    /// The letters that its `xn--` parts stand for.
    pub(crate) unicode: Option<String>,
    /// The name the system's resolver ended at.
    pub(crate) name: Option<String>,
    /// Other names of the same host that the system tells.
    pub(crate) aliases: Vec<String>,
    /// In the order programs try them.
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) elapsed_ms: f64,
    #[serde(skip)]
    pub(crate) style: Style,
    /// An address was asked for, so the name is the answer.
    #[serde(skip)]
    pub(crate) reverse: bool,
}

impl Report for Resolved {
    const EVENT: &'static str = "resolved";
    fn human(&self) -> Human {
        let addresses: Vec<String> = self.addresses.iter().map(ToString::to_string).collect();
        let name = clean(self.name.as_deref().unwrap_or_default());
        Human::Answer(match (self.style, self.reverse) {
            (Style::Short, true) => name.into_owned(),
            (Style::Short, false) => addresses.join("\n"),
            (Style::Line, true) => format!("{} {name}", self.query),
            (Style::Line, false) => format!("{} {}", self.query, addresses.join(" ")),
            (Style::Full, _) => self.full(&name, &addresses),
        })
    }
}

impl Resolved {
    fn full(&self, name: &str, addresses: &[String]) -> String {
        let query =
            if self.query.is_empty() { "every address of this machine" } else { &self.query };
        let mut lines = vec![query.to_owned()];
        lines.extend(self.ascii.iter().map(|ascii| format!("  ascii    {ascii}")));
        lines.extend(self.unicode.iter().map(|text| format!("  unicode  {}", clean(text))));
        if !name.is_empty() {
            lines.push(format!("  name     {name}"));
        }
        lines.extend(self.aliases.iter().map(|alias| format!("  alias    {}", clean(alias))));
        lines.extend(addresses.iter().map(|address| format!("  address  {address}")));
        lines.join("\n")
    }
}

/// A name that was not resolved, and why.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Unresolved {
    pub(crate) query: String,
    /// The record type asked for, or none when the system's resolver was asked.
    #[serde(rename = "type")]
    pub(crate) record_type: Option<String>,
    pub(crate) cause: Cause,
    pub(crate) reason: String,
    /// The name asked for and the names its aliases lead to, where there are any.
    pub(crate) aliases: Vec<String>,
    /// The line of the file the name stands on.
    pub(crate) line: Option<u64>,
}

/// The kinds of no, in the order of the exit codes they lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Cause {
    NoSuchName,
    NoSuchRecord,
    MalformedName,
    Timeout,
    ServerFailed,
    MalformedAnswer,
    Untrusted,
    Machine,
}

impl Report for Unresolved {
    const EVENT: &'static str = "unresolved";
    fn human(&self) -> Human {
        let at = self.line.map(|line| format!("line {line}: ")).unwrap_or_default();
        Human::Talk(format!("coax: {at}cannot resolve {}: {}", clean(&self.query), self.reason))
    }
}

/// How a run over many names ended.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(crate) struct ResolveSummary {
    /// Names looked up.
    pub(crate) names: u64,
    /// Names with at least one answer.
    pub(crate) found: u64,
    /// Names that do not exist, or have no such record.
    pub(crate) missing: u64,
    /// Names whose lookup failed.
    pub(crate) failed: u64,
    /// Lines that are not names.
    pub(crate) rejected: u64,
    pub(crate) elapsed_ms: f64,
}

impl Report for ResolveSummary {
    const EVENT: &'static str = "resolve-summary";
    fn human(&self) -> Human {
        let ResolveSummary { names, found, missing, failed, rejected, elapsed_ms } = self;
        let seconds = elapsed_ms / 1e3;
        Human::Detail(format!(
            "{names} names in {seconds:.2} s: {found} found, {missing} do not exist, {failed} failed; {rejected} lines are not names"
        ))
    }
}
