//! A chat server and its crowd: how fast talk reaches everyone, how soon, and what a guest costs.
//!
//! Beside InspIRCd and ngIRCd. The server has one processor, the crowd the other. Talk is counted by
//! those who hear it, and a message is through when the last member has it; lateness counts from the
//! moment a message was due, so that a server that falls behind shows it.
//!
//! Nothing here speaks IRC; the crowd does.

mod crowd;
mod servers;
mod start;

use std::path::PathBuf;
use std::time::Duration;

use rustix::thread::{CpuSet, sched_setaffinity};

use super::contender::unused_port;
use super::meter::{cpu_of_tree, memory_of_tree};
use super::table::{Cell, Table};
use super::{median, quantile};
use crowd::{Crowd, Heard};
use servers::{Running, SERVERS, Server};

const CHANNEL: &str = "#bench";
const ROUNDS: usize = 3;
const KINDS: [(&str, Measure); 4] =
    [("fanout", fan_out), ("pace", pace), ("idle", idle), ("joins", joins)];

type Measure = fn() -> Result<Table, String>;

/// Runs the tables called for, all without a word.
pub(super) fn run(words: &[&str], show: &mut dyn FnMut(Table)) -> Result<(), String> {
    if words == ["start"] {
        return start::run(show);
    }
    if let Some(word) = words.iter().find(|word| KINDS.iter().all(|(kind, _)| kind != *word)) {
        return Err(format!(
            "bench chat has {}, not {word}",
            KINDS.map(|(kind, _)| kind).join(", ")
        ));
    }
    super::echo::raise_limit()?;
    super::prepare()?;
    keep_to_second_processor();
    let wanted = |kind: &str| words.is_empty() || words.contains(&kind);
    for (kind, table) in KINDS {
        if wanted(kind) {
            show(table()?);
        }
    }
    Ok(())
}

/// The crowd leaves the first processor to the server, where there are two.
fn keep_to_second_processor() {
    let mut second = CpuSet::new();
    second.set(1);
    // On a machine with one processor everybody shares it.
    let _ = sched_setaffinity(None, &second);
}

/// `ROUNDS` turns of every server, in turn.
fn turns<T>(
    what: &str,
    turn: fn(&Running) -> std::io::Result<T>,
) -> Result<Vec<(&'static Server, Vec<T>)>, String> {
    let mut all = SERVERS.iter().map(|server| (server, Vec::new())).collect::<Vec<_>>();
    for round in 0..ROUNDS {
        for (server, turns) in &mut all {
            eprintln!("{what}, round {} of {ROUNDS}: {}", round + 1, server.name);
            let running = server.start(&folder(), unused_port()?)?;
            turns.push(turn(&running).map_err(|error| format!("{}: {error}", server.name))?);
        }
    }
    let _ = std::fs::remove_dir_all(folder());
    Ok(all)
}

fn folder() -> PathBuf {
    std::env::temp_dir().join(format!("coax-bench-chat-{}", std::process::id()))
}

// ---- fan-out -------------------------------------------------------------------------------------

const MEMBERS: usize = 1_000;
/// Members that talk, and messages each has under way.
const SPEAKERS: usize = 10;
const UNDER_WAY: usize = 4;
const WARM: Duration = Duration::from_secs(1);
const RUN: Duration = Duration::from_secs(4);

/// What a turn of talk came to.
struct Talk {
    deliveries: f64,
    seconds: f64,
    cpu: Duration,
    /// Milliseconds.
    late: Vec<f64>,
    lost: usize,
}

fn fan_out() -> Result<Table, String> {
    let all = turns("fan-out", |server| {
        let mut crowd = gathered(server, MEMBERS)?;
        talk_at_will(&mut crowd, server, WARM)?;
        talk_at_will(&mut crowd, server, RUN)
    })?;
    let title = format!(
        "chat: {SPEAKERS} of {MEMBERS} members talk, {UNDER_WAY} messages each under way, \
         server on one processor, median of {ROUNDS}"
    );
    let columns = ["server", "deliveries/s", "coax is", "CPU µs/delivery", "lost"];
    let mut table = Table::new(title, &columns);
    let mut ours = 0.0;
    for (server, turns) in &all {
        let speed = middle(turns, |turn| turn.deliveries / turn.seconds);
        ours = if ours == 0.0 { speed } else { ours };
        table.rows.push(vec![
            Cell::text(server.name),
            Cell::Number(speed, 0),
            Cell::text(format!("{:.2} ×", ours / speed)),
            Cell::Number(middle(turns, cpu_per_delivery), 2),
            Cell::Number(middle(turns, |turn| turn.lost as f64), 0),
        ]);
    }
    Ok(table)
}

fn gathered(server: &Running, members: usize) -> std::io::Result<Crowd> {
    let mut crowd = Crowd::new()?;
    crowd.register(server.port, members, server.at_once)?;
    crowd.join(CHANNEL)?;
    // What is still on its way to the others ends here.
    while {
        let mut more = false;
        crowd.listen(Duration::from_millis(300), |_, _, _| more = true)?;
        more
    } {}
    Ok(crowd)
}

/// Each speaker says something new as soon as one of its messages has reached everyone.
fn talk_at_will(crowd: &mut Crowd, server: &Running, time: Duration) -> std::io::Result<Talk> {
    let others = crowd.len() - 1;
    let cpu = cpu_of_tree(server.id());
    let begun = crowd.now();
    let mut heard = Vec::new();
    for speaker in (0..SPEAKERS).cycle().take(SPEAKERS * UNDER_WAY) {
        crowd.talk(speaker, CHANNEL, heard.len(), crowd.now());
        heard.push(0);
    }
    let (mut deliveries, mut through) = (0, 0);
    while through < heard.len() {
        let mut done = Vec::new();
        crowd.listen(Duration::from_secs(20), |_, _, what| {
            let Heard::Talk { number, .. } = what else { return };
            deliveries += 1;
            heard[number] += 1;
            if heard[number] == others {
                done.push(number);
            }
        })?;
        through += done.len();
        let more = crowd.now() - begun < time;
        for number in done.into_iter().filter(|_| more) {
            crowd.talk(number % SPEAKERS, CHANNEL, heard.len(), crowd.now());
            heard.push(0);
        }
        if crowd.lost > 0 {
            break;
        }
    }
    let seconds = (crowd.now() - begun).as_secs_f64();
    let cpu = cpu_of_tree(server.id()).saturating_sub(cpu);
    Ok(Talk { deliveries: f64::from(deliveries), seconds, cpu, late: Vec::new(), lost: crowd.lost })
}

fn cpu_per_delivery(turn: &Talk) -> f64 {
    turn.cpu.as_secs_f64() * 1e6 / turn.deliveries
}

fn middle<T>(turns: &[T], what: impl Fn(&T) -> f64) -> f64 {
    median(&mut turns.iter().map(what).collect::<Vec<_>>())
}

// ---- a steady pace -------------------------------------------------------------------------------

const PACE_MEMBERS: usize = 100;
const PACE: u32 = 300;
const PACE_MESSAGES: u32 = PACE * 6;

fn pace() -> Result<Table, String> {
    let mut all = turns("pace", |server| {
        let mut crowd = gathered(server, PACE_MEMBERS)?;
        talk_in_time(&mut crowd, server)
    })?;
    let title = format!(
        "chat: {PACE} messages/s to {PACE_MEMBERS} members, server on one processor, median of {ROUNDS}"
    );
    let columns = ["server", "p50 ms", "p99 ms", "CPU µs/delivery", "lost"];
    let mut table = Table::new(title, &columns);
    for (server, turns) in &mut all {
        let mut late = |at| {
            median(
                &mut turns.iter_mut().map(|turn| quantile(&mut turn.late, at)).collect::<Vec<_>>(),
            )
        };
        table.rows.push(vec![
            Cell::text(server.name),
            Cell::Number(late(0.5), 2),
            Cell::Number(late(0.99), 2),
            Cell::Number(middle(turns, cpu_per_delivery), 2),
            Cell::Number(middle(turns, |turn| turn.lost as f64), 0),
        ]);
    }
    Ok(table)
}

/// A message whenever one is due, whether or not the former ones have arrived.
fn talk_in_time(crowd: &mut Crowd, server: &Running) -> std::io::Result<Talk> {
    let expected = PACE_MESSAGES as usize * (crowd.len() - 1);
    let cpu = cpu_of_tree(server.id());
    let begun = crowd.now();
    let due = |number: u32| begun + Duration::from_secs(1) * number / PACE;
    let (mut late, mut next) = (Vec::with_capacity(expected), 0);
    while late.len() < expected
        && crowd.lost == 0
        && crowd.now() < due(PACE_MESSAGES) + Duration::from_secs(20)
    {
        while next < PACE_MESSAGES && crowd.now() >= due(next) {
            crowd.talk(next as usize % SPEAKERS, CHANNEL, next as usize, due(next));
            next += 1;
        }
        let pause = if next < PACE_MESSAGES {
            due(next).saturating_sub(crowd.now())
        } else {
            Duration::from_millis(100)
        };
        crowd.listen(pause, |_, now, what| {
            let Heard::Talk { at, .. } = what else { return };
            late.push((now - at).as_secs_f64() * 1000.0);
        })?;
    }
    let seconds = (crowd.now() - begun).as_secs_f64();
    let cpu = cpu_of_tree(server.id()).saturating_sub(cpu);
    let lost = expected - late.len();
    Ok(Talk { deliveries: late.len() as f64, seconds, cpu, late, lost })
}

// ---- what an idle guest costs --------------------------------------------------------------------

const IDLE: usize = 10_000;

fn idle() -> Result<Table, String> {
    let all = turns("idle", |server| {
        let empty = memory_of_tree(server.id());
        let mut crowd = Crowd::new()?;
        crowd.register(server.port, IDLE, server.at_once)?;
        let full = memory_of_tree(server.id());
        let each = full.saturating_sub(empty) as f64 / 1024.0 / IDLE as f64;
        Ok((each, crowd.now().as_secs_f64(), crowd.lost))
    })?;
    let title = format!("chat: {IDLE} registered clients that say nothing, median of {ROUNDS}");
    let mut table = Table::new(title, &["server", "KiB/client", "seconds to register", "lost"]);
    for (server, turns) in &all {
        table.rows.push(vec![
            Cell::text(server.name),
            Cell::Number(middle(turns, |turn| turn.0), 2),
            Cell::Number(middle(turns, |turn| turn.1), 2),
            Cell::Number(middle(turns, |turn| turn.2 as f64), 0),
        ]);
    }
    table.notes.push("Plaintext connections; the kernel's own buffers are not in it.".to_owned());
    Ok(table)
}

// ---- everybody comes at once ---------------------------------------------------------------------

fn joins() -> Result<Table, String> {
    let all = turns("joins", |server| {
        let mut crowd = Crowd::new()?;
        crowd.register(server.port, MEMBERS, server.at_once)?;
        let (cpu, begun) = (cpu_of_tree(server.id()), crowd.now());
        crowd.join(CHANNEL)?;
        let seconds = (crowd.now() - begun).as_secs_f64();
        Ok((seconds, cpu_of_tree(server.id()).saturating_sub(cpu).as_secs_f64(), crowd.lost))
    })?;
    let title = format!("chat: {MEMBERS} clients join one channel at once, median of {ROUNDS}");
    let mut table = Table::new(title, &["server", "seconds", "CPU s", "lost"]);
    for (server, turns) in &all {
        table.rows.push(vec![
            Cell::text(server.name),
            Cell::Number(middle(turns, |turn| turn.0), 2),
            Cell::Number(middle(turns, |turn| turn.1), 2),
            Cell::Number(middle(turns, |turn| turn.2 as f64), 0),
        ]);
    }
    Ok(table)
}
