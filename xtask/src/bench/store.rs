//! The chat's memory: how much it takes in, how soon it is safe and found, how fast it answers.
//!
//! The example of the store measures itself, as a release build; here it becomes two tables. All of
//! it has one core, the making of the messages included, so that the rate is one a core can keep.
//!
//! Nothing here knows SQLite.

use std::path::PathBuf;

use super::cores::{Cores, work_on};
use super::table::{Cell, Table};
use crate::run::{cargo, output, run, workspace};

/// How long it writes, and how many messages at least.
const SECONDS: &str = "30";
const MESSAGES: &str = "1000000";
const EXAMPLE: [&str; 5] = ["--release", "-p", "coax-store", "--example", "measure"];

/// Measures in FOLDER, or on the disk that the build is on.
pub(super) fn run_in(words: &[&str], show: &mut dyn FnMut(Table)) -> Result<(), String> {
    let folder = match words {
        [] => workspace().join("target/bench"),
        [folder] => PathBuf::from(folder),
        [_, word, ..] => return Err(format!("bench store takes one folder, not {word} as well")),
    };
    std::fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    run(cargo().arg("build").args(EXAMPLE))?;
    work_on(&Cores::of_this_machine()?.server)?;
    let mut measure = cargo();
    measure.args(["run", "--quiet"]).args(EXAMPLE).arg("--").arg(&folder);
    let said = output(measure.args([SECONDS, MESSAGES]))?;
    let said = String::from_utf8(said).map_err(|error| format!("measure: {error}"))?;
    let [rates, times] = tables(&said, &folder.display().to_string())?;
    show(rates);
    show(times);
    Ok(())
}

/// Lines of a name and one number, and lines of a name and three times.
fn tables(said: &str, folder: &str) -> Result<[Table; 2], String> {
    let title = format!("store: written as fast as it goes, on one core, in {folder}");
    let mut rates = Table::new(title, &["what", "number"]);
    let mut times = Table::new("store: milliseconds", &["what", "median", "99 of 100", "longest"]);
    times.notes.push("Asked for: search under 5 ms, scroll-back under 1 ms.".to_owned());
    rates.notes.push("Asked for: 20,000 messages a second. Every commit is on disk.".to_owned());
    for line in said.lines() {
        let (name, rest) = line.split_once('\t').unwrap_or((line, ""));
        let numbers = rest.split('\t').map(str::parse).collect::<Result<Vec<f64>, _>>();
        let (table, decimals) = match numbers.as_deref() {
            Ok([_]) => (&mut rates, 1),
            Ok([_, _, _]) => (&mut times, 2),
            _ => return Err(format!("the example said what nobody expected: {line}")),
        };
        let cells = numbers.into_iter().flatten().map(|it| Cell::Number(it, decimals));
        table.rows.push(std::iter::once(Cell::text(name)).chain(cells).collect());
    }
    Ok([rates, times])
}

#[cfg(test)]
mod tests {
    use super::tables;

    #[test]
    fn one_number_is_a_rate_and_three_are_times() {
        let [rates, times] = tables("a second\t20000.5\nsearch\t0.125\t1\t2", "x").unwrap();
        assert_eq!(rates.json()["rows"][0]["number"], 20000.5);
        assert_eq!(times.json()["rows"][0]["longest"], 2.0);
        assert!(tables("thread panicked", "x").is_err());
    }
}
