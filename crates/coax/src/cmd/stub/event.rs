//! What a stub reports: each exchange, rules read again, and the counts at the end.
//!
//! Counts are of rules in the order of their file; the table for people has those that were hit
//! most.
//!
//! Nothing here counts.

use coax_stub::{Exchange, Hits, Rules, RulesError, Source, Tally, Then};
use schemars::JsonSchema;
use serde::Serialize;

use crate::out::{Human, Report, hex};

/// Rows that a person reads at the end; a program gets all.
const SHOWN: usize = 20;

/// A request was answered, or nobody answered it, or a connection was greeted.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ExchangeReport {
    /// The number of the connection; datagrams have none.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<u64>,
    peer: String,
    /// The rule's name, or what it matches; without it, no rule took the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    rule: Option<String>,
    /// Where the rule stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// The request, where it is UTF-8. A greeting has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_hex: Option<String>,
    /// The reply, where it is UTF-8. Without one nothing was sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_hex: Option<String>,
    /// `keep`, `close`, `half-close` or `reset`.
    then: &'static str,
    /// From the request to its reply.
    seconds: f64,
}

impl ExchangeReport {
    pub(super) fn of(exchange: &Exchange<'_>) -> ExchangeReport {
        let (request, request_hex) = text_or_hex(exchange.request);
        let (reply, reply_hex) = text_or_hex(exchange.reply);
        let (rule, line) = exchange.rule.clone().unzip();
        ExchangeReport {
            id: exchange.connection,
            peer: exchange.peer.to_string(),
            rule,
            line: line.filter(|line| *line > 0).map(|line| line as u64),
            request,
            request_hex,
            reply,
            reply_hex,
            then: exchange.then.name(),
            seconds: exchange.took.as_secs_f64(),
        }
    }
}

fn text_or_hex(bytes: Option<&[u8]>) -> (Option<String>, Option<String>) {
    match bytes.map(|bytes| (bytes, std::str::from_utf8(bytes))) {
        None => (None, None),
        Some((_, Ok(text))) => (Some(text.to_owned()), None),
        Some((bytes, Err(_))) => (None, Some(hex(bytes))),
    }
}

/// The beginning of what was said, on one line.
fn brief(text: &Option<String>, hex: &Option<String>) -> Option<String> {
    let (text, mark) = match (text, hex) {
        (Some(text), _) => (text.as_str(), "\""),
        (None, Some(hex)) => (hex.as_str(), ""),
        (None, None) => return None,
    };
    let start = text.chars().take(60).flat_map(char::escape_debug).collect::<String>();
    let more = if text.chars().nth(60).is_some() { "…" } else { "" };
    Some(format!("{mark}{start}{more}{mark}"))
}

impl Report for ExchangeReport {
    const EVENT: &'static str = "exchange";
    fn human(&self) -> Human {
        let number = self.id.map(|id| format!("[{id}] ")).unwrap_or_default();
        let request = brief(&self.request, &self.request_hex);
        let reply = brief(&self.reply, &self.reply_hex).unwrap_or_else(|| "nothing".to_owned());
        let then = match self.then == Then::Keep.name() {
            true => String::new(),
            false => format!(", then {}", self.then),
        };
        let rule = match (&self.rule, self.line) {
            (Some(_), Some(line)) => format!("line {line}"),
            (Some(rule), None) => rule.clone(),
            (None, _) => "no rule".to_owned(),
        };
        let asked = request.map_or("greeted with".to_owned(), |request| format!("{request} gets"));
        Human::Detail(format!("{number}{}: {asked} {reply}{then} ({rule})", self.peer))
    }
}

/// The rules were read again, or could not be and the old ones stay.
#[derive(Serialize, JsonSchema)]
pub(crate) struct RulesReport {
    file: String,
    /// How many there are now.
    rules: u64,
    /// What is wrong; the old rules stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    /// Where it is wrong, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    /// In characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u64>,
    /// The line, and a caret under the place.
    #[serde(skip)]
    told: Option<String>,
}

impl RulesReport {
    pub(super) fn read(source: &Source, rules: &Rules) -> RulesReport {
        RulesReport {
            file: source.path().display().to_string(),
            rules: rules.len() as u64,
            error: None,
            line: None,
            column: None,
            told: None,
        }
    }

    pub(super) fn broken(source: &Source, rules: &Rules, error: &RulesError) -> RulesReport {
        let (line, column) = error.place().unzip();
        RulesReport {
            error: Some(error.message().to_owned()),
            line: line.map(|line| line as u64),
            column: column.map(|column| column as u64),
            told: Some(super::told(error)),
            ..RulesReport::read(source, rules)
        }
    }
}

impl Report for RulesReport {
    const EVENT: &'static str = "rules";
    fn human(&self) -> Human {
        Human::Talk(match &self.told {
            Some(told) => format!("coax: {told}\nthe old rules stay"),
            None => format!("{}: read again, {}", self.file, counted(self.rules, "rule")),
        })
    }
}

/// How often a rule was hit.
#[derive(Clone, Serialize, JsonSchema)]
pub(crate) struct RuleHits {
    rule: String,
    /// The line it stands in; 0 where that is not known.
    line: u64,
    hits: u64,
}

/// The end: how much was asked, and which rules answered.
#[derive(Serialize, JsonSchema)]
pub(crate) struct StubSummary {
    requests: u64,
    /// Those that no rule took.
    unmatched: u64,
    /// Those that were too long or broke the framing; they are not among the requests.
    refused: u64,
    rules: u64,
    never_hit: u64,
    /// The rules that were hit, in their order.
    hits: Vec<RuleHits>,
}

impl StubSummary {
    pub(super) fn of(tally: Tally, rules: &Rules) -> StubSummary {
        let hit = rules.hits().filter(|hits| hits.count > 0);
        StubSummary {
            requests: tally.requests,
            unmatched: tally.unmatched,
            refused: tally.refused,
            rules: rules.len() as u64,
            never_hit: rules.never_hit() as u64,
            hits: hit.map(RuleHits::of).collect(),
        }
    }
}

/// `1 rule`, `2 rules`.
fn counted(count: u64, what: &str) -> String {
    let many = if count == 1 { "" } else { "s" };
    format!("{count} {what}{many}")
}

impl RuleHits {
    fn of(hits: Hits) -> RuleHits {
        RuleHits { rule: hits.rule, line: hits.line as u64, hits: hits.count }
    }
}

impl Report for StubSummary {
    const EVENT: &'static str = "stub-summary";
    fn human(&self) -> Human {
        let mut most = self.hits.clone();
        most.sort_by_key(|rule| std::cmp::Reverse(rule.hits));
        let width = most.first().map_or(1, |rule| rule.hits.to_string().len());
        let mut lines = most.iter().take(SHOWN).map(|rule| match rule.line {
            0 => format!("{:>width$}  {}", rule.hits, rule.rule),
            line => format!("{:>width$}  {} (line {line})", rule.hits, rule.rule),
        });
        let mut text = lines.by_ref().map(|line| line + "\n").collect::<String>();
        if most.len() > SHOWN {
            text.push_str(&format!("{:>width$}  and {} more\n", "", most.len() - SHOWN));
        }
        text.push_str(&format!(
            "{}: {} unmatched, {} refused; {} of {} never hit",
            counted(self.requests, "request"),
            self.unmatched,
            self.refused,
            self.never_hit,
            counted(self.rules, "rule")
        ));
        Human::Answer(text)
    }
}
