//! Many at once: who has left is not there, and who does not read is told so.

use testkit::{Lab, Pattern, Program, Wires, peer_or_skip, python};

use super::{coax, zeros};

#[test]
fn who_left_a_broker_makes_room_for_the_next() {
    for wires in [Wires::Tcp, Wires::Tcp6, Wires::Unix] {
        let (endpoint, _place) = wires.free_endpoint();
        let args = ["listen", &endpoint, "--broker", "--max", "2", "--greet", "in"];
        let coax = coax(&args).start();
        let address = coax.listening();
        for _ in 0..3 {
            let [mut one, mut other] = [(); 2].map(|()| {
                let mut member = wires.connect(&address);
                assert_eq!(member.hear(3), b"in\n", "{wires:?}");
                member
            });
            one.say("hello");
            assert_eq!(other.hear(5), b"hello", "{wires:?}");
        }
    }
}

/// Sixty callers, one after the other, who say one line and close.
const CALLERS: &str = "
for number in range(60):
    c = dial(sys.argv[1])
    c.sendall(b'caller %d\\n' % number)
    c.close()
";

#[test]
fn few_descriptors_serve_all_who_come_and_go_while_a_pipe_feeds_them() {
    let line = "ulimit -n 40; exec \"$0\" \"$@\"";
    let args = ["listen", "127.0.0.1:0", "--keep-open"];
    let coax = Program::shell(line, [env!("CARGO_BIN_EXE_coax")]).args(args).start();
    let port = coax.port().to_string();
    let Some(callers) = python(CALLERS, [&port]) else { return };
    callers.wait().exits(0);
    coax.expect_out("caller 59\n");
    let said = coax.out();
    assert_eq!(said.lines().count(), 60, "{said}");
}

#[test]
fn ncats_that_went_leave_no_seat_taken() {
    let Some(ncat) = peer_or_skip("ncat") else { return };
    let args = ["listen", "127.0.0.1:0", "--broker", "--max", "1", "-v"];
    let coax = coax(&args).start();
    let port = coax.port().to_string();
    for number in 1..4 {
        Program::new(&ncat).args(["-n", "--send-only", "127.0.0.1", &port]).run_with("x").exits(0);
        coax.expect_err(&format!("[{number}] "));
    }
    coax.expect_err("[3] 127.0.0.1");
}

/// Comes, waits until it is told to go on, and reads to the end, whatever it is.
const PAUSES: &str = "
c = dial(sys.argv[1])
c.recv(3)
say('in')
sys.stdin.readline()
try:
    while c.recv(65536): pass
    say('an end')
except ConnectionResetError:
    say('a reset')
";

#[test]
fn a_member_that_pauses_too_long_gets_a_reset_and_not_an_end() {
    const MUCH: usize = 24 << 20;
    let flags = ["--broker", "--greet", "in", "--drop-after", "300ms"];
    let coax = coax(&["listen", "127.0.0.1:0"]).args(flags).start();
    let address = coax.listening();
    let port = coax.port().to_string();
    let Some(mut pauses) = python(PAUSES, [&port]) else { return };
    pauses.expect_out("in\n");
    let [mut speaks, mut hears] = [(); 2].map(|()| {
        let mut member = Wires::Tcp.connect(&address);
        assert_eq!(member.hear(3), b"in\n");
        member
    });
    let speaking = std::thread::spawn(move || speaks.say(Pattern::first(MUCH)));
    assert!(hears.hear(MUCH) == Pattern::first(MUCH), "the other hears all of it");
    speaking.join().unwrap();
    coax.expect_err("[1] dropped");
    pauses.send("go on\n");
    pauses.wait().exits(0).prints("in\na reset\n");
}

#[test]
fn a_server_that_ends_at_its_deadline_says_what_did_not_arrive() {
    let args = ["listen", "127.0.0.1:0", "--keep-open", "--deadline", "3s"];
    let coax = coax(&args).stdin(zeros()).start();
    let _deaf = Wires::Tcp.connect(&coax.listening());
    coax.wait().fails(3, "did not reach who was here");
}

/// Two callers come and go, then two more meet.
const MEET: &str = "
import socket, sys
def dial():
    c = socket.create_connection((sys.argv[1], int(sys.argv[2])), 30)
    assert c.recv(3) == b'in\\n'
    return c
for round in range(2):
    one, other = dial(), dial()
    one.sendall(b'hello')
    assert other.recv(5) == b'hello'
    one.close(); other.close()
print('met')
";

#[test]
fn who_left_on_another_machine_makes_room_when_it_is_needed() {
    let Some(lab) = Lab::or_skip() else { return };
    let Some(python) = peer_or_skip("python3") else { return };
    for (host, listen) in [(Lab::V4, Lab::V4.to_owned()), (Lab::V6, format!("[{}]", Lab::V6))] {
        let endpoint = format!("{listen}:0");
        let args = ["listen", &endpoint, "--broker", "--max", "2", "--greet", "in"];
        let coax = lab.target.program(env!("CARGO_BIN_EXE_coax")).args(args).start();
        let port = coax.listening().rsplit(':').next().unwrap().to_owned();
        let meet = lab.client.program(&python).args(["-c", MEET, host, &port]);
        meet.run().exits(0).prints("met\n");
    }
}
