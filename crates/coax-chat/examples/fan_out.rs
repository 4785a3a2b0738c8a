//! How long the hub takes to tell a channel of a thousand, without any socket.
//!
//! `cargo run --release -p coax-chat --example fan_out`

#![allow(clippy::print_stdout, reason = "a tool for people at a terminal")]

use std::time::Instant;

use coax_chat::Settings;
use coax_chat::hub::{ClientId, Effects, Hub, Input, Origin, Time};

const MEMBERS: u32 = 1000;
const MESSAGES: u32 = 5000;

fn main() {
    let now = Time(1_700_000_000_000);
    let mut hub = Hub::new(Settings::default(), now);
    let mut effects = Effects::default();
    for number in 0..MEMBERS {
        let client = ClientId(number);
        let origin = Origin { host: "host".into(), address: "::1".into(), ..Origin::default() };
        hub.apply(now, Input::Arrive { client, origin }, &mut effects);
        let caps = ["", "server-time", "server-time message-tags account-tag batch"];
        let request = format!("CAP REQ :{}", caps[number as usize % caps.len()]);
        for line in [&request, &format!("NICK n{number}"), "USER u 0 * :r", "CAP END", "JOIN #c"] {
            hub.apply(now, Input::Line { client, line: line.as_bytes() }, &mut effects);
        }
        effects.drain().for_each(drop);
    }
    let started = Instant::now();
    let mut deliveries = 0;
    for number in 0..MESSAGES {
        let client = ClientId(number % MEMBERS);
        let line = b"PRIVMSG #c :a line of talk as people write it, some sixty letters long";
        hub.apply(now, Input::Line { client, line }, &mut effects);
        deliveries += effects.drain().count();
    }
    let took = started.elapsed();
    let each = took.as_nanos() / deliveries.max(1) as u128;
    let rate = deliveries as f64 / took.as_secs_f64() / 1e6;
    println!("{deliveries} deliveries in {took:?}: {each} ns each, {rate:.1} million a second");
}
