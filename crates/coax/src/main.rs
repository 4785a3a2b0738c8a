//! The `coax` command.
//!
//! Arguments become one call of a library, what the library says becomes output, and the outcome
//! becomes an exit code. Each verb is one file under `cmd/`.
//!
//! Nothing is decided here.

#![allow(rustdoc::broken_intra_doc_links, reason = "the help of a flag is no markdown")]

mod cli;
mod cmd;
mod count;
mod datagrams;
mod duration;
mod failure;
mod out;
mod place;
mod runtime;
mod services;
mod session;
mod trust;

use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = match cli::parse(std::env::args_os()) {
        Ok(cli) => cli,
        Err(answer) => return answer.print(),
    };
    if cli.output.trace {
        out::narrate::install();
    }
    let out = out::Out::new(&cli.output);
    match cmd::run(cli.verb, &out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.leave(&out),
    }
}
