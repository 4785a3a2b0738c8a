//! How long a stub takes to read rules: from its start until it listens.
//!
//! The numbers of rules double, so a time that more than doubles shows. The last column has the time
//! for one rule.
//!
//! Nothing here asks for a reply.

use std::fs;
use std::process::Command;
use std::time::Instant;

use super::contender::started;
use super::table::{Cell, Table};
use super::{coax, median};
use crate::run::workspace;

const ROUNDS: usize = 5;
const COUNTS: [usize; 4] = [5_000, 10_000, 20_000, 40_000];

/// A way to write rules: the end of the file's name, and the text of `count` of them.
type Format = (&'static str, fn(usize) -> String);

const FORMATS: [Format; 3] = [("toml", toml), ("json", json), ("csv", csv)];

pub(super) fn run() -> Result<Table, String> {
    let title = format!("rules: from the start of a stub until it listens, median of {ROUNDS}");
    let mut table = Table::new(title, &["format", "rules", "ms", "µs a rule"]);
    for (format, text) in FORMATS {
        for count in COUNTS {
            let milliseconds = measure(format, &text(count))?;
            table.rows.push(vec![
                Cell::text(format),
                Cell::Number(count as f64, 0),
                Cell::Number(milliseconds, 1),
                Cell::Number(milliseconds * 1000.0 / count as f64, 2),
            ]);
        }
    }
    Ok(table)
}

fn measure(format: &str, text: &str) -> Result<f64, String> {
    let folder = workspace().join("target/bench");
    let file = folder.join(format!("rules.{format}"));
    let words = |error: std::io::Error| format!("{}: {error}", file.display());
    fs::create_dir_all(&folder).and_then(|()| fs::write(&file, text)).map_err(words)?;
    let mut times = Vec::new();
    for _ in 0..ROUNDS {
        let mut command = Command::new(coax());
        command.arg("stub").arg(&file).arg("127.0.0.1:0").arg("--format").arg(format);
        let begun = Instant::now();
        let mut child = started(command, "listening on")?;
        times.push(begun.elapsed().as_secs_f64() * 1000.0);
        let _ = child.kill();
        let _ = child.wait();
    }
    fs::remove_file(&file).map_err(words)?;
    Ok(median(&mut times))
}

fn toml(count: usize) -> String {
    let rule =
        |number| format!("[[rule]]\nexact = \"request {number}\"\nreply = \"reply {number}\"\n\n");
    (0..count).map(rule).collect()
}

fn json(count: usize) -> String {
    let rule = |number| format!("[\"request {number}\", \"reply {number}\"]");
    format!("[{}]", (0..count).map(rule).collect::<Vec<_>>().join(",\n"))
}

fn csv(count: usize) -> String {
    (0..count).map(|number| format!("request {number},reply {number}\n")).collect()
}
