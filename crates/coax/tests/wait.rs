//! `coax wait`: until places answer, or are gone.
//!
//! The servers are started after coax has said what it waits for, so that every test sees the wait
//! and not only its end.

#![allow(clippy::unwrap_used)]

#[path = "wait/command.rs"]
mod command;
#[path = "wait/foreign.rs"]
mod foreign;
#[path = "wait/secure.rs"]
mod secure;
#[path = "wait/services.rs"]
mod services;
#[path = "wait/web.rs"]
mod web;

use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use testkit::{Outcome, Program, Running, Wires, peer_or_skip, python, skip, unused_port};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).arg("wait").args(args)
}

/// `coax wait -v` with these words, once it has said that it waits.
fn waiting(args: &[&str]) -> Running {
    let coax = coax(args).arg("-v").start();
    coax.expect_line("waiting for ");
    coax
}

fn events(outcome: &Outcome) -> Vec<Value> {
    outcome.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Another place each time, where nobody ever listens: no system gives out port 1, and no test
/// has these addresses.
fn nobody() -> String {
    static COUNT: AtomicU16 = AtomicU16::new(0);
    let [high, low] = COUNT.fetch_add(1, Ordering::Relaxed).to_be_bytes();
    format!("127.77.{high}.{low}:1")
}

#[test]
fn what_is_there_already_is_no_wait_and_no_noise() {
    for wires in [Wires::Tcp, Wires::Tcp6, Wires::Unix] {
        let port = wires.listen();
        let outcome = coax(&[&port.endpoint]).run().exits(0);
        assert_eq!((outcome.out(), outcome.err()), (String::new(), String::new()), "{wires:?}");
    }
}

#[test]
fn a_check_says_nothing_and_ends_politely() {
    for wires in [Wires::Tcp, Wires::Tcp6, Wires::Unix] {
        let port = wires.listen();
        let coax = coax(&[&port.endpoint]).start();
        // A reset would be an error here, not an end.
        assert_eq!(port.accept().hear_to_end(), b"", "{wires:?}");
        coax.wait().exits(0);
    }
}

#[test]
fn time_that_is_up_is_told_in_one_line() {
    let (first, second) = (nobody(), nobody());
    let outcome = coax(&[&first, "--timeout", "200ms"]).run();
    let line = format!("coax: still waiting for tcp://{first} after 200 ms: refused");
    outcome.shows(&format!("exit 3\n--- stderr\n{line}\n"));
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s").display().to_string();
    let outcome = coax(&[&first, &second, &path, "--timeout", "200ms"]).run();
    outcome.shows(&format!(
        "exit 3\n--- stderr\ncoax: still waiting after 200 ms for tcp://{first} (refused), \
         tcp://{second} (refused), {path} (no such file or directory)\n"
    ));
    let there = Wires::Tcp.listen();
    let outcome = coax(&[&there.endpoint, &second, "--timeout", "200ms"]).run();
    outcome.fails(3, &format!("still waiting for tcp://{second} after 200 ms: refused"));
    let outcome = coax(&["--gone", &there.endpoint, "--timeout", "200ms"]).run();
    let words = format!("for tcp://{} to be gone after 200 ms: it accepts", there.endpoint);
    outcome.fails(3, &words);
}

#[test]
fn two_seconds_of_waiting_are_a_handful_of_looks() {
    let outcome = coax(&[&nobody(), "--timeout", "2s", "--json"]).run().exits(3);
    let events = events(&outcome);
    let kinds: Vec<_> = events.iter().map(|event| event["event"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["waiting", "wait-summary", "error"], "{}", outcome.shown());
    let summary = &events[1];
    assert_eq!(summary["outcome"], "timeout");
    assert_eq!(summary["endpoints"][0]["reason"], "refused");
    let looks = summary["attempts"].as_u64().unwrap();
    assert!((4..=9).contains(&looks), "{}", outcome.shown());
    assert!(summary["elapsed_ms"].as_f64().unwrap() >= 2000.0, "{}", outcome.shown());
}

#[test]
fn a_long_list_needs_few_descriptors_and_ends_in_a_short_line() {
    let ports = (0..300).map(|_| nobody()).collect::<Vec<_>>();
    let script = "ulimit -n 100; exec \"$0\" wait --timeout 2s --json \"$@\"";
    let coax = Program::shell(script, [env!("CARGO_BIN_EXE_coax")]).args(&ports);
    let outcome = coax.run().exits(3);
    let events = events(&outcome);
    let summary = events.iter().find(|event| event["event"] == "wait-summary").unwrap();
    let stood = summary["endpoints"].as_array().unwrap();
    assert_eq!(stood.len(), 300);
    assert!(stood.iter().all(|at| at["reason"] == "refused"), "{}", outcome.err());
    assert!(outcome.err().contains("(refused), and 288 more"), "{}", outcome.err());
}

#[test]
fn events_say_what_was_found_and_how() {
    let port = Wires::Tcp.listen();
    let outcome = coax(&[&port.endpoint, "--json"]).run().exits(0);
    let events = events(&outcome);
    assert_eq!(events.len(), 2, "{}", outcome.shown());
    let (ready, summary) = (&events[0], &events[1]);
    assert_eq!(ready["event"], "ready");
    assert_eq!(ready["endpoint"], format!("tcp://{}", port.endpoint));
    assert_eq!((&ready["address"], &ready["attempts"]), (&port.endpoint.clone().into(), &1.into()));
    assert_eq!((&summary["outcome"], &summary["attempts"]), (&"reached".into(), &1.into()));
    assert_eq!(summary["endpoints"][0]["reached"], true);
}

#[test]
fn any_is_content_with_one() {
    let there = Wires::Tcp.listen();
    let outcome = coax(&["--any", &nobody(), &there.endpoint]).run();
    assert_eq!(outcome.exits(0).err(), "");
    let (first, second) = (nobody(), nobody());
    let words =
        format!("after 200 ms for any of tcp://{first} (refused), tcp://{second} (refused)");
    coax(&["--any", &first, &second, "--timeout", "200ms"]).run().fails(3, &words);
}

#[test]
fn a_name_without_an_address_is_waited_for() {
    let (Some(unshare), Some(_)) = (peer_or_skip("unshare"), peer_or_skip("python3")) else {
        return;
    };
    if Program::new(&unshare).args(["-rm", "true"]).run().code() != 0 {
        return skip("mounts of one's own are not allowed here: unshare -rm");
    }
    let place = tempfile::tempdir().unwrap();
    let hosts = place.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 localhost\n").unwrap();
    let script = "mount --bind \"$1\" /etc/hosts && exec \"$2\" wait name://late.test -v";
    let coax = Program::new(unshare)
        .args(["-rm", "sh", "-c", script, "sh"])
        .arg(&hosts)
        .arg(env!("CARGO_BIN_EXE_coax"))
        .start();
    coax.expect_line("waiting for name://late.test: ");
    std::fs::write(&hosts, "127.0.0.7 late.test\n").unwrap();
    let outcome = coax.wait().exits(0);
    assert!(outcome.err().contains("it resolves to 127.0.0.7"), "{}", outcome.shown());
}

#[test]
fn the_name_of_a_server_that_is_no_name_yet_is_waited_for_too() {
    let outcome = coax(&["late.invalid:80", "http://late.invalid/", "--timeout", "300ms"]).run();
    outcome.fails(3, "still waiting after 300 ms for tcp://late.invalid:80 (");
}

/// Answers one kind of datagram, and ignores all others.
const ANSWERS_ONE: &str = r#"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", int(sys.argv[1])))
while True:
    data, peer = s.recvfrom(1024)
    if data == sys.argv[2].encode():
        s.sendto(b"yes", peer)
"#;

#[test]
fn only_an_answer_makes_a_datagram_count() {
    let port = unused_port().to_string();
    let place = format!("udp://127.0.0.1:{port}");
    let coax = waiting(&[&place, "--send", "anyone?"]);
    let Some(_server) = python(ANSWERS_ONE, [port.as_str(), "anyone?"]) else { return };
    let outcome = coax.wait().exits(0);
    let ready = format!("{place} is ready after ");
    assert!(outcome.err().contains(&ready), "{}", outcome.shown());
    let outcome = self::coax(&[&place, "--send", "wrong", "--timeout", "300ms"]).run();
    outcome.fails(3, "after 300 ms: no answer to a datagram");
    let outcome = self::coax(&[&place, "--send", "wrong", "--gone", "--timeout", "300ms"]).run();
    // Silence that was cut short shows nothing.
    outcome.fails(3, "to be gone after 300 ms: no answer to a datagram");
    self::coax(&[&place, "--send", "wrong", "--gone", "--timeout", "20s"]).run().exits(0);
}

/// Listens at an abstract name with the kind of socket asked for.
const UNIX: &str = r#"
s = socket.socket(socket.AF_UNIX, getattr(socket, sys.argv[1]))
s.bind("\0" + sys.argv[2])
if sys.argv[1] != "SOCK_DGRAM":
    s.listen(4)
ready("ready")
sys.stdin.read()
"#;

#[test]
fn every_kind_of_unix_socket_comes_and_goes() {
    for (scheme, kind) in [
        ("unix", "SOCK_STREAM"),
        ("unix-dgram", "SOCK_DGRAM"),
        ("unix-seqpacket", "SOCK_SEQPACKET"),
    ] {
        let name = format!("coax-wait-{}-{kind}", std::process::id());
        let place = format!("{scheme}:@{name}");
        let coming = waiting(&[&place]);
        let Some(mut server) = python(UNIX, [kind, &name]) else { return };
        coming.wait().exits(0);
        let going = waiting(&["--gone", &place]);
        server.end_input();
        let outcome = going.wait().exits(0);
        assert!(outcome.err().contains("is gone after "), "{}", outcome.shown());
    }
}

#[test]
fn a_signal_ends_the_wait_at_once() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let coax = coax(&[&nobody(), "-v", "--json", "--", "echo", "ran"]).start();
        coax.expect_out("waiting");
        coax.signal(signal);
        assert!(coax.ends_within(Duration::from_secs(5)));
        let outcome = coax.wait().exits(code);
        let last = events(&outcome).pop().unwrap();
        assert_eq!(last["outcome"], "interrupted", "{}", outcome.shown());
    }
}

#[test]
fn what_cannot_be_waited_for_is_a_mistake() {
    for (args, words) in [
        (&["db"][..], "missing port"),
        (&["stdio:"], "cannot wait for 'stdio:'"),
        (&["ws://h:1/"], "a WebSocket is not asked"),
        (&["name://127.0.0.1"], "an address needs no resolving"),
        (&["http://u:p@h/"], "as a user"),
        (&["127.0.0.1:0"], "port 0 is for listening"),
        (&["udp://127.0.0.1:9?interface=nosuch0"], "no interface named nosuch0"),
        (&["127.0.0.1:9", "--status", "200"], "--status is for http://"),
        (&["127.0.0.1:9", "--send", "x"], "--send is for udp://"),
        (&["http://h/", "--status", "ok"], "statuses are written like"),
        (&["127.0.0.1:9", "--timeout", "0"], "longer than nothing"),
        (&["-4", "-6", "h:1"], "cannot be used with"),
        (&[], "required"),
    ] {
        coax(args).run().fails(2, words);
    }
}
