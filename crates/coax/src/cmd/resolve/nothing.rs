//! Why a server's answer has no record of the type asked for.
//!
//! An answer without it may still say a lot: which aliases lead where, in a circle, out of what the
//! server knows, or to a name that does not exist.
//!
//! Nothing here asks anyone.

use coax_dns::{Answer, Chain, Question, RecordType, Status};

use super::event::{Cause, Unresolved};

/// What an answer without the record says.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Nothing {
    cause: Cause,
    reason: String,
    /// The name asked for and those its aliases stand for; empty without an alias.
    aliases: Vec<String>,
}

impl Nothing {
    pub(super) fn reason(&self) -> &str {
        &self.reason
    }

    /// As it is told of `query`, with the names that were asked for where it was completed.
    pub(super) fn unresolved(
        self,
        query: &str,
        record_type: RecordType,
        asked: &[Question],
    ) -> Unresolved {
        let Nothing { cause, mut reason, aliases } = self;
        if asked.len() > 1 {
            let names: Vec<_> = asked.iter().map(Question::name).collect();
            reason = format!("{reason} (asked for {})", names.join(", "));
        }
        let (query, record_type) = (query.to_owned(), Some(record_type.to_string()));
        Unresolved { query, record_type, cause, reason, aliases, line: None }
    }
}

/// Why `answer` has nothing of `record_type` for `name`.
pub(super) fn why(name: &str, record_type: RecordType, answer: &Answer) -> Nothing {
    let Chain { names, is_circle } = answer.chain(name);
    let last = names.last().map_or(name, String::as_str);
    let known = answer.zone.as_ref().is_some_and(|zone| is_within(last, zone));
    let ends_here = names.len() == 1;
    let server = &answer.server;
    let (cause, reason) = match answer.status {
        _ if is_circle => (Cause::NoSuchRecord, "its aliases lead in a circle".to_owned()),
        Status::NoSuchName if ends_here => (Cause::NoSuchName, "no such name".to_owned()),
        Status::NoSuchName => {
            (Cause::NoSuchName, "its alias leads to a name that does not exist".to_owned())
        }
        _ if ends_here && !known && !answer.authoritative && !answer.recursive => {
            let reason = format!("{server} does not answer for this name, nor ask others for it");
            (Cause::ServerFailed, reason)
        }
        _ if ends_here => {
            let reason = format!("the name exists but has no {record_type} record");
            (Cause::NoSuchRecord, reason)
        }
        _ if known || answer.recursive => {
            let reason = format!("its alias leads to a name without {record_type} record");
            (Cause::NoSuchRecord, reason)
        }
        _ => {
            let reason = format!("its alias leads to a name of which {server} says nothing");
            (Cause::NoSuchRecord, reason)
        }
    };
    if ends_here {
        return Nothing { cause, reason, aliases: Vec::new() };
    }
    let reason = format!("{reason}: {}", names.join(" -> "));
    Nothing { cause, reason, aliases: names }
}

/// Whether `zone` is `name` or above it; both have their final dot.
fn is_within(name: &str, zone: &str) -> bool {
    let (name, zone) = (name.to_ascii_lowercase(), zone.to_ascii_lowercase());
    zone == "." || name == zone || name.ends_with(&format!(".{zone}"))
}
