//! A table of 100,000 rows asked by 1,000 clients at once, and what a row costs in memory.
//!
//! Beside Python servers with a dict and a thread for each client, and beside a tokio loop that
//! sends back what it reads and looks nothing up. There are two loads: with one request in flight
//! for each client the kernel's share is most of the work, with 64 the server's own is. Server and
//! load have a core each.
//!
//! Nothing here knows how a server finds its row.

mod load;
mod rows;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use super::contender::{started, unused_port};
use super::cores::{Cores, work_on};
use super::meter::{cpu_of_tree, memory_of_tree};
use super::table::{Cell, Table};
use super::{coax, median, quantile};
use crate::run::{cargo, run as build, workspace};
use load::{Load, Seen};
use rows::{ROWS, Requests, SIZE};

const CLIENTS: usize = 1_000;
const ROUNDS: u8 = 3;
/// Long enough for a step of processor time, 10 ms, to be nothing.
const TURN: Duration = Duration::from_secs(2);

/// Requests in flight for each client, and how they are told apart.
struct Way {
    in_flight: usize,
    framing: &'static str,
    mark: &'static str,
    servers: &'static [Server],
}

/// A way to answer.
struct Server {
    name: &'static str,
    /// How it is started; PORT and TABLE stand for the port and the file.
    program: fn() -> Command,
    words: &'static str,
}

impl Server {
    const fn coax(words: &'static str) -> Server {
        Server { name: "coax", program: || Command::new(coax()), words }
    }

    const fn python(name: &'static str, words: &'static str) -> Server {
        let program = || {
            let mut command = Command::new("python3");
            command.arg(workspace().join("bench/stub_threads.py"));
            command
        };
        Server { name, program, words }
    }

    const fn bare() -> Server {
        let program = || Command::new(coax().with_file_name("examples").join("bare_echo"));
        Server { name: "bare tokio echo", program, words: "PORT" }
    }

    fn has_table(&self) -> bool {
        self.words.contains("TABLE")
    }
}

const WAYS: [Way; 2] = [
    Way {
        in_flight: 1,
        framing: "chunk",
        mark: "",
        servers: &[
            Server::coax("stub TABLE 127.0.0.1:PORT"),
            Server::python("Python, recv and sendall", "PORT TABLE chunk"),
            Server::python("Python, socketserver", "PORT TABLE Chunks"),
            Server::bare(),
        ],
    },
    Way {
        in_flight: 64,
        framing: "line",
        mark: "\n",
        servers: &[
            Server::coax("stub TABLE 127.0.0.1:PORT --framing line"),
            Server::python("Python, makefile and sendall", "PORT TABLE line"),
            Server::python("Python, socketserver", "PORT TABLE Lines"),
            Server::python("Python, all lines of a recv", "PORT TABLE lines"),
            Server::bare(),
        ],
    },
];

/// One turn of one server.
struct Turn {
    seen: Seen,
    /// Of the server, while it was asked.
    cpu: Duration,
    /// Above the text, bytes.
    per_row: f64,
}

/// What every turn has.
struct Bench {
    cores: Cores,
    whole: PathBuf,
    tiny: PathBuf,
}

pub(super) fn run() -> Result<Table, String> {
    super::echo::raise_limit()?;
    build(cargo().args(["build", "--release", "-p", "coax-stub", "--example", "bare_echo"]))?;
    let cores = Cores::of_this_machine()?;
    let bench = Bench { cores, whole: rows::table("whole", ROWS)?, tiny: rows::table("tiny", 1)? };
    let mut table = empty(&bench.cores);
    let done = WAYS.iter().try_for_each(|way| bench.measure(way, &mut table));
    let _ = fs::remove_file(bench.whole).and_then(|()| fs::remove_file(bench.tiny));
    done.map(|()| table)
}

impl Bench {
    /// Each server in each round, and its row.
    fn measure(&self, way: &Way, table: &mut Table) -> Result<(), String> {
        let requests = Requests::new(way.in_flight, way.mark);
        let mut turns = way.servers.iter().map(|_| Vec::new()).collect::<Vec<_>>();
        for round in 0..ROUNDS {
            for (server, turns) in way.servers.iter().zip(&mut turns) {
                eprintln!("round {} of {ROUNDS}: {}", round + 1, server.name);
                let turn = self.turn(server, &requests, round);
                turns.push(turn.map_err(|why| format!("{}: {why}", server.name))?);
            }
        }
        report(way, turns, table);
        Ok(())
    }

    fn turn(&self, server: &Server, requests: &Requests, round: u8) -> Result<Turn, String> {
        let empty = match server.has_table() {
            true => self.memory_with(server, &self.tiny)?,
            false => 0,
        };
        let (mut child, port) = self.listening(server, &self.whole)?;
        let full = memory_of_tree(child.id());
        let loaded = self.load(&child, port, requests, round);
        end(&mut child);
        let (seen, cpu) = loaded?;
        let text = (ROWS * SIZE * 2) as f64;
        Ok(Turn { seen, cpu, per_row: (full as f64 - empty as f64 - text) / ROWS as f64 })
    }

    fn memory_with(&self, server: &Server, table: &Path) -> Result<u64, String> {
        let (mut child, _) = self.listening(server, table)?;
        let memory = memory_of_tree(child.id());
        end(&mut child);
        Ok(memory)
    }

    fn listening(&self, server: &Server, table: &Path) -> Result<(Child, u16), String> {
        work_on(&self.cores.server)?;
        let port = unused_port()?;
        let mut command = (server.program)();
        for word in server.words.split(' ') {
            let word = word.replace("PORT", &port.to_string());
            command.arg(word.replace("TABLE", &table.to_string_lossy()));
        }
        Ok((started(command, "listening on")?, port))
    }

    /// First all are greeted, so that all are known to be served.
    fn load(
        &self,
        child: &Child,
        port: u16,
        requests: &Requests,
        round: u8,
    ) -> Result<(Seen, Duration), String> {
        let words = |error: std::io::Error| format!("cannot make load: {error}");
        work_on(&self.cores.load)?;
        // With a core to itself it need not sleep, and no server has to wake it.
        let patience = if self.cores.are_two() { Duration::ZERO } else { TURN };
        let mut load = Load::connect(port, CLIENTS, round, requests, patience).map_err(words)?;
        load.run(Duration::ZERO).map_err(words)?;
        let before = cpu_of_tree(child.id());
        let seen = load.run(TURN).map_err(words)?;
        Ok((seen, cpu_of_tree(child.id()) - before))
    }
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

fn empty(cores: &Cores) -> Table {
    let title = format!(
        "stub: {ROWS} rows, {CLIENTS} clients at once, {SIZE}-byte requests, median of {ROUNDS}"
    );
    let columns = [
        "server",
        "in flight",
        "framing",
        "lost",
        "requests/s",
        "coax is",
        "CPU µs/request",
        "coax needs",
        "p50 ms",
        "p99 ms",
        "bytes/row above text",
    ];
    let mut table = Table::new(title, &columns);
    table.notes.push("The bare loop looks nothing up: it sends back what it reads.".to_owned());
    table.notes.push("Times are from a client's block of requests to its last reply.".to_owned());
    table.notes.push(match cores.are_two() {
        true => "The server has a core to itself, the load another.".to_owned(),
        false => "Server and load share the one core there is.".to_owned(),
    });
    table
}

fn report(way: &Way, all: Vec<Vec<Turn>>, table: &mut Table) {
    let mut ours = None;
    for (server, mut turns) in way.servers.iter().zip(all) {
        let lost = turns.iter().map(|turn| turn.seen.lost).sum::<u64>();
        let mut of = |what: &dyn Fn(&mut Turn) -> f64| {
            median(&mut turns.iter_mut().map(what).collect::<Vec<_>>())
        };
        let requests = |turn: &Turn| (turn.seen.blocks * way.in_flight as u64) as f64;
        let speed = of(&|turn| requests(turn) / turn.seen.seconds);
        let cpu = of(&|turn| turn.cpu.as_secs_f64() * 1e6 / requests(turn));
        // The first is ours.
        let (our_speed, our_cpu) = *ours.get_or_insert((speed, cpu));
        table.rows.push(vec![
            Cell::text(server.name),
            Cell::Number(way.in_flight as f64, 0),
            Cell::text(way.framing),
            Cell::Number(lost as f64, 0),
            Cell::Number(speed, 0),
            Cell::text(format!("{:.2} ×", our_speed / speed)),
            Cell::Number(cpu, 3),
            Cell::text(format!("1/{:.2}", cpu / our_cpu)),
            Cell::Number(of(&|turn| quantile(&mut turn.seen.times, 0.5)), 2),
            Cell::Number(of(&|turn| quantile(&mut turn.seen.times, 0.99)), 2),
            match server.has_table() {
                true => Cell::Number(of(&|turn| turn.per_row), 0),
                false => Cell::text("-"),
            },
        ]);
    }
}
