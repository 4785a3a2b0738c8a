//! A scan that was stopped and goes on, and hosts that answer on every port.
//!
//! Each test has a machine of its own, a network namespace with nothing but a loopback.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]

use std::collections::BTreeSet;
use std::path::Path;

use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use testkit::{Namespace, Outcome, Program, Running, peer_or_skip};

const COAX: &str = env!("CARGO_BIN_EXE_coax");
const ALL: u64 = 65_535;

/// Every port of the loopback, slowly enough to be stopped, from the lowest up.
fn slowly(machine: &Namespace, file: &Path) -> Program {
    at_rate("5000", machine, file)
}

fn at_rate(rate: &str, machine: &Namespace, file: &Path) -> Program {
    let program = machine.program(COAX).args(["scan", "127.0.0.1", "-p", "-"]);
    let program = program.args(["--rate", rate, "--order", "serial", "--json", "--resume"]);
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
    assert_eq!(open_ports(&second), [400, 2000].into(), "what was told is told again");
    assert_eq!(open_ports(&last), open.map(u64::from).into());
    assert_eq!(events(&last, "port").len(), 3, "{}", last.shown());
    let summary = &events(&last, "scan-summary")[0];
    assert_eq!((summary["probed"].as_u64(), summary["open"].as_u64()), (Some(ALL), Some(3)));
    assert_eq!(summary["closed"].as_u64(), Some(ALL - 3));
    assert!(!file.exists(), "a finished scan leaves no file");
}

/// Connections that were begun on this machine, as its kernel counts them.
fn begun(machine: &Namespace) -> u64 {
    let table = machine.sh("cat /proc/net/snmp").out();
    let rows: Vec<Vec<&str>> = table
        .lines()
        .filter(|line| line.starts_with("Tcp:"))
        .map(|line| line.split(' ').collect())
        .collect();
    let column = rows[0].iter().position(|name| *name == "ActiveOpens").unwrap();
    rows[1][column].parse().unwrap()
}

/// How many ports the file counts as done.
fn kept(file: &Path) -> u64 {
    let text = std::fs::read_to_string(file).unwrap();
    let page: Value = serde_json::from_str(&text).unwrap();
    let counts = ["open", "closed", "filtered", "inconclusive"];
    counts.iter().map(|state| page["done"][state].as_u64().unwrap()).sum()
}

/// Waits until the file counts more ports than `before`.
fn wait_until_more_is_kept(scan: &Running, file: &Path, before: u64) {
    while kept(file) <= before {
        assert!(!scan.ends_within(Duration::from_millis(5)), "it ended before it kept anything");
    }
}

/// What the last run asks is what was not kept, no more and no less, and it tells the whole.
fn goes_on_to_the_end(machine: &Namespace, file: &Path, open: &[u16], files: &[&str]) -> Outcome {
    let (left, before) = (ALL - kept(file), begun(machine));
    let program = machine.program(COAX).args(["scan", "--json", "--resume"]).arg(file);
    let last = program.dir(file.parent().unwrap()).args(files).run().exits(0);
    assert_eq!(begun(machine) - before, left, "{}", last.shown());
    assert_eq!(open_ports(&last), open.iter().map(|&port| u64::from(port)).collect());
    assert_eq!(events(&last, "port").len(), open.len(), "{}", last.shown());
    let summary = &events(&last, "scan-summary")[0];
    let count = |field: &str| summary[field].as_u64().unwrap();
    let told = ["total", "probed", "open", "closed"].map(count);
    assert_eq!(told, [ALL, ALL, open.len() as u64, ALL - open.len() as u64], "{summary}");
    assert!(!file.exists(), "a finished scan leaves no file");
    last
}

#[test]
fn a_scan_that_was_killed_goes_on_and_misses_nothing() {
    let Some(machine) = Namespace::or_skip() else { return };
    let open = [400, 5000, 31_000, 52_000, 65_535];
    let _server = machine.listens(&open);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    // At once, with nothing kept; then a second and more after something was.
    for told in [400, 31_000, 52_000] {
        let scan = at_rate("10000", &machine, &file).start();
        scan.expect_out(&format!("\"port\":{told},"));
        scan.signal(Signal::KILL);
        scan.wait();
    }
    assert!((20_000..52_000).contains(&kept(&file)), "{}", kept(&file));
    goes_on_to_the_end(&machine, &file, &open, &[]);
}

#[test]
fn in_random_order_too_and_the_files_tell_the_whole_scan() {
    let Some(machine) = Namespace::or_skip() else { return };
    let open: Vec<u16> = (1..=40).map(|number| number * 1600).collect();
    let _server = machine.listens(&open);
    let folder = tempfile::tempdir().unwrap();
    let (file, files) = (folder.path().join("state"), ["--xml", "cut.xml", "--grep", "cut.grep"]);
    let scan = |words: &[&str]| {
        let program = machine.program(COAX).args(["scan", "127.0.0.1", "-p", "-", "--json"]);
        program.args(words).dir(folder.path())
    };
    for _ in 0..2 {
        let before = if file.exists() { kept(&file) } else { 0 };
        let cut = scan(&["--rate", "10000", "--resume", "state"]).args(files).start();
        cut.expect_out("\"event\":\"port\"");
        wait_until_more_is_kept(&cut, &file, before);
        cut.signal(Signal::KILL);
        cut.wait();
    }
    goes_on_to_the_end(&machine, &file, &open, &files);
    scan(&["--xml", "whole.xml", "--grep", "whole.grep"]).run().exits(0);
    // What the scan found is between the lines that tell of the command and the time.
    let found = |name: &str| {
        let text = std::fs::read_to_string(folder.path().join(name)).unwrap();
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(found("cut.grep"), found("whole.grep"));
    assert!(found("cut.grep")[1].contains("Ignored State: closed (65495)"));
    if peer_or_skip("ndiff").is_some() {
        let compare = machine.program("ndiff").args(["cut.xml", "whole.xml"]);
        compare.dir(folder.path()).run().exits(0);
    }
}

/// Prints a line for each connection, and says nothing until it is told to.
const MUTE: &str = "import socket, sys
server, held = socket.create_server(('127.0.0.1', 2001)), []
print('up', flush=True)
while True:
    held.append(server.accept()[0])
    print('came', len(held), flush=True)
    if len(held) > 2:
        held[-1].sendall(b'SSH-2.0-late_1\\r\\n')";

#[test]
fn a_port_that_was_being_asked_what_it_is_is_told_and_asked_again() {
    let Some(machine) = Namespace::or_skip() else { return };
    let Some(python) = peer_or_skip("python3") else { return };
    let server = machine.program(python).args(["-u", "-c", MUTE]).start();
    server.expect_out("up\n");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("state");
    let words = ["scan", "127.0.0.1", "-p", "2001-2002", "--banner", "--json", "--resume"];
    let scan = || machine.program(COAX).args(words).arg(&file);
    let cut = scan().start();
    server.expect_out("came 2\n");
    cut.signal(Signal::INT);
    let cut = cut.wait().exits(130);
    assert_eq!(open_ports(&cut), [2001].into(), "{}", cut.shown());
    assert!(cut.err().contains("--banner goes on"), "{}", cut.shown());
    let last = scan().run().exits(0);
    let ports = events(&last, "port");
    assert_eq!((ports.len(), &ports[0]["service"]), (1, &"ssh".into()), "{}", last.shown());
    assert_eq!(events(&last, "scan-summary")[0]["probed"], 2);
    assert!(!file.exists());
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

    let earlier = String::from_utf8(kept).unwrap().replace("\"closed\":", "\"closed\":9999999999");
    for rubbish in [earlier.as_str(), "rubbish", "{}", "[]", "{\"v\":9}", "\u{0}\u{0}"] {
        std::fs::write(&file, rubbish).unwrap();
        scan(&[]).fails(2, "is no scan that can go on");
        assert_eq!(std::fs::read_to_string(&file).unwrap(), rubbish);
    }
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_asked() {
    let Some(machine) = Namespace::or_skip() else { return };
    let scan = machine.program(COAX).args(["scan", "127.0.0.1", "--resume", "/nowhere/state"]);
    let outcome = scan.run().fails(2, "cannot write /nowhere/state: no such file or directory");
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
    assert_eq!(events(&all, "scan-summary")[0]["all_open"], serde_json::json!([]));

    // Without --tarpit it is a hint, and every port is told all the same.
    let asked = ["scan", "127.0.0.1", "-p", "2000-2299"];
    let hint = machine.program(COAX).args(asked).run().exits(0);
    let told = "coax: all or nearly all ports of 127.0.0.1 are open: a proxy or a tarpit may be answering; \
                --tarpit 50 leaves such hosts\n";
    assert!(hint.err().starts_with(told), "{}", hint.shown());
    assert_eq!(hint.out().lines().count(), 300);
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
