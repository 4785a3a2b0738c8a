//! 2 GiB over the loopback, from a file to /dev/null.
//!
//! The clock runs from the start of the calling side to the end of both. The file is read once
//! before, so it comes from memory for everyone.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Instant;

use super::contender::{COAX, Contender, NC, NCAT, SOCAT, unused_port};
use super::median;
use super::meter::{Usage, watch};
use super::table::{Cell, Table};
use crate::run::workspace;

const SIZE: u64 = 2 << 30;
const GIB: f64 = (1_u64 << 30) as f64;
const MIB: f64 = (1_u64 << 20) as f64;
const ROUNDS: usize = 5;

/// One turn of one contender.
pub(super) struct Turn {
    pub(super) seconds: f64,
    pub(super) calling: Usage,
    pub(super) listening: Usage,
}

pub(super) fn run() -> Result<Table, String> {
    let contenders = [COAX, NC, SOCAT, NCAT];
    let path = file()?;
    let turns = take_turns(&contenders, ROUNDS, |contender| turn(contender, &path))?;
    let title = format!("stream: 2 GiB, file → loopback → /dev/null, median of {ROUNDS}");
    Ok(report(title, &contenders, &turns, SIZE))
}

/// Every contender in every round, so that what disturbs the machine disturbs all.
pub(super) fn take_turns(
    contenders: &[Contender],
    rounds: usize,
    turn: impl Fn(&Contender) -> Result<Turn, String>,
) -> Result<Vec<Vec<Turn>>, String> {
    let mut turns = contenders.iter().map(|_| Vec::new()).collect::<Vec<_>>();
    for round in 0..rounds {
        for (contender, turns) in contenders.iter().zip(&mut turns) {
            eprintln!("round {} of {rounds}: {}", round + 1, contender.name);
            turns.push(turn(contender).map_err(|why| format!("{}: {why}", contender.name))?);
        }
    }
    Ok(turns)
}

fn turn(contender: &Contender, path: &PathBuf) -> Result<Turn, String> {
    let port = unused_port()?;
    let listening = watch(contender.listen(port, Stdio::null())?);
    let input = File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let begun = Instant::now();
    let calling = watch(contender.connect(port, input.into())?);
    finish(begun, calling, listening)
}

type Watched = std::thread::JoinHandle<Result<Usage, String>>;

/// Both sides to their end.
pub(super) fn finish(begun: Instant, calling: Watched, listening: Watched) -> Result<Turn, String> {
    let join = |side: Watched| side.join().map_err(|_| "its watcher failed".to_owned())?;
    let (calling, listening) = (join(calling)?, join(listening)?);
    for side in [calling, listening] {
        if !side.status.success() {
            return Err(format!("ended with {}", side.status));
        }
    }
    let seconds = (calling.ended.max(listening.ended) - begun).as_secs_f64();
    Ok(Turn { seconds, calling, listening })
}

/// Rates, their ratios, processor seconds for each GiB, peaks of memory.
pub(super) fn report(title: String, who: &[Contender], all: &[Vec<Turn>], size: u64) -> Table {
    let of = |turns: &[Turn], what: &dyn Fn(&Turn) -> f64| {
        median(&mut turns.iter().map(what).collect::<Vec<_>>())
    };
    let gib = size as f64 / GIB;
    let mut table = Table::new(title, &["contender", "MiB/s", "coax is"]);
    table.columns.extend(
        ["CPU s/GiB", "calling", "listening", "peak MiB calling", "listening"].map(String::from),
    );
    let rate = |turns: &[Turn]| of(turns, &|turn| size as f64 / MIB / turn.seconds);
    let first = all.first().map_or(0.0, |turns| rate(turns));
    for (contender, turns) in who.iter().zip(all) {
        let calling = of(turns, &|turn| turn.calling.cpu.as_secs_f64()) / gib;
        let listening = of(turns, &|turn| turn.listening.cpu.as_secs_f64()) / gib;
        table.rows.push(vec![
            Cell::text(contender.name),
            Cell::Number(rate(turns), 0),
            Cell::text(format!("{:.2} ×", first / rate(turns))),
            Cell::Number(calling + listening, 2),
            Cell::Number(calling, 2),
            Cell::Number(listening, 2),
            Cell::Number(of(turns, &|turn| turn.calling.peak as f64 / MIB), 1),
            Cell::Number(of(turns, &|turn| turn.listening.peak as f64 / MIB), 1),
        ]);
    }
    table
}

/// The file, made once and read once: its bytes differ, and they are in memory.
pub(super) fn file() -> Result<PathBuf, String> {
    let directory = workspace().join("target/bench");
    let path = directory.join("2GiB");
    let words = |error: std::io::Error| format!("{}: {error}", path.display());
    fs::create_dir_all(&directory).map_err(words)?;
    if fs::metadata(&path).map_or(0, |about| about.len()) != SIZE {
        let piece = (0..1_u32 << 18).flat_map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes());
        let piece = piece.collect::<Vec<_>>();
        let mut file = File::create(&path).map_err(words)?;
        for _ in 0..SIZE / piece.len() as u64 {
            file.write_all(&piece).map_err(words)?;
        }
    }
    let (mut file, mut piece) = (File::open(&path).map_err(words)?, vec![0; 1 << 20]);
    while file.read(&mut piece).map_err(words)? > 0 {}
    Ok(path)
}
