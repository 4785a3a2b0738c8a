//! The verbs: one file each.
//!
//! A file holds the verb's arguments, the events it reports and `run`, which turns the first into
//! one library call and its outcome into the second.
//!
//! Nothing here knows what any of them does.

use clap::Subcommand;

use crate::failure::Failure;
use crate::out::Out;

mod ask;
mod chat;
mod completions;
mod connect;
mod get;
mod host;
mod listen;
mod man;
mod resolve;
mod scan;
mod schema;
mod service;
mod stub;
mod url;
mod wait;

/// What coax can do.
#[derive(Debug, Subcommand)]
pub(crate) enum Verb {
    Connect(connect::Args),
    Listen(listen::Args),
    Ask(ask::Args),
    Service(service::Args),
    Url(url::Args),
    Host(host::Args),
    Resolve(Box<resolve::Args>),
    Scan(Box<scan::Args>),
    Wait(wait::Args),
    Get(Box<get::Args>),
    Stub(Box<stub::Args>),
    Chat(chat::Args),
    Schema(schema::Args),
    Completions(completions::Args),
    Man(man::Args),
}

pub(crate) fn run(verb: Verb, out: &Out) -> Result<(), Failure> {
    match verb {
        Verb::Connect(args) => connect::run(args, out),
        Verb::Listen(args) => listen::run(args, out),
        Verb::Ask(args) => ask::run(args, out),
        Verb::Get(args) => get::run(&args, out),
        Verb::Host(args) => host::run(&args, out),
        Verb::Resolve(args) => resolve::run(&args, out),
        Verb::Scan(args) => scan::run(&args, out),
        Verb::Stub(args) => stub::run(&args, out),
        Verb::Chat(args) => chat::run(args, out),
        Verb::Schema(args) => schema::run(args, out),
        Verb::Completions(args) => completions::run(args, out),
        Verb::Man(args) => man::run(args, out),
        Verb::Service(args) => service::run(args, out),
        Verb::Url(args) => url::run(args, out),
        Verb::Wait(args) => wait::run(&args, out),
    }
}
