//! `cargo xtask bench NAME`: coax beside the programs it replaces, in the same run.
//!
//! The release binary is built, missing peers are installed, every contender has several turns in
//! alternation, and the medians are printed with their ratios. Numbers are printed, never asserted:
//! a machine that is busy is not a fault.
//!
//! Each measurement is a file; what they share is how to start a contender and how to measure it.

mod chat;
mod contender;
mod cores;
mod echo;
mod get;
mod load;
mod meter;
mod pipe;
mod resolve;
mod rules;
mod scan;
mod start;
mod store;
mod stream;
mod stub;
mod table;

use std::path::PathBuf;

use crate::peers;
use crate::run::{cargo, run, workspace};

pub(crate) use scan::bare_scan;

/// Runs the measurement called `name`; its tables go to stdout, as JSON where asked for.
pub(crate) fn measure(name: &str, words: &[&str]) -> Result<(), String> {
    let json = words.contains(&"--json");
    let words = words.iter().copied().filter(|&word| word != "--json").collect::<Vec<_>>();
    let bench = match (name, words.as_slice()) {
        ("chat", words) => return chat::run(words, &mut |table| print(&table, json)),
        ("get", words) => return get::run(words).map(|table| print(&table, json)),
        ("scan", words) => return scan::run(words, &mut |table| print(&table, json)),
        ("store", words) => return store::run_in(words, &mut |table| print(&table, json)),
        ("stream", []) => stream::run,
        ("pipe", []) => pipe::run,
        ("echo", []) => echo::run,
        ("start", []) => start::run,
        ("resolve", []) => resolve::run,
        ("stub", []) => stub::run,
        ("rules", []) => rules::run,
        (_, []) => {
            return Err(format!(
                "no such measurement: {name}; there are stream, pipe, echo, start, resolve, stub, rules, get, scan, chat, store"
            ));
        }
        (_, [word, ..]) => return Err(format!("bench {name} takes --json alone, not {word}")),
    };
    prepare()?;
    print(&bench()?, json);
    Ok(())
}

fn prepare() -> Result<(), String> {
    peers::install()?;
    match given() {
        Some(_) => Ok(()),
        None => run(cargo().args(["build", "--release", "-p", "coax"])),
    }
}

/// A binary to be measured as it is, such as an older one.
fn given() -> Option<PathBuf> {
    std::env::var_os("COAX_BENCH_BINARY").map(PathBuf::from)
}

fn print(table: &table::Table, json: bool) {
    match json {
        true => println!("{}", table.json()),
        false => println!("\n{}", table.text()),
    }
}

/// The release binary.
pub(crate) fn coax() -> PathBuf {
    if let Some(given) = given() {
        return given;
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    target.unwrap_or_else(|| workspace().join("target")).join("release/coax")
}

/// The middle of `numbers`, 0 of none.
fn median(numbers: &mut [f64]) -> f64 {
    quantile(numbers, 0.5)
}

/// The number that a part `at` of `numbers` does not exceed.
fn quantile(numbers: &mut [f64], at: f64) -> f64 {
    numbers.sort_by(f64::total_cmp);
    let place = ((numbers.len() as f64 - 1.0).max(0.0) * at).round() as usize;
    numbers.get(place).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::quantile;

    #[test]
    fn a_quantile_is_one_of_the_numbers() {
        let mut numbers = [5.0, 1.0, 3.0];
        assert_eq!(quantile(&mut numbers, 0.5), 3.0);
        assert_eq!(quantile(&mut numbers, 0.99), 5.0);
        assert_eq!(quantile(&mut [], 0.5), 0.0);
    }
}
