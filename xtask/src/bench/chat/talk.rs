//! Talk in a channel: how much of it reaches everyone, and how soon.
//!
//! At will: each speaker says something new as soon as one of its messages has reached the last
//! member. At a pace: a message whenever one is due, and lateness counts from that moment, so that a
//! server that falls behind shows it.
//!
//! Nothing here knows which server it is.

use std::io;
use std::time::Duration;

use super::super::meter::cpu_of_tree;
use super::super::table::{Cell, Table};
use super::super::{median, quantile};
use super::crowd::{Crowd, Heard};
use super::servers::Running;
use super::{Asked, CHANNEL, middle, turns};

/// Members that talk.
const SPEAKERS: usize = 10;

const MEMBERS: usize = 1_000;
/// Messages that each speaker has under way.
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

pub(super) fn fan_out(asked: &Asked<'_>) -> Result<Table, String> {
    let all = turns(asked, "fan-out", |server| {
        let mut crowd = Crowd::gathered(server, CHANNEL, MEMBERS)?;
        talk_at_will(&mut crowd, server, WARM)?;
        talk_at_will(&mut crowd, server, RUN)
    })?;
    let title = format!(
        "chat: {SPEAKERS} of {MEMBERS} members talk, {UNDER_WAY} messages each under way, \
         {}",
        asked.terms()
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

fn cpu_per_delivery(turn: &Talk) -> f64 {
    turn.cpu.as_secs_f64() * 1e6 / turn.deliveries
}

/// Each speaker says something new as soon as one of its messages has reached everyone.
fn talk_at_will(crowd: &mut Crowd, server: &Running, time: Duration) -> io::Result<Talk> {
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

const PACE_MEMBERS: usize = 100;
const PACE: u32 = 300;
const PACE_MESSAGES: u32 = PACE * 6;

pub(super) fn pace(asked: &Asked<'_>) -> Result<Table, String> {
    let mut all = turns(asked, "pace", |server| {
        let mut crowd = Crowd::gathered(server, CHANNEL, PACE_MEMBERS)?;
        talk_in_time(&mut crowd, server)
    })?;
    let title = format!("chat: {PACE} messages/s to {PACE_MEMBERS} members, {}", asked.terms());
    let columns = ["server", "p50 ms", "p99 ms", "CPU µs/delivery", "lost"];
    let mut table = Table::new(title, &columns);
    for (server, turns) in &mut all {
        let mut late = |at| {
            let each = turns.iter_mut().map(|turn| quantile(&mut turn.late, at));
            median(&mut each.collect::<Vec<_>>())
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
fn talk_in_time(crowd: &mut Crowd, server: &Running) -> io::Result<Talk> {
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
