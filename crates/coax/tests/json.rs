//! `--json`: each line of stdout is one event, whole, as `coax schema` describes it.
//!
//! Whichever verb, however it ends, and however slowly it is read.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::io::Write;
use std::sync::OnceLock;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use testkit::{Outcome, Program, Running, Wires, fill, python};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args).arg("--json")
}

fn schema() -> &'static Value {
    static SCHEMA: OnceLock<Value> = OnceLock::new();
    SCHEMA.get_or_init(|| {
        let outcome = Program::new(env!("CARGO_BIN_EXE_coax")).arg("schema").run().exits(0);
        serde_json::from_slice(&outcome.stdout).unwrap()
    })
}

/// Whether `value` is what `schema` says, in the words of JSON Schema that ours uses.
fn fits(value: &Value, schema: &Value) -> bool {
    let is = |name: &str| match name {
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_u64() || value.is_i64(),
        "null" => value.is_null(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        _ => panic!("a type that this test does not know: {name}"),
    };
    let typed = match &schema["type"] {
        Value::Null => true,
        Value::String(name) => is(name),
        Value::Array(names) => names.iter().any(|name| is(name.as_str().unwrap())),
        odd => panic!("no type: {odd}"),
    };
    typed && (schema["const"].is_null() || schema["const"] == *value)
}

/// The events on stdout, each checked against the schema.
#[track_caller]
fn events(stdout: &[u8]) -> Vec<Value> {
    assert!(stdout.is_empty() || stdout.ends_with(b"\n"), "the last line is whole");
    let lines = stdout.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines
        .map(|line| {
            let event: Value = serde_json::from_slice(line)
                .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(line)));
            check(&event);
            event
        })
        .collect()
}

#[track_caller]
fn check(event: &Value) {
    let described = &schema()["$defs"][event["event"].as_str().unwrap()];
    assert!(described.is_object(), "no such event in the schema: {event}");
    for (name, value) in event.as_object().unwrap() {
        let property = &described["properties"][name];
        assert!(property.is_object(), "no {name} in the schema of {event}");
        assert!(fits(value, property), "{name} is not {property}: {event}");
    }
    for name in ["v", "event", "at"].map(Value::from).iter().chain(required(described)) {
        assert!(event.get(name.as_str().unwrap()).is_some(), "no {name}: {event}");
    }
}

#[test]
fn a_mistake_is_an_event_too() {
    for args in [&["connect"][..], &["nosuch"], &["connect", "127.0.0.1:9", "--nosuch"]] {
        let outcome = coax(args).run().exits(2);
        let told = events(&outcome.stdout);
        assert_eq!((&told[0]["event"], &told[0]["exit"]), (&"error".into(), &2.into()));
    }
}

fn required(described: &Value) -> impl Iterator<Item = &Value> {
    described["required"].as_array().into_iter().flatten()
}

#[track_caller]
fn names(outcome: &Outcome) -> Vec<String> {
    let all = events(&outcome.stdout);
    all.iter().map(|event| event["event"].as_str().unwrap().to_owned()).collect()
}

/// The address of the first `listening` event.
#[track_caller]
fn listening(coax: &Running) -> String {
    coax.expect_out("\"event\":\"listening\"");
    coax.expect_out("}\n");
    let said = coax.expect_bytes(1);
    let first = said.split(|byte| *byte == b'\n').next().unwrap();
    let event: Value = serde_json::from_slice(first).unwrap();
    event["address"].as_str().unwrap().to_owned()
}

#[test]
fn one_connection_is_told_from_listening_to_closed() {
    let mut coax = coax(&["listen", "127.0.0.1:0"]).start();
    let mut peer = Wires::Tcp.connect(&listening(&coax));
    peer.say("hello\n");
    coax.expect_out("\"message\"");
    coax.send("hi\n");
    coax.end_input();
    assert_eq!(peer.hear_to_end(), b"hi\n");
    drop(peer);
    let outcome = coax.wait().exits(0);
    assert_eq!(names(&outcome), ["listening", "connected", "message", "closed"]);
    let all = events(&outcome.stdout);
    assert_eq!(all[2]["text"], "hello\n");
    assert_eq!((&all[3]["sent_bytes"], &all[3]["received_bytes"]), (&3.into(), &6.into()));
    assert_eq!((&all[3]["first"], &all[3]["how"]), (&"local".into(), &"fin".into()));
    assert_eq!(outcome.err(), "");
}

/// Breaks off after five of ten bytes, and then sends the rest.
const BREAKS: &str = r#"
s = listen()
for head, body in [
    ("200 OK\r\nContent-Length: 10\r\nAccept-Ranges: bytes", b"01234"),
    ("206 Part\r\nContent-Length: 5\r\nContent-Range: bytes 5-9/10", b"56789"),
]:
    c, _ = s.accept()
    c.recv(65536)
    c.sendall(("HTTP/1.1 " + head + '\r\nETag: "a"\r\n\r\n').encode() + body)
    c.close()
"#;

#[test]
fn a_fetch_is_told_from_its_first_break_to_its_end() {
    let Some(server) = python(BREAKS, [""; 0]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = format!("http://{}/x", server.listening());
    let program = coax(&["get", "--no-proxy", "--timing", "-O", &url]).dir(folder.path());
    let outcome = program.run().exits(0);
    assert_eq!(names(&outcome), ["retry", "fetch", "hop", "hop", "get-summary"]);
    let all = events(&outcome.stdout);
    assert_eq!((&all[1]["file"], &all[1]["bytes"]), (&"x".into(), &10.into()));
    assert_eq!(std::fs::read(folder.path().join("x")).unwrap(), b"0123456789");
    // Refused, a URL has an event, and so has the run.
    let outcome = coax(&["get", "--no-proxy", "--retries", "0", "-O", &url]).dir(folder.path());
    drop(server);
    let outcome = outcome.run();
    assert_eq!(names(&outcome.exits(3)), ["fetch", "get-summary", "error"]);
}

#[test]
fn many_are_told_apart_by_number() {
    for (flags, last) in [
        (&[][..], "left"),
        (&["--broker"], "left"),
        (&["--echo"], "closed"),
        (&["--exec", "cat"], "closed"),
    ] {
        let args = ["listen", "127.0.0.1:0", "--keep-open", "--on-peer-close", "exit"];
        let coax = coax(&args).args(flags).start();
        let address = listening(&coax);
        for _ in 0..2 {
            let mut peer = Wires::Tcp.connect(&address);
            peer.say("x");
            peer.finish();
            peer.hear_to_end();
        }
        coax.signal(Signal::TERM);
        let outcome = coax.wait().exits(143);
        let all = events(&outcome.stdout);
        for id in 1..3 {
            let mine = all.iter().filter(|event| event["id"] == id);
            let mine = mine.map(|event| event["event"].as_str().unwrap()).collect::<Vec<_>>();
            assert_eq!(mine, ["connected", last], "{flags:?}: {}", outcome.shown());
        }
    }
}

#[test]
fn a_signal_tells_how_every_connection_ended() {
    for (flags, word) in
        [(&[][..], "stopped"), (&["--echo"], "signal"), (&["--exec", "cat"], "signal")]
    {
        let coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).args(flags).start();
        let address = listening(&coax);
        let _both = [Wires::Tcp.connect(&address), Wires::Tcp.connect(&address)];
        coax.expect_out("\"id\":2");
        coax.signal(Signal::INT);
        let all = events(&coax.wait().exits(130).stdout);
        let ends = all.iter().filter(|event| event["how"] == word || event["reason"] == word);
        assert_eq!(ends.count(), 2, "{flags:?}: {all:?}");
    }
}

#[test]
fn lines_stay_whole_when_the_reader_is_slow() {
    const EACH: usize = 200_000;
    let coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).hold_stdout();
    let mut coax = coax.start();
    let mut pipe = coax.take_stdout();
    let mut said = Vec::new();
    let address = loop {
        let mut byte = [0];
        std::io::Read::read_exact(&mut pipe, &mut byte).unwrap();
        said.extend(byte);
        if byte == *b"\n" {
            break events(&said)[0]["address"].as_str().unwrap().to_owned();
        }
    };
    // More than the pipe holds, from several at once, while nobody reads.
    let talkers = (0..6).map(|who: u8| {
        let mut wire = Wires::Tcp.connect(&address);
        std::thread::spawn(move || {
            wire.say(vec![b'a' + who; EACH]);
            wire.finish();
            wire
        })
    });
    let talkers = talkers.collect::<Vec<_>>();
    assert!(!coax.ends_within(Duration::from_millis(300)), "it waits for its reader");
    let heard = testkit::Heard::from(pipe);
    let until = std::time::Instant::now() + testkit::DEADLINE;
    let whole = heard.wait_for(until, |bytes| {
        let lines = &bytes[..bytes.iter().rposition(|byte| *byte == b'\n')? + 1];
        let all = events(lines);
        let text = all.iter().map(|event| event["text"].as_str().map_or(0, str::len));
        (text.sum::<usize>() == 6 * EACH).then_some(())
    });
    assert!(whole.is_some(), "{}", heard.text().len());
    talkers.into_iter().for_each(|talker| drop(talker.join().unwrap()));
}

#[test]
fn bytes_that_are_no_text_are_told_in_hex() {
    let coax = coax(&["listen", "127.0.0.1:0", "--recv-only"]).start();
    let mut peer = Wires::Tcp.connect(&listening(&coax));
    peer.say(b"\xff\x00\"\n");
    drop(peer);
    let all = events(&coax.wait().exits(0).stdout);
    assert_eq!(all[2]["hex"], "ff00220a");
    assert!(all[2].get("text").is_none());
}

#[test]
fn nothing_in_an_event_moves_a_terminal() {
    const SAID: &str = "a\u{1b}[2J\u{9b}31m\u{7f}\u{85}\u{202e}\u{2066}\u{61c}é";
    const SCRIPT: &str = "
s = listen()
for _ in range(2):
    c, _ = s.accept()
    c.sendall(sys.argv[1].encode() + b'\\n'); c.close()
";
    let Some(peer) = python(SCRIPT, [SAID]) else { return };
    let port = peer.port().to_string();
    let args = ["connect", "127.0.0.1", &port, "--framing", "line"];
    let piped = coax(&args).run().exits(0);
    let shown = coax(&args).on_terminal().start();
    shown.expect_out("\"event\":\"closed\"");
    let shown = shown.out();
    for out in [&piped.out(), &shown] {
        let dangerous = |letter: char| letter.is_control() && letter != '\n' && letter != '\r';
        assert!(
            !out.contains(dangerous) && !out.contains(['\u{202e}', '\u{2066}', '\u{61c}']),
            "{out:?}"
        );
    }
    let message = events(&piped.stdout).into_iter().find(|event| event["event"] == "message");
    assert_eq!(message.unwrap()["text"], SAID, "and it is the same text");
}

#[test]
fn every_framing_tells_messages() {
    for (framing, bytes) in [
        ("line", &b"one\ntwo\n"[..]),
        ("crlf", b"one\r\ntwo\r\n"),
        ("nul", b"one\0two\0"),
        ("len32", b"\0\0\0\x03one\0\0\0\x03two"),
    ] {
        for many in [&[][..], &["--keep-open"]] {
            let args = ["listen", "127.0.0.1:0", "--on-peer-close", "exit", "--framing", framing];
            let coax = coax(&args).args(many).start();
            let mut peer = Wires::Tcp.connect(&listening(&coax));
            peer.say(bytes);
            peer.finish();
            peer.hear_to_end();
            coax.signal(Signal::TERM);
            let all = events(&coax.wait().stdout);
            let texts = all.iter().filter_map(|event| event["text"].as_str());
            assert_eq!(texts.collect::<Vec<_>>(), ["one", "two"], "{framing} {many:?}");
        }
    }
}

#[test]
fn datagrams_are_messages_with_their_senders() {
    for flags in [&[][..], &["--echo"]] {
        let coax = coax(&["listen", "udp://127.0.0.1:0", "--count", "2"]).args(flags).start();
        let address = listening(&coax);
        let address = address.strip_prefix("udp://").unwrap_or(&address);
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.send_to(b"one", address).unwrap();
        socket.send_to(b"\xfe", address).unwrap();
        let outcome = coax.wait().exits(0);
        assert_eq!(names(&outcome), ["listening", "message", "message", "datagrams"]);
        let all = events(&outcome.stdout);
        assert_eq!((&all[3]["how"], &all[3]["received"]), (&"count".into(), &2.into()));
        assert_eq!(all[1]["from"], socket.local_addr().unwrap().to_string());
        assert_eq!((&all[1]["text"], &all[2]["hex"]), (&"one".into(), &"fe".into()));
        assert_eq!(outcome.err(), "", "told apart in the events");
    }
}

#[test]
fn a_question_and_its_reply() {
    let port = Wires::Tcp.listen();
    let coax = coax(&["ask", &port.endpoint, "x"]).start();
    let mut peer = port.accept();
    peer.hear(1);
    peer.say("y");
    assert_eq!(names(&coax.wait().exits(0)), ["connected", "reply"]);
}

#[test]
fn a_failure_is_an_event_too() {
    let port = testkit::unused_port().to_string();
    for args in [&["ask", &format!("127.0.0.1:{port}"), "x"][..], &["connect", "127.0.0.1", &port]]
    {
        let outcome = coax(args).run().exits(3);
        let all = events(&outcome.stdout);
        assert_eq!((all.len(), &all[0]["exit"]), (1, &3.into()), "{}", outcome.shown());
    }
    let taken = Wires::Tcp.listen();
    let all = events(&coax(&["listen", &taken.endpoint]).run().exits(5).stdout);
    assert_eq!(all[0]["event"], "error");
}

#[test]
fn a_listener_that_is_told_to_end_while_nobody_reads_leaves_whole_lines() {
    let coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).hold_stdout();
    let mut coax = coax.start();
    let mut pipe = coax.take_stdout();
    let mut first = Vec::new();
    while !first.ends_with(b"\n") {
        let mut byte = [0];
        std::io::Read::read_exact(&mut pipe, &mut byte).unwrap();
        first.extend(byte);
    }
    let address = events(&first)[0]["address"].as_str().unwrap().to_owned();
    let mut peer = Wires::Tcp.connect(&address);
    peer.write_all(b"x").unwrap();
    fill(&peer);
    coax.signal(Signal::TERM);
    assert!(coax.ends_within(Duration::from_secs(10)));
    let mut rest = Vec::new();
    std::io::Read::read_to_end(&mut pipe, &mut rest).unwrap();
    // The line that was under way is cut where the pipe was full; nothing follows it.
    let whole = rest.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    assert!(!events(&rest[..whole]).is_empty());
    coax.wait().exits(143);
}

#[test]
fn a_stub_tells_exchanges_rules_and_counts() {
    let place = tempfile::tempdir().unwrap();
    let (rules, new) = (place.path().join("t.csv"), place.path().join("new"));
    std::fs::write(&rules, "a,one\n").unwrap();
    let coax = coax(&["stub", rules.to_str().unwrap(), "127.0.0.1:0"]).start();
    let mut peer = Wires::Tcp.connect(&listening(&coax));
    peer.say("a");
    assert_eq!(peer.hear(3), b"one");
    peer.say(b"\xff");
    coax.expect_out("\"request_hex\":\"ff\"");
    peer.finish();
    coax.expect_out("\"closed\"");
    for text in ["a,two\n", "a\n"] {
        std::fs::write(&new, text).unwrap();
        std::fs::rename(&new, &rules).unwrap();
        coax.expect_out(if text == "a\n" { "\"column\"" } else { "\"rules\":1}" });
    }
    coax.signal(Signal::TERM);
    let outcome = coax.wait().exits(143);
    let told = ["listening", "connected", "exchange", "exchange", "closed", "rules", "rules"];
    assert_eq!(names(&outcome), [&told[..], &["stub-summary"]].concat());
}
