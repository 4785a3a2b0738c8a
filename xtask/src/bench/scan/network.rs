//! A network of 65,536 addresses, beside one of 256: memory must not grow with it.

use std::net::{Ipv4Addr, SocketAddr};

use super::Wish;
use super::answer::{Format, State};
use super::scanner::{Question, Scanner, take_turns};
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
    ["network", "ports", "s", "ports/s", "CPU s", "peak MiB", "open", "missed", "false"];

pub(super) fn run(wish: &Wish) -> Result<Table, String> {
    let rounds = wish.runs.unwrap_or(ROUNDS);
    let title = format!(
        "scan network: {} ports of each loopback address, every verdict told, in a network \
         namespace of its own, median of {rounds}",
        PORTS.len()
    );
    let mut table = Table::new(title, &COLUMNS);
    let space = Space::new()?;
    let places = OPEN.map(|(number, port)| at(number, port));
    space.inside(|| {
        let listeners = Listeners::open(&places)?;
        for (network, addresses) in NETWORKS {
            table.rows.push(measure(network, addresses, rounds, &places, &listeners)?);
        }
        Ok(())
    })?;
    table.notes.push("goal: the /16 has a peak like the /24, and no verdict is false".to_owned());
    Ok(table)
}

fn measure(
    network: &str,
    addresses: u32,
    rounds: usize,
    places: &[SocketAddr],
    listeners: &Listeners,
) -> Result<Vec<Cell>, String> {
    let numbers = 0..addresses;
    let asked = numbers.flat_map(|number| PORTS.map(|port| at(number, port))).collect::<Vec<_>>();
    let truth = |place| if places.contains(&place) { State::Open } else { State::Closed };
    let question = Question { asked: &asked, truth: &truth };
    let words = format!("-p 22,80,443 {network} --json --all-states");
    let scanner = [Scanner::coax(&words, Format::Json).named(network)];
    let all = take_turns(&scanner, rounds, &question, || listeners.drain())?;
    let turns = all.first().ok_or("one scanner has turns")?;
    let open = asked.iter().filter(|&&place| truth(place) == State::Open).count();
    Ok(vec![
        Cell::text(network),
        Cell::Number(asked.len() as f64, 0),
        Cell::Number(turns.seconds(), 2),
        Cell::Number(asked.len() as f64 / turns.seconds(), 0),
        Cell::Number(turns.cpu(), 2),
        Cell::Number(turns.peak(), 1),
        Cell::Number(open as f64, 0),
        Cell::Number(turns.missed() as f64, 0),
        Cell::Number(turns.wrong() as f64, 0),
    ])
}

fn at(number: u32, port: u16) -> SocketAddr {
    (Ipv4Addr::from(FIRST + number), port).into()
}
