//! `coax wait … -- COMMAND`: the command runs when the wait is over, and only then.
//!
//! It takes the place of coax: same process, same streams, its own exit code.

use testkit::Wires;

use crate::{coax, nobody};

#[test]
fn the_exit_code_is_the_commands() {
    let port = Wires::Tcp.listen();
    coax(&[&port.endpoint, "--", "sh", "-c", "echo ran; exit 7"]).run().exits(7).prints("ran\n");
}

#[test]
fn the_command_is_this_process_and_has_its_streams() {
    let port = Wires::Tcp.listen();
    let mut coax = coax(&[&port.endpoint, "--", "sh", "-c", "echo $$; exec cat"]).start();
    coax.expect_out(&format!("{}\n", coax.pid()));
    coax.send("through\n");
    coax.expect_out("through\n");
    coax.end_input();
    coax.wait().exits(0);
}

#[test]
fn the_command_has_the_usual_signals() {
    let port = Wires::Tcp.listen();
    // Where broken pipes were ignored, `yes` would complain.
    let script = "yes | head -1; kill -TERM $$";
    let outcome = coax(&[&port.endpoint, "--", "bash", "-c", script]).run();
    assert_eq!(outcome.exits(143).prints("y\n").err(), "");
}

#[test]
fn nothing_runs_when_time_is_up() {
    let outcome = coax(&[&nobody(), "--timeout", "100ms", "--", "echo", "ran"]).run();
    outcome.fails(3, "still waiting for").prints("");
}

#[test]
fn a_command_that_is_not_there_is_told() {
    let port = Wires::Tcp.listen();
    let outcome = coax(&[&port.endpoint, "--", "/nonexistent/server"]).run();
    outcome.fails(5, "cannot run /nonexistent/server: no such file or directory");
}
