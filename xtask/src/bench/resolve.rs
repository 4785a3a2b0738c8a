//! 20,000 names against an authoritative server on the loopback.
//!
//! The same zone is served by each server that is installed, by one process as Debian sets it up;
//! `dig -f` and `coax resolve -f` ask it in turns. The answers of both are compared first, so a
//! fast wrong answer does not count.
//!
//! Both get the same names, ask for A records, print values alone and write them to a file. A server
//! answers so many questions a second and no more: where the machine has two cores, it is the server
//! that bounds how much faster than dig anyone can be. Its own processor time is in the table, and
//! beside the ratio of times stands the ratio of processor times, which a busy machine spoils less.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::contender::started;
use super::meter::{cpu_of_tree, watch};
use super::table::{Cell, Table};
use super::{coax, median};
use crate::run::workspace;

const NAMES: usize = 20_000;
const ROUNDS: usize = 7;
const PARALLEL: &str = "500";

/// A name server: its program, its words and how it says that it is ready.
struct Server {
    name: &'static str,
    program: &'static str,
    words: &'static str,
    conf: &'static str,
    ready: &'static str,
}

const SERVERS: [Server; 2] = [
    Server {
        name: "nsd",
        program: "/usr/sbin/nsd",
        words: "-d -c CONF",
        conf: "server:\n ip-address: 127.0.0.1\n port: PORT\n username: \"\"\n chroot: \"\"\n \
               zonesdir: \"DIR\"\n pidfile: \"DIR/pid\"\n xfrdfile: \"DIR/xfrd\"\n \
               xfrdir: \"DIR\"\n zonelistfile: \"DIR/list\"\n database: \"\"\n server-count: 1\n \
               rrl-ratelimit: 0\nremote-control:\n control-enable: no\n\
               zone:\n name: bench.test\n zonefile: bench.zone\n",
        ready: "nsd started",
    },
    Server {
        name: "knot",
        program: "/usr/sbin/knotd",
        words: "-c CONF",
        conf: "server:\n  listen: 127.0.0.1@PORT\n  rundir: DIR\n  udp-workers: 1\n\
               log:\n  - target: stderr\n    any: info\ndatabase:\n  storage: DIR/db\n\
               zone:\n  - domain: bench.test\n    file: DIR/bench.zone\n    \
               zonefile-sync: -1\n    journal-content: none\n",
        ready: "server started",
    },
];

/// What the runs of one program took.
#[derive(Default)]
struct Runs {
    seconds: Vec<f64>,
    cpu: Vec<f64>,
    /// What the server used meanwhile.
    server: Vec<f64>,
    peak: u64,
}

pub(super) fn run() -> Result<Table, String> {
    let folder = workspace().join("target/bench/resolve");
    fs::create_dir_all(folder.join("db")).map_err(|error| words(&folder, &error))?;
    write_names(&folder)?;
    let title = format!("resolve: {NAMES} names, median of {ROUNDS}, --parallel {PARALLEL}");
    let columns =
        ["server", "program", "s", "names/s", "CPU s", "server CPU s", "MiB", "coax is", "by CPU"];
    let mut table = Table::new(title, &columns);
    for server in SERVERS.iter().filter(|server| Path::new(server.program).exists()) {
        measure(server, &folder, &mut table).map_err(|why| format!("{}: {why}", server.name))?;
    }
    table.notes.push("the goal is 10 × dig where the server can answer so fast".to_owned());
    Ok(table)
}

fn measure(server: &Server, folder: &Path, table: &mut Table) -> Result<(), String> {
    let port = settled_port()?;
    let mut serving = server.start(folder, port)?;
    let outcome = take_turns(folder, port, serving.id());
    // nsd ends its own children when it is asked to end.
    let _ = Command::new("kill").arg(serving.id().to_string()).status();
    let _ = serving.wait();
    let (mut dig, mut coax) = outcome?;
    let times = |ratio: f64| format!("{ratio:.1} ×");
    let faster = times(median(&mut dig.seconds) / median(&mut coax.seconds));
    let cheaper = times(median(&mut dig.cpu) / median(&mut coax.cpu));
    for (name, runs, [faster, cheaper]) in
        [("coax", &mut coax, Default::default()), ("dig", &mut dig, [faster, cheaper])]
    {
        let seconds = median(&mut runs.seconds);
        table.rows.push(vec![
            Cell::text(server.name),
            Cell::text(name),
            Cell::Number(seconds, 3),
            Cell::Number(NAMES as f64 / seconds, 0),
            Cell::Number(median(&mut runs.cpu), 2),
            Cell::Number(median(&mut runs.server), 2),
            Cell::Number(runs.peak as f64 / 1_048_576.0, 1),
            Cell::text(faster),
            Cell::text(cheaper),
        ]);
    }
    Ok(())
}

fn take_turns(folder: &Path, port: u16, server: u32) -> Result<(Runs, Runs), String> {
    let (mut dig, mut coax) = (Runs::default(), Runs::default());
    for round in 0..ROUNDS {
        eprintln!("round {} of {ROUNDS}", round + 1);
        for (command, out, runs) in [
            (dig_command(folder, port), "dig.out", &mut dig),
            (coax_command(folder, port), "coax.out", &mut coax),
        ] {
            let before = cpu_of_tree(server);
            turn(command, &folder.join(out), runs)?;
            runs.server.push((cpu_of_tree(server) - before).as_secs_f64());
        }
        if sorted(&folder.join("dig.out"))? != sorted(&folder.join("coax.out"))? {
            return Err("coax and dig do not give the same answers".to_owned());
        }
    }
    Ok((dig, coax))
}

fn turn(mut command: Command, to: &Path, runs: &mut Runs) -> Result<(), String> {
    let output = File::create(to).map_err(|error| words(to, &error))?;
    let begun = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(output).spawn();
    let watched = watch(child.map_err(|error| format!("{command:?}: {error}"))?);
    let usage = watched.join().map_err(|_| "the watch broke down")??;
    if !usage.status.success() {
        return Err(format!("{command:?} ended with {}", usage.status));
    }
    runs.seconds.push(usage.ended.duration_since(begun).as_secs_f64());
    runs.cpu.push(usage.cpu.as_secs_f64());
    runs.peak = runs.peak.max(usage.peak);
    Ok(())
}

fn dig_command(folder: &Path, port: u16) -> Command {
    let mut dig = Command::new("dig");
    dig.arg("-f").arg(folder.join("names")).args(["@127.0.0.1", "-p", &port.to_string(), "+short"]);
    dig
}

fn coax_command(folder: &Path, port: u16) -> Command {
    let mut command = Command::new(coax());
    command.args(["resolve", "-t", "A", "--short", "--parallel", PARALLEL, "-f"]);
    command.arg(folder.join("names")).arg("--server").arg(format!("127.0.0.1:{port}"));
    command
}

impl Server {
    fn start(&self, folder: &Path, port: u16) -> Result<Child, String> {
        let conf = folder.join(format!("{}.conf", self.name));
        let text = self.conf.replace("PORT", &port.to_string());
        let text = text.replace("DIR", &folder.display().to_string());
        fs::write(&conf, text).map_err(|error| words(&conf, &error))?;
        let mut command = Command::new(self.program);
        for word in self.words.split(' ') {
            match word {
                "CONF" => command.arg(&conf),
                word => command.arg(word),
            };
        }
        command.stdin(Stdio::null()).stdout(Stdio::null());
        started(command, self.ready)
    }
}

/// A free port below those the system gives to callers: dig shares ports, and once in thousands of
/// questions it would take the server's own and hear itself.
fn settled_port() -> Result<u16, String> {
    let is_free = |port: &u16| {
        let place = (Ipv4Addr::LOCALHOST, *port);
        UdpSocket::bind(place).is_ok() && TcpListener::bind(place).is_ok()
    };
    (20_000..30_000).find(is_free).ok_or_else(|| "no port is free".to_owned())
}

fn write_names(folder: &Path) -> Result<(), String> {
    let mut zone = String::from(
        "$ORIGIN bench.test.\n$TTL 300\n@ SOA ns hostmaster 1 3600 900 604800 300\n@ NS ns\n\
         ns A 127.0.0.1\n",
    );
    let mut names = String::new();
    for number in 0..NAMES {
        let (high, low) = (number >> 8, number & 255);
        let _ = writeln!(zone, "h{number} A 10.0.{high}.{low}");
        let _ = writeln!(names, "h{number}.bench.test");
    }
    for (file, text) in [("bench.zone", zone), ("names", names)] {
        let path = folder.join(file);
        fs::write(&path, text).map_err(|error| words(&path, &error))?;
    }
    Ok(())
}

fn sorted(path: &Path) -> Result<Vec<String>, String> {
    let text = fs::read_to_string(path).map_err(|error| words(path, &error))?;
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    Ok(lines)
}

fn words(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
