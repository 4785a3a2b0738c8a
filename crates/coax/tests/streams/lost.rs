//! Bytes that did not arrive are known by the exit code.

use std::time::Duration;

use testkit::{Lab, Pattern, Wires, python};

use super::{accepted, coax, connected, event};

/// Accepts and closes at once, again and again.
const CLOSES: &str = "
s = listen()
while True:
    c, _ = s.accept()
    c.close()
";

#[test]
fn what_a_peer_that_closed_did_not_take_is_a_network_failure() {
    for wires in [Wires::Tcp, Wires::Tcp6] {
        for session in [connected, accepted] {
            let (mut coax, peer) = session(wires, &[]);
            drop(peer);
            coax.expect_end_of_stdout();
            coax.send("one\n");
            coax.end_input();
            coax.wait().fails(3, "takes no more");
        }
    }
}

#[test]
fn short_input_to_a_server_that_closes_at_once_is_never_a_success() {
    let Some(peer) = python(CLOSES, [""]) else { return };
    let endpoint = format!("127.0.0.1:{}", peer.port());
    for _ in 0..20 {
        coax(&["connect", &endpoint]).run_with("one\n").fails(3, &endpoint);
        coax(&["connect", &endpoint, "--on-eof", "close"]).run_with("one\n").fails(3, &endpoint);
    }
    // Nothing was sent, so nothing was lost.
    coax(&["connect", &endpoint]).run().exits(0);
}

#[test]
fn the_bytes_that_were_never_acknowledged_are_counted() {
    let (mut coax, peer) = connected(Wires::Tcp, &["--json"]);
    drop(peer);
    coax.expect_out("connected");
    coax.send("12345");
    coax.end_input();
    let outcome = coax.wait().fails(3, "");
    let closed = event(&outcome.out(), "closed");
    assert!(closed["how"] == "refused" || closed["how"] == "reset", "{closed}");
    assert_eq!(closed["sent_bytes"], 5);
}

#[test]
fn a_session_that_ended_in_order_has_waited_for_a_peer_that_reads_late() {
    let whole = Pattern::first(8 << 20);
    let (mut coax, mut peer) = connected(Wires::Tcp, &["--on-eof", "close"]);
    let (input, sent) = (coax.take_input(), whole.clone());
    let writer = std::thread::spawn(move || testkit::push(&input, &sent));
    assert!(!coax.ends_within(Duration::from_secs(1)), "the peer has not read anything");
    assert!(peer.hear_to_end() == whole, "every byte, in order");
    writer.join().unwrap();
    coax.wait().exits(0);
}

#[test]
fn who_types_learns_that_the_peer_ended() {
    let port = Wires::Tcp.listen();
    let coax = coax(&["connect", &port.endpoint]).on_terminal().start();
    drop(port.accept());
    let text = coax.wait().exits(0).out();
    assert!(text.contains(&format!("{} ended the connection", port.endpoint)), "{text}");
}

/// Says everything back.
const ECHOES: &str = "
s = listen(host=sys.argv[1])
c, _ = s.accept()
while (d := c.recv(99)): c.sendall(d)
";

/// From now on nothing arrives.
const DEAD: &str =
    "table inet dead { chain in { type filter hook input priority 0; meta l4proto tcp drop; }; }";

#[test]
fn a_line_that_died_while_somebody_typed_ends() {
    let Some(lab) = Lab::or_skip() else { return };
    for host in [Lab::V4, Lab::V6] {
        let Some(script) = python_in(&lab, ECHOES, host) else { return };
        let address = script.listening();
        let args = ["connect", &address, "--ack-timeout", "1s"];
        let mut coax = lab.ask(env!("CARGO_BIN_EXE_coax")).args(args).start();
        coax.send("one\n");
        coax.expect_out("one\n");
        lab.target.rules(DEAD);
        coax.send("two\n");
        let outcome = coax.wait().prints("one\n");
        outcome.fails(3, "no sign of it for 1 s; the last 4 bytes sent were never acknowledged");
        lab.target.sh("nft flush ruleset");
    }
}

fn python_in(lab: &Lab, script: &str, host: &str) -> Option<testkit::Running> {
    let python = testkit::peer_or_skip("python3")?;
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("peer.py");
    let listen = "
import socket, sys
def listen(host):
    s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET)
    s.bind((host, 0)); s.listen()
    name = '[%s]' % host if ':' in host else host
    print('listening on %s:%d' % (name, s.getsockname()[1]), file=sys.stderr, flush=True)
    return s
";
    std::fs::write(&path, format!("{listen}{script}")).unwrap();
    Some(lab.target.program(python).arg("-u").arg(path).arg(host).start().keeping(place))
}

#[test]
fn a_peer_that_answers_and_reads_nothing_is_waited_for() {
    let whole = Pattern::first(8 << 20);
    let (mut coax, mut peer) = connected(Wires::Tcp, &["--ack-timeout", "300ms"]);
    let (input, sent) = (coax.take_input(), whole.clone());
    let writer = std::thread::spawn(move || testkit::push(&input, &sent));
    assert!(!coax.ends_within(Duration::from_secs(3)), "its line is not dead");
    assert!(peer.hear_to_end() == whole, "every byte, in order");
    writer.join().unwrap();
    drop(peer);
    coax.wait().exits(0);
}

#[test]
fn one_read_takes_no_more_than_was_said() {
    for session in [connected, accepted] {
        let (coax, mut peer) = session(Wires::Tcp, &["--read-size", "4", "--framing", "chunk"]);
        peer.say("0123456789");
        coax.expect_out("0123\n4567\n89\n");
        drop(peer);
    }
}

#[test]
fn an_output_that_cannot_be_written_is_known_before_anybody_comes() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("kept").display().to_string();
    std::fs::write(&path, "kept").unwrap();
    for verb in ["listen", "connect"] {
        let nowhere = "/nonexistent/x";
        let outcome = coax(&[verb, "127.0.0.1:1", "-o", nowhere]).run();
        outcome.fails(5, "cannot write /nonexistent/x: no such file or directory");
    }
    // A file is emptied by a connection alone.
    let port = testkit::unused_port();
    coax(&["connect", &format!("127.0.0.1:{port}"), "-o", &path]).run().fails(3, "refused");
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "kept");
}
