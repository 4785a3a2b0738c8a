//! Fetching over lines that are long, or lossy, or both: 20 MB, and a hundred small files.
//!
//! The line is one of testkit's: two namespaces, and a thread that carries the packets. Who fetches
//! alternates, so that a busy moment of the machine meets all.
//!
//! Nothing here knows how a program fetches.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use testkit::{FarHosts, Line, Program};

use super::{make, words};
use crate::bench::table::{Cell, Table};
use crate::bench::{coax, median, prepare};

const ROUNDS: usize = 9;
const LARGE: u64 = 20_000_000;
const SMALL: u64 = 20_000;
const FILES: usize = 100;
const LIMIT: Duration = Duration::from_secs(200);

/// Milliseconds one way, of jitter, packets of a hundred lost, Mbit a second.
const LINES: [(u64, u64, f64, u64); 4] =
    [(75, 10, 0.0, 50), (300, 10, 1.0, 20), (40, 5, 1.0, 100), (10, 1, 0.0, 5)];

const CONFIGURATION: &str = "
daemon off; master_process off; pid DIR/pid; error_log stderr notice; events {}
http {
    access_log off; client_body_temp_path DIR/t1; proxy_temp_path DIR/t2;
    fastcgi_temp_path DIR/t3; uwsgi_temp_path DIR/t4; scgi_temp_path DIR/t5;
    server { listen 8080; root DIR/www; }
}
";

/// A program with its words; `TO` is the folder, `URL` the file, `LIST` all small ones.
type Contender = (&'static str, &'static [&'static str]);

const LARGE_BY: [Contender; 4] = [
    ("coax", &["COAX", "get", "-q", "-o", "TO/x", "URL"]),
    ("coax --connections 1", &["COAX", "get", "-q", "--connections", "1", "-o", "TO/x", "URL"]),
    ("curl", &["curl", "-s", "-o", "TO/x", "URL"]),
    (
        "aria2c -x16 -s16 -k1M",
        &["aria2c", "-q", "-x16", "-s16", "-k1M", "-d", "TO", "-o", "x", "URL"],
    ),
];
const SMALL_BY: [Contender; 2] = [
    ("coax -i", &["COAX", "get", "-q", "-o", "TO/", "-i", "LIST"]),
    ("curl --parallel", &["curl", "-s", "--parallel", "--parallel-max", "50", "-K", "LIST.curl"]),
];

/// Measures all lines.
pub(super) fn run() -> Result<Table, String> {
    prepare()?;
    let folder = crate::run::workspace().join("target/bench/line");
    let columns = ["line", "task", "program", "ms", "least", "most", "coax is"];
    let mut table = Table::new(format!("get: over a line, median of {ROUNDS}"), &columns);
    files(&folder)?;
    for line in LINES {
        let (delay, jitter, loss, rate) = line;
        let made = Line {
            delay: Duration::from_millis(delay),
            jitter: Duration::from_millis(jitter),
            loss,
            rate: rate * 1_000_000,
        };
        let Some(hosts) = FarHosts::or_skip(made) else {
            return Err("no line can be made here".to_owned());
        };
        let nginx = hosts.server.program("/usr/sbin/nginx").arg("-c").arg(folder.join("conf"));
        let nginx = nginx.deadline(Duration::from_secs(36_000)).start();
        nginx.expect_err("getrlimit");
        let name = format!("{} ms, {loss} %, {rate} Mbit/s", 2 * delay);
        measure(&hosts, &folder, (&name, "20 MB"), &LARGE_BY, &mut table)?;
        measure(&hosts, &folder, (&name, "100 of 20 kB"), &SMALL_BY, &mut table)?;
    }
    Ok(table)
}

/// What is served, and the lists of it.
fn files(folder: &Path) -> Result<(), String> {
    let www = folder.join("www");
    fs::create_dir_all(&www).map_err(|error| words(&www, &error))?;
    make(&www.join("x"), LARGE)?;
    let (mut urls, mut curl) = (String::new(), String::new());
    for number in 0..FILES {
        make(&www.join(format!("s{number}")), SMALL)?;
        let url = format!("http://{}:8080/s{number}", FarHosts::V4);
        let _ = writeln!(urls, "{url}");
        let _ = writeln!(curl, "url={url}\noutput=TO/s{number}");
    }
    let to = place();
    let curl = curl.replace("TO", &to.display().to_string());
    let conf = CONFIGURATION.replace("DIR", &folder.display().to_string());
    for (name, text) in [("list", urls), ("list.curl", curl), ("conf", conf)] {
        let path = folder.join(name);
        fs::write(&path, text).map_err(|error| words(&path, &error))?;
    }
    Ok(())
}

/// Where files are written to.
fn place() -> PathBuf {
    PathBuf::from(format!("/dev/shm/coax-bench-line-{}", std::process::id()))
}

fn measure(
    hosts: &FarHosts,
    folder: &Path,
    (line, task): (&str, &str),
    contenders: &[Contender],
    table: &mut Table,
) -> Result<(), String> {
    let mut all = vec![Vec::new(); contenders.len()];
    for round in 0..ROUNDS {
        for ((name, command), times) in contenders.iter().zip(&mut all) {
            eprintln!("{line}, {task}, round {}: {name}", round + 1);
            times.push(turn(hosts, folder, command).map_err(|why| format!("{name}: {why}"))?);
        }
    }
    let ours = all.first_mut().map_or(0.0, |times| median(times));
    for ((name, _), mut times) in contenders.iter().zip(all) {
        let middle = median(&mut times);
        let ends = [times.first(), times.last()].map(|it| it.copied().unwrap_or_default());
        table.rows.push(vec![
            Cell::text(line),
            Cell::text(task),
            Cell::text(*name),
            Cell::Number(middle, 0),
            Cell::Number(ends[0], 0),
            Cell::Number(ends[1], 0),
            Cell::text(format!("{:.2} ×", middle / ours)),
        ]);
    }
    Ok(())
}

/// Milliseconds that it took; what it fetched is compared.
fn turn(hosts: &FarHosts, folder: &Path, command: &[&str]) -> Result<f64, String> {
    let (to, list) = (place(), folder.join("list"));
    let _ = fs::remove_dir_all(&to);
    fs::create_dir_all(&to).map_err(|error| words(&to, &error))?;
    let filled = command.iter().map(|word| {
        word.replace("COAX", &coax().display().to_string())
            .replace("TO", &to.display().to_string())
            .replace("LIST", &list.display().to_string())
            .replace("URL", &format!("http://{}:8080/x", FarHosts::V4))
    });
    let mut filled = filled.collect::<Vec<_>>().into_iter();
    let program: Program = hosts.client.program(filled.next().unwrap_or_default());
    let program = program.args(filled).deadline(LIMIT);
    let begun = Instant::now();
    let outcome = program.run();
    let took = begun.elapsed().as_secs_f64() * 1e3;
    let fetched = fs::read_dir(&to).map_err(|error| words(&to, &error))?.count();
    let same = Command::new("diff").arg("-rq").arg(&to).arg(folder.join("www")).output();
    let same = same.map_err(|error| format!("diff: {error}"))?;
    let differs = String::from_utf8_lossy(&same.stdout).contains("differ");
    let _ = fs::remove_dir_all(&to);
    if outcome.code() != 0 || fetched == 0 || differs {
        return Err(format!("what it fetched is not right: {}", outcome.shown()));
    }
    Ok(took)
}
