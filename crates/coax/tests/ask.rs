//! `coax ask`: one message, one reply, exit.
//!
//! The reply is whole when the peer closes, when the framing says so, or when nothing more comes;
//! what came is shown even where it is not.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use serde_json::Value;
use testkit::{Outcome, Program, Running, Wire, Wires, python};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

/// `coax ask` with these words after the endpoint, and the peer it asks.
fn asking(words: &[&str]) -> (Running, Wire) {
    let port = Wires::Tcp.listen();
    let mut coax = coax(&["ask", &port.endpoint]).args(words).start();
    coax.end_input();
    (coax, port.accept())
}

/// The outcome, when the peer answers `reply` to a message of `length` bytes and stays.
#[track_caller]
fn answered(words: &[&str], length: usize, reply: &[u8]) -> Outcome {
    let (coax, mut peer) = asking(words);
    peer.hear(length);
    peer.say(reply);
    let outcome = coax.wait();
    assert_eq!(peer.hear_to_end(), b"", "nothing but the message was sent");
    outcome
}

#[test]
fn a_reply_is_whole_when_the_peer_falls_silent() {
    for wires in [Wires::Tcp, Wires::Tcp6, Wires::Unix] {
        let port = wires.listen();
        let coax = coax(&["ask", &port.endpoint, "ping"]).start();
        let mut peer = port.accept();
        assert_eq!(peer.hear(4), b"ping");
        peer.say("po");
        peer.say("ng");
        coax.wait().exits(0).prints("pong\n");
    }
}

#[test]
fn settling_waits_as_long_as_was_asked_for() {
    let (coax, mut peer) = asking(&["x", "--settle", "3s"]);
    peer.hear(1);
    peer.say("first ");
    assert!(!coax.ends_within(Duration::from_millis(500)), "more than the usual 100 ms");
    peer.say("second");
    let start = Instant::now();
    let outcome = coax.wait().exits(0).prints("first second\n");
    assert!(start.elapsed() > Duration::from_millis(2500), "{:?}", outcome.took);
}

#[test]
fn a_reply_is_whole_when_the_peer_closes() {
    let (coax, mut peer) = asking(&["x", "--settle", "20s"]);
    peer.hear(1);
    peer.say("all");
    drop(peer);
    assert!(coax.ends_within(Duration::from_secs(10)));
    coax.wait().exits(0).prints("all\n");
}

#[test]
fn a_reply_is_whole_when_the_framing_says_so() {
    let table: [(&str, &[u8], &[u8], &str); 4] = [
        ("line", b"x\n", b"one\ntwo\n", "one\n"),
        ("crlf", b"x\r\n", b"on\ne\r\ntwo", "on\ne\n"),
        ("nul", b"x\0", b"one\0two", "one\n"),
        ("len32", b"\0\0\0\x01x", b"\0\0\0\x03onetwo", "one\n"),
    ];
    for (framing, sent, reply, shown) in table {
        let (coax, mut peer) = asking(&["x", "--framing", framing, "--settle", "1h"]);
        assert_eq!(peer.hear(sent.len()), sent, "{framing}");
        peer.say(reply);
        assert!(coax.ends_within(Duration::from_secs(10)), "{framing}");
        coax.wait().exits(0).prints(shown);
    }
}

#[test]
fn raw_is_printed_as_it_came() {
    answered(&["x", "--framing", "raw"], 1, b"no newline").exits(0).prints("no newline");
}

#[test]
fn half_a_reply_is_shown_and_is_no_reply() {
    for (framing, sent, reply, shown) in [
        ("line", 2, &b"half"[..], "half\n"),
        ("nul", 2, b"half", "half\n"),
        ("len32", 5, b"\0\0\0\x09half", "half\n"),
    ] {
        let outcome = answered(&["x", "--framing", framing, "--wait", "300ms"], sent, reply);
        outcome.fails(3, "the reply did not end within 300").prints(shown);
    }
}

#[test]
fn half_a_counted_reply_and_the_end_break_the_framing() {
    let (coax, mut peer) = asking(&["x", "--framing", "len32"]);
    peer.hear(5);
    peer.say(b"\0\0\0\x09half");
    drop(peer);
    coax.wait().fails(4, "broke the framing").prints("half\n");
}

#[test]
fn an_announced_length_beyond_all_reason_is_refused() {
    let outcome = answered(&["x", "--framing", "len32"], 5, b"\xff\xff\xff\xff");
    outcome.fails(4, "over the limit").prints("\n");
}

#[test]
fn a_reset_after_part_of_a_reply_shows_the_part() {
    let (coax, mut peer) = asking(&["x", "--settle", "20s", "-v"]);
    peer.hear(1);
    peer.say("part");
    // It is there once the listener has said nothing for longer than a loopback needs.
    assert!(!coax.ends_within(Duration::from_millis(300)));
    peer.reset();
    let outcome = coax.wait().exits(3).prints("part\n");
    assert!(outcome.err().contains("reset"), "{}", outcome.shown());
}

#[test]
fn no_reply_is_said() {
    let (coax, peer) = asking(&["x", "--wait", "200ms"]);
    coax.wait().fails(3, "no reply within 200").prints("");
    drop(peer);
    let (coax, mut peer) = asking(&["x"]);
    peer.hear(1);
    drop(peer);
    coax.wait().fails(3, "closed the connection without a reply").prints("");
}

#[test]
fn nobody_there_is_said() {
    let port = testkit::unused_port().to_string();
    coax(&["ask", &format!("127.0.0.1:{port}"), "x"]).run().fails(3, "refused");
    coax(&["ask", &format!("udp://127.0.0.1:{port}"), "x"]).run().fails(3, "refused");
    coax(&["ask", "/nonexistent/socket", "x"]).run().fails(3, "no such file");
}

#[test]
fn an_answer_before_the_whole_question_was_read_is_an_answer() {
    let port = Wires::Tcp.listen();
    let mut coax = coax(&["ask", &port.endpoint, "-"]).start();
    coax.send("x".repeat(8 << 20));
    coax.end_input();
    let mut peer = port.accept();
    peer.say("too much");
    peer.finish();
    coax.wait().exits(0).prints("too much\n");
}

#[test]
fn a_message_from_standard_input_is_sent_whole() {
    for (framing, input, sent) in [
        ("chunk", "two\nlines\n", &b"two\nlines\n"[..]),
        ("line", "hello\n", b"hello\n"),
        ("crlf", "hello\n", b"hello\r\n"),
        ("len32", "hi", b"\0\0\0\x02hi"),
    ] {
        let port = Wires::Tcp.listen();
        let mut coax = coax(&["ask", &port.endpoint, "-", "--framing", framing]).start();
        coax.send(input);
        coax.end_input();
        let mut peer = port.accept();
        assert_eq!(peer.hear(sent.len()), sent, "{framing}");
        drop(peer);
        coax.wait().exits(3);
    }
}

#[test]
fn a_message_that_the_framing_cannot_carry_is_refused_before_anyone_is_asked() {
    let outcome = coax(&["ask", "127.0.0.1:1", "a\nb", "--framing", "line"]).run();
    outcome.fails(2, "holds the mark that would end it");
}

#[test]
fn an_expected_reply_is_yes_and_another_is_no() {
    for (reply, code) in [(&b"+PONG\r\n"[..], 0), (b"+PONG", 0), (b"-ERR\r\n", 1)] {
        let outcome = answered(&["PING", "--expect", "PONG$"], 4, reply).exits(code);
        assert!(outcome.stdout.starts_with(reply), "shown either way: {}", outcome.shown());
    }
    coax(&["ask", "127.0.0.1:1", "x", "--expect", "("]).run().exits(2).speaks_plainly();
}

#[test]
fn bytes_that_are_no_text_reach_a_pipe_untouched() {
    answered(&["x", "--expect", "^\\x00$|(?-u:\\xff)"], 1, b"\xff\x1b[2J")
        .exits(0)
        .prints(b"\xff\x1b[2J\n");
}

#[test]
fn a_terminal_is_shown_no_control_characters() {
    let port = Wires::Tcp.listen();
    let coax = coax(&["ask", &port.endpoint, "x"]).on_terminal().start();
    let mut peer = port.accept();
    peer.hear(1);
    peer.say(b"\x1b]0;title\x07hi");
    drop(peer);
    let outcome = coax.wait().exits(0);
    assert!(outcome.out().contains("\\u{1b}]0;title\\u{7}hi"), "{}", outcome.shown());
    assert!(!outcome.stdout.contains(&0x1b), "{}", outcome.shown());
}

#[test]
fn datagrams_and_packets_are_messages_whole() {
    let udp = "
s = listen(socket.SOCK_DGRAM, sys.argv[1])
data, who = s.recvfrom(99)
s.sendto(b'got ' + data, who); s.sendto(b'another', who)
";
    for host in ["127.0.0.1", "::1"] {
        let Some(peer) = python(udp, [host]) else { return };
        let port = peer.port();
        let endpoint = if host == "::1" {
            format!("udp://[::1]:{port}")
        } else {
            format!("udp://{host}:{port}")
        };
        coax(&["ask", &endpoint, "hello"]).run().exits(0).prints("got hello\n");
    }
    let packet = "
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind('\\0' + sys.argv[1]); s.listen(); ready('listening on it')
c, _ = s.accept()
c.send(b'got ' + c.recv(99)); c.send(b'another'); time.sleep(20)
";
    let name = format!("coax-ask-{}", std::process::id());
    let Some(peer) = python(packet, [&name]) else { return };
    peer.listening();
    let outcome = coax(&["ask", &format!("unix-seqpacket:@{name}"), "hello"]).run();
    outcome.exits(0).prints("got hello\n");
}

#[test]
fn a_datagram_in_a_framing_is_marked_and_read_so() {
    let script = "
s = listen(socket.SOCK_DGRAM)
data, who = s.recvfrom(99)
s.sendto(repr(data).encode() + b'\\r\\n', who)
";
    let Some(peer) = python(script, [""]) else { return };
    let endpoint = format!("udp://127.0.0.1:{}", peer.port());
    let outcome = coax(&["ask", &endpoint, "hello", "--framing", "crlf"]).run();
    outcome.exits(0).prints("b'hello\\r\\n'\n");
}

#[test]
fn no_datagram_in_time_is_said() {
    let Some(peer) = python("s = listen(socket.SOCK_DGRAM); time.sleep(20)", [""]) else { return };
    let endpoint = format!("udp://127.0.0.1:{}", peer.port());
    coax(&["ask", &endpoint, "hello", "--wait", "200ms"]).run().fails(3, "no reply within 200");
}

/// The `reply` event among the lines of `--json`.
fn reply(outcome: &Outcome) -> Value {
    let lines = outcome.out();
    let mut events = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    events.find(|event| event["event"] == "reply").unwrap_or_else(|| panic!("{}", outcome.shown()))
}

#[test]
fn json_has_the_times_in_order_and_how_the_end_was_known() {
    let outcome = answered(&["x", "--json", "--expect", "pong"], 1, b"pong").exits(0);
    let reply = reply(&outcome);
    let time = |name: &str| reply[name].as_f64().unwrap();
    let (connected, first, last) =
        (time("connected_seconds"), time("first_byte_seconds"), time("last_byte_seconds"));
    assert!(0.0 < connected && connected <= first && first <= last, "{reply}");
    assert!(last < outcome.took.as_secs_f64() - 0.09, "settling is not part of the reply: {reply}");
    let rest = (&reply["text"], &reply["bytes"], &reply["whole"], &reply["matched"]);
    assert_eq!(rest, (&"pong".into(), &4.into(), &"settled".into(), &true.into()));
}

#[test]
fn json_tells_bytes_in_hex_and_a_reply_that_did_not_end() {
    let outcome = answered(&["x", "--json", "--framing", "nul", "--wait", "200ms"], 2, b"\xff\xfe");
    let reply = reply(&outcome.clone().exits(3));
    assert_eq!((&reply["hex"], &reply["whole"]), (&"fffe".into(), &"no".into()));
    assert!(reply.get("text").is_none() && reply.get("matched").is_none(), "{reply}");
    let last: Value = serde_json::from_str(outcome.out().lines().last().unwrap()).unwrap();
    assert_eq!((&last["event"], &last["exit"]), (&"error".into(), &3.into()));
}
