//! The same scans with 64 descriptors and with as many as there are: slower, the same answers.

use std::net::{Ipv4Addr, SocketAddr};

use super::Wish;
use super::answer::{Format, State};
use super::scanner::{Question, Scanner, Turns, leave_out, take_turns};
use super::space::Space;
use super::world::{FAR, Listeners, World, truth_at};
use crate::bench::table::{Cell, Table};

const ROUNDS: usize = 3;
const FEW: u32 = 64;
/// Of the far end, where half are filtered and hold a descriptor for a while.
const PORTS: u16 = 1000;
/// Of the loopback.
const OPEN: u16 = 22_222;

const COLUMNS: [&str; 7] = ["scan", "descriptors", "s", "worst s", "peak MiB", "missed", "false"];

pub(super) fn run(wish: &Wish) -> Result<Table, String> {
    let rounds = wish.runs.unwrap_or(ROUNDS);
    let title = format!(
        "scan few: ulimit -n {FEW} beside no limit, every verdict told, in network namespaces of \
         their own, median of {rounds}"
    );
    let mut table = Table::new(title, &COLUMNS);
    all_ports(rounds, &mut table)?;
    filtered_ports(rounds, &mut table)?;
    table.notes.push("goal: no verdict is false in either".to_owned());
    Ok(table)
}

fn all_ports(rounds: usize, table: &mut Table) -> Result<(), String> {
    let asked = (1..=u16::MAX).map(|port| (Ipv4Addr::LOCALHOST, port).into()).collect::<Vec<_>>();
    let open = SocketAddr::from((Ipv4Addr::LOCALHOST, OPEN));
    let truth = |place| if place == open { State::Open } else { State::Closed };
    let question = Question { asked: &asked, truth: &truth };
    let scanners = both("-p - 127.0.0.1 --json --all-states");
    let all = Space::new()?.inside(|| {
        let listeners = Listeners::open(&[open])?;
        Ok(take_turns(&scanners, rounds, &question, || listeners.drain()))
    })?;
    report("all of 127.0.0.1", &scanners, &all, table);
    Ok(())
}

fn filtered_ports(rounds: usize, table: &mut Table) -> Result<(), String> {
    let world = World::new(0)?;
    let asked = (1..=PORTS).map(|port| (FAR, port).into()).collect::<Vec<SocketAddr>>();
    let question = Question { asked: &asked, truth: &truth_at };
    let scanners = both(&format!("-p 1-{PORTS} {FAR} --json --all-states"));
    let all =
        world.near.inside(|| Ok(take_turns(&scanners, rounds, &question, || world.tidy())))?;
    report("1000, half filtered", &scanners, &all, table);
    Ok(())
}

fn both(words: &str) -> [Scanner; 2] {
    let coax = || Scanner::coax(words, Format::Json);
    [coax().named("no limit"), coax().with_descriptors(FEW).named("64")]
}

fn report(what: &str, scanners: &[Scanner], all: &[Turns], table: &mut Table) {
    for (scanner, turns) in scanners.iter().zip(all) {
        if let Some(why) = turns.out() {
            leave_out(&scanner.name, why, table);
            continue;
        }
        table.rows.push(vec![
            Cell::text(what),
            Cell::text(&*scanner.name),
            Cell::Number(turns.seconds(), 2),
            Cell::Number(turns.worst(), 2),
            Cell::Number(turns.peak(), 1),
            Cell::Number(turns.missed() as f64, 0),
            Cell::Number(turns.wrong() as f64, 0),
        ]);
    }
}
