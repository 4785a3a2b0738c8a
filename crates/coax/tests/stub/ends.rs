//! How a connection ends: by its client, by a rule, by a limit, with the stub itself.
//!
//! What was said before the end arrives whole, unless the rule is to throw it away.
//!
//! Nothing here tests what is said.

use std::io::{ErrorKind, Read};

use rustix::process::Signal;
use testkit::{Wires, python};

use super::{Rules, coax, gets};

const ENDS: &str = "
[[rule]]
exact = 'quit'
reply = 'bye'
then = 'close'
[[rule]]
exact = 'half'
reply = 'my last word'
then = 'half-close'
[[rule]]
exact = 'reset'
then = 'reset'
[[rule]]
exact = 'hi'
reply = 'hello'
";

#[test]
fn a_rule_closes_after_its_reply() {
    let (_stub, mut wire) = Rules::new("r.toml", ENDS).connected(&[]);
    gets(&mut wire, "hi", "hello");
    wire.say("quit");
    assert_eq!(wire.hear_to_end(), b"bye");
}

#[test]
fn a_rule_half_closes_and_goes_on_reading() {
    let (stub, mut wire) = Rules::new("r.toml", ENDS).connected(&["-v"]);
    wire.say("half");
    assert_eq!(wire.hear_to_end(), b"my last word");
    wire.say("hi");
    stub.expect_err("\"hi\" gets nothing");
    wire.finish();
    stub.expect_err("closed: the peer first (FIN)");
}

#[test]
fn a_rule_resets() {
    let (stub, mut wire) = Rules::new("r.toml", ENDS).connected(&["-v"]);
    wire.say("reset");
    let read = wire.read(&mut [0; 10]);
    assert_eq!(read.unwrap_err().kind(), ErrorKind::ConnectionReset);
    stub.expect_err("closed: this side first (RST)");
    stub.signal(Signal::TERM);
    let told = stub.wait().exits(143).err();
    assert!(!told.contains("coax: "), "what a rule does is no failure: {told}");
}

#[test]
fn a_client_that_half_closes_gets_all_its_replies() {
    let (_stub, mut wire) = Rules::new("t.csv", "a,one\n").connected(&["--framing", "line"]);
    wire.say("a\n".repeat(1000) + "a");
    wire.finish();
    assert_eq!(wire.hear_to_end(), "one\n".repeat(1001).as_bytes());
}

#[test]
fn too_long_a_request_is_refused_and_others_are_served() {
    let rules = Rules::new("t.csv", "a,one\n");
    for framing in ["chunk", "line", "len32"] {
        let stub = rules.serve("127.0.0.1:0", &["--max-request", "1000", "--framing", framing]);
        let address = stub.listening();
        let mut long = Wires::Tcp.connect(&address);
        long.say(format!("\0\0\x04\u{1}{}", "x".repeat(1100)));
        long.finish();
        assert_eq!(long.hear_to_end(), b"", "{framing}");
        stub.expect_err("over the limit of 1000; --max-request allows more");
        let mut other = Wires::Tcp.connect(&address);
        let (request, reply) = match framing {
            "line" => ("a\n", "one\n"),
            "len32" => ("\0\0\0\u{1}a", "\0\0\0\u{3}one"),
            _ => ("a", "one"),
        };
        gets(&mut other, request, reply);
        stub.signal(Signal::TERM);
        let outcome = stub.wait().exits(143);
        assert!(outcome.out().contains("1 request: 0 unmatched, 1 refused"), "{}", outcome.out());
    }
}

#[test]
fn a_request_shorter_than_it_announced_is_not_answered() {
    let rules = Rules::new("t.csv", "ab,one\n");
    let stub = rules.serve("127.0.0.1:0", &["--framing", "len32"]);
    let mut short = Wires::Tcp.connect(&stub.listening());
    short.say("\0\0\0\u{5}ab");
    short.finish();
    assert_eq!(short.hear_to_end(), b"");
    stub.expect_err("refused: the stream ended 3 bytes before a message of 5 did");
}

#[test]
fn a_delimiter_of_the_users_ends_a_request() {
    let rules = Rules::new("t.csv", "\"GET /\r\nHost: a\",one\n");
    let stub = rules.serve("127.0.0.1:0", &["--framing", r"delimiter:\r\n\r\n"]);
    let mut wire = Wires::Tcp.connect(&stub.listening());
    gets(&mut wire, "GET /\r\nHost: a\r\n\r\n", "one\r\n\r\n");
}

#[test]
fn a_caller_who_reset_leaves_its_place_before_its_late_reply() {
    let rules = Rules::new("r.toml", "[[rule]]\nexact = 'a'\nreply = 'b'\ndelay = '1h'\n");
    let stub = rules.serve("127.0.0.1:0", &["--max", "1", "-v"]);
    let script = "
import struct
for _ in range(2):
    s = socket.create_connection(('127.0.0.1', int(sys.argv[1])))
    s.sendall(b'a')
    sys.stdin.readline()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    s.close()
";
    let Some(mut client) = python(script, [stub.port().to_string()]) else { return };
    stub.expect_err("[1] 127.0.0.1");
    client.send("\n");
    stub.expect_err("[2] 127.0.0.1");
    client.send("\n");
    client.wait().exits(0);
}

#[test]
fn one_stub_serves_connections_and_datagrams_at_several_places() {
    let rules = Rules::new("t.csv", "a,one\n");
    let folder = rules.place.path();
    let (stream, dgram) = (folder.join("s").display().to_string(), folder.join("d"));
    let stub = coax(&["stub"])
        .arg(&rules.path)
        .args(["127.0.0.1:0", &*stream, &format!("unix-dgram:{}", dgram.display())])
        .start();
    let script = "
def ask(family, kind, where):
    s = socket.socket(family, kind)
    if kind == socket.SOCK_DGRAM: s.bind(where + '.client')
    s.connect(where)
    s.send(b'a')
    say(s.recv(99).decode())
ask(socket.AF_UNIX, socket.SOCK_STREAM, sys.argv[1])
ask(socket.AF_UNIX, socket.SOCK_DGRAM, sys.argv[2])
ask(socket.AF_INET, socket.SOCK_STREAM, ('127.0.0.1', int(sys.argv[3])))
";
    stub.expect_err(&dgram.display().to_string());
    let port = stub.port().to_string();
    let Some(client) = python(script, [stream, dgram.display().to_string(), port]) else { return };
    client.wait().exits(0).prints("one\none\none\n");
}

#[test]
fn too_long_a_datagram_is_refused_and_others_are_served() {
    let rules = Rules::new("t.csv", "a,one\n");
    let stub = rules.serve("udp://127.0.0.1:0", &["--max-request", "100"]);
    let script = "
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for request in (b'x' * 101, b'a'):
    s.sendto(request, ('127.0.0.1', int(sys.argv[1])))
say(s.recv(1024).decode())
";
    let Some(client) = python(script, [stub.port().to_string()]) else { return };
    client.wait().exits(0).prints("one\n");
    stub.expect_err("a request of 101 bytes or more, over the limit of 100");
    stub.signal(Signal::TERM);
    let outcome = stub.wait().exits(143);
    assert!(outcome.out().contains("1 request: 0 unmatched, 1 refused"), "{}", outcome.out());
}

#[test]
fn an_idle_client_is_closed() {
    let (_stub, mut wire) = Rules::new("t.csv", "a,one\n").connected(&["--idle", "200ms"]);
    gets(&mut wire, "a", "one");
    assert_eq!(wire.hear_to_end(), b"");
}

#[test]
fn a_signal_ends_it_with_its_counts() {
    let (stub, mut wire) = Rules::new("t.csv", "a,one\nb,two\n").connected(&[]);
    gets(&mut wire, "a", "one");
    gets(&mut wire, "a", "one");
    wire.say("c");
    gets(&mut wire, "b", "two");
    stub.signal(Signal::INT);
    let outcome = stub.wait().exits(130);
    let said = "2  \"a\" (line 1)\n1  \"b\" (line 2)\n4 requests: 1 unmatched, 0 refused; 0 of 2 rules never hit\n";
    assert_eq!(outcome.out(), said);
}

#[test]
fn require_says_whether_every_rule_was_hit() {
    let rules = Rules::new("t.csv", "a,one\nb,two\n");
    for (asked, code) in [(vec!["a"], 1), (vec!["a", "b"], 0)] {
        let (stub, mut wire) = rules.connected(&["--require", "--default", "?"]);
        for request in asked {
            wire.say(request);
            wire.hear(3);
        }
        stub.signal(Signal::TERM);
        let outcome = stub.wait();
        match code {
            0 => drop(outcome.exits(0)),
            _ => drop(outcome.fails(1, "1 of 2 rules were never hit: \"b\" (line 2)")),
        }
    }
}

#[test]
fn the_deadline_ends_it_in_order() {
    let rules = Rules::new("t.csv", "a,one\n");
    let stub = rules.serve("127.0.0.1:0", &["--deadline", "300ms"]);
    stub.wait().exits(0);
}
