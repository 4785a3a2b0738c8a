//! `cargo xtask`: everything the project does to itself.
//!
//! `cargo xtask ci` is exactly what CI runs; each of its steps can be run alone by its name. A
//! step says what is wrong and where, and the command ends with 1.
//!
//! Nothing here is part of what is released.

#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a tool for people at a terminal")]
#![allow(clippy::disallowed_methods, reason = "a measuring client is no part of what is measured")]

use std::process::ExitCode;

mod bans;
mod bench;
mod ci;
mod conformance;
mod generate;
mod layers;
mod peers;
mod run;
mod tidy;

const USAGE: &str = "\
cargo xtask ci               peers, fmt, clippy, layers, tidy, bans, tests, docs: what CI runs
cargo xtask peers            install the Debian packages that tests and measurements need
cargo xtask fmt|clippy|layers|tidy|bans|test|doc
                             one step of ci
cargo xtask conformance [MODULE…]
                             run irctest against coax chat serve
cargo xtask bench NAME [--json]
                             measure coax beside its peers: stream, pipe, echo, start, resolve, stub, rules
cargo xtask bench get [large|limited|small]… [--json], or: get line [--json]
                             measure fetching, from the loopback or over a line
cargo xtask bench scan [loopback|loss|network|few|syn|zoo]… [--runs N] [--slow] [--json]
                             measure coax scan, in network namespaces, as root
cargo xtask bench chat [fanout|pace|idle|joins]… [--tls] [--rounds N] [--only SERVER] [--json]
                             measure coax chat serve beside InspIRCd and ngIRCd
cargo xtask bench store [FOLDER] [--json]
                             measure the chat's memory, on the disk of FOLDER
cargo xtask man DIR          write the man pages
cargo xtask completions DIR  write the shell completions
";

fn main() -> ExitCode {
    let args = std::env::args().skip(1).collect::<Vec<_>>();
    let words = args.iter().map(String::as_str).collect::<Vec<_>>();
    match dispatch(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            eprintln!("xtask: {why}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(words: &[&str]) -> Result<(), String> {
    match words {
        ["ci"] => ci::all(),
        ["fmt"] => ci::fmt(),
        ["clippy"] => ci::clippy(),
        ["layers"] => layers::check(),
        ["tidy"] => tidy::check(),
        ["bans"] => bans::check(),
        ["test"] => ci::tests(),
        ["doc"] => ci::docs(),
        ["conformance", rest @ ..] => conformance::check(rest),
        ["peers"] => peers::install(),
        ["bench", name, rest @ ..] => bench::measure(name, rest),
        // What `bench scan` runs as a process of its own.
        ["bare-scan"] => bench::bare_scan(),
        ["man", directory] => generate::man(directory),
        ["completions", directory] => generate::completions(directory),
        [] | ["help" | "-h" | "--help"] => {
            print!("{USAGE}");
            Ok(())
        }
        _ => Err(format!("no such task: {}\n{USAGE}", words.join(" "))),
    }
}
