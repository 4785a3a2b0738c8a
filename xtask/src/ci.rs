//! The steps of `cargo xtask ci`, in the order in which they are cheap.
//!
//! Warnings are errors in every step. A missing test runner is not one: `cargo test` runs the same
//! tests, only slower to read.

use crate::run::{cargo, run};
use crate::{bans, layers, peers, tidy};

/// All steps; ends at the first that fails.
pub(crate) fn all() -> Result<(), String> {
    fmt()?;
    layers::check()?;
    tidy::check()?;
    bans::check()?;
    if let Err(why) = peers::install() {
        // Its tests say so themselves: skipped, or failed where nothing may be missing.
        eprintln!("peers: not installed: {why}");
    }
    clippy()?;
    tests()?;
    first_command()?;
    docs()?;
    println!("ci: all steps passed");
    Ok(())
}

pub(crate) fn fmt() -> Result<(), String> {
    run(cargo().args(["fmt", "--all", "--check"]))
}

pub(crate) fn clippy() -> Result<(), String> {
    run(cargo().args(["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

pub(crate) fn tests() -> Result<(), String> {
    match has_nextest() {
        true => {
            run(cargo().args(["nextest", "run", "--workspace", "--all-targets"]))?;
            run(cargo().args(["test", "--workspace", "--doc"]))
        }
        false => run(cargo().args(["test", "--workspace", "--no-fail-fast"])),
    }
}

/// The README says `cargo run -- …`, which needs one binary to be the obvious one.
fn first_command() -> Result<(), String> {
    run(cargo().args(["run", "--quiet", "--", "--version"]))
}

pub(crate) fn docs() -> Result<(), String> {
    let strict = "-D warnings";
    run(cargo().args(["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", strict))
}

fn has_nextest() -> bool {
    let asked = cargo().args(["nextest", "--version"]).output();
    asked.is_ok_and(|output| output.status.success())
}
