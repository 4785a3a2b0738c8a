//! Everybody comes at once: ten thousand join one channel.
//!
//! It is over when each of them has read the names of those who were there and has been told of
//! each who came later: fifty million lines. Meanwhile two who have nothing to do with it talk in
//! another channel, and what they wait is the stall that others see.
//!
//! Nothing here knows which server it is.

use std::io;
use std::time::Duration;

use super::super::meter::{cpu_of_tree, peak_of};
use super::super::quantile;
use super::super::table::{Cell, Table};
use super::crowd::{Crowd, Heard};
use super::outsider::Outsiders;
use super::servers::Running;
use super::{Asked, CHANNEL, middle, turns};

const COMERS: usize = 10_000;
/// Who has told nothing new for so long has lost somebody.
const SILENCE: Duration = Duration::from_secs(20);

/// Who is not done by then has a stall, not a time.
const PATIENCE: Duration = Duration::from_secs(120);

/// What a turn came to.
struct Rush {
    /// Until all were in, and until all knew; 0 where that was not awaited.
    seconds: [f64; 2],
    cpu: f64,
    /// Bytes.
    peak: u64,
    /// Milliseconds that those outside waited.
    waited: Vec<f64>,
    lost: usize,
}

pub(super) fn joins(asked: &Asked<'_>) -> Result<Table, String> {
    let mut all = turns(asked, "joins", rush)?;
    let title = format!("chat: {COMERS} clients join one channel at once, {}", asked.terms());
    let columns = [
        "server",
        "all in, s",
        "all told, s",
        "CPU s",
        "peak MiB",
        "others wait p50 ms",
        "p99 ms",
        "at most ms",
        "lost",
    ];
    let mut table = Table::new(title, &columns);
    for (server, turns) in &mut all {
        let mut waited = |at| {
            let each = turns.iter_mut().map(|turn| quantile(&mut turn.waited, at));
            super::super::median(&mut each.collect::<Vec<_>>())
        };
        let waited = [waited(0.5), waited(0.99), waited(1.0)];
        table.rows.push(vec![
            Cell::text(server.name),
            seconds(middle(turns, |turn| turn.seconds[0])),
            seconds(middle(turns, |turn| turn.seconds[1])),
            Cell::Number(middle(turns, |turn| turn.cpu), 2),
            Cell::Number(middle(turns, |turn| turn.peak as f64 / 1024.0 / 1024.0), 0),
            Cell::Number(waited[0], 2),
            Cell::Number(waited[1], 2),
            Cell::Number(waited[2], 2),
            Cell::Number(middle(turns, |turn| turn.lost as f64), 0),
        ]);
    }
    Ok(table)
}

fn seconds(number: f64) -> Cell {
    match number > 0.0 {
        true => Cell::Number(number, 2),
        false => Cell::text(format!("over {}", PATIENCE.as_secs())),
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Count {
    /// Who has read the names.
    joined: usize,
    /// Lines that told somebody of somebody.
    came: usize,
}

impl Count {
    fn add(&mut self, heard: Heard) {
        match heard {
            Heard::Joined => self.joined += 1,
            Heard::Came => self.came += 1,
            _ => {}
        }
    }
}

fn rush(server: &Running) -> io::Result<Rush> {
    let mut crowd = Crowd::new()?;
    crowd.register(server, COMERS)?;
    crowd.watch(Outsiders::new(server)?)?;
    let (cpu, begun) = (cpu_of_tree(server.id()), crowd.now());
    let mut count = Count::default();
    let (mut next, mut seconds, mut latest) = (0, [0.0; 2], begun);
    while seconds[1] == 0.0 && crowd.lost == 0 && latest < begun + PATIENCE {
        // A few at a time, so that this end reads as well while it speaks.
        for number in next..COMERS.min(next + 64) {
            crowd.say(number, &format!("JOIN {CHANNEL}\r\n"));
        }
        next = COMERS.min(next + 64);
        let before = count;
        let pause = if next < COMERS { Duration::ZERO } else { SILENCE };
        crowd.listen(pause, |_, _, heard| count.add(heard))?;
        let now = crowd.now();
        if count.joined == COMERS && seconds[0] == 0.0 {
            seconds[0] = (now - begun).as_secs_f64();
        }
        if count.joined == COMERS && count.came == COMERS * (COMERS + 1) / 2 {
            seconds[1] = (now - begun).as_secs_f64();
        }
        latest = if count == before { latest } else { now };
        if now > latest + SILENCE {
            return Err(io::Error::other(format!("nothing more comes: {count:?}")));
        }
    }
    let cpu = cpu_of_tree(server.id()).saturating_sub(cpu).as_secs_f64();
    let waited = crowd.unwatch()?;
    Ok(Rush { seconds, cpu, peak: peak_of(server.id()), waited, lost: crowd.lost })
}
