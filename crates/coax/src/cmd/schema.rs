//! `coax schema`: the JSON Schema of every event that `--json` can print.
//!
//! It stands on its own: every reference in it is found in its own `$defs`, where events are called
//! as in `"event"` and their parts by CamelCase names.
//!
//! What an event means is said where it is reported.

use std::io::{self, Write};

use schemars::{Schema, SchemaGenerator};
use serde_json::{Map, Value, json};

use crate::cli::EXIT_STATUS;
use crate::failure::Failure;
use crate::out::{FailureReport, Out, Report};
use crate::session;

/// Print the JSON Schema of every --json event
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("EXAMPLES\n    coax schema | jq '.\"$defs\" | keys'\n\n{EXIT_STATUS}"))]
pub(crate) struct Args {}

pub(crate) fn run(_: Args, _: &Out) -> Result<(), Failure> {
    let mut text = serde_json::to_vec_pretty(&schema()).map_err(io::Error::from)?;
    text.push(b'\n');
    Ok(io::stdout().lock().write_all(&text)?)
}

/// Every report of every verb. A new one is added here.
fn schema() -> Value {
    let mut events = Events::default();
    events.add::<FailureReport>();
    events.add::<crate::cmd::service::ServiceReport>();
    events.add::<crate::cmd::url::UrlReport>();
    events.add::<session::Connected>();
    events.add::<session::MessageReport>();
    events.add::<session::Closed>();
    events.add::<session::MemberLeft>();
    events.add::<crate::datagrams::DatagramSummary>();
    events.add::<super::listen::Listening>();
    events.add::<super::ask::Greeting>();
    events.add::<super::ask::Reply>();
    events.add::<super::host::HostReport>();
    events.add::<super::resolve::Resolved>();
    events.add::<super::resolve::Answered>();
    events.add::<super::resolve::Unresolved>();
    events.add::<super::resolve::Explained>();
    events.add::<super::resolve::ResolveSummary>();
    events.add::<super::scan::PortReport>();
    events.add::<super::scan::ChangeReport>();
    events.add::<super::scan::HostReport>();
    events.add::<super::scan::TarpitReport>();
    events.add::<super::scan::RationedReport>();
    events.add::<super::scan::ReservedReport>();
    events.add::<super::scan::ScanSummary>();
    events.add::<super::wait::Waiting>();
    events.add::<super::wait::Ready>();
    events.add::<super::wait::WaitSummary>();
    events.add::<super::stub::ExchangeReport>();
    events.add::<super::stub::RulesReport>();
    events.add::<super::stub::StubSummary>();
    events.add::<super::get::FetchReport>();
    events.add::<super::get::ProgressReport>();
    events.add::<super::get::HopReport>();
    events.add::<super::get::RetryReport>();
    events.add::<super::get::RestartReport>();
    events.add::<super::get::StallReport>();
    events.add::<super::get::SplitReport>();
    events.add::<super::get::KeptReport>();
    events.add::<super::get::GetSummary>();
    add_chat(&mut events);
    events.finish()
}

fn add_chat(events: &mut Events) {
    events.add::<super::chat::ChatReport>();
    events.add::<super::chat::ChatStarted>();
    events.add::<super::chat::ChatConnected>();
    events.add::<super::chat::ChatRefused>();
    events.add::<super::chat::ChatRegistered>();
    events.add::<super::chat::ChatLeft>();
    events.add::<super::chat::ChatAccount>();
    events.add::<super::chat::ChatPassword>();
    events.add::<super::chat::ChatOperator>();
    events.add::<super::chat::ChatBan>();
    events.add::<super::chat::ChatReload>();
    events.add::<super::chat::ChatCertificate>();
    events.add::<super::chat::ChatStore>();
    events.add::<super::chat::ChatForgot>();
    events.add::<super::chat::ChatStopping>();
    events.add::<super::chat::ChatTrouble>();
    events.add::<super::chat::EntryReport>();
    events.add::<super::chat::ConversationReport>();
    events.add::<super::chat::ImportReport>();
    events.add::<super::chat::BackupReport>();
    events.add::<super::chat::AccountReport>();
    events.add::<super::chat::AccountChange>();
    events.add::<super::chat::HashReport>();
}

#[derive(Default)]
struct Events {
    generator: SchemaGenerator,
    names: Vec<Value>,
    bodies: Map<String, Value>,
}

impl Events {
    fn add<R: Report>(&mut self) {
        let mut body: Schema = self.generator.root_schema_for::<R>();
        body.remove("$schema");
        let properties = body.ensure_object().entry("properties").or_insert(json!({}));
        properties["event"] = json!({"const": R::EVENT});
        properties["v"] = json!({"const": 1});
        properties["at"] = json!({"type": "string", "format": "date-time"});
        let required = body.ensure_object().entry("required").or_insert(json!([]));
        for name in ["v", "event", "at"] {
            required.as_array_mut().into_iter().for_each(|names| names.push(name.into()));
        }
        // References are read from the root of the whole.
        if let Some(Value::Object(parts)) = body.remove("$defs") {
            self.bodies.extend(parts);
        }
        self.names.push(json!({"$ref": format!("#/$defs/{}", R::EVENT)}));
        self.bodies.insert(R::EVENT.to_owned(), body.into());
    }

    fn finish(self) -> Value {
        json!({
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "coax events, version 1",
            "oneOf": self.names,
            "$defs": self.bodies,
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    fn check_references(value: &Value, root: &Value) {
        if let Some(place) = value.get("$ref").and_then(Value::as_str) {
            let found = place.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
            assert!(found.is_some(), "{place} is nowhere");
        }
        let parts = value.as_object().into_iter().flat_map(|object| object.values());
        let items = value.as_array().into_iter().flatten();
        parts.chain(items).for_each(|part| check_references(part, root));
    }

    #[test]
    fn every_reference_is_found() {
        let schema = super::schema();
        check_references(&schema, &schema);
    }
}
