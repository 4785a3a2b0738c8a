//! All TCP ports of 127.0.0.1, by connections.

use std::net::{Ipv4Addr, SocketAddr};

use super::Wish;
use super::answer::{Format, State};
use super::scanner::{Question, Scanner, Turns, leave_out, take_turns};
use super::space::Space;
use super::world::Listeners;
use crate::bench::table::{Cell, Table};

const ROUNDS: usize = 7;
/// At the ends and in the middle, one of them where the system takes its own ports from.
const OPEN: [u16; 3] = [1, 22_222, 65_535];
/// RustScan's batches; the best counts.
const BATCHES: [&str; 6] = ["300", "1000", "3000", "4500", "10000", "19000"];

const COLUMNS: [&str; 9] =
    ["scanner", "s", "ports/s", "coax is", "CPU s", "by CPU", "peak MiB", "open found", "false"];

pub(super) fn run(wish: &Wish) -> Result<Table, String> {
    let rounds = wish.runs.unwrap_or(ROUNDS);
    let space = Space::new()?;
    let places = OPEN.map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
    let asked = (1..=u16::MAX).map(|port| (Ipv4Addr::LOCALHOST, port).into()).collect::<Vec<_>>();
    let truth = |place| if places.contains(&place) { State::Open } else { State::Closed };
    let question = Question { asked: &asked, truth: &truth };
    let scanners = scanners()?;
    let all = space.inside(|| {
        let listeners = Listeners::open(&places)?;
        Ok(take_turns(&scanners, rounds, &question, || listeners.drain()))
    })?;
    let title = format!(
        "scan loopback: all 65,535 TCP ports of 127.0.0.1 by connections, in a network namespace \
         of its own, median of {rounds}"
    );
    Ok(report(Table::new(title, &COLUMNS), &scanners, &all))
}

fn scanners() -> Result<Vec<Scanner>, String> {
    let mut scanners = vec![
        Scanner::coax("-p - 127.0.0.1", Format::Lines),
        Scanner::bare()?,
        Scanner::nmap("-T5", "-p- 127.0.0.1"),
    ];
    let batch = |batch: &&str| Scanner::rustscan(&format!("-b {batch}"), "-a 127.0.0.1 -r 1-65535");
    scanners.extend(BATCHES.iter().map(batch));
    Ok(scanners)
}

fn report(mut table: Table, scanners: &[Scanner], all: &[Turns]) -> Table {
    let (first, first_cpu) = all.first().map_or((0.0, 0.0), |it| (it.seconds(), it.cpu()));
    for (scanner, turns) in scanners.iter().zip(all) {
        if let Some(why) = turns.out() {
            leave_out(&scanner.name, why, &mut table);
            continue;
        }
        let open = turns.all.iter().map(|turn| turn.judged.found).min().unwrap_or_default();
        let said = |text: String| match scanner.format {
            Format::Silent => Cell::text("-"),
            _ => Cell::text(text),
        };
        table.rows.push(vec![
            Cell::text(&*scanner.name),
            Cell::Number(turns.seconds(), 3),
            Cell::Number(65_535.0 / turns.seconds(), 0),
            Cell::text(format!("{:.2} ×", turns.seconds() / first)),
            Cell::Number(turns.cpu(), 2),
            Cell::text(format!("{:.2} ×", turns.cpu() / first_cpu)),
            Cell::Number(turns.peak(), 1),
            said(format!("{open} of {}", OPEN.len())),
            said(turns.wrong().to_string()),
        ]);
    }
    let goals = "goals: 2 × nmap, 5 × the best of RustScan, 0.8 × the bare loop, under 32 MiB";
    let read = "found: the fewest of any run; false: verdicts of all runs that are not true";
    table.notes.extend([goals, read].map(str::to_owned));
    table
}
