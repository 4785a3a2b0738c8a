//! Rules: what each kind of match takes, and each kind of reply says.
//!
//! One connection asks everything in turn, so a rule that leaves something behind shows.
//!
//! Nothing here ends a connection.

use std::fs;
use std::time::{Duration, Instant};

use testkit::{Wires, python};

use super::{Rules, gets};

const RULES: &str = r#"
default = "what?"

[[rule]]
connect = true
reply = "220 ready\n"

[[rule]]
exact = "HELO"
reply = "hello"

[[rule]]
prefix = "GET "
file = "page.txt"

[[rule]]
regex = '^add (\d+) (?P<b>\d+)$'
template = "{1}+{b} for {address}, no. {count}"

[[rule]]
regex = '^sum (\d+) (\d+)$'
command = 'echo $(($1 + $2)); cat >&2'

[[rule]]
exact = "upper"
command = 'tr a-z A-Z; echo " $COAX_REMOTE_ADDR $COAX_CONNECTION"'

[[rule]]
bytes = "00 01"
hex = "68 69"

[[rule]]
length = "20-"
reply = "long"

[[rule]]
exact = "next"
replies = ["one", { reply = "two" }, { template = "last {count}" }]

[[rule]]
exact = "turn"
replies = ["a", "b"]
cycle = true

[[rule]]
exact = "slow"
reply = "slow"
delay = "150ms"

[[rule]]
exact = "bits"
reply = "abcdef"
chunk = 2
pause = "50ms"
"#;

#[test]
fn every_kind_of_rule_answers() {
    let rules = Rules::new("r.toml", RULES);
    fs::write(rules.file("page.txt"), "a page").unwrap();
    let (_stub, mut wire) = rules.connected(&[]);
    assert_eq!(wire.hear(10), b"220 ready\n");
    for (request, reply) in [
        ("HELO", "hello"),
        ("HELO\r\n", "hello"),
        ("GET /", "a page"),
        ("add 1 22", "1+22 for 127.0.0.1, no. 1"),
        ("add 3 4\n", "3+4 for 127.0.0.1, no. 2"),
        ("sum 20 22", "42\n"),
        ("upper", "UPPER 127.0.0.1 1\n"),
        ("\0\u{1}", "hi"),
        ("12345678901234567890", "long"),
        ("next", "one"),
        ("next", "two"),
        ("next", "last 3"),
        ("next", "last 4"),
        ("turn", "a"),
        ("turn", "b"),
        ("turn", "a"),
        ("add 1 x", "what?"),
        ("HELO ", "what?"),
    ] {
        gets(&mut wire, request, reply);
    }
}

#[test]
fn a_slow_reply_comes_late_and_delays_nobody_else() {
    let rules = Rules::new(
        "r.toml",
        "[[rule]]\nexact = 'slow'\nreply = 'slow'\ndelay = '3s'\n[[rule]]\nexact = 'fast'\nreply = 'fast'\n",
    );
    let stub = rules.serve("127.0.0.1:0", &[]);
    let address = stub.listening();
    let (mut slow, mut fast) = (Wires::Tcp.connect(&address), Wires::Tcp.connect(&address));
    let asked = Instant::now();
    slow.say("slow");
    gets(&mut fast, "fast", "fast");
    assert!(asked.elapsed() < Duration::from_secs(3), "the other one waited as well");
    assert_eq!(slow.hear(4), b"slow");
    assert!(asked.elapsed() >= Duration::from_secs(3), "after {:?}", asked.elapsed());
}

#[test]
fn replies_keep_the_order_of_their_requests() {
    let rules = Rules::new(
        "r.toml",
        "framing = 'line'\n[[rule]]\nexact = 'slow'\nreply = 'slow'\ndelay = '100ms'\n[[rule]]\nexact = 'fast'\nreply = 'fast'\n[[rule]]\nexact = 'run'\ncommand = 'printf ran'\n",
    );
    let (_stub, mut wire) = rules.connected(&[]);
    wire.say("slow\nfast\nrun\nfast\n");
    assert_eq!(wire.hear(19), b"slow\nfast\nran\nfast\n");
}

#[test]
fn a_reply_in_pieces_is_read_in_pieces() {
    let rules = Rules::new(
        "r.toml",
        "[[rule]]\nexact = 'bits'\nreply = 'abcdef'\nchunk = 2\npause = '300ms'\n",
    );
    let stub = rules.serve("127.0.0.1:0", &[]);
    let script = "
c = dial(sys.argv[1])
c.sendall(b'bits')
for _ in range(3):
    say(c.recv(1024).decode())
";
    let Some(client) = python(script, [stub.port().to_string()]) else { return };
    client.wait().exits(0).prints("ab\ncd\nef\n");
}

#[test]
fn a_slow_datagram_does_not_stop_the_others() {
    let rules = Rules::new(
        "r.toml",
        "[[rule]]\nexact = 'slow'\ncommand = 'sleep 1; printf slow'\n[[rule]]\nexact = 'fast'\nreply = 'fast'\n",
    );
    let stub = rules.serve("udp://127.0.0.1:0", &[]);
    let script = "
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for request in (b'slow', b'fast'):
    s.sendto(request, ('127.0.0.1', int(sys.argv[1])))
for _ in range(2):
    say(s.recv(1024).decode())
";
    let Some(client) = python(script, [stub.port().to_string()]) else { return };
    client.wait().exits(0).prints("fast\nslow\n");
}

#[test]
fn a_command_that_hangs_is_killed_with_all_it_started() {
    let rules = Rules::new(
        "r.toml",
        "[[rule]]\nexact = 'hang'\ncommand = 'sleep 1000 & echo $! > pid; sleep 1000'\nlimit = '300ms'\n[[rule]]\nexact = 'fast'\nreply = 'fast'\n",
    );
    let file = rules.file("pid");
    let stub =
        super::coax(&["stub"]).arg(&rules.path).arg("127.0.0.1:0").dir(rules.place.path()).start();
    let mut wire = Wires::Tcp.connect(&stub.listening());
    wire.say("hang");
    stub.expect_err("not done within 300ms");
    gets(&mut wire, "fast", "fast");
    let pid = fs::read_to_string(file).unwrap();
    // It ends when it is next let run, which a busy machine may put off.
    let until = Instant::now() + Duration::from_secs(20);
    while runs(pid.trim()) {
        assert!(Instant::now() < until, "{pid} still runs");
        std::thread::yield_now();
    }
}

fn runs(pid: &str) -> bool {
    let state = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let state = state.rsplit(')').next().unwrap().trim_start();
    !state.is_empty() && !state.starts_with('Z')
}
