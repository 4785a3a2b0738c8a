//! Datagrams: a line is one, answers go to the last sender, senders are told apart.
//!
//! The peers are Python programs, over IPv4 and IPv6, one to one and to a group.

use std::time::Duration;

use testkit::{Program, python};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

fn endpoint(host: &str, port: u16) -> String {
    match host.contains(':') {
        true => format!("udp://[{host}]:{port}"),
        false => format!("udp://{host}:{port}"),
    }
}

#[test]
fn a_python_receiver_gets_each_line_as_a_datagram_without_its_newline() {
    let script = "
s = listen(socket.SOCK_DGRAM, sys.argv[1])
for _ in range(3):
    data, sender = s.recvfrom(2048)
    say(repr(data))
    s.sendto(b'got ' + data, sender)
";
    for host in ["127.0.0.1", "::1"] {
        let Some(peer) = python(script, [host]) else { return };
        let mut coax = coax(&["connect", &endpoint(host, peer.port())]).start();
        for word in ["one", "two", "three"] {
            coax.send(format!("{word}\n"));
            coax.expect_out(&format!("got {word}\n"));
        }
        peer.wait().exits(0).prints("b'one'\nb'two'\nb'three'\n");
    }
}

#[test]
fn a_python_sender_is_shown_and_answered() {
    let script = "
s = socket.socket(socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b'question', (sys.argv[1], int(sys.argv[2])))
say(repr(s.recvfrom(2048)[0]))
";
    for host in ["127.0.0.1", "::1"] {
        let mut coax = coax(&["listen", &endpoint(host, 0)]).start();
        let Some(peer) = python(script, [host, &coax.port().to_string()]) else { return };
        coax.expect_out("question");
        coax.send("answer\n");
        peer.wait().exits(0).prints("b'answer'\n");
    }
}

#[test]
fn many_senders_are_told_apart_by_address_and_port() {
    let script = "
a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in 'ab')
for s, word in ((a, b'from a'), (b, b'from b'), (a, b'a again')):
    s.connect(('127.0.0.1', int(sys.argv[1])))
    s.send(word)
say('%d %d' % (a.getsockname()[1], b.getsockname()[1]))
";
    let coax = coax(&["listen", "udp://127.0.0.1:0", "--count", "3"]).on_terminal().start();
    let Some(peer) = python(script, [coax.port().to_string()]) else { return };
    let ports = peer.wait().exits(0).out();
    let (a, b) = ports.trim().split_once(' ').unwrap();
    let screen = coax.wait().exits(0).out();
    let line = |word: &str| screen.lines().find(|line| line.contains(word)).unwrap_or_default();
    assert!(line("from a").contains(&format!("127.0.0.1:{a}")), "{screen}");
    assert!(line("from b").contains(&format!("127.0.0.1:{b}")), "{screen}");
    assert!(line("a again").contains(&format!("127.0.0.1:{a}")), "{screen}");
}

#[test]
fn an_answer_goes_to_the_last_sender_alone() {
    let script = "
a, b = (socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in 'ab')
for s, word in ((a, b'first'), (b, b'second')):
    s.sendto(word, ('127.0.0.1', int(sys.argv[1])))
say(repr(b.recvfrom(99)[0]))
a.settimeout(0.3)
try: say('not for a: %r' % a.recvfrom(99)[0])
except TimeoutError: say('nothing for a')
";
    let mut coax = coax(&["listen", "udp://127.0.0.1:0"]).start();
    let Some(peer) = python(script, [coax.port().to_string()]) else { return };
    coax.expect_out("second");
    coax.send("for you\n");
    peer.wait().exits(0).prints("b'for you'\nnothing for a\n");
}

#[test]
fn a_count_ends_it() {
    let script = "
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(5): s.sendto(b'%d' % n, ('127.0.0.1', int(sys.argv[1])))
";
    let coax = coax(&["listen", "udp://127.0.0.1:0", "--count", "2"]).start();
    let Some(peer) = python(script, [coax.port().to_string()]) else { return };
    peer.wait().exits(0);
    let out = coax.wait().exits(0).out();
    assert!(out.contains('0') && out.contains('1') && out.lines().count() == 2, "{out}");
}

#[test]
fn silence_ends_datagrams_without_a_fault() {
    let outcome = coax(&["listen", "udp://127.0.0.1:0", "--idle", "300ms"]).start().wait();
    outcome.exits(0).speaks_plainly();
}

#[test]
fn nobody_there_is_said() {
    let port = testkit::unused_port();
    let endpoint = format!("udp://127.0.0.1:{port}");
    let mut coax = coax(&["connect", &endpoint, "--idle", "5s"]).start();
    coax.send("anyone?\n");
    coax.wait().fails(3, "refused");
}

#[test]
fn a_group_is_joined() {
    let script = "
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton('127.0.0.1'))
s.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
s.sendto(b'to the group', ('239.255.12.34', int(sys.argv[1])))
";
    let args = ["listen", "udp://:0?interface=lo", "--join", "239.255.12.34", "--count", "1"];
    let coax = coax(&args).start();
    let Some(peer) = python(script, [coax.port().to_string()]) else { return };
    peer.wait().exits(0);
    assert!(coax.wait().exits(0).out().contains("to the group"));
}

#[test]
fn an_empty_datagram_and_a_large_one_are_messages_too() {
    let script = "
s = listen(socket.SOCK_DGRAM)
sizes = []
while len(sizes) < 2: sizes.append(len(s.recvfrom(70000)[0]))
say(sizes)
";
    let Some(peer) = python(script, [""]) else { return };
    let endpoint = format!("udp://127.0.0.1:{}", peer.port());
    let mut coax = coax(&["connect", &endpoint]).start();
    coax.send(format!("\n{}\n", "x".repeat(60_000)));
    peer.wait().exits(0).prints("[0, 60000]\n");
}

#[test]
fn end_of_input_waits_for_late_answers_no_longer_than_asked() {
    let script = "
s = listen(socket.SOCK_DGRAM)
data, sender = s.recvfrom(99)
s.sendto(b'answer', sender)
";
    let Some(peer) = python(script, [""]) else { return };
    let endpoint = format!("udp://127.0.0.1:{}", peer.port());
    let outcome = coax(&["connect", &endpoint, "--idle", "500ms"]).run_with("question\n");
    assert!(outcome.took < Duration::from_secs(10));
    outcome.exits(0).prints("answer\n");
}
