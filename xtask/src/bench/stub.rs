//! A table of 100,000 rows asked by 1,000 clients at once, and what a row costs in memory.
//!
//! Beside a Python server with a dict and a thread for each client, and beside a tokio loop that
//! sends back what it reads and looks nothing up. Each request is another row, 64 bytes long, and
//! its reply the same 64 bytes, so that one client checks all of them alike.
//!
//! Nothing here knows how a server finds its row.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use super::contender::{started, unused_port};
use super::load::{Clients, SIZE, Seen};
use super::meter::memory_of_tree;
use super::table::{Cell, Table};
use super::{coax, median, quantile};
use crate::run::{cargo, run as build, workspace};

const ROWS: usize = 100_000;
const CLIENTS: usize = 1_000;
/// Round trips of each client in a turn.
const TRIPS: u32 = 100;
const ROUNDS: u8 = 3;

/// A way to answer.
struct Server {
    name: &'static str,
    /// With this port and this table.
    command: fn(port: &str, table: &Path) -> Command,
    /// Whether it keeps the table.
    has_table: bool,
}

const SERVERS: [Server; 4] = [
    Server {
        name: "coax",
        command: |port, table| {
            let mut command = Command::new(coax());
            command.arg("stub").arg(table).arg(format!("127.0.0.1:{port}"));
            command
        },
        has_table: true,
    },
    Server {
        name: "Python, threads and dict",
        command: |port, table| {
            let mut command = Command::new("python3");
            command.arg(workspace().join("bench/stub_threads.py")).arg(port).arg(table);
            command
        },
        has_table: true,
    },
    Server {
        name: "bare tokio echo, 1 thread",
        command: |port, _| bare(port, "one"),
        has_table: false,
    },
    Server {
        name: "bare tokio echo, all threads",
        command: |port, _| bare(port, "all"),
        has_table: false,
    },
];

fn bare(port: &str, threads: &str) -> Command {
    let mut command = Command::new(coax().with_file_name("examples").join("bare_echo"));
    command.args([port, threads]);
    command
}

/// One turn of one server.
struct Turn {
    seen: Seen,
    /// Above the text, bytes.
    per_row: f64,
}

pub(super) fn run() -> Result<Table, String> {
    super::echo::raise_limit()?;
    build(cargo().args(["build", "--release", "-p", "coax-stub", "--example", "bare_echo"]))?;
    let (whole, tiny) = (table("whole", ROWS)?, table("tiny", 1)?);
    let mut turns = SERVERS.iter().map(|_| Vec::new()).collect::<Vec<_>>();
    for round in 0..ROUNDS {
        for (server, turns) in SERVERS.iter().zip(&mut turns) {
            eprintln!("round {} of {ROUNDS}: {}", round + 1, server.name);
            let turn = turn(server, &whole, &tiny, round);
            turns.push(turn.map_err(|why| format!("{}: {why}", server.name))?);
        }
    }
    let _ = fs::remove_file(whole).and_then(|()| fs::remove_file(tiny));
    Ok(report(turns))
}

/// A row as client `client` asks for it in trip `trip`: the same number every `ROWS` of them.
fn row(client: usize, trip: u32) -> [u8; SIZE] {
    text((client + trip as usize * CLIENTS) % ROWS)
}

fn text(row: usize) -> [u8; SIZE] {
    let mut bytes = [b'.'; SIZE];
    bytes[..16].copy_from_slice(format!("course {row:09}").as_bytes());
    bytes
}

fn table(name: &str, rows: usize) -> Result<PathBuf, String> {
    let path = std::env::temp_dir().join(format!("coax-bench-{}-{name}.csv", std::process::id()));
    let mut lines = String::new();
    for row in 0..rows {
        let bytes = text(row);
        let text = String::from_utf8_lossy(&bytes);
        let _ = writeln!(lines, "{text},{text}");
    }
    fs::write(&path, lines).map_err(|error| format!("{}: {error}", path.display()))?;
    Ok(path)
}

fn turn(server: &Server, whole: &Path, tiny: &Path, round: u8) -> Result<Turn, String> {
    let words = |error: std::io::Error| format!("cannot make load: {error}");
    let (mut child, _) = listening(server, tiny)?;
    let empty = memory_of_tree(child.id());
    end(&mut child);
    let (mut child, port) = listening(server, whole)?;
    let full = memory_of_tree(child.id());
    let mut clients = Clients::connect(port, CLIENTS, round + 1, row);
    let seen = clients.greet().and_then(|_| clients.run(TRIPS)).map_err(words);
    end(&mut child);
    let text = (ROWS * SIZE * 2) as f64;
    Ok(Turn { seen: seen?, per_row: (full as f64 - empty as f64 - text) / ROWS as f64 })
}

fn listening(server: &Server, table: &Path) -> Result<(Child, u16), String> {
    let port = unused_port()?;
    let child = started((server.command)(&port.to_string(), table), "listening on")?;
    Ok((child, port))
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn report(all: Vec<Vec<Turn>>) -> Table {
    let title = format!(
        "stub: {ROWS} rows, {CLIENTS} clients at once, {SIZE}-byte requests, median of {ROUNDS}"
    );
    let columns =
        ["server", "lost", "requests/s", "coax is", "p50 ms", "p99 ms", "bytes/row above text"];
    let mut table = Table::new(title, &columns);
    let mut ours = 0.0;
    for (server, mut turns) in SERVERS.iter().zip(all) {
        let lost = turns.iter().map(|turn| turn.seen.lost).sum::<u64>();
        let mut of = |what: &dyn Fn(&mut Turn) -> f64| {
            median(&mut turns.iter_mut().map(what).collect::<Vec<_>>())
        };
        let speed = of(&|turn| turn.seen.requests as f64 / turn.seen.seconds);
        // The first is ours.
        ours = if ours == 0.0 { speed } else { ours };
        table.rows.push(vec![
            Cell::text(server.name),
            Cell::Number(lost as f64, 0),
            Cell::Number(speed, 0),
            Cell::text(format!("{:.2} ×", ours / speed)),
            Cell::Number(of(&|turn| quantile(&mut turn.seen.times, 0.5)), 2),
            Cell::Number(of(&|turn| quantile(&mut turn.seen.times, 0.99)), 2),
            match server.has_table {
                true => Cell::Number(of(&|turn| turn.per_row), 0),
                false => Cell::text("-"),
            },
        ]);
    }
    table.notes.push("The bare loops look nothing up: they send back what they read.".to_owned());
    table
}
