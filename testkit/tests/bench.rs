//! The test bench is tested on programs every machine has.

use std::panic::catch_unwind;
use std::time::{Duration, Instant};

use testkit::{Pattern, Program, Wires, fill, push};

fn panic_text(run: impl FnOnce() + std::panic::UnwindSafe) -> String {
    let payload = catch_unwind(run).expect_err("it must fail");
    payload.downcast_ref::<String>().cloned().unwrap_or_default()
}

#[test]
fn a_process_that_does_not_end_is_killed_and_shown() {
    let text = panic_text(|| {
        let program = Program::shell("echo said; echo cried >&2; exec cat", [""]);
        program.deadline(Duration::from_millis(300)).start().wait();
    });
    assert!(text.contains("not over after"), "{text}");
    assert!(text.contains("said") && text.contains("cried"), "{text}");
}

#[test]
fn an_outcome_shows_exit_code_stdout_and_stderr_at_once() {
    let outcome = Program::shell("echo out; echo err >&2; exit 3", [""]).run();
    outcome.shows("exit 3\n--- stdout\nout\n--- stderr\nerr");
}

#[test]
fn a_signal_is_an_exit_code_over_128() {
    Program::shell("kill -TERM $$", [""]).run().exits(143);
}

#[test]
fn a_failing_run_must_say_one_line_and_at_most_one_hint() {
    let two = Program::shell("printf 'coax: a\\ncoax: b\\n' >&2; exit 3", [""]).run();
    assert!(panic_text(|| drop(two.fails(3, "a"))).contains("wanted one line"));
    let odd = Program::shell("printf 'coax: a\\nthread main\\n' >&2; exit 3", [""]).run();
    assert!(panic_text(|| drop(odd.fails(3, "a"))).contains("thread main"));
    let good = "printf 'coax: no such place\\nhint: coax --help\\n' >&2; exit 2";
    Program::shell(good, [""]).run().fails(2, "no such place");
}

#[test]
fn a_terminal_is_a_terminal_in_all_three_places() {
    let line = "test -t 0 && test -t 1 && test -t 2 && read word && echo \"heard $word\"";
    let mut running = Program::shell(line, [""]).on_terminal().start();
    running.send("hello\n");
    running.expect_out("heard hello");
    running.wait().exits(0);
}

#[test]
fn a_terminal_can_be_stdin_alone() {
    let line = "test -t 0 && ! test -t 1 && ! test -t 2 && cat";
    let mut running = Program::shell(line, [""]).with_terminal_stdin().start();
    running.send("hello\n");
    running.expect_out("hello\n");
    running.end_input();
    running.wait().exits(0).prints("hello\n");
}

#[test]
fn a_reader_that_is_held_back_fills_the_pipe() {
    let mut running = Program::new("cat").hold_stdout().start();
    let input = running.take_input();
    let taken = fill(&input);
    assert!(taken > 0);
    running.read_stdout();
    assert!(running.expect_bytes(taken) == Pattern::first(taken));
    drop(input);
    running.wait().exits(0);
}

#[test]
fn the_two_kinds_of_stream_behave_alike() {
    for kind in [Wires::Tcp, Wires::Tcp6, Wires::Unix] {
        let port = kind.listen();
        let mut near = kind.connect(&port.endpoint);
        let mut far = port.accept();
        near.say("to");
        near.finish();
        assert_eq!(far.hear_to_end(), b"to");
        far.say("fro");
        drop(far);
        assert_eq!(near.hear_to_end(), b"fro");
    }
}

#[test]
fn a_python_peer_says_where_it_listens() {
    let script = "c, _ = listen().accept(); c.sendall(b'hi ' + c.recv(9)); c.close()";
    let Some(peer) = testkit::python(script, [""]) else { return };
    let mut wire = Wires::Tcp.connect(&format!("127.0.0.1:{}", peer.port()));
    wire.say("you");
    assert_eq!(wire.hear_to_end(), b"hi you");
    peer.wait().exits(0);
}

#[test]
fn pushing_to_a_reader_that_stopped_has_an_end() {
    let running = Program::shell("sleep 60", [""]).deadline(Duration::from_millis(400)).start();
    let mut running = running;
    let began = Instant::now();
    assert!(!running.try_send(&Pattern::first(1 << 20)));
    assert!(began.elapsed() < Duration::from_secs(10));
    let (reader, writer) = std::io::pipe().expect("a pipe");
    push(&writer, b"small");
    drop(reader);
}
