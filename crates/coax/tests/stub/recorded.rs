//! A recording keeps every exchange, and is served again.
//!
//! What a client sees of the replay is what it saw of the stub, and of any server whose recording
//! has the same lines.
//!
//! Nothing here tests how a recording is parsed.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use serde_json::Value;
use testkit::Wires;

use super::{Rules, coax, gets};

const RULES: &str = r#"
[[rule]]
connect = true
reply = "welcome"
[[rule]]
exact = "next"
replies = ["one", { hex = "ff00" }]
[[rule]]
exact = "slow"
reply = "late"
delay = "300ms"
[[rule]]
exact = "quit"
reply = "bye"
then = "close"
"#;

/// The same session with whoever serves, and how long the slow reply took.
#[track_caller]
fn session(address: &str) -> Duration {
    let mut wire = Wires::Tcp.connect(address);
    assert_eq!(wire.hear(7), b"welcome");
    gets(&mut wire, "next", "one");
    wire.say("next");
    assert_eq!(wire.hear(2), b"\xff\0");
    gets(&mut wire, "else", "?");
    let asked = Instant::now();
    gets(&mut wire, "slow", "late");
    let took = asked.elapsed();
    wire.say("quit");
    assert_eq!(wire.hear_to_end(), b"bye");
    took
}

#[test]
fn what_was_recorded_is_served_again() {
    let rules = Rules::new("r.toml", RULES);
    let recording = rules.file("seen.ndjson");
    let stub = rules.serve("127.0.0.1:0", &["--record", &recording, "--default", "?"]);
    session(&stub.listening());
    stub.signal(Signal::TERM);
    stub.wait().exits(143);

    let text = fs::read_to_string(&recording).unwrap();
    let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let lines = lines.collect::<Vec<_>>();
    let said = lines.iter().map(|line| {
        let bytes = line["text"].as_str().or(line["hex"].as_str()).unwrap();
        format!("{} {bytes}", line["direction"].as_str().unwrap())
    });
    let wanted = [
        "out welcome",
        "in next",
        "out one",
        "in next",
        "out ff00",
        "in else",
        "out ?",
        "in slow",
        "out late",
        "in quit",
        "out bye",
    ];
    assert_eq!(said.collect::<Vec<_>>(), wanted);
    assert_eq!(lines[10]["then"], "close");
    let times = lines.iter().map(|line| line["at"].as_str().unwrap()).collect::<Vec<_>>();
    assert!(times.is_sorted(), "{times:?}");

    for (args, least) in [(vec![], 0), (vec!["--paced"], 300)] {
        let replay = coax(&["stub", "--replay", &recording, "127.0.0.1:0"]).args(args).start();
        let took = session(&replay.listening());
        assert!(took >= Duration::from_millis(least), "{took:?}");
    }
}

#[test]
fn a_recording_that_cannot_be_kept_ends_the_stub() {
    let rules = Rules::new("t.csv", "a,one\n");
    let (stub, mut wire) = rules.connected(&["--record", "/dev/full"]);
    wire.say("a");
    stub.wait().fails(5, "cannot record to /dev/full: no space left on device");
}

#[test]
fn rules_are_not_written_over_by_their_recording() {
    let rules = Rules::new("t.csv", "a,one\n");
    let path = rules.path.display().to_string();
    coax(&["stub", &path, "127.0.0.1:0", "--record", &path]).run().fails(2, "would write over");
    assert_eq!(fs::read_to_string(&rules.path).unwrap(), "a,one\n");
}
