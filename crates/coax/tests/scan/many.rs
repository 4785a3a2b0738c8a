//! Very many ports: all of them, and all of 65,536 hosts.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::time::Duration;

use testkit::{Namespace, Program};

use crate::{COAX, scan};

#[test]
fn all_ports_of_both_loopbacks_are_told_right() {
    let Some(alone) = Namespace::or_skip() else { return };
    let open = [1, 8080, 40_000, 65_535];
    let _server = alone.listens(&open);
    for host in ["127.0.0.1", "::1"] {
        let outcome = scan(&alone).args(["-p", "-", host]).run().exits(0);
        let wanted = "65535 probed: 4 open, 65531 closed, 0 filtered, 0 inconclusive in ";
        assert!(outcome.err().starts_with(wanted), "{}", outcome.shown());
        let port = |line: &str| {
            let place = line.split_whitespace().next().unwrap();
            place.rsplit(':').next().unwrap().parse::<u16>().unwrap()
        };
        let mut found = outcome.out().lines().map(port).collect::<Vec<_>>();
        found.sort_unstable();
        assert_eq!(found, open);
    }
}

/// Counts the verdicts of a scan, and gives with them the most memory it had. Its memory is read
/// as its lines are; the pipe holds little, so the last reading is of nearly the whole scan.
fn measured(scan: Program) -> (BTreeMap<String, u64>, u64) {
    let mut running = scan.hold_stdout().start();
    let status = format!("/proc/{}/status", running.pid());
    let (mut counts, mut most) = (BTreeMap::new(), 0);
    for (number, line) in BufReader::new(running.take_stdout()).lines().enumerate() {
        let line = line.unwrap();
        let field = |name: &str| {
            let (_, rest) = line.split_once(&format!("\"{name}\":"))?;
            rest.split([',', '}']).next()
        };
        if let (Some(port), Some(state)) = (field("port"), field("state")) {
            *counts.entry(format!("{port} {}", state.trim_matches('"'))).or_default() += 1;
        }
        if number % 100 == 0 {
            most = most.max(peak(&status));
        }
    }
    running.wait().exits(0);
    (counts, most)
}

/// The most memory so far, in KiB; 0 when the process is gone.
fn peak(status: &str) -> u64 {
    let text = std::fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    line.trim().trim_end_matches(" kB").parse().unwrap_or_default()
}

#[test]
fn sixty_five_thousand_hosts_take_no_more_memory_than_four_thousand() {
    let Some(alone) = Namespace::or_skip() else { return };
    let _server = alone.listens(&[80]);
    let run = |targets: &str| {
        let args = ["-p", "22,80,443", targets, "--json", "--all-states"];
        measured(scan(&alone).args(args).deadline(Duration::from_secs(60)))
    };
    let (_, few) = run("127.7.0.0/20");
    let (counts, many) = run("127.7.0.0/16");
    let each = |text: &str| (text.to_owned(), 65_536);
    let wanted = [each("22 closed"), each("443 closed"), each("80 open")];
    assert_eq!(counts, BTreeMap::from(wanted));
    assert!(few > 0 && many > 0, "{few} and {many} KiB");
    assert!(many < few + 4096, "16 times the hosts took {many} KiB instead of {few}");
    assert!(many < 32 << 10, "{many} KiB");
}

#[test]
fn sixty_four_descriptors_are_enough_for_all_ports() {
    let Some(alone) = Namespace::or_skip() else { return };
    let Some(prlimit) = testkit::peer_or_skip("prlimit") else { return };
    let _server = alone.listens(&[80, 50_000]);
    let poor = alone.program(prlimit).args(["--nofile=64:64", COAX, "scan", "-p", "-"]);
    let outcome = poor.arg("127.0.0.1").run().exits(0);
    let wanted = "65535 probed: 2 open, 65533 closed, 0 filtered, 0 inconclusive in ";
    assert!(outcome.err().starts_with(wanted), "{}", outcome.shown());
}
