//! What a program sees with `--json`: each exchange, each reading of the rules, the counts.
//!
//! That every line fits the schema is tested for all verbs alike.
//!
//! Nothing here tests what is said to people.

use std::io::{BufRead, BufReader, Write};

use rustix::process::Signal;
use serde_json::{Value, json};
use testkit::Wires;

use super::{Rules, gets};

/// The events called `name`, without the times.
fn events(stdout: &[u8], name: &str) -> Vec<Value> {
    let lines = stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let events = lines.map(|line| serde_json::from_slice::<Value>(line).unwrap());
    events
        .filter(|event| event["event"] == name)
        .map(|mut event| {
            for key in ["v", "at", "event", "seconds", "peer", "file"] {
                event.as_object_mut().unwrap().remove(key);
            }
            event
        })
        .collect()
}

#[test]
fn every_exchange_is_an_event() {
    let text = "[[rule]]\nname = 'greeting'\nconnect = true\nreply = 'hi'\n[[rule]]\nbytes = 'ff'\nhex = 'fe'\nthen = 'close'\n";
    let rules = Rules::new("r.toml", text);
    let stub = rules.serve(&rules.file("s"), &["--json"]);
    stub.expect_out("\"listening\"");
    let mut wire = Wires::Unix.connect(&rules.file("s"));
    assert_eq!(wire.hear(2), b"hi");
    wire.say("what");
    stub.expect_out("\"request\":\"what\"");
    wire.say(b"\xff");
    assert_eq!(wire.hear_to_end(), b"\xfe");
    rules.becomes("[[rule]]\nexact = 5\n");
    stub.expect_out("\"event\":\"rules\"");
    stub.signal(Signal::TERM);
    let outcome = stub.wait().exits(143);
    assert_eq!(
        events(&outcome.stdout, "exchange"),
        [
            json!({"id": 1, "rule": "greeting", "line": 1, "reply": "hi", "then": "keep"}),
            json!({"id": 1, "request": "what", "then": "keep"}),
            json!({"id": 1, "rule": "bytes ff", "line": 5, "request_hex": "ff", "reply_hex": "fe", "then": "close"}),
        ]
    );
    assert_eq!(
        events(&outcome.stdout, "rules"),
        [
            json!({"rules": 2, "error": "expected a text in quotes, found a number", "line": 2, "column": 9})
        ]
    );
    assert_eq!(
        events(&outcome.stdout, "stub-summary"),
        [json!({
            "requests": 2, "unmatched": 1, "refused": 0, "rules": 2, "never_hit": 0,
            "hits": [{"rule": "greeting", "line": 1, "hits": 1}, {"rule": "bytes ff", "line": 5, "hits": 1}],
        })]
    );
}

#[test]
fn a_reader_of_events_that_leaves_ends_the_stub() {
    let rules = Rules::new("t.csv", "a,one\n");
    let mut stub = super::coax(&["stub", "--json"])
        .arg(&rules.path)
        .arg(rules.file("s"))
        .hold_stdout()
        .start();
    let mut pipe = BufReader::new(stub.take_stdout());
    let mut line = String::new();
    pipe.read_line(&mut line).unwrap();
    assert!(line.contains("listening"), "{line}");
    drop(pipe);
    let mut wire = Wires::Unix.connect(&rules.file("s"));
    // Whether it still takes this is nobody's promise.
    let _ = wire.write_all(b"a");
    stub.wait().exits(0);
}

#[test]
fn verbose_shows_each_exchange_to_a_person() {
    let (stub, mut wire) = Rules::new("t.csv", "a,one\n").connected(&["-v"]);
    gets(&mut wire, "a", "one");
    stub.expect_err(": \"a\" gets \"one\" (line 1)");
    wire.say("\u{1b}[2J");
    stub.expect_err(": \"\\u{1b}[2J\" gets nothing (no rule)");
}
