//! A deadline is a deadline, whatever happens.
//!
//! The old grace of five seconds is what these would catch; a busy machine is not.

use std::time::Duration;

use testkit::Wires;

use super::{accepted, coax, connected, zeros};

/// Beyond a deadline of one second, on a machine that is busy with other tests.
const LATE: Duration = Duration::from_secs(4);

#[test]
fn a_peer_that_never_reads_holds_no_deadline_and_no_idle_time_up() {
    for flags in [["--deadline", "1s"], ["--idle", "1s"]] {
        let port = Wires::Tcp.listen();
        let connect = coax(&["connect", &port.endpoint]).args(flags).stdin(zeros()).start();
        let _deaf = port.accept();
        let listen = coax(&["listen", "127.0.0.1:0"]).args(flags).stdin(zeros()).start();
        let _deaf_too = Wires::Tcp.connect(&listen.listening());
        for coax in [connect, listen] {
            let outcome = coax.wait();
            assert!(outcome.took < LATE, "{:?}", outcome.took);
            outcome.fails(3, "1 s");
        }
    }
}

#[test]
fn a_peer_that_always_sends_holds_no_deadline_up() {
    let (coax, mut peer) = connected(Wires::Tcp, &["--deadline", "1s", "--send-only"]);
    let sending = std::thread::spawn(move || {
        let chunk = vec![0; 65536];
        // Until the connection is gone.
        while std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| peer.say(&chunk))).is_ok() {}
    });
    let outcome = coax.wait();
    assert!(outcome.took < LATE, "{:?}", outcome.took);
    outcome.fails(3, "not done within 1 s");
    let _ = sending.join();
}

#[test]
fn a_command_that_does_not_obey_holds_no_deadline_up() {
    let command = "trap '' TERM; sleep 60 & wait; sleep 60";
    for many in [&[][..], &["--keep-open"]] {
        let (coax, _peer) =
            accepted(Wires::Tcp, &[&["--exec", command, "--deadline", "1s"], many].concat());
        let outcome = coax.wait();
        assert!(outcome.took < LATE, "{many:?}: {:?}", outcome.took);
    }
}

#[test]
fn a_greeting_that_is_not_read_holds_no_deadline_up() {
    let long = "x".repeat(100_000);
    let (endpoint, _place) = Wires::Unix.free_endpoint();
    let args = ["listen", &endpoint, "--deadline", "1s", "--greet", &long];
    let coax = coax(&args).start();
    let _deaf = Wires::Unix.connect(&coax.listening());
    let outcome = coax.wait();
    assert!(outcome.took < LATE, "{:?}", outcome.took);
    outcome.fails(3, "not done within 1 s");
}

#[test]
fn an_answer_that_does_not_come_and_input_that_does_not_end_hold_no_deadline_up() {
    let port = Wires::Tcp.listen();
    let outcome = coax(&["ask", &port.endpoint, "x", "--deadline", "1s"]).run();
    assert!(outcome.took < LATE, "{:?}", outcome.took);
    outcome.fails(3, "no whole reply within 1 s");
    let (stdin, _writer) = std::io::pipe().unwrap();
    let args = ["ask", &port.endpoint, "-", "--deadline", "1s"];
    let outcome = coax(&args).stdin(stdin).run();
    assert!(outcome.took < LATE, "{:?}", outcome.took);
    outcome.fails(3, "no whole reply within 1 s");
}
