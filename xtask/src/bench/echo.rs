//! An echo server with 5,000 clients at once: round trips, losses, memory for each idle client.
//!
//! Beside the ways people serve an echo now. Those that need a process for each client get fewer,
//! and the table says so: their times are of a smaller load.

use std::process::{Child, Command};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use super::contender::{started, unused_port};
use super::load::{Clients, Seen, own_bytes};
use super::meter::memory_of_tree;
use super::table::{Cell, Table};
use super::{coax, median, quantile};
use crate::run::workspace;

/// Descriptors for 5,000 clients here, and some to spare.
const DESCRIPTORS: u64 = 12_000;
/// Round trips of each client in a turn.
const TRIPS: u32 = 40;
const ROUNDS: u8 = 3;

/// A way to serve an echo.
struct Server {
    name: &'static str,
    command: fn(port: &str) -> Command,
    ready: &'static str,
    clients: usize,
}

fn words(program: impl AsRef<std::ffi::OsStr>, words: &str) -> Command {
    let mut command = Command::new(program);
    command.args(words.split(' '));
    command
}

const SERVERS: [Server; 4] = [
    Server {
        name: "coax",
        command: |port| words(coax(), &format!("listen 127.0.0.1:{port} --echo --keep-open")),
        ready: "listening on",
        clients: 5_000,
    },
    Server {
        name: "Python asyncio",
        command: |port| {
            let mut command = Command::new("python3");
            command.arg(workspace().join("bench/echo_asyncio.py")).arg(port);
            command
        },
        ready: "listening on",
        clients: 5_000,
    },
    Server {
        name: "socat fork EXEC:cat",
        command: |port| {
            let listen = format!("TCP-LISTEN:{port},bind=127.0.0.1,backlog=4096,fork");
            words("socat", &format!("-d -d {listen} EXEC:cat"))
        },
        ready: "listening on",
        clients: 500,
    },
    Server {
        name: "ncat -lk -e /bin/cat",
        command: |port| words("ncat", &format!("-lkvn -m 1000 -e /bin/cat 127.0.0.1 {port}")),
        ready: "Listening on",
        clients: 500,
    },
];

/// One turn of one server.
struct Turn {
    seen: Seen,
    per_client: f64,
}

pub(super) fn run() -> Result<Table, String> {
    raise_limit()?;
    let mut turns = SERVERS.iter().map(|_| Vec::new()).collect::<Vec<_>>();
    for round in 0..ROUNDS {
        for (server, turns) in SERVERS.iter().zip(&mut turns) {
            eprintln!("round {} of {ROUNDS}: {}", round + 1, server.name);
            turns.push(turn(server, round).map_err(|why| format!("{}: {why}", server.name))?);
        }
    }
    Ok(report(turns))
}

fn report(all: Vec<Vec<Turn>>) -> Table {
    let title = format!("echo: 64-byte round trips, all clients at once, median of {ROUNDS}");
    let columns =
        ["server", "clients", "lost", "requests/s", "p50 ms", "p99 ms", "KiB/idle client"];
    let mut table = Table::new(title, &columns);
    for (server, mut turns) in SERVERS.iter().zip(all) {
        let lost = turns.iter().map(|turn| turn.seen.lost).sum::<u64>();
        let mut of = |what: &dyn Fn(&mut Turn) -> f64| {
            median(&mut turns.iter_mut().map(what).collect::<Vec<_>>())
        };
        table.rows.push(vec![
            Cell::text(server.name),
            Cell::Number(server.clients as f64, 0),
            Cell::Number(lost as f64, 0),
            Cell::Number(of(&|turn| turn.seen.requests as f64 / turn.seen.seconds), 0),
            Cell::Number(of(&|turn| quantile(&mut turn.seen.times, 0.5)), 2),
            Cell::Number(of(&|turn| quantile(&mut turn.seen.times, 0.99)), 2),
            Cell::Number(of(&|turn| turn.per_client / 1024.0), 1),
        ]);
    }
    table.notes.push("A process for each client: those two get 500 clients, not 5,000.".to_owned());
    table
}

fn turn(server: &Server, round: u8) -> Result<Turn, String> {
    let port = unused_port()?;
    let mut child = started((server.command)(&port.to_string()), server.ready)?;
    let turn = load(&child, server, port, round);
    end(&mut child);
    turn
}

fn load(child: &Child, server: &Server, port: u16, round: u8) -> Result<Turn, String> {
    let words = |error: std::io::Error| format!("cannot make load: {error}");
    let before = memory_of_tree(child.id());
    let mut clients = Clients::connect(port, server.clients, round + 1, own_bytes);
    clients.greet().map_err(words)?;
    let idle = memory_of_tree(child.id()).saturating_sub(before);
    let seen = clients.run(TRIPS).map_err(words)?;
    Ok(Turn { seen, per_client: idle as f64 / server.clients as f64 })
}

/// The server; what it forked ends when its clients are gone.
fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

pub(super) fn raise_limit() -> Result<(), String> {
    let limit = getrlimit(Resource::Nofile);
    let maximum = limit.maximum.unwrap_or(u64::MAX);
    if maximum < DESCRIPTORS {
        return Err(format!("{DESCRIPTORS} descriptors needed: ulimit -Hn says {maximum}"));
    }
    let wanted =
        Rlimit { current: Some(limit.current.unwrap_or(maximum).max(DESCRIPTORS)), ..limit };
    setrlimit(Resource::Nofile, wanted).map_err(|error| format!("ulimit -n {DESCRIPTORS}: {error}"))
}
