//! `listen --exec`: each direction of a command ends on its own, and its end is said.

use testkit::{Pattern, Wires, peer_or_skip};

use super::{accepted, coax, event};

#[test]
fn the_end_of_a_commands_output_does_not_end_its_input() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("f");
    let command = format!("exec >/dev/null; cat > '{}'", file.display());
    let (coax, mut peer) = accepted(Wires::Tcp, &["--exec", &command]);
    assert_eq!(peer.hear_to_end(), b"", "its output has ended");
    let whole = Pattern::first(5 << 20);
    peer.say(&whole);
    peer.finish();
    coax.wait().exits(0);
    assert!(std::fs::read(&file).unwrap() == whole, "every byte, in order");
}

#[test]
fn nc_fills_the_input_of_a_command_without_output() {
    let Some(nc) = peer_or_skip("nc") else { return };
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("f");
    let command = format!("exec >/dev/null; sleep 1; cat > '{}'", file.display());
    let coax = coax(&["listen", "127.0.0.1:0", "--exec", &command]).start();
    let port = coax.port().to_string();
    let whole = Pattern::first(5 << 20);
    testkit::Program::new(nc).args(["-nN", "127.0.0.1", &port]).run_with(&whole).exits(0);
    coax.wait().exits(0);
    assert!(std::fs::read(&file).unwrap() == whole, "every byte, in order");
}

#[test]
fn the_status_of_a_single_command_is_in_the_exit_code_and_in_the_event() {
    for (command, code, words, field, value) in [
        ("exit 0", 0, "", "command_status", 0),
        ("exit 7", 1, "ended with status 7", "command_status", 7),
        ("kill -9 $$", 1, "was killed by signal 9", "command_signal", 9),
        ("nosuchcommand", 5, "could not be run", "command_status", 127),
    ] {
        let quiet = format!("exec 2>/dev/null; {command}");
        let coax = coax(&["listen", "127.0.0.1:0", "--exec", &quiet, "--json"]).start();
        coax.expect_out("}\n");
        let address = event(&coax.out(), "listening")["address"].as_str().unwrap().to_owned();
        Wires::Tcp.connect(&address).finish();
        let outcome = coax.wait();
        let closed = event(&outcome.out(), "closed");
        assert_eq!(closed[field], value, "{closed}");
        assert_eq!(closed["command_stopped"], false, "{closed}");
        if code == 0 {
            outcome.exits(0)
        } else {
            outcome.fails(code, words)
        };
    }
}

#[test]
fn the_status_of_one_of_many_is_told_and_ends_nothing() {
    let args = ["listen", "127.0.0.1:0", "--keep-open", "-v", "--exec", "exit 7"];
    let coax = coax(&args).start();
    let address = coax.listening();
    for _ in 0..2 {
        let mut peer = Wires::Tcp.connect(&address);
        peer.finish();
        assert_eq!(peer.hear_to_end(), b"");
    }
    coax.expect_err("[2] closed: ");
    coax.expect_err("the command ended with status 7");
    assert!(coax.is_running());
}
