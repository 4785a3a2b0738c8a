//! A scan that was stopped and goes on, and hosts that answer on every port.
//!
//! Each test has a machine of its own, a network namespace with nothing but a loopback.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]

use std::collections::BTreeSet;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;
use testkit::{Namespace, Outcome, Program};

const COAX: &str = env!("CARGO_BIN_EXE_coax");
const ALL: u64 = 65_535;

/// Every port of the loopback, slowly enough to be stopped, from the lowest up.
fn slowly(machine: &Namespace, file: &Path) -> Program {
    let program = machine.program(COAX).args(["scan", "127.0.0.1", "-p", "-"]);
    let program = program.args(["--rate", "5000", "--order", "serial", "--json", "--resume"]);
    program.arg(file)
}

fn events(outcome: &Outcome, event: &str) -> Vec<Value> {
    let lines = outcome.out();
    let events = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.filter(|it| it["event"] == event).collect()
}

fn open_ports(outcome: &Outcome) -> BTreeSet<u64> {
    events(outcome, "port").iter().map(|it| it["port"].as_u64().unwrap()).collect()
}

#[test]
fn what_one_scan_leaves_the_next_one_asks_and_nothing_twice() {
    let Some(machine) = Namespace::or_skip() else { return };
    let open = [400, 2000, 60_000];
    let _server = machine.listens(&open);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");

    let first = slowly(&machine, &file).start();
    first.expect_out("\"port\":400");
    first.signal(Signal::INT);
    let first = first.wait();
    assert_eq!(first.code(), 130, "{}", first.shown());
    let stopped = &events(&first, "scan-summary")[0];
    assert_eq!((&stopped["interrupted"], &stopped["total"]), (&true.into(), &ALL.into()));
    let probed = stopped["probed"].as_u64().unwrap();
    assert!((400..60_000).contains(&probed), "{probed}");
    assert!(first.err().contains("--resume"), "{}", first.shown());

    let second = slowly(&machine, &file).start();
    second.expect_out("\"port\":2000");
    second.signal(Signal::TERM);
    let second = second.wait();
    assert_eq!(second.code(), 143, "{}", second.shown());

    let last = machine.program(COAX).args(["scan", "--json", "--resume"]).arg(&file).run();
    let last = last.exits(0);
    assert_eq!(open_ports(&first), [400].into());
    assert_eq!(open_ports(&second), [2000].into());
    assert_eq!(open_ports(&last), [60_000].into());
    let summary = &events(&last, "scan-summary")[0];
    assert_eq!((summary["probed"].as_u64(), summary["open"].as_u64()), (Some(ALL), Some(3)));
    assert_eq!(summary["closed"].as_u64(), Some(ALL - 3));
    assert!(!file.exists(), "a finished scan leaves no file");
}

#[test]
fn a_file_of_another_scan_or_of_none_is_left_alone() {
    let Some(machine) = Namespace::or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    let scan = |words: &[&str]| {
        machine.program(COAX).arg("scan").args(words).arg("--resume").arg(&file).run()
    };
    scan(&[]).fails(2, "there is no earlier scan to go on with");

    let _server = machine.listens(&[400]);
    let running = slowly(&machine, &file).start();
    running.expect_out("\"port\":400");
    running.signal(Signal::INT);
    running.wait();
    let kept = std::fs::read(&file).unwrap();
    scan(&["-p", "80", "127.0.0.1"]).fails(2, "is of another scan: coax scan 127.0.0.1 -p -");
    assert_eq!(std::fs::read(&file).unwrap(), kept);

    for rubbish in ["rubbish", "{}", "[]", "{\"v\":9}", "\u{0}\u{0}"] {
        std::fs::write(&file, rubbish).unwrap();
        scan(&[]).fails(2, "is no scan that can go on");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), rubbish);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_asked() {
    let Some(machine) = Namespace::or_skip() else { return };
    let scan = machine.program(COAX).args(["scan", "127.0.0.1", "--resume", "/nowhere/state"]);
    let outcome = scan.run().fails(5, "cannot write /nowhere/state: no such file or directory");
    assert!(!outcome.err().contains("probed"), "{}", outcome.shown());
}

#[test]
fn a_host_that_answers_on_every_port_is_asked_no_more() {
    let Some(machine) = Namespace::or_skip() else { return };
    let every: Vec<u16> = (2000..2300).collect();
    let _server = machine.listens(&every);
    let scan = |limit: &[&str]| {
        let words = ["scan", "127.0.0.1,127.0.0.2", "-p", "1900-2299", "--json"];
        machine.program(COAX).args(words).args(limit).run().exits(0)
    };
    let all = scan(&[]);
    assert_eq!((events(&all, "port").len(), events(&all, "tarpit").len()), (600, 0));

    let words = ["scan", "127.0.0.1", "-p", "2000-2299", "--json", "--tarpit", "50"];
    let trapped = machine.program(COAX).args(words).run().exits(0);
    assert_eq!(events(&trapped, "tarpit")[0]["address"], "127.0.0.1");
    let summary = &events(&trapped, "scan-summary")[0];
    let counted = ["probed", "skipped"].map(|field| summary[field].as_u64().unwrap());
    assert_eq!(counted.iter().sum::<u64>(), 300);
    assert!((50..150).contains(&counted[0]), "{summary}");

    // One in four ports is closed: many services, no tarpit.
    let many = scan(&["--tarpit", "50"]);
    assert_eq!((events(&many, "port").len(), events(&many, "tarpit").len()), (600, 0));
}
