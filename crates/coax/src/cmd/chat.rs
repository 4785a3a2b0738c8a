//! `coax chat`: a chat server for everyone, and what belongs to it.
//!
//! Each of its verbs is one file under `chat/`.
//!
//! What a chat server does is the library's business.

mod config;
mod join;
mod serve;

pub(crate) use join::ChatReport;
pub(crate) use serve::{
    ChatAccount, ChatBan, ChatCertificate, ChatConnected, ChatLeft, ChatOperator, ChatPassword,
    ChatRefused, ChatRegistered, ChatReload, ChatStarted, ChatStopping, ChatStore, ChatTrouble,
};

use clap::Subcommand;

use crate::cli::EXIT_STATUS;
use crate::failure::Failure;
use crate::out::Out;

const EXAMPLES: &str = "\
EXAMPLES
    coax chat serve                    talk at localhost:6667
    coax chat serve --listen :6667     let everyone in who can reach this machine
    coax chat join localhost/#lobby    talk there from this terminal
    coax chat config > chat.toml       every setting, at its default
";

/// Talk: a server that everyone can join
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    Serve(serve::Args),
    Join(Box<join::Args>),
    Config(config::Args),
}

pub(crate) fn run(args: Args, out: &Out) -> Result<(), Failure> {
    match args.verb {
        Verb::Serve(args) => serve::run(args, out),
        Verb::Join(args) => join::run(*args, out),
        Verb::Config(args) => config::run(&args, out),
    }
}
