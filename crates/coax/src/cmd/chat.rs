//! `coax chat`: a chat server for everyone, and what belongs to it.
//!
//! Each of its verbs is one file under `chat/`.
//!
//! What a chat server does is the library's business.

mod account;
mod backup;
mod config;
mod conversation;
mod entry;
mod export;
mod folder;
mod history;
mod import;
mod join;
mod search;
mod serve;
mod when;

pub(crate) use account::{AccountChange, AccountReport, HashReport};
pub(crate) use backup::BackupReport;
pub(crate) use conversation::ConversationReport;
pub(crate) use entry::EntryReport;
pub(crate) use import::ImportReport;
pub(crate) use join::ChatReport;
pub(crate) use serve::{
    ChatAccount, ChatBan, ChatCertificate, ChatConnected, ChatForgot, ChatLeft, ChatOperator,
    ChatPassword, ChatRefused, ChatRegistered, ChatReload, ChatStarted, ChatStopping, ChatStore,
    ChatTrouble,
};

use clap::Subcommand;

use crate::cli::EXIT_STATUS;
use crate::failure::Failure;
use crate::out::Out;

const EXAMPLES: &str = "\
EXAMPLES
    coax chat serve                    talk at localhost:6667
    coax chat serve --listen :8667     let everyone in who can reach this machine
    coax chat join localhost/#lobby    talk there from this terminal
    coax chat search backup            who said that, where and when
    coax chat history lobby            what was said there lately
    coax chat backup monday.db         a copy of everything
    coax chat account add ada          let her sign in
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
    Search(Box<search::Args>),
    History(Box<history::Args>),
    Export(Box<export::Args>),
    Import(Box<import::Args>),
    Backup(Box<backup::Args>),
    Account(account::Args),
    Config(config::Args),
}

pub(crate) fn run(args: Args, out: &Out) -> Result<(), Failure> {
    match args.verb {
        Verb::Serve(args) => serve::run(args, out),
        Verb::Join(args) => join::run(*args, out),
        Verb::Search(args) => search::run(&args, out),
        Verb::History(args) => history::run(&args, out),
        Verb::Export(args) => export::run(&args, out),
        Verb::Import(args) => import::run(&args, out),
        Verb::Backup(args) => backup::run(&args, out),
        Verb::Account(args) => account::run(args, out),
        Verb::Config(args) => config::run(&args, out),
    }
}
