//! Answering requests from a table or from rules.
//!
//! [`Source`] reads [`Rules`] from a CSV, TSV, JSON or TOML file, or says in which line and column
//! they are wrong. A [`Stub`] answers with them: many connections at once, or datagrams. Its rules
//! can be exchanged while it serves, it counts how often each was hit, and a [`Witness`] may see
//! every exchange, to tell or to record it.
//!
//! Nothing here accepts connections, prints, or decides when it is over.

mod command;
mod duration;
mod matcher;
mod record;
mod reply;
mod rules;
mod serve;
mod table;
mod template;

pub use record::{Exchange, Recorder, Witness};
pub use reply::Then;
pub use rules::{Format, Hits, Rules, RulesError, Source, Stamp};
pub use serve::{Settings, Stub, Tally};
