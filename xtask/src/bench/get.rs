//! Fetching from a local nginx: 2 GiB as fast as it goes, 1 GiB from a server that gives each
//! connection 20 MiB/s, and 2,000 small files.
//!
//! Everybody writes files into memory (`/dev/shm`), since a disk that is busy would be all that is
//! measured; coax alone also on the disk, where it waits until the bytes are there, as others do not.
//! What was fetched is compared once for everybody.
//!
//! Nothing here knows how a program fetches.

mod line;

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use super::contender::{started, unused_port};
use super::meter::{cpu_of_tree, watch};
use super::table::{Cell, Table};
use super::{coax, median};
use crate::run::workspace;

const LARGE: u64 = 2 << 30;
const LIMITED: u64 = 1 << 30;
const SMALL: usize = 2_000;
const ROUNDS: usize = 5;
/// A tenth of a second is over soon, and differs more.
const SMALL_ROUNDS: usize = 15;

const CONFIGURATION: &str = "
daemon off; worker_processes 1; pid DIR/pid; error_log stderr notice;
events { worker_connections 1024; }
http {
    access_log off; sendfile on; keepalive_requests 100000;
    client_body_temp_path DIR/t1; proxy_temp_path DIR/t2; fastcgi_temp_path DIR/t3;
    uwsgi_temp_path DIR/t4; scgi_temp_path DIR/t5;
    server {
        listen 127.0.0.1:PORT; root DIR/www;
        location /limited/ { alias DIR/www/; limit_rate 20m; }
    }
}
";

/// What is fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Task {
    Large,
    Limited,
    Small,
}

/// A program, and how it is told.
struct Contender {
    name: &'static str,
    rounds: usize,
    /// Not in memory.
    on_disk: bool,
    command: fn(&Bench, &Path) -> Command,
}

/// Where everything is.
struct Bench {
    folder: PathBuf,
    port: u16,
    nginx: Child,
}

impl Drop for Bench {
    fn drop(&mut self) {
        let _ = Command::new("kill").arg(self.nginx.id().to_string()).status();
        let _ = self.nginx.wait();
    }
}

#[derive(Default)]
struct Runs {
    seconds: Vec<f64>,
    cpu: Vec<f64>,
    server: Vec<f64>,
    peak: u64,
}

/// The tasks: what is written to choose one, what stands in the table, bytes, and who does it.
const TASKS: [(&str, Task, &str, u64, &[Contender]); 3] = [
    ("large", Task::Large, "2 GiB", LARGE, &LARGE_BY),
    ("limited", Task::Limited, "1 GiB, 20 MiB/s each", LIMITED, &LIMITED_BY),
    ("small", Task::Small, "2,000 files of 4 KiB", SMALL as u64 * 4096, &SMALL_BY),
];

/// Measures the tasks that `words` name, or all of them that need no line.
pub(super) fn run(words: &[&str]) -> Result<Table, String> {
    if words == ["line"] {
        return line::run();
    }
    let unknown = |word: &&&str| !TASKS.iter().any(|(wished, ..)| *wished == **word);
    if let Some(word) = words.iter().find(unknown) {
        return Err(format!(
            "bench get has large, limited, small, or line alone, and --json, not {word}"
        ));
    }
    super::prepare()?;
    let bench = Bench::start()?;
    let columns = ["task", "program", "s", "MiB/s", "CPU s", "nginx CPU s", "MiB", "coax is"];
    let title = format!(
        "get: from nginx on the loopback, median of up to {ROUNDS}, of small files {SMALL_ROUNDS}"
    );
    let mut table = Table::new(title, &columns);
    for (word, task, name, bytes, contenders) in TASKS {
        if words.is_empty() || words.contains(&word) {
            measure(&bench, task, name, bytes, contenders, &mut table)?;
        }
    }
    table.notes.push("Files are written to memory (/dev/shm) unless it says disk.".to_owned());
    Ok(table)
}

const LARGE_BY: [Contender; 3] = [
    Contender {
        name: "coax",
        rounds: ROUNDS,
        on_disk: false,
        command: |bench, to| one(coax(), &["get", "-o"], to, &bench.url("large")),
    },
    Contender {
        name: "curl",
        rounds: ROUNDS,
        on_disk: false,
        command: |bench, to| one("curl".into(), &["-s", "-o"], to, &bench.url("large")),
    },
    Contender {
        name: "coax, disk",
        rounds: 2,
        on_disk: true,
        command: |bench, to| one(coax(), &["get", "-o"], to, &bench.url("large")),
    },
];

const LIMITED_BY: [Contender; 3] = [
    Contender {
        name: "coax",
        rounds: 3,
        on_disk: false,
        command: |bench, to| one(coax(), &["get", "-o"], to, &bench.url("limited/medium")),
    },
    Contender {
        name: "aria2c -x16 -s16",
        rounds: 3,
        on_disk: false,
        command: |bench, to| {
            let mut command = Command::new("aria2c");
            command.args(["-x16", "-s16", "-q", "--file-allocation=none", "-d", "/", "-o"]);
            command.arg(to.strip_prefix("/").unwrap_or(to)).arg(bench.url("limited/medium"));
            command
        },
    },
    Contender {
        name: "curl",
        rounds: 1,
        on_disk: false,
        command: |bench, to| one("curl".into(), &["-s", "-o"], to, &bench.url("limited/medium")),
    },
];

const SMALL_BY: [Contender; 2] = [
    Contender {
        name: "coax -O --parallel 50",
        rounds: SMALL_ROUNDS,
        on_disk: false,
        command: |bench, to| {
            let mut command = Command::new(coax());
            command.args(["get", "-O", "--parallel", "50", "-i"]).arg(bench.folder.join("urls"));
            command.current_dir(to);
            command
        },
    },
    Contender {
        name: "curl --parallel --parallel-max 50",
        rounds: SMALL_ROUNDS,
        on_disk: false,
        command: |bench, to| {
            let mut command = Command::new("curl");
            command.args(["-s", "--parallel", "--parallel-max", "50", "-K"]);
            command.arg(bench.folder.join("curlrc")).current_dir(to).stderr(Stdio::null());
            command
        },
    },
];

fn one(program: PathBuf, words: &[&str], to: &Path, url: &str) -> Command {
    let mut command = Command::new(program);
    command.args(words).arg(to).arg(url);
    command
}

impl Bench {
    fn start() -> Result<Bench, String> {
        let folder = workspace().join("target/bench/get");
        let www = folder.join("www/small");
        fs::create_dir_all(&www).map_err(|error| words(&www, &error))?;
        make(&folder.join("www/large"), LARGE)?;
        make(&folder.join("www/medium"), LIMITED)?;
        let port = unused_port()?;
        let (mut urls, mut curlrc) = (String::new(), String::new());
        for number in 0..SMALL {
            make(&www.join(format!("f{number}")), 4096)?;
            let url = format!("http://127.0.0.1:{port}/small/f{number}");
            let _ = writeln!(urls, "{url}");
            let _ = writeln!(curlrc, "url={url}\noutput=f{number}");
        }
        let text = CONFIGURATION
            .replace("DIR", &folder.display().to_string())
            .replace("PORT", &port.to_string());
        for (name, text) in [("urls", urls), ("curlrc", curlrc), ("nginx.conf", text)] {
            let path = folder.join(name);
            fs::write(&path, text).map_err(|error| words(&path, &error))?;
        }
        let mut command = Command::new("/usr/sbin/nginx");
        command.arg("-c").arg(folder.join("nginx.conf")).stdout(Stdio::null());
        let nginx = started(command, "start worker process ")?;
        Ok(Bench { folder, port, nginx })
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.port)
    }
}

/// A file of so many bytes that differ from place to place.
fn make(path: &Path, size: u64) -> Result<(), String> {
    if fs::metadata(path).is_ok_and(|it| it.len() == size) {
        return Ok(());
    }
    let file = File::create(path).map_err(|error| words(path, &error))?;
    let mut writer = BufWriter::with_capacity(1 << 20, file);
    let mut state = size | 1;
    for _ in 0..size / 8 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        writer.write_all(&state.to_le_bytes()).map_err(|error| words(path, &error))?;
    }
    writer.flush().map_err(|error| words(path, &error))
}

fn measure(
    bench: &Bench,
    task: Task,
    name: &str,
    bytes: u64,
    contenders: &[Contender],
    table: &mut Table,
) -> Result<(), String> {
    let mut all = contenders.iter().map(|_| Runs::default()).collect::<Vec<_>>();
    let rounds = contenders.iter().map(|contender| contender.rounds).max().unwrap_or_default();
    for round in 0..rounds {
        for (contender, runs) in contenders.iter().zip(&mut all) {
            if round < contender.rounds {
                eprintln!("{name}, round {}: {}", round + 1, contender.name);
                let done = turn(bench, task, contender, runs);
                done.map_err(|why| format!("{}: {why}", contender.name))?;
            }
        }
    }
    let ours = all.first_mut().map_or(0.0, |runs| median(&mut runs.seconds));
    for (contender, mut runs) in contenders.iter().zip(all) {
        let seconds = median(&mut runs.seconds);
        table.rows.push(vec![
            Cell::text(name),
            Cell::text(contender.name),
            Cell::Number(seconds, 3),
            Cell::Number(bytes as f64 / 1_048_576.0 / seconds, 0),
            Cell::Number(median(&mut runs.cpu), 2),
            Cell::Number(median(&mut runs.server), 2),
            Cell::Number(runs.peak as f64 / 1_048_576.0, 1),
            Cell::text(format!("{:.2} ×", seconds / ours)),
        ]);
    }
    Ok(())
}

fn turn(bench: &Bench, task: Task, who: &Contender, runs: &mut Runs) -> Result<(), String> {
    let base = if who.on_disk { bench.folder.clone() } else { PathBuf::from("/dev/shm") };
    let to = base.join(format!("coax-bench-get-{}", std::process::id()));
    if task == Task::Small {
        fs::create_dir_all(&to).map_err(|error| words(&to, &error))?;
    }
    let before = cpu_of_tree(bench.nginx.id());
    let mut command = (who.command)(bench, &to);
    let begun = Instant::now();
    let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn();
    let watched = watch(child.map_err(|error| format!("{command:?}: {error}"))?);
    let usage = watched.join().map_err(|_| "the watch ended".to_owned())??;
    runs.seconds.push(usage.ended.duration_since(begun).as_secs_f64());
    runs.cpu.push(usage.cpu.as_secs_f64());
    runs.server.push((cpu_of_tree(bench.nginx.id()) - before).as_secs_f64());
    runs.peak = runs.peak.max(usage.peak);
    let right = usage.status.success() && is_right(bench, task, &to)?;
    let _ = if to.is_dir() { fs::remove_dir_all(&to) } else { fs::remove_file(&to) };
    if right { Ok(()) } else { Err(format!("{command:?}: what it fetched is not right")) }
}

fn is_right(bench: &Bench, task: Task, to: &Path) -> Result<bool, String> {
    let from = bench.folder.join("www").join(match task {
        Task::Large => "large",
        Task::Limited => "medium",
        Task::Small => "small",
    });
    let same = Command::new("diff").args(["-rq"]).arg(&from).arg(to).stdout(Stdio::null()).status();
    same.map(|status| status.success()).map_err(|error| format!("diff: {error}"))
}

fn words(path: &Path, error: &std::io::Error) -> String {
    format!("{}: {error}", path.display())
}
