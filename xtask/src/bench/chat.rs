//! A chat server and its crowd: how fast talk reaches everyone, how soon, and what a guest costs.
//!
//! Beside InspIRCd and ngIRCd. The server has one processor, the crowd the other. Each server has a
//! fresh start for every turn, and the servers take turns.
//!
//! Nothing here speaks IRC; the crowd does.

mod crowd;
mod idle;
mod joins;
mod outsider;
mod servers;
mod start;
mod talk;
mod wire;

use std::path::PathBuf;

use rustix::thread::{CpuSet, sched_setaffinity};

use super::contender::unused_port;
use super::median;
use super::table::Table;
use servers::{Running, SERVERS, Server};
use wire::Way;

const CHANNEL: &str = "#bench";
const ROUNDS: usize = 3;
const KINDS: [(&str, Measure); 4] = [
    ("fanout", talk::fan_out),
    ("pace", talk::pace),
    ("idle", idle::idle),
    ("joins", joins::joins),
];

type Measure = fn(&Asked<'_>) -> Result<Table, String>;

/// What the caller wants measured.
struct Asked<'a> {
    rounds: usize,
    /// This server alone.
    only: Option<&'a str>,
    way: Way,
    kinds: Vec<&'a str>,
}

/// Runs the tables called for, all without a word.
pub(super) fn run(words: &[&str], show: &mut dyn FnMut(Table)) -> Result<(), String> {
    if words == ["start"] {
        return start::run(show);
    }
    let asked = read(words)?;
    super::echo::raise_limit()?;
    super::prepare()?;
    keep_to_second_processor();
    for (kind, table) in KINDS {
        if asked.kinds.is_empty() || asked.kinds.contains(&kind) {
            show(table(&asked)?);
        }
    }
    Ok(())
}

fn read<'a>(words: &[&'a str]) -> Result<Asked<'a>, String> {
    let mut asked = Asked { rounds: ROUNDS, only: None, way: Way::Plain, kinds: Vec::new() };
    let mut words = words.iter().copied();
    while let Some(word) = words.next() {
        match word {
            "--rounds" => {
                let count = words.next().and_then(|count| count.parse().ok());
                asked.rounds = count.filter(|count| *count > 0).ok_or("--rounds needs a number")?;
            }
            "--tls" => asked.way = Way::Tls,
            "--only" => {
                let names = SERVERS.map(|server| server.name);
                let name = words.next().filter(|name| names.contains(name));
                asked.only = Some(name.ok_or(format!("--only needs one of {}", names.join(", ")))?);
            }
            kind if KINDS.iter().any(|(known, _)| *known == kind) => asked.kinds.push(kind),
            _ => {
                let known = KINDS.map(|(kind, _)| kind).join(", ");
                return Err(format!("bench chat has {known}, not {word}"));
            }
        }
    }
    Ok(asked)
}

/// The crowd leaves the first processor to the server, where there are two.
fn keep_to_second_processor() {
    let mut second = CpuSet::new();
    second.set(1);
    // On a machine with one processor everybody shares it.
    let _ = sched_setaffinity(None, &second);
}

/// As many turns of every server as are asked for, in turn.
fn turns<T>(
    asked: &Asked<'_>,
    what: &str,
    turn: fn(&Running) -> std::io::Result<T>,
) -> Result<Vec<(&'static Server, Vec<T>)>, String> {
    let wanted = SERVERS.iter().filter(|it| asked.only.is_none_or(|only| only == it.name));
    let mut all = wanted.map(|server| (server, Vec::new())).collect::<Vec<_>>();
    for round in 0..asked.rounds {
        for (server, turns) in &mut all {
            eprintln!("{what}, round {} of {}: {}", round + 1, asked.rounds, server.name);
            let running = server.start(&folder(), unused_port()?, asked.way)?;
            turns.push(turn(&running).map_err(|error| format!("{}: {error}", server.name))?);
        }
    }
    let _ = std::fs::remove_dir_all(folder());
    Ok(all)
}

fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("coax-bench-chat-{}", std::process::id()))
}

impl Asked<'_> {
    /// What a title says after the number of clients.
    fn terms(&self) -> String {
        let tls = if self.way == Way::Tls { "over TLS, " } else { "" };
        format!("{tls}server on one processor, median of {}", self.rounds)
    }
}

/// The middle of what each turn came to.
fn middle<T>(turns: &[T], what: impl Fn(&T) -> f64) -> f64 {
    median(&mut turns.iter().map(what).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use super::{Way, read};

    #[test]
    fn words_say_what_is_measured() {
        let asked = read(&["joins", "--rounds", "1", "--only", "coax"]).unwrap();
        assert!(asked.way == Way::Plain && read(&["--tls"]).unwrap().way == Way::Tls);
        assert_eq!((asked.rounds, asked.only, asked.kinds), (1, Some("coax"), vec!["joins"]));
        for wrong in [&["jumps"][..], &["--rounds"], &["--rounds", "0"], &["--only", "irssi"]] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
