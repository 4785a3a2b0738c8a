//! What each flag of `connect` and `listen` does, seen from the other end of the wire.
//!
//! The peer is a plain socket in this process, so what is on the wire is what the test sees.

use std::fs;
use std::time::Duration;

use testkit::{Pattern, Program, Wires, python};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

#[test]
fn two_words_are_an_endpoint() {
    let port = Wires::Tcp.listen();
    let (host, number) = port.endpoint.split_once(':').unwrap();
    let coax = coax(&["connect", host, number]).start();
    let mut peer = port.accept();
    peer.say("hello");
    drop(peer);
    let mut coax = coax;
    coax.end_input();
    coax.wait().exits(0).prints("hello");
}

#[test]
fn a_source_is_where_the_peer_sees_it_come_from() {
    let script = "
c, sender = listen().accept()
say(sender[0]); c.close()
";
    let Some(peer) = python(script, [""]) else { return };
    let endpoint = format!("127.0.0.1:{}", peer.port());
    coax(&["connect", &endpoint, "--source", "127.0.0.77"]).run().exits(0);
    peer.wait().exits(0).prints("127.0.0.77\n");
}

#[test]
fn a_family_can_be_had_alone() {
    let coax = coax(&["listen", ":0", "-4", "--keep-open"]).start();
    let address = coax.listening();
    assert!(address.starts_with("0.0.0.0:"), "{address}");
    let number = address.rsplit(':').next().unwrap().to_owned();
    let outcome = Program::new(env!("CARGO_BIN_EXE_coax"));
    let outcome = outcome.args(["connect", &format!("[::1]:{number}")]).run();
    outcome.fails(3, "refused");
}

#[test]
fn no_host_is_both_families_on_one_port() {
    let coax = coax(&["listen", ":0", "--echo", "--keep-open"]).start();
    let number = coax.port();
    coax.expect_err(&format!("listening on 0.0.0.0:{number}\n"));
    coax.expect_err(&format!("listening on [::]:{number}\n"));
    for (wires, host) in [(Wires::Tcp, "127.0.0.1"), (Wires::Tcp6, "[::1]")] {
        let mut peer = wires.connect(&format!("{host}:{number}"));
        peer.say(host);
        assert_eq!(peer.hear(host.len()), host.as_bytes());
    }
}

#[test]
fn a_file_gets_what_arrives() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("got");
    let whole = Pattern::first(3 << 20);
    let port = Wires::Tcp.listen();
    let coax = coax(&["connect", &port.endpoint, "--output", &file.display().to_string()]);
    let mut coax = coax.start();
    let mut peer = port.accept();
    peer.say(&whole);
    drop(peer);
    coax.end_input();
    coax.wait().exits(0).prints("");
    assert!(fs::read(&file).unwrap() == whole);
}

#[test]
fn a_dump_shows_both_directions_and_leaves_stdout_alone() {
    let port = Wires::Tcp.listen();
    let mut coax = coax(&["connect", &port.endpoint, "--hex"]).start();
    let mut peer = port.accept();
    coax.send("out\n");
    coax.end_input();
    assert_eq!(peer.hear_to_end(), b"out\n");
    peer.say("in\n");
    drop(peer);
    let outcome = coax.wait().exits(0).prints("in\n");
    let err = outcome.err();
    assert!(err.contains("> 00000000  6f 75 74 0a"), "{err}");
    assert!(err.contains("< 00000000  69 6e 0a"), "{err}");
}

#[test]
fn a_trace_names_the_calls_in_their_order() {
    let port = Wires::Tcp.listen();
    let coax = coax(&["connect", &port.endpoint, "--trace"]).start();
    drop(port.accept());
    let mut coax = coax;
    coax.end_input();
    let err = coax.wait().exits(0).err();
    let connect = format!(", {}) = ", port.endpoint);
    let places = ["socket(AF_INET, SOCK_STREAM) = ", "connect(", &connect, "SHUT_WR"];
    let found = places.map(|words| err.find(words));
    assert!(found.iter().all(Option::is_some) && found.is_sorted(), "{found:?}\n{err}");
}

#[test]
fn each_framing_puts_its_own_mark_on_the_wire() {
    for (framing, wire) in [
        ("line", &b"one\ntwo\n"[..]),
        ("crlf", b"one\r\ntwo\r\n"),
        ("nul", b"one\0two\0"),
        ("len32", b"\0\0\0\x03one\0\0\0\x03two"),
    ] {
        let port = Wires::Tcp.listen();
        let mut coax = coax(&["connect", &port.endpoint, "--framing", framing]).start();
        let mut peer = port.accept();
        coax.send("one\ntwo\n");
        coax.end_input();
        assert_eq!(peer.hear_to_end(), wire, "{framing}");
        peer.say(wire);
        drop(peer);
        coax.wait().exits(0).prints("one\ntwo\n");
    }
}

#[test]
fn more_than_the_most_wait_their_turn() {
    let coax = coax(&["listen", "127.0.0.1:0", "--echo", "--keep-open", "--max", "1"]).start();
    let address = coax.listening();
    let mut first = Wires::Tcp.connect(&address);
    first.say("1");
    assert_eq!(first.hear(1), b"1");
    let mut second = Wires::Tcp.connect(&address);
    second.say("2");
    assert!(second.is_silent_for(Duration::from_millis(400)), "it was not its turn");
    drop(first);
    assert_eq!(second.hear(1), b"2");
}

#[test]
fn a_second_caller_of_a_single_session_is_turned_away() {
    let coax = coax(&["listen", "127.0.0.1:0"]).start();
    let address = coax.listening();
    let mut first = Wires::Tcp.connect(&address);
    first.say("one");
    coax.expect_out("one");
    Program::new(env!("CARGO_BIN_EXE_coax")).args(["connect", &address]).run().fails(3, "refused");
}

#[test]
fn each_guest_gets_a_command_of_its_own() {
    let line = "read word; echo \"$word is $COAX_REMOTE_PORT\"";
    let coax = coax(&["listen", "127.0.0.1:0", "--keep-open", "--exec", line]).start();
    let address = coax.listening();
    let mut guests = (0..5).map(|_| Wires::Tcp.connect(&address)).collect::<Vec<_>>();
    for (number, guest) in guests.iter_mut().enumerate().rev() {
        guest.say(format!("guest {number}\n"));
        let heard = String::from_utf8(guest.hear_to_end()).unwrap();
        assert!(heard.starts_with(&format!("guest {number} is ")), "{heard}");
        assert!(heard.trim().rsplit(' ').next().unwrap().parse::<u16>().is_ok(), "{heard}");
    }
}

#[test]
fn nobody_came_in_time() {
    let outcome = coax(&["listen", "127.0.0.1:0", "--timeout", "300ms"]).start().wait();
    outcome.fails(3, "300");
}

#[test]
fn a_mistake_in_json_is_one_event() {
    let outcome = coax(&["connect", "host:", "--json"]).run().exits(2);
    let out = outcome.out();
    assert!(out.lines().count() == 1 && out.contains("\"event\":\"error\""), "{out}");
    assert!(out.contains("\"exit\":2"), "{out}");
}
