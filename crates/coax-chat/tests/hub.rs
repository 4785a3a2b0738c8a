//! The rules of the hub, told as conversations: what clients say, and the lines they read.
//!
//! The clock stands still unless a test moves it, and what the hub asks is answered by a store in
//! memory as soon as a test lets it, so every line is known.
//!
//! Sockets and threads are tested where they are.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]
#![allow(unreachable_pub, reason = "the parts are files of this test alone")]

#[path = "hub/bench.rs"]
mod bench;
#[path = "hub/events.rs"]
mod events;
#[path = "hub/faces.rs"]
mod faces;
#[path = "hub/gateway.rs"]
mod gateway;
#[path = "hub/host.rs"]
mod host;
#[path = "hub/kept.rs"]
mod kept;
#[path = "hub/label.rs"]
mod label;
#[path = "hub/life.rs"]
mod life;
#[path = "hub/once.rs"]
mod once;
#[path = "hub/search.rs"]
mod search;
#[path = "hub/secret.rs"]
mod secret;
