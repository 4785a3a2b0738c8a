//! From the start of a program to its first byte at a peer.
//!
//! The peer is a plain socket in this process; stdin is a file of one byte. `--version` shows what
//! the start alone costs.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::time::Instant;

use super::contender::{COAX, Contender, NC, NCAT, SOCAT};
use super::table::{Cell, Table};
use super::{coax, quantile};
use crate::run::workspace;

const ROUNDS: usize = 101;

pub(super) fn run() -> Result<Table, String> {
    let byte = workspace().join("target/bench/byte");
    let words = |error: std::io::Error| format!("{}: {error}", byte.display());
    std::fs::create_dir_all(workspace().join("target/bench")).map_err(words)?;
    File::create(&byte).and_then(|mut file| file.write_all(b"x")).map_err(words)?;
    let callers = [COAX, NCAT, NC, SOCAT];
    let versions =
        [("coax --version", coax().display().to_string()), ("ncat --version", "ncat".to_owned())];
    let mut first_bytes = callers.iter().map(|_| Vec::new()).collect::<Vec<_>>();
    let mut ends = versions.iter().map(|_| Vec::new()).collect::<Vec<_>>();
    for _ in 0..ROUNDS {
        for (caller, times) in callers.iter().zip(&mut first_bytes) {
            let input = File::open(&byte).map_err(words)?;
            times.push(first_byte(caller, input).map_err(|why| format!("{}: {why}", caller.name))?);
        }
        for ((name, program), times) in versions.iter().zip(&mut ends) {
            times.push(whole_run(program).map_err(|why| format!("{name}: {why}"))?);
        }
    }
    let title = format!("start: milliseconds from the start to the first byte, of {ROUNDS}");
    let mut table = Table::new(title, &["contender", "median ms", "p95 ms", "coax is"]);
    let names = callers.iter().map(|caller| caller.name.to_owned());
    rows(&mut table, names.zip(&mut first_bytes));
    rows(&mut table, versions.iter().map(|(name, _)| format!("{name}, to its end")).zip(&mut ends));
    Ok(table)
}

/// One row each; the first is what the others are compared with.
fn rows<'a>(table: &mut Table, all: impl Iterator<Item = (String, &'a mut Vec<f64>)>) {
    let mut first = None;
    for (name, times) in all {
        let (middle, slow) = (quantile(times, 0.5), quantile(times, 0.95));
        let ratio = first.get_or_insert(middle);
        table.rows.push(vec![
            Cell::text(name),
            Cell::Number(middle, 2),
            Cell::Number(slow, 2),
            Cell::text(format!("{:.2} ×", *ratio / middle)),
        ]);
    }
}

fn first_byte(caller: &Contender, input: File) -> Result<f64, String> {
    let words = |error: std::io::Error| error.to_string();
    let listener = TcpListener::bind("127.0.0.1:0").map_err(words)?;
    let port = listener.local_addr().map_err(words)?.port();
    let begun = Instant::now();
    let mut child = caller.connect(port, input.into())?;
    let (mut stream, _) = listener.accept().map_err(words)?;
    stream.read_exact(&mut [0]).map_err(words)?;
    let took = begun.elapsed();
    drop(stream);
    child.wait().map_err(words)?;
    Ok(took.as_secs_f64() * 1000.0)
}

fn whole_run(program: &str) -> Result<f64, String> {
    let begun = Instant::now();
    let mut command = Command::new(program);
    let status = command.arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.map_err(|error| error.to_string())?;
    Ok(begun.elapsed().as_secs_f64() * 1000.0)
}
