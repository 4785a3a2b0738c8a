//! The verbs: one file each.
//!
//! A file holds the verb's arguments, the events it reports and `run`, which turns the first into
//! one library call and its outcome into the second.

use clap::Subcommand;

use crate::failure::Failure;
use crate::out::Out;

mod completions;
mod man;
mod schema;
mod service;
mod url;

/// What coax can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
    Service(service::Args),
    Url(url::Args),
}

pub(crate) fn run(verb: Verb, out: &Out) -> Result<(), Failure> {
    match verb {
        Verb::Schema(args) => schema::run(args, out),
        Verb::Completions(args) => completions::run(args, out),
        Verb::Man(args) => man::run(args, out),
        Verb::Service(args) => service::run(args, out),
        Verb::Url(args) => url::run(args, out),
    }
}
