//! The verbs: one file each.
//!
//! A file holds the verb's arguments, the events it reports and `run`, which turns the first into
//! one library call and its outcome into the second.

use clap::Subcommand;

use crate::failure::Failure;
use crate::out::Out;

mod host;
mod resolve;
mod schema;

/// What coax can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Host(host::Args),
    Resolve(Box<resolve::Args>),
    Schema(schema::Args),
}

pub(crate) fn run(verb: Verb, out: &Out) -> Result<(), Failure> {
    match verb {
        Verb::Host(args) => host::run(&args, out),
        Verb::Resolve(args) => resolve::run(&args, out),
        Verb::Schema(args) => schema::run(args, out),
    }
}
