//! `coax scan` against hosts whose every answer is known, and port by port beside nmap.
//!
//! Each test makes two hosts on a wire of its own (see the test bench's `Lab`): what a port answers
//! is what the target's packet filter was told, so a verdict is right or wrong, never likely. Every
//! table is asked over IPv4 and over its IPv6 twin.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]
#![allow(unreachable_pub, reason = "the parts are files of this test alone")]

#[path = "scan_truth/connect.rs"]
mod connect;
#[path = "scan_truth/ground.rs"]
mod ground;
#[path = "scan_truth/hard.rs"]
mod hard;
#[path = "scan_truth/hosts.rs"]
mod hosts;
#[path = "scan_truth/nmap.rs"]
mod nmap;
#[path = "scan_truth/nobody.rs"]
mod nobody;
#[path = "scan_truth/own_machine.rs"]
mod own_machine;
#[path = "scan_truth/silence.rs"]
mod silence;
#[path = "scan_truth/syn.rs"]
mod syn;
#[path = "scan_truth/udp.rs"]
mod udp;
#[path = "scan_truth/udp_servers.rs"]
mod udp_servers;
#[path = "scan_truth/vanish.rs"]
mod vanish;
