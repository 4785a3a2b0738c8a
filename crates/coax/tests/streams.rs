//! What becomes of bytes when the other end of a stream goes away, pauses or falls silent.
//!
//! Nothing that was sent and not taken ends with 0, a dead line ends, a deadline is one, and who
//! has left is not counted as present.

#![allow(clippy::unwrap_used)]

#[path = "streams/asked.rs"]
mod asked;
#[path = "streams/command.rs"]
mod command;
#[path = "streams/crowd.rs"]
mod crowd;
#[path = "streams/lost.rs"]
mod lost;
#[path = "streams/occupied.rs"]
mod occupied;
#[path = "streams/time.rs"]
mod time;

use testkit::{Program, Running, Wire, Wires};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

/// `coax connect`, with these flags, to a peer in the test's hands.
fn connected(wires: Wires, flags: &[&str]) -> (Running, Wire) {
    let port = wires.listen();
    let coax = coax(&["connect", &port.endpoint]).args(flags).start();
    (coax, port.accept())
}

/// `coax listen`, with these flags, and a peer in the test's hands.
fn accepted(wires: Wires, flags: &[&str]) -> (Running, Wire) {
    let (endpoint, place) = wires.free_endpoint();
    let coax = coax(&["listen", &endpoint]).args(flags).start();
    let peer = wires.connect(&coax.listening());
    (place.into_iter().fold(coax, Running::keeping), peer)
}

/// Input that never ends.
fn zeros() -> std::fs::File {
    std::fs::File::open("/dev/zero").unwrap()
}

/// The last event of a kind.
fn event(out: &str, kind: &str) -> serde_json::Value {
    let mut events = out.lines().filter_map(|line| serde_json::from_str(line).ok());
    events
        .rfind(|event: &serde_json::Value| event["event"] == kind)
        .unwrap_or_else(|| panic!("no {kind}: {out}"))
}
