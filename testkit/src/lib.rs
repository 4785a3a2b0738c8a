//! What process tests stand on: the real binary, foreign programs, terminals, all with an end.
//!
//! Every process and every wait has a deadline, every port is chosen by the system, and whatever
//! fails shows everything the process printed. Nothing here sleeps or tries again.
//!
//! Nothing here knows what coax should do: that is what the tests say.

#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a broken test bench fails its test")]
#![allow(clippy::print_stderr, reason = "a skipped test says why")]

mod certificates;
mod heard;
mod lab;
mod line;
mod namespace;
mod outcome;
mod peers;
mod ports;
mod program;
mod push;
mod python;
mod running;
mod servers;
mod terminal;
mod wire;

pub use certificates::certificates;
pub use heard::Heard;
pub use lab::Lab;
pub use line::{FarHosts, Line};
pub use namespace::Namespace;
pub use outcome::Outcome;
pub use peers::{peer_or_skip, skip};
pub use ports::unused_port;
pub use program::{DEADLINE, Program};
pub use push::{Pattern, fill, push};
pub use python::python;
pub use running::Running;
pub use wire::{Port, Wire, Wires};
