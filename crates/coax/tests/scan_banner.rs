//! `coax scan --banner`: what the table and the events say of servers that nobody here wrote.
//!
//! Each test has a machine of its own, a network namespace with nothing but a loopback.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]

use serde_json::Value;
use testkit::{Namespace, Outcome, peer_or_skip};

const COAX: &str = env!("CARGO_BIN_EXE_coax");

fn scan(machine: &Namespace, words: &[&str]) -> Outcome {
    let program = machine.program(COAX).args(["scan", "127.0.0.1", "-p", "2001-2002"]);
    program.args(words).run().exits(0)
}

#[test]
fn a_server_is_named_by_what_it_says_and_not_by_its_port() {
    let Some(machine) = Namespace::or_skip() else { return };
    let Some(python) = peer_or_skip("python3") else { return };
    let server = machine.program(python).args(["-u", "-m", "http.server", "2001"]).start();
    server.expect_out("Serving HTTP");
    let guess = scan(&machine, &[]);
    assert!(!guess.out().contains("http"), "{}", guess.shown());

    let told = scan(&machine, &["--banner"]);
    let row = told.out();
    assert!(row.contains(" http ") && row.contains("SimpleHTTP"), "{}", told.shown());
    assert_eq!(row.lines().count(), 1, "{}", told.shown());

    let told = scan(&machine, &["--banner", "--json"]);
    let event: Value = serde_json::from_str(told.out().lines().next().unwrap()).unwrap();
    assert_eq!((&event["service"], &event["port"]), (&"http".into(), &2001.into()));
    assert_eq!(event["identity"]["identified"], true);
}

#[test]
fn a_server_that_says_nothing_keeps_its_guess_and_holds_nobody_up() {
    let Some(machine) = Namespace::or_skip() else { return };
    let _server = machine.listens(&[2001, 2002]);
    let told = scan(&machine, &["--banner", "--json"]);
    let ports = told.out().lines().filter(|line| line.contains("\"identified\":false")).count();
    assert_eq!(ports, 2, "{}", told.shown());
}
