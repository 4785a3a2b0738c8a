//! A million SYN packets over a virtual cable: how many a second, and is the answer right.
//!
//! The packets are counted where they leave, from the first to the last: what a scanner waits for
//! before and after is no part of its rate, and is in its time.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use super::Wish;
use super::answer::{Format, State};
use super::scanner::{Question, Scanner, Turn, leave_out};
use super::world::{FAR, Listeners, World};
use crate::bench::table::{Cell, Table};
use crate::bench::{median, quantile};

const ROUNDS: usize = 3;
/// Sixteen addresses of the far end, all their ports.
const NETWORK: &str = "10.78.0.0/28";
const FIRST: Ipv4Addr = Ipv4Addr::new(10, 78, 0, 0);
const ADDRESSES: u8 = 16;
/// Open, one at each address.
const OPEN: [u16; 4] = [22, 2222, 22_222, 65_535];
/// More than any machine sends.
const RATE: u32 = 10_000_000;
const GLANCE: Duration = Duration::from_millis(2);

const COLUMNS: [&str; 8] =
    ["scanner", "ports/s", "coax is", "packets", "s in all", "CPU s", "open missed", "false"];

/// A turn, the packets that left, and the ports asked in each second of these.
struct Sent {
    turn: Turn,
    packets: f64,
    rate: f64,
}

pub(super) fn run(wish: &Wish) -> Result<Table, String> {
    let rounds = wish.runs.unwrap_or(ROUNDS);
    let world = World::new(0)?;
    world.far.call("ip", &format!("route add local {NETWORK} dev lo"))?;
    world.near.call("ip", &format!("route add default via {FAR}"))?;
    let open = (0..ADDRESSES).map(|number| at(number, OPEN[usize::from(number) % OPEN.len()]));
    let open = open.collect::<Vec<_>>();
    let asked = (0..ADDRESSES)
        .flat_map(|number| (1..=u16::MAX).map(move |port| at(number, port)))
        .collect::<Vec<_>>();
    let truth = |place| if open.contains(&place) { State::Open } else { State::Closed };
    let question = Question { asked: &asked, truth: &truth };
    let listeners = world.far.inside(|| Listeners::open(&open))?;
    let scanners = [
        Scanner::coax(&format!("--syn -p - {NETWORK}"), Format::Lines),
        Scanner::masscan(&format!("-p1-65535 {NETWORK} --rate {RATE} --wait 2 -e near -oL -")),
    ];
    let all = take_turns(&scanners, rounds, |scanner| {
        listeners.drain();
        world.near.inside(|| turn(scanner, &question))
    });
    let title = format!(
        "scan syn: SYN packets to all ports of {ADDRESSES} addresses between two network \
         namespaces of their own, median of {rounds}"
    );
    Ok(report(Table::new(title, &COLUMNS), &scanners, all))
}

type Turns = Vec<Result<Sent, String>>;

fn take_turns(
    scanners: &[Scanner],
    rounds: usize,
    turn: impl Fn(&Scanner) -> Result<Sent, String>,
) -> Vec<Turns> {
    let mut all = scanners.iter().map(|_| Vec::new()).collect::<Vec<Turns>>();
    for round in 0..rounds {
        for (scanner, turns) in scanners.iter().zip(&mut all) {
            if scanner.missing().is_none() && turns.iter().all(Result::is_ok) {
                eprintln!("round {} of {rounds}: {}", round + 1, scanner.name);
                turns.push(turn(scanner));
            }
        }
    }
    all
}

fn turn(scanner: &Scanner, question: &Question<'_>) -> Result<Sent, String> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let counter = scope.spawn(|| count(&done));
        let turn = scanner.turn(question);
        done.store(true, Relaxed);
        let (packets, seconds) = counter.join().map_err(|_| "a counter failed".to_owned())?;
        let rate = question.asked.len() as f64 / seconds.max(1e-3);
        Ok(Sent { turn: turn?, packets, rate })
    })
}

/// Packets that left by the cable until all is done, and the time from the first to the last.
fn count(done: &AtomicBool) -> (f64, f64) {
    let before = sent();
    let (mut last, mut first_at, mut last_at) = (before, None, Instant::now());
    while !done.load(Relaxed) {
        let (now, at) = (sent(), Instant::now());
        // A few are not the scan yet, or not any more: the neighbour's address, resets.
        if now > last + 8 {
            first_at.get_or_insert(at);
            (last, last_at) = (now, at);
        }
        thread::sleep(GLANCE);
    }
    let seconds = first_at.map_or(0.0, |first| (last_at - first).as_secs_f64());
    ((last - before) as f64, seconds)
}

/// Packets that left by the cable so far.
fn sent() -> u64 {
    let text = fs::read_to_string("/proc/thread-self/net/dev").unwrap_or_default();
    let line = text.lines().find_map(|line| line.trim_start().strip_prefix("near:"));
    // proc_pid_net(5): eight numbers of what came, then bytes and packets of what left.
    let number = line.and_then(|line| line.split_whitespace().nth(9));
    number.and_then(|word| word.parse().ok()).unwrap_or_default()
}

fn report(mut table: Table, scanners: &[Scanner], all: Vec<Turns>) -> Table {
    let mut first = None::<f64>;
    for (scanner, turns) in scanners.iter().zip(all) {
        let turns = turns.into_iter().collect::<Result<Vec<_>, _>>();
        let turns = match (scanner.missing(), turns) {
            (None, Ok(turns)) => turns,
            (Some(why), _) | (None, Err(why)) => {
                leave_out(&scanner.name, &why, &mut table);
                continue;
            }
        };
        let of =
            |what: &dyn Fn(&Sent) -> f64| median(&mut turns.iter().map(what).collect::<Vec<_>>());
        let rate = of(&|sent| sent.rate);
        let most = |what: &dyn Fn(&Sent) -> usize| {
            quantile(&mut turns.iter().map(|sent| what(sent) as f64).collect::<Vec<_>>(), 1.0)
        };
        if scanner.name == "coax" {
            first = Some(rate);
        }
        let ratio = first.map_or("-".to_owned(), |coax| format!("{:.2} ×", coax / rate));
        table.rows.push(vec![
            Cell::text(&*scanner.name),
            Cell::Number(rate, 0),
            Cell::text(ratio),
            Cell::Number(of(&|sent| sent.packets), 0),
            Cell::Number(of(&|sent| sent.turn.seconds), 2),
            Cell::Number(of(&|sent| sent.turn.usage.cpu.as_secs_f64()), 2),
            Cell::Number(most(&|sent| sent.turn.judged.missed), 0),
            Cell::Number(most(&|sent| sent.turn.judged.wrong), 0),
        ]);
    }
    table.notes.push(
        "ports/s: ports asked, by the time from the first packet to the last; packets: all that \
         left, what was sent again and resets included"
            .to_owned(),
    );
    table
}

fn at(number: u8, port: u16) -> SocketAddr {
    let [a, b, c, d] = FIRST.octets();
    (Ipv4Addr::new(a, b, c, d + number), port).into()
}
