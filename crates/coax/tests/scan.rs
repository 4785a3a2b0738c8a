//! `coax scan`, as a person runs it: wrong words, files, names, signals, and very many ports.
//!
//! Every scan that asks anything runs in a network of its own (see the test bench's `Namespace`):
//! it must not knock at the ports of other tests, nor find them.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]
#![allow(unreachable_pub, reason = "the parts are files of this test alone")]

#[path = "scan/many.rs"]
mod many;
#[path = "scan/signals.rs"]
mod signals;
#[path = "scan/targets.rs"]
mod targets;
#[path = "scan/wrong.rs"]
mod wrong;

use testkit::{Namespace, Outcome, Program};

const COAX: &str = env!("CARGO_BIN_EXE_coax");

fn scan(place: &Namespace) -> Program {
    place.program(COAX).arg("scan")
}

/// The events of one kind.
#[track_caller]
fn events(outcome: &Outcome, kind: &str) -> Vec<serde_json::Value> {
    let event = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    outcome.out().lines().map(event).filter(|event| event["event"] == kind).collect()
}

/// Address and port of each port told, in the order they came.
#[track_caller]
fn places(outcome: &Outcome) -> Vec<String> {
    let place = |event: serde_json::Value| {
        format!("{} {}", event["address"].as_str().unwrap(), event["port"])
    };
    events(outcome, "port").into_iter().map(place).collect()
}

/// The same, sorted.
#[track_caller]
fn asked(outcome: &Outcome) -> Vec<String> {
    let mut places = places(outcome);
    places.sort();
    places
}
