//! `coax listen --exec`: a command for each connection.
//!
//! It knows who it talks to, its whole answer arrives, and nothing it started outlives its
//! connection or the listener.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use testkit::{Pattern, Program, Running, Wires, peer_or_skip, python};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

fn serving(command: &str, flags: &[&str]) -> Running {
    coax(&["listen", "127.0.0.1:0", "--exec", command]).args(flags).start()
}

const WHO: &str = "echo \"$COAX_REMOTE_ADDR $COAX_REMOTE_PORT $COAX_LOCAL_ADDR \
    $COAX_LOCAL_PORT $COAX_CONNECTION\"";

#[test]
fn a_command_knows_both_ends_and_its_number() {
    for (wires, host) in [(Wires::Tcp, "127.0.0.1"), (Wires::Tcp6, "::1")] {
        let (endpoint, _place) = wires.free_endpoint();
        let coax = coax(&["listen", &endpoint, "--keep-open", "--exec", WHO]).start();
        let address = coax.listening();
        let port = address.rsplit(':').next().unwrap();
        for number in 1..3 {
            let mut peer = wires.connect(&address);
            let testkit::Wire::Tcp(stream) = &peer else { panic!("an IP stream") };
            let from = stream.local_addr().unwrap().port();
            let line = format!("{host} {from} {host} {port} {number}\n");
            assert_eq!(String::from_utf8(peer.hear_to_end()).unwrap(), line);
        }
    }
}

#[test]
fn a_command_behind_a_unix_socket_has_addresses_and_no_ports() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s").display().to_string();
    let command = "echo \"$COAX_LOCAL_ADDR ${COAX_LOCAL_PORT-none} ${COAX_REMOTE_PORT-none}\"";
    // What an outer coax left in the environment is not about this connection.
    let coax = coax(&["listen", &path, "--exec", command]).env("COAX_REMOTE_PORT", "99").start();
    coax.listening();
    let mut peer = Wires::Unix.connect(&path);
    assert_eq!(String::from_utf8(peer.hear_to_end()).unwrap(), format!("{path} none none\n"));
    drop(peer);
    coax.wait().exits(0);
}

#[test]
fn an_answer_after_the_command_closed_its_input_arrives() {
    for flags in [&[][..], &["--keep-open"]] {
        // The second read is what the peer says once nobody reads: it must break nothing.
        let coax = serving("exec <&-; echo ready; sleep 0.4; echo late", flags);
        let mut peer = Wires::Tcp.connect(&coax.listening());
        assert_eq!(peer.hear(6), b"ready\n");
        peer.say("who reads this?\n");
        peer.finish();
        assert_eq!(peer.hear_to_end(), b"late\n", "{flags:?}");
    }
}

#[test]
fn a_command_that_ignores_what_is_said_answers_whole() {
    let coax = serving("echo done", &["--keep-open"]);
    let address = coax.listening();
    for _ in 0..20 {
        let mut peer = Wires::Tcp.connect(&address);
        peer.say("words for nobody\n");
        assert_eq!(peer.hear_to_end(), b"done\n");
    }
}

#[test]
fn much_goes_through_a_command_unchanged() {
    const MUCH: usize = 5 << 20;
    let coax = serving("cat", &[]);
    let mut peer = Wires::Tcp.connect(&coax.listening());
    let mut twin = peer.twin();
    let saying = std::thread::spawn(move || {
        twin.say(Pattern::first(MUCH));
        twin.finish();
    });
    assert!(peer.hear_to_end() == Pattern::first(MUCH), "whole and in order");
    saying.join().unwrap();
    drop(peer);
    coax.wait().exits(0).prints("");
}

#[test]
fn nc_ncat_and_socat_get_the_answer() {
    let command = "read word; echo \"you said $word\"";
    for (program, args) in
        [("nc", ["-nN", "127.0.0.1"]), ("ncat", ["-n", "127.0.0.1"]), ("socat", ["-", "TCP"])]
    {
        let Some(path) = peer_or_skip(program) else { return };
        let coax = serving(command, &[]);
        let port = coax.port().to_string();
        let there = match program {
            "socat" => {
                Program::new(path).args(["-t", "20", "-"]).arg(format!("TCP:127.0.0.1:{port}"))
            }
            _ => Program::new(path).args(args).arg(&port),
        };
        there.run_with("hello\n").exits(0).prints("you said hello\n");
        coax.wait().exits(0);
    }
}

#[test]
fn many_commands_run_at_once() {
    let coax = serving("read a; echo $COAX_CONNECTION", &["--keep-open"]);
    let address = coax.listening();
    let mut all = (0..20).map(|_| Wires::Tcp.connect(&address)).collect::<Vec<_>>();
    for (who, wire) in all.iter_mut().enumerate().rev() {
        wire.say("go\n");
        assert_eq!(wire.hear_to_end(), format!("{}\n", who + 1).as_bytes());
    }
}

#[test]
fn packets_are_lines_to_a_command() {
    let script = "
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.connect('\\0' + sys.argv[1][1:])
s.send(b'hello'); s.send(b'you')
say(s.recv(99).decode(), s.recv(99).decode())
";
    let name = format!("@coax-exec-{}", std::process::id());
    let endpoint = format!("unix-seqpacket:{name}");
    let command = "read a; echo \"1 $a\"; read b; echo \"2 $b\"";
    let coax = coax(&["listen", &endpoint, "--exec", command]).start();
    coax.listening();
    let Some(peer) = python(script, [&name]) else { return };
    peer.wait().exits(0).prints("1 hello 2 you\n");
}

/// A command of several processes that tells the peer when they run; each leaves a file locked
/// while it lives.
fn tree(lock: &Path) -> String {
    let lock = lock.display();
    format!(
        "(flock -s 9; echo up; sleep 600) 9>{lock} & (flock -s 8; echo up; sleep 600) 8>{lock}; wait"
    )
}

/// Waits until nobody holds the lock any more.
fn all_gone(lock: &Path) {
    let wait = Program::new("flock").args(["-w", "20", "-x"]).arg(lock).arg("true");
    wait.run().exits(0);
}

#[test]
fn a_signal_ends_commands_and_all_they_started() {
    for signal in [Signal::INT, Signal::TERM] {
        for flags in [&[][..], &["--keep-open"]] {
            let place = tempfile::tempdir().unwrap();
            let lock = place.path().join("lock");
            let coax = serving(&tree(&lock), flags);
            let mut peer = Wires::Tcp.connect(&coax.listening());
            assert_eq!(peer.hear(6), b"up\nup\n");
            coax.signal(signal);
            let code = if signal == Signal::INT { 130 } else { 143 };
            coax.wait().exits(code).speaks_plainly();
            all_gone(&lock);
        }
    }
}

#[test]
fn a_command_that_ignores_the_signal_is_killed() {
    let place = tempfile::tempdir().unwrap();
    let lock = place.path().join("lock");
    let command = format!("trap '' TERM; {}", tree(&lock));
    let coax = serving(&command, &["--keep-open"]);
    let mut peer = Wires::Tcp.connect(&coax.listening());
    assert_eq!(peer.hear(6), b"up\nup\n");
    coax.signal(Signal::TERM);
    coax.wait().exits(143);
    all_gone(&lock);
}

#[test]
fn a_command_whose_peer_broke_off_is_ended() {
    let place = tempfile::tempdir().unwrap();
    let lock = place.path().join("lock");
    let coax = serving(&tree(&lock), &["--keep-open"]);
    let mut peer = Wires::Tcp.connect(&coax.listening());
    assert_eq!(peer.hear(6), b"up\nup\n");
    peer.reset();
    all_gone(&lock);
    assert!(coax.is_running());
}

#[test]
fn what_a_command_left_in_the_background_on_purpose_stays() {
    let place = tempfile::tempdir().unwrap();
    let lock = place.path().join("lock");
    let command = format!("(flock -s 9; sleep 600) 9>{} >/dev/null & echo $!", lock.display());
    let coax = serving(&command, &[]);
    let mut peer = Wires::Tcp.connect(&coax.listening());
    let id: i32 = String::from_utf8(peer.hear_to_end()).unwrap().trim().parse().unwrap();
    drop(peer);
    coax.wait().exits(0);
    let id = rustix::process::Pid::from_raw(id).unwrap();
    rustix::process::kill_process(id, Signal::TERM).unwrap();
}

#[test]
fn a_command_that_does_not_exist_ends_its_connection_alone() {
    let coax = serving("/nonexistent/program", &["--keep-open"]);
    let address = coax.listening();
    for _ in 0..2 {
        assert_eq!(Wires::Tcp.connect(&address).hear_to_end(), b"");
    }
    coax.expect_err("not found");
    assert!(coax.is_running());
}

#[test]
fn what_a_command_says_of_its_errors_stays_here() {
    let coax = serving("echo to the peer; echo to us >&2", &[]);
    let mut peer = Wires::Tcp.connect(&coax.listening());
    assert_eq!(peer.hear_to_end(), b"to the peer\n");
    drop(peer);
    let outcome = coax.wait().exits(0).prints("");
    assert!(outcome.err().contains("to us"), "{}", outcome.shown());
}

#[test]
fn a_unix_client_that_is_gone_ends_a_command_that_only_waits() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s");
    let command = "cat >/dev/null; echo over >&2";
    let coax = coax(&["listen", path.to_str().unwrap(), "--exec", command]).start();
    coax.listening();
    drop(UnixStream::connect(&path).unwrap());
    assert!(coax.ends_within(Duration::from_secs(4)));
    let outcome = coax.wait().exits(0);
    assert!(outcome.err().contains("over"), "{}", outcome.shown());
}
