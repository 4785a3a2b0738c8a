//! The scanners that are measured: their words, their answers, one turn of one.
//!
//! A turn is a process, watched from its start to its end, whose answer goes to a file and is judged
//! once it has ended. A scanner that is missing is said to be, with what to type.
//!
//! Nothing here knows what is scanned.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use super::answer::{Format, Judged, State};
use crate::bench::meter::{Usage, watch};
use crate::bench::table::{Cell, Table};
use crate::bench::{coax, median, quantile};
use crate::run::workspace;

/// A program, its words and how it answers.
pub(super) struct Scanner {
    pub(super) name: String,
    pub(super) program: PathBuf,
    pub(super) words: Vec<String>,
    pub(super) format: Format,
    /// What installs it.
    install: &'static str,
    /// Turns it gets at most: some need minutes.
    most: usize,
}

/// One turn.
pub(super) struct Turn {
    pub(super) seconds: f64,
    pub(super) usage: Usage,
    pub(super) judged: Judged,
}

/// What was asked, and the truth about it.
pub(super) struct Question<'a> {
    pub(super) asked: &'a [SocketAddr],
    pub(super) truth: &'a (dyn Fn(SocketAddr) -> State + Sync),
}

impl Scanner {
    fn new(name: &str, program: PathBuf, words: &str, format: Format) -> Scanner {
        let words = words.split_whitespace().map(str::to_owned).collect();
        let (name, install) = (name.to_owned(), "");
        Scanner { name, program, words, format, install, most: usize::MAX }
    }

    /// coax with `words`.
    pub(super) fn coax(words: &str, format: Format) -> Scanner {
        Scanner::new("coax", coax(), &format!("scan {words}"), format)
    }

    /// nmap, connect scan.
    pub(super) fn nmap(speed: &str, words: &str) -> Scanner {
        let words = format!("-sT {speed} -n -Pn -oX - {words}");
        let name = format!("nmap -sT {speed}");
        let install = "apt-get install nmap";
        Scanner { install, ..Scanner::new(&name, "nmap".into(), &words, Format::Xml) }
    }

    /// nmap, connect scan of the hosts that it finds first.
    pub(super) fn nmap_that_finds(words: &str) -> Scanner {
        let install = "apt-get install nmap";
        let words = format!("-sT -T4 -n -oX - {words}");
        Scanner { install, ..Scanner::new("nmap -sT -T4", "nmap".into(), &words, Format::Xml) }
    }

    /// RustScan without what it does beside scanning.
    pub(super) fn rustscan(settings: &str, words: &str) -> Scanner {
        let name = format!("rustscan {settings}");
        let words = format!("-n --no-banner -g --scripts none -u {DESCRIPTORS} {settings} {words}");
        let install = "cargo install --locked rustscan";
        Scanner { install, ..Scanner::new(&name, rustscan(), &words, Format::Arrow) }
    }

    pub(super) fn masscan(words: &str) -> Scanner {
        let install = "apt-get install masscan";
        Scanner { install, ..Scanner::new("masscan", "masscan".into(), words, Format::List) }
    }

    /// The loop of `bare.rs`, in a process of its own like the others.
    pub(super) fn bare() -> Result<Scanner, String> {
        let own = std::env::current_exe().map_err(|error| format!("this program: {error}"))?;
        Ok(Scanner::new("bare loop", own, "bare-scan", Format::Silent))
    }

    pub(super) fn named(self, name: &str) -> Scanner {
        Scanner { name: name.to_owned(), ..self }
    }

    /// The same with at most so many turns.
    pub(super) fn at_most(self, most: usize) -> Scanner {
        Scanner { most, ..self }
    }

    /// The same with at most so many open descriptors.
    pub(super) fn with_descriptors(mut self, limit: u32) -> Scanner {
        let program = std::mem::replace(&mut self.program, "prlimit".into());
        let prefix = [format!("--nofile={limit}:{limit}"), program.display().to_string()];
        self.words.splice(0..0, prefix);
        self
    }

    /// What to type where it is missing.
    pub(super) fn missing(&self) -> Option<String> {
        let found = match self.program.components().count() {
            1 => crate::peers::find(&self.program.to_string_lossy()),
            _ => self.program.is_file(),
        };
        (!found).then(|| format!("missing; type: {}", self.install))
    }

    /// Runs it in the namespace of this thread.
    pub(super) fn turn(&self, question: &Question<'_>) -> Result<Turn, String> {
        let file = Answered::new()?;
        let failed = |why: &dyn std::fmt::Display| format!("{}: {why}", self.name);
        let create = |path: &Path| File::create(path).map_err(|error| failed(&error));
        let mut command = Command::new(&self.program);
        command.args(&self.words).stdin(Stdio::null());
        command.stdout(create(&file.said)?).stderr(create(&file.talk)?);
        let begun = Instant::now();
        let child = command.spawn().map_err(|error| failed(&error))?;
        let usage = watch(child).join().map_err(|_| failed(&"its watcher failed"))??;
        if !usage.status.success() {
            let talk = text(&file.talk);
            let last = talk.lines().find(|line| !line.trim().is_empty());
            return Err(format!("{}: {}", usage.status, last.unwrap_or("it said nothing")));
        }
        let asked = question.asked.iter().copied();
        let judged = self.format.judge(&text(&file.said), asked, question.truth);
        Ok(Turn { seconds: usage.ended.duration_since(begun).as_secs_f64(), usage, judged })
    }
}

/// Where one turn's words go. Two measurements at once have files of their own.
struct Answered {
    said: PathBuf,
    talk: PathBuf,
}

impl Answered {
    fn new() -> Result<Answered, String> {
        let folder = workspace().join("target/bench/scan");
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        let file = |what: &str| folder.join(format!("{what}-{}", std::process::id()));
        Ok(Answered { said: file("said"), talk: file("talk") })
    }
}

impl Drop for Answered {
    fn drop(&mut self) {
        for path in [&self.said, &self.talk] {
            let _ = fs::remove_file(path);
        }
    }
}

/// Descriptors for the largest batch of RustScan, as far as this machine allows.
const DESCRIPTORS: u32 = 20_000;
const MIB: f64 = (1_u64 << 20) as f64;

/// Where RustScan is: it has no package in Debian.
fn rustscan() -> PathBuf {
    if let Some(path) = std::env::var_os("COAX_BENCH_RUSTSCAN") {
        return path.into();
    }
    let home = std::env::var_os("HOME").map(PathBuf::from).unwrap_or_default();
    let installed = home.join(".cargo/bin/rustscan");
    if installed.is_file() { installed } else { "rustscan".into() }
}

fn text(path: &Path) -> String {
    String::from_utf8_lossy(&fs::read(path).unwrap_or_default()).into_owned()
}

/// What all turns of a scanner say together.
#[derive(Default)]
pub(super) struct Turns {
    pub(super) all: Vec<Turn>,
    /// Why it has no more turns: it is missing, or it failed.
    out: Option<String>,
}

impl Turns {
    /// Why there are no numbers, if there are none.
    pub(super) fn out(&self) -> Option<&str> {
        self.out.as_deref()
    }

    fn of(&self, what: impl Fn(&Turn) -> f64) -> Vec<f64> {
        self.all.iter().map(what).collect()
    }

    pub(super) fn seconds(&self) -> f64 {
        median(&mut self.of(|turn| turn.seconds))
    }

    pub(super) fn worst(&self) -> f64 {
        quantile(&mut self.of(|turn| turn.seconds), 1.0)
    }

    pub(super) fn cpu(&self) -> f64 {
        median(&mut self.of(|turn| turn.usage.cpu.as_secs_f64()))
    }

    pub(super) fn peak(&self) -> f64 {
        quantile(&mut self.of(|turn| turn.usage.peak as f64 / MIB), 1.0)
    }

    pub(super) fn missed(&self) -> usize {
        self.all.iter().map(|turn| turn.judged.missed).sum()
    }

    pub(super) fn wrong(&self) -> usize {
        self.all.iter().map(|turn| turn.judged.wrong).sum()
    }

    /// Turns that found everything.
    pub(super) fn complete(&self) -> usize {
        self.all.iter().filter(|turn| turn.judged.missed == 0).count()
    }
}

/// Every scanner in every round, so that what disturbs the machine disturbs all. `tidy` is done
/// before each turn. Who fails has no more turns, and the others go on.
pub(super) fn take_turns(
    scanners: &[Scanner],
    rounds: usize,
    question: &Question<'_>,
    tidy: impl Fn(),
) -> Vec<Turns> {
    let missing = |scanner: &Scanner| Turns { all: Vec::new(), out: scanner.missing() };
    let mut all = scanners.iter().map(missing).collect::<Vec<_>>();
    for round in 0..rounds {
        for (scanner, turns) in scanners.iter().zip(&mut all) {
            if round < scanner.most && turns.out.is_none() {
                eprintln!("round {} of {rounds}: {}", round + 1, scanner.name);
                tidy();
                match scanner.turn(question) {
                    Ok(turn) => turns.all.push(turn),
                    Err(why) => turns.out = Some(why),
                }
            }
        }
    }
    all
}

/// A row without numbers, and a note that says why.
pub(super) fn leave_out(name: &str, why: &str, table: &mut Table) {
    let mut row = vec![Cell::text(name)];
    row.resize_with(table.columns.len(), || Cell::text("-"));
    table.rows.push(row);
    table.notes.push(format!("{name}: {why}"));
}
