//! A network of 65,536 addresses, beside one of 256: memory must not grow with it.

use std::net::{Ipv4Addr, SocketAddr};

use super::Wish;
use super::answer::{Format, State};
use super::scanner::{Question, Scanner, leave_out, take_turns};
use super::space::Space;
use super::world::Listeners;
use crate::bench::table::{Cell, Table};

const ROUNDS: usize = 3;
/// Three of each address.
const PORTS: [u16; 3] = [22, 80, 443];
/// Both networks begin at 127.1.0.0.
const NETWORKS: [(&str, u32); 2] = [("127.1.0.0/24", 256), ("127.1.0.0/16", 65_536)];
const FIRST: u32 = 0x7f01_0000;
/// Somebody listens at each of these, by its place in the network.
const OPEN: [(u32, u16); 6] =
    [(0, 22), (1, 80), (200, 443), (256, 22), (40_000, 80), (65_535, 443)];

const COLUMNS: [&str; 9] =
    ["network", "ports", "s", "ports/s", "CPU s", "peak MiB", "open found", "missed", "false"];

pub(super) fn run(wish: &Wish) -> Result<Table, String> {
    let rounds = wish.runs.unwrap_or(ROUNDS);
    let title = format!(
        "scan network: {} ports of each loopback address, every verdict told, in a network \
         namespace of its own, median of {rounds}",
        PORTS.len()
    );
    let mut table = Table::new(title, &COLUMNS);
    let space = Space::new()?;
    let places = OPEN.map(|(number, port)| at(number, port)).to_vec();
    space.inside(|| {
        let open = Open { listeners: Listeners::open(&places)?, places };
        NETWORKS.into_iter().for_each(|network| measure(network, rounds, &open, &mut table));
        Ok(())
    })?;
    table.notes.push("goal: the /16 has a peak like the /24, and no verdict is false".to_owned());
    Ok(table)
}

/// The listeners, and where they are.
struct Open {
    places: Vec<SocketAddr>,
    listeners: Listeners,
}

fn measure((network, addresses): (&str, u32), rounds: usize, open: &Open, table: &mut Table) {
    let numbers = 0..addresses;
    let asked = numbers.flat_map(|number| PORTS.map(|port| at(number, port))).collect::<Vec<_>>();
    let truth = |place| match open.places.contains(&place) {
        true => State::Open,
        false => State::Closed,
    };
    let question = Question { asked: &asked, truth: &truth };
    let words = format!("-p 22,80,443 {network} --json --all-states");
    let scanners = [Scanner::coax(&words, Format::Json).named(network)];
    let all = take_turns(&scanners, rounds, &question, || open.listeners.drain());
    for turns in &all {
        if let Some(why) = turns.out() {
            leave_out(network, why, table);
            continue;
        }
        table.rows.push(vec![
            Cell::text(network),
            Cell::Number(asked.len() as f64, 0),
            Cell::Number(turns.seconds(), 2),
            Cell::Number(asked.len() as f64 / turns.seconds(), 0),
            Cell::Number(turns.cpu(), 2),
            Cell::Number(turns.peak(), 1),
            Cell::Number(
                turns.all.iter().map(|turn| turn.judged.found).min().unwrap_or(0) as f64,
                0,
            ),
            Cell::Number(turns.missed() as f64, 0),
            Cell::Number(turns.wrong() as f64, 0),
        ]);
    }
}

fn at(number: u32, port: u16) -> SocketAddr {
    (Ipv4Addr::from(FIRST + number), port).into()
}
