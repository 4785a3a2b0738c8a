//! Very many ports: all of them, and all of 65,536 hosts.

use std::io::{BufRead, BufReader};
use std::time::Duration;

use testkit::{Namespace, Program};

use crate::{COAX, scan};

/// Scans all ports of `host`; exactly `open` are, and the rest is closed.
#[track_caller]
fn finds(scan: Program, host: &str, open: &[u16]) {
    let outcome = scan.args(["-p", "-", host]).deadline(Duration::from_secs(60)).run().exits(0);
    let (count, closed) = (open.len(), 65_535 - open.len());
    let wanted =
        format!("65535 probed: {count} open, {closed} closed, 0 filtered, 0 inconclusive in ");
    assert!(outcome.err().starts_with(&wanted), "{}", outcome.shown());
    let port = |line: &str| {
        let place = line.split_whitespace().next().unwrap();
        place.rsplit(':').next().unwrap().parse::<u16>().unwrap()
    };
    let mut found = outcome.out().lines().map(port).collect::<Vec<_>>();
    found.sort_unstable();
    assert_eq!(found, open, "{host}");
}

const OPEN: [u16; 4] = [1, 8080, 40_000, 65_535];

#[test]
fn all_ports_are_told_right() {
    let Some(alone) = Namespace::or_skip() else { return };
    let _server = alone.listens(&OPEN);
    finds(scan(&alone), "127.0.0.1", &OPEN);
}

#[test]
fn sixty_four_descriptors_are_enough_for_all_ports() {
    let Some(alone) = Namespace::or_skip() else { return };
    let Some(prlimit) = testkit::peer_or_skip("prlimit") else { return };
    let _server = alone.listens(&OPEN);
    let poor = alone.program(prlimit).args(["--nofile=64:64", COAX, "scan"]);
    finds(poor, "::1", &OPEN);
}

/// Counts the open ports a scan tells, and gives with it the last line and the most memory it had.
/// Its memory is read as its lines are; the pipe holds little, so the last reading is of nearly
/// the whole scan.
fn measured(scan: Program) -> (u64, String, u64) {
    let mut running = scan.hold_stdout().deadline(Duration::from_secs(60)).start();
    let status = format!("/proc/{}/status", running.pid());
    let (mut open, mut most) = (0, 0);
    for line in BufReader::new(running.take_stdout()).lines() {
        open += u64::from(line.unwrap().contains(":80 "));
        if open % 100 == 0 {
            most = most.max(peak(&status));
        }
    }
    let summary = running.wait().exits(0).err();
    (open, summary, most)
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
    let run = |targets: &str| measured(scan(&alone).args(["-p", "22,80,443", targets]));
    let (_, _, few) = run("127.7.0.0/20");
    let (open, summary, many) = run("127.7.0.0/16");
    assert_eq!(open, 65_536);
    let wanted = "196608 probed: 65536 open, 131072 closed, 0 filtered, 0 inconclusive in ";
    assert!(summary.starts_with(wanted), "{summary}");
    assert!(few > 0 && many < few + 4096, "16 times the hosts took {many} KiB instead of {few}");
    assert!(many < 48 << 10, "{many} KiB, much of it the debug build itself");
}
