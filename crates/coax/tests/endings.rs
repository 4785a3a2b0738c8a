//! Never hang, never truncate: how a session ends, and what it says about it.
//!
//! End of input half-closes, what the peer said is always shown, and a peer that is gone ends the
//! command: at once where that can be known, within 75 s where only the network can tell.
//!
//! Peers are plain sockets here, or foreign programs where the wait is theirs.

use std::time::Duration;

use rustix::process::Signal;
use testkit::{Pattern, Program, Running, Wire, Wires, peer_or_skip, python};

/// "At once", on a machine that is busy with other tests.
const AT_ONCE: Duration = Duration::from_secs(4);
/// The longest that an idle pipe may wait for a peer that is gone.
const AN_AGE: Duration = Duration::from_secs(75);

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

/// `coax connect`, with these flags, to a peer in the test's hands.
fn connected(wires: Wires, flags: &[&str]) -> (Running, Wire) {
    let port = wires.listen();
    let coax = coax(&["connect", &port.endpoint]).args(flags).start();
    (coax, port.accept())
}

/// `coax listen`, with these flags, and a peer in the test's hands.
fn accepted(wires: Wires, flags: &[&str]) -> (Running, Wire) {
    let (endpoint, place) = wires.free_endpoint();
    let coax = coax(&["listen", &endpoint]).args(flags).start();
    let peer = wires.connect(&coax.listening());
    (place.into_iter().fold(coax, Running::keeping), peer)
}

const LATE: &str = "
s = listen()
c, _ = s.accept()
got = b''
while (d := c.recv(9)): got += d
time.sleep(1.2)
c.sendall(b'you said ' + got)
c.close()
";

#[test]
fn a_reply_long_after_the_end_of_input_is_shown() {
    let Some(peer) = python(LATE, [""]) else { return };
    let endpoint = format!("127.0.0.1:{}", peer.port());
    coax(&["connect", &endpoint]).run_with("x").exits(0).prints("you said x");
    peer.wait().exits(0);
}

#[test]
fn a_late_reply_of_a_command_behind_socat_is_shown() {
    let Some(socat) = peer_or_skip("socat") else { return };
    let command = "SYSTEM:cat >/dev/null; sleep 1.2; echo late";
    let listen = "TCP-LISTEN:0,bind=127.0.0.1";
    let peer = Program::new(socat).args(["-d", "-d", "-t", "20", listen, command]).start();
    let said = peer.expect_part("listening on AF=2 127.0.0.1:");
    coax(&["connect", "127.0.0.1", &said]).run_with("early\n").exits(0).prints("late\n");
    peer.wait().exits(0);
}

#[test]
fn a_late_reply_of_ncat_is_shown_by_the_listening_side() {
    let Some(ncat) = peer_or_skip("ncat") else { return };
    let mut coax = coax(&["listen", "127.0.0.1:0"]).start();
    let port = coax.port().to_string();
    let line = "(sleep 1.2; echo late) | exec \"$0\" 127.0.0.1 \"$1\"";
    let peer = Program::shell(line, [ncat.as_os_str(), port.as_ref()]).start();
    coax.send("early\n");
    coax.end_input();
    coax.wait().exits(0).prints("late\n");
    peer.wait().prints("early\n");
}

#[test]
fn a_peer_that_closes_ends_the_command_at_once_on_a_terminal() {
    for wires in [Wires::Tcp, Wires::Tcp6, Wires::Unix] {
        let port = wires.listen();
        let coax = coax(&["connect", &port.endpoint]).on_terminal().start();
        let mut peer = port.accept();
        peer.say("bye\n");
        drop(peer);
        assert!(coax.ends_within(AT_ONCE), "{wires:?}");
        assert!(coax.wait().exits(0).out().contains("bye"), "{wires:?}");
    }
}

#[test]
fn a_peer_that_half_closes_ends_the_command_at_once_on_a_terminal() {
    let (endpoint, _place) = Wires::Tcp.free_endpoint();
    let coax = coax(&["listen", &endpoint]).with_terminal_stdin().start();
    let mut peer = Wires::Tcp.connect(&coax.listening());
    peer.say("bye\n");
    peer.finish();
    assert!(coax.ends_within(AT_ONCE));
    coax.wait().exits(0).prints("bye\n");
    assert_eq!(peer.hear_to_end(), b"");
}

#[test]
fn a_peer_that_closes_ends_the_command_at_once_where_asked_for() {
    for wires in [Wires::Tcp, Wires::Tcp6, Wires::Unix] {
        for session in [connected, accepted] {
            let (coax, mut peer) = session(wires, &["--on-peer-close", "exit"]);
            peer.say("bye\n");
            drop(peer);
            assert!(coax.ends_within(AT_ONCE), "{wires:?}");
            coax.wait().exits(0).prints("bye\n");
        }
    }
}

#[test]
fn a_unix_peer_that_is_gone_ends_an_idle_pipe_at_once() {
    for session in [connected, accepted] {
        let (coax, mut peer) = session(Wires::Unix, &[]);
        peer.say("bye\n");
        drop(peer);
        assert!(coax.ends_within(AT_ONCE));
        coax.wait().exits(0).prints("bye\n");
    }
}

/// The one test that waits as long as the network does.
#[test]
fn a_tcp_peer_that_is_gone_ends_an_idle_pipe_within_75_seconds() {
    let port = Wires::Tcp.listen();
    let client = coax(&["connect", &port.endpoint]).deadline(AN_AGE * 2).start();
    drop(port.accept());
    let server = coax(&["listen", "127.0.0.1:0"]).deadline(AN_AGE * 2).start();
    drop(Wires::Tcp.connect(&server.listening()));
    assert!(client.ends_within(AN_AGE), "the client still waits");
    assert!(server.ends_within(AT_ONCE), "the server still waits");
    client.wait().exits(0);
    server.wait().exits(0);
}

#[test]
fn a_pipe_that_pauses_towards_a_peer_that_half_closed_is_delivered_whole() {
    for wires in [Wires::Tcp, Wires::Unix] {
        let (mut coax, mut peer) = connected(wires, &[]);
        peer.finish();
        coax.expect_end_of_stdout();
        coax.send("before ");
        assert!(!coax.ends_within(Duration::from_secs(5)), "the input is not over: {wires:?}");
        coax.send("after");
        coax.end_input();
        assert_eq!(peer.hear_to_end(), b"before after");
        drop(peer);
        coax.wait().exits(0);
    }
}

#[test]
fn megabytes_both_ways_at_once_arrive_whole() {
    let whole = Pattern::first(8 << 20);
    for wires in [Wires::Tcp, Wires::Unix] {
        for session in [connected, accepted] {
            let (mut coax, mut peer) = session(wires, &[]);
            let input = coax.take_input();
            let sent = whole.clone();
            let writer = std::thread::spawn(move || testkit::push(&input, &sent));
            let (mut ear, told) = (peer.twin(), whole.clone());
            let reader = std::thread::spawn(move || ear.hear_to_end());
            peer.say(told);
            peer.finish();
            writer.join().expect("all of stdin is taken");
            assert!(reader.join().expect("the peer hears an end") == whole, "{wires:?}");
            drop(peer);
            assert!(coax.wait().exits(0).stdout == whole, "{wires:?}");
        }
    }
}

#[test]
fn a_sender_that_ignores_the_answer_does_not_destroy_what_it_sent() {
    let whole = Pattern::first(1 << 20);
    let (mut coax, mut peer) = connected(Wires::Tcp, &["--send-only"]);
    peer.say(Pattern::first(100_000));
    let (input, sent) = (coax.take_input(), whole.clone());
    let writer = std::thread::spawn(move || testkit::push(&input, &sent));
    assert!(peer.hear_to_end() == whole, "a reset would have cut this");
    writer.join().expect("all of stdin is taken");
    drop(peer);
    coax.wait().exits(0).prints("");
}

#[test]
fn a_receiver_alone_says_nothing() {
    let (mut coax, mut peer) = connected(Wires::Tcp, &["--recv-only"]);
    coax.try_send(b"unheard");
    peer.say("told");
    peer.finish();
    assert_eq!(peer.hear_to_end(), b"");
    drop(peer);
    coax.wait().exits(0).prints("told");
}

#[test]
fn on_eof_close_does_not_wait_for_the_peer() {
    for wires in [Wires::Tcp, Wires::Unix] {
        let (mut coax, mut peer) = connected(wires, &["--on-eof", "close"]);
        coax.send("all");
        coax.end_input();
        assert_eq!(peer.hear_to_end(), b"all");
        assert!(coax.ends_within(AT_ONCE), "{wires:?}");
        coax.wait().exits(0);
    }
}

#[test]
fn on_eof_keep_leaves_the_sending_side_open() {
    let (mut coax, mut peer) = connected(Wires::Tcp, &["--on-eof", "keep"]);
    coax.send("all");
    coax.end_input();
    assert_eq!(peer.hear(3), b"all");
    assert!(peer.is_silent_for(Duration::from_millis(500)), "no end was to be sent");
    peer.say("late");
    drop(peer);
    assert!(coax.ends_within(AT_ONCE));
    coax.wait().exits(0).prints("late");
}

#[test]
fn an_idle_stream_ends_as_a_network_failure() {
    let (coax, mut peer) = connected(Wires::Tcp, &["--idle", "300ms"]);
    peer.say("told");
    coax.wait().prints("told").fails(3, "300");
}

#[test]
fn a_deadline_ends_a_busy_session_and_keeps_what_came() {
    let (coax, mut peer) = connected(Wires::Tcp, &["--deadline", "1s"]);
    peer.say("told");
    let outcome = coax.wait().prints("told").fails(3, "1");
    assert!(outcome.took < Duration::from_secs(10));
}

#[test]
fn a_deadline_ends_a_listener_that_nobody_called() {
    let outcome = coax(&["listen", "127.0.0.1:0", "--deadline", "300ms"]).run();
    outcome.fails(3, "nobody connected within 300 ms");
}

#[test]
fn a_time_longer_than_any_clock_is_no_panic() {
    for flag in ["--deadline", "--idle"] {
        let (mut coax, mut peer) = connected(Wires::Tcp, &[flag, "1e19"]);
        peer.say("told");
        peer.finish();
        coax.end_input();
        coax.wait().speaks_plainly().exits(0).prints("told");
    }
}

/// A queue of one that is full: Linux drops what knocks.
const DEAF: &str = "
s = socket.socket(); s.bind(('127.0.0.1', 0)); s.listen(0)
waiting = []
for _ in range(4):
    c = socket.socket(); c.setblocking(False); c.connect_ex(s.getsockname()); waiting.append(c)
ready('listening on 127.0.0.1:%d' % s.getsockname()[1])
time.sleep(30)
";

#[test]
fn a_peer_that_does_not_answer_is_given_up_in_time() {
    let Some(peer) = python(DEAF, [""]) else { return };
    let endpoint = format!("127.0.0.1:{}", peer.port());
    for flag in ["--timeout", "--deadline"] {
        let outcome = coax(&["connect", &endpoint, flag, "400ms"]).run();
        assert!(outcome.took < AT_ONCE);
        outcome.fails(3, &endpoint);
    }
}

#[test]
fn a_signal_ends_it_with_the_code_shells_know() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let (coax, _peer) = connected(Wires::Tcp, &[]);
        coax.signal(signal);
        coax.wait().speaks_plainly().exits(code);
    }
}

#[test]
fn a_signal_takes_the_socket_file_along() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s");
    let coax = coax(&["listen", "--keep-open", &path.display().to_string()]).start();
    coax.listening();
    assert!(path.exists());
    coax.signal(Signal::TERM);
    coax.wait().speaks_plainly().exits(143);
    assert!(!path.exists(), "the socket's file is left behind");
}

#[test]
fn the_socket_file_is_gone_after_a_session() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s").display().to_string();
    let coax = coax(&["listen", &path]).start();
    drop(Wires::Unix.connect(&coax.listening()));
    coax.wait().exits(0);
    assert!(!std::path::Path::new(&path).exists(), "the socket's file is left behind");
}

#[test]
fn a_stale_socket_file_does_not_keep_a_listener_away() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s").display().to_string();
    let first = coax(&["listen", &path]).start();
    first.listening();
    first.signal(Signal::KILL);
    first.wait().exits(137);
    assert!(std::path::Path::new(&path).exists());
    let second = coax(&["listen", &path]).start();
    let mut peer = Wires::Unix.connect(&second.listening());
    peer.say("hello");
    drop(peer);
    second.wait().exits(0).prints("hello");
}

#[test]
fn a_summary_tells_who_ended_and_how_much() {
    let (mut coax, mut peer) = connected(Wires::Tcp, &["-v"]);
    coax.send("four");
    coax.end_input();
    assert_eq!(peer.hear_to_end(), b"four");
    peer.say("seven77");
    drop(peer);
    let err = coax.wait().exits(0).speaks_plainly().err();
    let summary = err.lines().last().unwrap_or_default();
    assert!(summary.contains('4') && summary.contains('7') && summary.contains("FIN"), "{err}");
}

#[test]
fn the_json_of_a_session_ends_with_one_summary() {
    let (mut coax, mut peer) = connected(Wires::Tcp, &["--json"]);
    coax.send("four");
    coax.end_input();
    assert_eq!(peer.hear_to_end(), b"four");
    drop(peer);
    let out = coax.wait().exits(0).out();
    let lines = out.lines().collect::<Vec<_>>();
    assert!(!lines.is_empty());
    for line in &lines {
        assert!(line.starts_with('{') && line.contains("\"v\":1"), "{out}");
        assert!(line.contains("\"event\":") && line.contains("\"at\":"), "{out}");
    }
}
