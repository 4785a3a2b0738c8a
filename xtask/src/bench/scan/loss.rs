//! Ten thousand ports behind a cable that loses two packets of a hundred each way.

use std::net::SocketAddr;

use super::Wish;
use super::answer::Format;
use super::scanner::{Question, Scanner, Turns, leave_out, take_turns};
use super::world::{FAR, OPEN, PORTS, World, truth_at};
use crate::bench::table::{Cell, Table};

/// The claim is about a hundred.
const RUNS: usize = 5;
const LOSS: u8 = 2;
/// RustScan as it comes, and in one batch.
const SETTINGS: [&str; 2] = ["-b 4500", "-b 10000"];
/// The same with a second try, which is as long again: not in all of very many runs.
const TWICE: &str = "-b 10000 --tries 2";
const RUNS_OF_TWICE: usize = 20;

const COLUMNS: [&str; 9] = [
    "scanner",
    "runs",
    "found all",
    "ports missed",
    "false",
    "median s",
    "worst s",
    "CPU s",
    "MiB",
];

pub(super) fn run(wish: &Wish) -> Result<Table, String> {
    let runs = wish.runs.unwrap_or(RUNS);
    let world = World::new(LOSS)?;
    let asked = (1..=PORTS).map(|port| (FAR, port).into()).collect::<Vec<SocketAddr>>();
    let question = Question { asked: &asked, truth: &truth_at };
    let scanners = scanners(wish.slow);
    let all = world.near.inside(|| Ok(take_turns(&scanners, runs, &question, || world.tidy())))?;
    let title = format!(
        "scan loss: {OPEN} open ports in {PORTS}, 5000 filtered, {LOSS} % of packets lost each \
         way, between two network namespaces of their own"
    );
    let mut table = report(Table::new(title, &COLUMNS), &scanners, &all);
    if !wish.slow {
        let why = "left out: it needs over 200 s; --slow gives it one run";
        leave_out("nmap -sT -T4", why, &mut table);
    }
    Ok(table)
}

fn scanners(slow: bool) -> Vec<Scanner> {
    let coax = Scanner::coax(&format!("-p 1-{PORTS} {FAR} --json --all-states"), Format::Json);
    let words = format!("-a {FAR} -r 1-{PORTS}");
    let rustscan = SETTINGS.map(|settings| Scanner::rustscan(settings, &words));
    let twice = Scanner::rustscan(TWICE, &words).at_most(RUNS_OF_TWICE);
    let nmap = Scanner::nmap("-T4", &format!("-p 1-{PORTS} {FAR}")).at_most(1);
    std::iter::once(coax).chain(rustscan).chain([twice]).chain(slow.then_some(nmap)).collect()
}

fn report(mut table: Table, scanners: &[Scanner], all: &[Turns]) -> Table {
    for (scanner, turns) in scanners.iter().zip(all) {
        if let Some(why) = turns.out() {
            leave_out(&scanner.name, why, &mut table);
            continue;
        }
        table.rows.push(vec![
            Cell::text(&*scanner.name),
            Cell::Number(turns.all.len() as f64, 0),
            Cell::Number(turns.complete() as f64, 0),
            Cell::Number(turns.missed() as f64, 0),
            Cell::Number(turns.wrong() as f64, 0),
            Cell::Number(turns.seconds(), 2),
            Cell::Number(turns.worst(), 2),
            Cell::Number(turns.cpu(), 2),
            Cell::Number(turns.peak(), 1),
        ]);
    }
    table.notes.push(
        "found all: runs that found every open port; false: verdicts that are not true, of every \
         port for coax and nmap, of the ports said to be open for RustScan, which says no other"
            .to_owned(),
    );
    table
}
