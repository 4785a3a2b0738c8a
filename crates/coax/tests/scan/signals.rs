//! A scan that is ended in the middle says how far it came.

use std::time::Duration;

use rustix::process::Signal;
use testkit::{Namespace, Program};

use crate::{COAX, events, scan};

/// So slow that it is always in the middle.
const LONG: [&str; 8] =
    ["-p", "-", "127.0.0.0/24", "--rate", "1000", "--all-states", "--order", "serial"];

#[test]
fn a_signal_ends_it_with_the_summary_so_far() {
    let Some(alone) = Namespace::or_skip() else { return };
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let running = scan(&alone).args(LONG).arg("--json").start();
        running.expect_bytes(20_000);
        running.signal(signal);
        let outcome = running.wait().exits(code).speaks_plainly();
        let summary = events(&outcome, "scan-summary").pop().unwrap();
        assert_eq!(summary["interrupted"], true);
        let told = events(&outcome, "port").len() as u64;
        assert_eq!(summary["probed"], told, "what was counted was told");
        assert!((20..summary["total"].as_u64().unwrap()).contains(&told), "{summary}");
        assert_eq!(summary["closed"], told);
    }
}

#[test]
fn a_person_is_told_how_far_it_came() {
    let Some(alone) = Namespace::or_skip() else { return };
    let running = scan(&alone).args(LONG).start();
    running.expect_out("127.0.0.0:20 ");
    running.signal(Signal::INT);
    let outcome = running.wait().exits(130);
    let err = outcome.err();
    assert!(err.contains("interrupted after ") && err.contains(" of 16776960 ports"), "{err}");
    assert!(err.contains(" probed: 0 open, "), "{err}");
}

#[test]
fn a_second_signal_ends_it_at_once_though_nobody_reads() {
    let Some(alone) = Namespace::or_skip() else { return };
    let quick = ["-p", "-", "127.0.0.0/24", "--all-states"];
    let mut running = scan(&alone).args(quick).hold_stdout().start();
    let mut ended = false;
    for _ in 0..100 {
        running.signal(Signal::INT);
        ended = ended || running.ends_within(Duration::from_millis(50));
    }
    assert!(ended, "it waits for a reader");
    drop(running.take_stdout());
    running.wait().exits(130);
}

#[test]
fn a_reader_that_leaves_early_ends_it_quietly() {
    let Some(alone) = Namespace::or_skip() else { return };
    let line = "\"$0\" scan -p - 127.0.0.0/24 --all-states | head -n 1; echo ${PIPESTATUS[0]}";
    let outcome = alone.program("bash").args(["-c", line, COAX]).run().exits(0);
    let out = outcome.out();
    let lines = out.lines().collect::<Vec<_>>();
    assert!(lines.len() == 2 && lines[1] == "0", "{}", outcome.shown());
    assert_eq!(outcome.err(), "");
}

#[test]
fn one_signal_ends_it_while_it_waits_for_targets() {
    // The pipe stays open, so the scan never has all of them.
    let place = tempfile::tempdir().unwrap();
    let pipe = place.path().join("targets");
    Program::new("mkfifo").arg(&pipe).run().exits(0);
    let running = Program::new(COAX).args(["scan", "-p", "9", "-f"]).arg(&pipe).start();
    // The other end opens when somebody reads.
    let writer = std::fs::File::options().write(true).open(&pipe).unwrap();
    running.signal(Signal::INT);
    assert!(running.ends_within(Duration::from_secs(10)), "it waits for its targets");
    running.wait().exits(130).prints("");
    drop(writer);
}
