//! A network in which few hosts are, as most are: who is there is found out first.
//!
//! Ten of 256 addresses answer, with three ports open on each, and the hundred ports most worth asking
//! are asked: on a cable, where the others tell no hardware address, and behind a line, where they drop
//! everything. The line is one of testkit's.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use testkit::{FarHosts, Line};

use super::Wish;
use super::answer::{Format, State};
use super::scanner::{Question, Scanner, leave_out, take_turns};
use super::space::{Space, inside_of};
use super::world::Listeners;
use crate::bench::table::{Cell, Table};

const ROUNDS: usize = 5;
const OPEN: [u16; 3] = [22, 80, 443];
/// The first address of each network.
const CABLE: Ipv4Addr = Ipv4Addr::new(10, 77, 1, 0);
const CABLE6: Ipv6Addr = Ipv6Addr::new(0xfd77, 0, 0, 0, 0, 0, 0, 0x100);
const BEHIND: Ipv4Addr = Ipv4Addr::new(10, 79, 0, 0);
/// Who is there, by the place in the network.
const THERE: std::ops::Range<u32> = 21..31;
/// Packets of a hundred that are lost on the line.
const LOSS: [f64; 2] = [0.0, 2.0];

const COLUMNS: [&str; 8] =
    ["network", "scanner", "s", "worst s", "CPU s", "peak MiB", "open found", "missed"];

pub(super) fn run(wish: &Wish) -> Result<Table, String> {
    let rounds = wish.runs.unwrap_or(ROUNDS);
    let title = format!(
        "scan hosts: 256 addresses of which ten are there, three ports open on each, top 100 ports, \
         in network namespaces of their own, median of {rounds}"
    );
    let mut table = Table::new(title, &COLUMNS);
    cables(rounds, &mut table)?;
    LOSS.into_iter().try_for_each(|loss| behind_a_line(loss, rounds, &mut table))?;
    table.notes.push(
        "goal: coax and coax --syn take no longer than nmap, which finds hosts first too; the others \
         ask every address"
            .to_owned(),
    );
    Ok(table)
}

fn cables(rounds: usize, table: &mut Table) -> Result<(), String> {
    let (near, far) = (Space::new()?, Space::new()?);
    near.call("ip", &format!("link add near type veth peer name far netns {}", far.id()))?;
    for (space, name, last) in [(&near, "near", 1), (&far, "far", 2)] {
        space.call("ip", &format!("address add 10.77.0.{last}/16 dev {name}"))?;
        space.call("ip", &format!("address add fd77::{last}/64 dev {name} nodad"))?;
        space.call("ip", &format!("link set {name} up"))?;
    }
    for (name, network, first) in [
        ("cable", "10.77.1.0/24", IpAddr::V4(CABLE)),
        ("cable, IPv6", "fd77::100/120", IpAddr::V6(CABLE6)),
    ] {
        let hosts = THERE.map(|place| at(first, place)).collect::<Vec<_>>();
        for host in &hosts {
            let length = if host.is_ipv4() { 16 } else { 64 };
            let nodad = if host.is_ipv4() { "" } else { " nodad" };
            far.call("ip", &format!("address add {host}/{length} dev far{nodad}"))?;
        }
        let listeners = far.inside(|| Listeners::open(&places(&hosts)))?;
        near.inside(|| {
            measure(name, network, &hosts, rounds, table, || {
                listeners.drain();
                // Each turn finds out for itself. Where that fails the next one is a little faster.
                let _ = near.call("ip", "neighbour flush all");
            });
            Ok(())
        })?;
    }
    Ok(())
}

fn behind_a_line(loss: f64, rounds: usize, table: &mut Table) -> Result<(), String> {
    let (delay, jitter) = (Duration::from_millis(20), Duration::from_millis(5));
    let line = Line { delay, jitter, loss, rate: 0 };
    let hosts = FarHosts::or_skip(line).ok_or("a line needs /dev/net/tun: sudo modprobe tun")?;
    hosts.client.sh("ip route add 10.79.0.0/24 dev line");
    let there = THERE.map(|place| at(BEHIND.into(), place)).collect::<Vec<_>>();
    for host in &there {
        hosts.server.sh(&format!("ip address add {host}/32 dev lo"));
    }
    let listeners = inside_of(hosts.server.pid(), || Listeners::open(&places(&there)))?;
    inside_of(hosts.client.pid(), || {
        let name = format!("20 ms, {loss} % lost");
        measure(&name, "10.79.0.0/24", &there, rounds, table, || listeners.drain());
        Ok(())
    })
}

fn measure(
    name: &str,
    network: &str,
    hosts: &[IpAddr],
    rounds: usize,
    table: &mut Table,
    tidy: impl Fn(),
) {
    let places = places(hosts);
    let open = places.iter().copied().collect::<HashSet<SocketAddr>>();
    let truth = |place| if open.contains(&place) { State::Open } else { State::Closed };
    let question = Question { asked: &places, truth: &truth };
    let words = format!("-p top:100 {network}");
    let v6 = if network.contains(':') { "-6 " } else { "" };
    let coax = |more: &str| {
        let scanner = Scanner::coax(&format!("{words}{more}"), Format::Lines);
        scanner.named(&format!("coax{more}"))
    };
    let scanners = [
        coax(""),
        coax(" --syn"),
        coax(" --all-hosts"),
        Scanner::nmap_that_finds(&format!("{v6}--top-ports 100 {network}")),
    ];
    let all = take_turns(&scanners, rounds, &question, tidy);
    for (scanner, turns) in scanners.iter().zip(&all) {
        if let Some(why) = turns.out() {
            leave_out(&scanner.name, why, table);
            continue;
        }
        let found = turns.all.iter().map(|turn| turn.judged.found).min().unwrap_or(0);
        table.rows.push(vec![
            Cell::text(name),
            Cell::text(&*scanner.name),
            Cell::Number(turns.seconds(), 2),
            Cell::Number(turns.worst(), 2),
            Cell::Number(turns.cpu(), 2),
            Cell::Number(turns.peak(), 1),
            Cell::Number(found as f64, 0),
            Cell::Number(turns.missed() as f64, 0),
        ]);
    }
}

fn at(first: IpAddr, place: u32) -> IpAddr {
    match first {
        IpAddr::V4(first) => Ipv4Addr::from(first.to_bits() + place).into(),
        IpAddr::V6(first) => Ipv6Addr::from(first.to_bits() + u128::from(place)).into(),
    }
}

fn places(hosts: &[IpAddr]) -> Vec<SocketAddr> {
    hosts.iter().flat_map(|&host| OPEN.map(|port| SocketAddr::new(host, port))).collect()
}
