//! A conversation: ten lines each way, turn by turn, with a peer written in Python.
//!
//! Each side speaks only after it heard the other, so a line that waits in a buffer shows. By pipe
//! and by terminal, calling and called, over both kinds of IP.

use testkit::{Program, Running, python};

const TURNS: usize = 10;

/// Answers each line with its own count; ends after the last.
const TALKER: &str = "
turns, verb, where = int(sys.argv[1]), sys.argv[2], sys.argv[3]
if verb == 'listen':
    c, _ = listen(host=where).accept()
else:
    c = dial(verb, where)
f = c.makefile('rw', newline='\\n')
for n in range(turns):
    line = f.readline().rstrip('\\n')
    say('heard', line)
    f.write('answer %d to %s\\n' % (n, line)); f.flush()
assert f.readline() == '', 'nothing comes after the last turn'
f.close(); c.close()
";

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

fn take_turns(coax: &mut Running) {
    for turn in 0..TURNS {
        coax.send(format!("line {turn}\n"));
        coax.expect_out(&format!("answer {turn} to line {turn}"));
    }
    coax.end_input();
}

fn endpoint(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("[{host}]:{port}"),
        false => format!("{host}:{port}"),
    }
}

fn the_peer_heard_all(peer: Running) {
    let all = (0..TURNS).map(|turn| format!("heard line {turn}\n")).collect::<String>();
    peer.wait().exits(0).prints(all);
}

fn calling(host: &str, dress: fn(Program) -> Program) {
    let Some(peer) = python(TALKER, [&TURNS.to_string(), "listen", host]) else { return };
    let endpoint = endpoint(host, peer.port());
    let mut coax = dress(coax(&["connect", &endpoint])).start();
    take_turns(&mut coax);
    the_peer_heard_all(peer);
    coax.wait().exits(0).speaks_plainly();
}

fn called(host: &str, dress: fn(Program) -> Program) {
    let mut coax = dress(coax(&["listen", &endpoint(host, 0)])).start();
    let port = coax.port().to_string();
    let Some(peer) = python(TALKER, [&TURNS.to_string(), &port, host]) else { return };
    take_turns(&mut coax);
    the_peer_heard_all(peer);
    coax.wait().exits(0).speaks_plainly();
}

#[test]
fn a_caller_talks_by_pipe() {
    calling("127.0.0.1", |program| program);
    calling("::1", |program| program);
}

#[test]
fn a_caller_talks_on_a_terminal() {
    calling("127.0.0.1", Program::on_terminal);
    calling("::1", Program::on_terminal);
}

#[test]
fn a_caller_types_while_the_answers_go_to_a_file() {
    calling("127.0.0.1", Program::with_terminal_stdin);
}

#[test]
fn the_called_side_talks_by_pipe() {
    called("127.0.0.1", |program| program);
    called("::1", |program| program);
}

#[test]
fn the_called_side_talks_on_a_terminal() {
    called("127.0.0.1", Program::on_terminal);
    called("::1", Program::on_terminal);
}

#[test]
fn two_terminals_talk() {
    let mut there = coax(&["listen", "127.0.0.1:0"]).on_terminal().start();
    let port = there.port().to_string();
    let mut here = coax(&["connect", "localhost", &port]).on_terminal().start();
    for turn in 0..TURNS {
        here.send(format!("ping {turn}\n"));
        there.expect_out(&format!("ping {turn}"));
        there.send(format!("pong {turn}\n"));
        here.expect_out(&format!("pong {turn}"));
    }
    here.end_input();
    here.wait().exits(0);
    there.wait().exits(0);
}

#[test]
fn one_listener_at_a_terminal_tells_its_guests_apart() {
    let mut coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).on_terminal().start();
    let address = coax.listening();
    let mut first = testkit::Wires::Tcp.connect(address.trim());
    first.say("I came first\n");
    coax.expect_out("I came first");
    let mut second = testkit::Wires::Tcp.connect(address.trim());
    second.say("and I second\n");
    coax.expect_out("and I second");
    coax.send("hello all\n");
    assert_eq!(first.hear(10), b"hello all\n");
    assert_eq!(second.hear(10), b"hello all\n");
    coax.send("@2 only you\n");
    assert_eq!(second.hear(9), b"only you\n");
    assert!(first.is_silent_for(std::time::Duration::from_millis(300)), "not for the first");
}
