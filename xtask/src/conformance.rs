//! irctest against the server this workspace builds.
//!
//! The suite is taken from `COAX_IRCTEST`, or fetched at the commit named here; its own environment
//! lies under target/. A failure must stand in conformance/known-gaps with a reason, and what stands
//! there must fail. A skipped test must be skipped for a reason that conformance/skips names.
//!
//! Nothing here knows what is tested.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::run::{cargo, run, workspace};

/// The suite as it was on 2026-07-21.
const COMMIT: &str = "b00c039";
const SOURCE: &str = "https://github.com/progval/irctest";

/// Everything but what is one server's own, what is no longer so, and what nobody does.
const SELECTION: &str = "not implementation-specific and not deprecated and not strict";

/// Runs the common selection, or the given modules of it.
pub(crate) fn check(words: &[&str]) -> Result<(), String> {
    let suite = suite()?;
    let python = environment(&suite)?;
    let coax = binary()?;
    let output = Command::new(python.with_file_name("pytest"))
        .current_dir(&suite)
        .env("PYTHONPATH", workspace().join("conformance"))
        .env("COAX_BIN", coax)
        .args(["--controller", "coax_controller", "-m", SELECTION, "-q", "-rpfEs", "-n", "2"])
        .args(["-p", "no:cacheprovider", "--tb=short"])
        .args(words)
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("pytest does not run: {error}"))?;
    let told = String::from_utf8_lossy(&output.stdout);
    let totals = told.lines().last().unwrap_or_default().to_owned();
    let outcome = judge(&told, words.is_empty());
    if outcome.is_err() {
        println!("{told}");
    }
    println!("conformance: {totals}");
    outcome
}

/// The server under test: `COAX_BIN`, or what is built here.
fn binary() -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os("COAX_BIN") {
        return Ok(given.into());
    }
    run(cargo().args(["build", "--release", "-p", "coax"]))?;
    Ok(workspace().join("target/release/coax"))
}

/// Where the suite is.
fn suite() -> Result<PathBuf, String> {
    if let Some(given) = std::env::var_os("COAX_IRCTEST") {
        return Ok(given.into());
    }
    let suite = workspace().join("target/irctest");
    if !suite.join("pytest.ini").exists() {
        run(Command::new("git").args(["clone", "--quiet", SOURCE]).arg(&suite))?;
        run(Command::new("git").current_dir(&suite).args(["checkout", "--quiet", COMMIT]))?;
    }
    Ok(suite)
}

/// The python of an environment that has what the suite needs.
fn environment(suite: &Path) -> Result<PathBuf, String> {
    let environment = workspace().join("target/irctest-venv");
    let python = environment.join("bin/python");
    if !environment.join("bin/pytest").exists() {
        run(Command::new("python3").args(["-m", "venv"]).arg(&environment))?;
        let requirements = suite.join("requirements.txt");
        run(Command::new(&python)
            .args(["-m", "pip", "install", "--quiet", "pytest-xdist", "-r"])
            .arg(requirements))?;
    }
    Ok(python)
}

/// What pytest said, beside the two lists.
fn judge(told: &str, whole: bool) -> Result<(), String> {
    let named = |word: &str| {
        let lines = told.lines().filter_map(|line| line.strip_prefix(word)?.strip_prefix(' '));
        let names = lines.map(|line| line.split(" - ").next().unwrap_or(line).trim().to_owned());
        names.collect::<BTreeSet<_>>()
    };
    let gaps = listed("known-gaps")?;
    let failed = &named("FAILED") | &named("ERROR");
    let mut wrong =
        failed.difference(&gaps).map(|test| format!("failed: {test}")).collect::<Vec<_>>();
    let passed = named("PASSED");
    wrong.extend(
        passed
            .intersection(&gaps)
            .map(|test| format!("passed, and stands in conformance/known-gaps: {test}")),
    );
    let reasons = listed("skips")?;
    wrong.extend(skips(told).filter(|skip| !reasons.iter().any(|reason| skip.contains(reason))));
    if whole && passed.is_empty() {
        wrong.push("no test ran".to_owned());
    }
    match wrong.is_empty() {
        true => Ok(()),
        false => Err(format!("conformance:\n{}", wrong.join("\n"))),
    }
}

/// `SKIPPED [3] where: why` as something to complain about.
fn skips(told: &str) -> impl Iterator<Item = String> + '_ {
    let lines = told.lines().filter(|line| line.starts_with("SKIPPED "));
    lines.map(|line| format!("skipped, and conformance/skips has no such reason: {line}"))
}

/// The lines of a list, without what follows ` # `.
fn listed(name: &str) -> Result<BTreeSet<String>, String> {
    let file = workspace().join("conformance").join(name);
    let text = std::fs::read_to_string(&file)
        .map_err(|error| format!("cannot read {}: {error}", file.display()))?;
    let lines = text.lines().map(|line| line.split(" # ").next().unwrap_or(line).trim());
    let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
    Ok(lines.map(str::to_owned).collect())
}
