//! Datagrams with programs that nobody here wrote on the other end: who is there first, what is too
//! long, which address answers, what a burst loses.
//!
//! Where addresses matter, both ends are in networks of the test's own.

use rustix::process::Signal;
use testkit::{Lab, Program, peer_or_skip, python};

const COAX: &str = env!("CARGO_BIN_EXE_coax");

fn coax(args: &[&str]) -> Program {
    Program::new(COAX).args(args)
}

#[test]
fn input_waits_until_somebody_is_there() {
    let Some(socat) = peer_or_skip("socat") else { return };
    for count in [&["--count", "1"][..], &["--on-eof", "close"]] {
        let mut listen = coax(&["listen", "udp://127.0.0.1:0"]).args(count).start();
        listen.send("one\ntwo\n");
        listen.end_input();
        let to = format!("UDP:127.0.0.1:{}", listen.port());
        let mut peer = Program::new(&socat).args(["-t", "20", "-", &to]).start();
        peer.send("hello");
        peer.expect_out("onetwo");
        listen.wait().exits(0).prints("hello\n");
    }
}

#[test]
fn input_waits_for_a_unix_datagram_too_and_for_one_that_can_be_answered() {
    let script = "
for name in (None, sys.argv[1] + '.me'):
    s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    if name: s.bind(name)
    s.sendto(b'hello', sys.argv[1])
say(s.recvfrom(99)[0])
";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s").display().to_string();
    let mut listen = coax(&["listen", &format!("unix-dgram:{path}"), "--count", "2"]).start();
    listen.send("one\n");
    listen.end_input();
    listen.listening();
    let Some(peer) = python(script, [&path]) else { return };
    peer.wait().exits(0).prints("b'one'\n");
    listen.wait().exits(0).prints("hello\nhello\n");
}

#[test]
fn input_that_nobody_took_is_no_success() {
    for endpoint in ["udp://127.0.0.1:0", "unix-dgram:@coax-nobody"] {
        for end in [&["--deadline", "200ms"][..], &["--idle", "200ms"]] {
            let outcome = coax(&["listen", endpoint]).args(end).run_with("one\n");
            outcome.fails(3, "the input was not sent: nobody has sent anything within 200 ms");
            coax(&["listen", endpoint]).args(end).run_with("").exits(0);
        }
    }
}

#[test]
fn a_count_that_was_not_reached_is_no_success() {
    for end in [&["--deadline", "200ms"][..], &["--idle", "200ms"]] {
        let listen = coax(&["listen", "udp://127.0.0.1:0", "--count", "3"]).args(end);
        listen.run_with("").fails(3, "0 of 3 datagrams came within 200 ms");
    }
}

/// Says the length of each datagram; ends at an empty one.
const LENGTHS: &str = "
family = {'4': socket.AF_INET, '6': socket.AF_INET6, 'u': socket.AF_UNIX}[sys.argv[1][0]]
s = socket.socket(family, socket.SOCK_DGRAM)
if family == socket.AF_UNIX: s.bind(sys.argv[1][1:]); ready('listening on it')
else:
    s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
    s.bind(('127.0.0.1' if family == socket.AF_INET else '::1', 0))
    ready('listening on x:%d' % s.getsockname()[1])
sizes = []
while not sizes or sizes[-1] > 1: sizes.append(len(s.recv(1 << 20)))
say(sizes)
";

#[test]
fn raw_bytes_are_cut_to_what_a_datagram_holds() {
    for (family, host, largest) in [("4", "127.0.0.1", 65_507), ("6", "[::1]", 65_527)] {
        let Some(peer) = python(LENGTHS, [family]) else { return };
        let to = format!("udp://{host}:{}", peer.port());
        let folder = tempfile::tempdir().unwrap();
        // A file, so that each read gets as much as it asks for.
        let input = folder.path().join("input");
        std::fs::write(&input, vec![7; 2 * largest + 1]).unwrap();
        let input = std::fs::File::open(&input).unwrap();
        let connect = coax(&["connect", &to, "--framing", "raw", "--on-eof", "close"]);
        connect.stdin(input).run().exits(0);
        peer.wait().exits(0).prints(format!("[{largest}, {largest}, 1]\n"));
    }
}

#[test]
fn a_message_too_long_is_refused_by_its_size_and_the_next_is_sent() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s").display().to_string();
    let unix = format!("u{path}");
    for (family, at) in [("4", "127.0.0.1"), ("6", "[::1]"), (unix.as_str(), "")] {
        let Some(peer) = python(LENGTHS, [family]) else { return };
        let (to, largest) = match family {
            "4" => (format!("udp://{at}:{}", peer.port()), 65_507),
            "6" => (format!("udp://{at}:{}", peer.port()), 65_527),
            _ => {
                peer.listening();
                // Twice what was asked for, less what the kernel keeps for itself.
                (format!("unix-dgram:{path}?sndbuf=50000"), 100_000 - 32)
            }
        };
        let input = format!("{}\n{}\nx\n", "a".repeat(largest), "b".repeat(largest + 1));
        let outcome = coax(&["connect", &to, "--on-eof", "close"]).run_with(input);
        let words = format!("a message of {} bytes, and a datagram holds {largest}", largest + 1);
        assert!(outcome.err().contains(&format!("not sent: {words}")), "{}", outcome.err());
        assert!(outcome.exits(5).err().ends_with("coax: 1 message was not sent\n"));
        peer.wait().exits(0).prints(format!("[{largest}, 1]\n"));
        let ask = coax(&["ask", &to, &"c".repeat(largest + 1), "--wait", "10ms"]);
        if family != unix {
            ask.run().fails(5, &words);
        }
    }
}

#[test]
fn a_packet_too_long_is_refused_and_an_empty_one_is_a_message() {
    let script = "
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
s.bind(sys.argv[1]); s.listen(1); ready('listening on it')
c, _ = s.accept()
for _ in range(3): say(repr(c.recv(1 << 20)))
say(repr(c.recv(99)))
for word in (b'', b'one\\n', b'', b'two'): c.send(word)
c.close()
";
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s").display().to_string();
    let Some(peer) = python(script, [&path]) else { return };
    peer.listening();
    let to = format!("unix-seqpacket:{path}?sndbuf=50000");
    let input = format!("a\n\n{}\nb\n", "x".repeat(100_000));
    let outcome = coax(&["connect", &to]).run_with(input);
    // Four lines, of which two are empty; a newline that came is not doubled.
    let words = "not sent: a message of 100000 bytes, and a packet holds 99968 here";
    assert!(outcome.err().contains(words), "{}", outcome.err());
    outcome.exits(5).prints("\none\n\ntwo\n");
    peer.wait().exits(0).prints("b'a'\nb''\nb'b'\nb''\n");
}

#[test]
fn a_newline_that_came_with_a_datagram_is_not_doubled() {
    let Some(socat) = peer_or_skip("socat") else { return };
    for words in ["--count 2", "--count 2 --framing line"] {
        let listen = coax(&["listen", "udp://127.0.0.1:0"]).args(words.split(' ')).start();
        let to = format!("UDP:127.0.0.1:{}", listen.port());
        let mut peer = Program::new(&socat).args(["-u", "-", &to]).start();
        peer.send("one\n");
        listen.expect_out("one\n");
        peer.send("two");
        listen.wait().exits(0).prints("one\ntwo\n");
    }
}

#[test]
fn what_the_first_address_refuses_goes_to_the_next() {
    // Nothing listens at 127.0.0.1, which is asked before ::1.
    let script = "
s = listen(socket.SOCK_DGRAM, '::1')
while True:
    data, sender = s.recvfrom(99)
    s.sendto(data.upper(), sender)
";
    let Some(peer) = python(script, [""]) else { return };
    let to = format!("udp://:{}", peer.port());
    coax(&["connect", &to, "--idle", "2s"]).run_with("one\ntwo\n").exits(0).prints("ONE\nTWO\n");
    coax(&["ask", &to, "three"]).run().exits(0).prints("THREE\n");
    coax(&["wait", &to, "--timeout", "20s"]).run().exits(0);
    let nobody = format!("udp://:{}", testkit::unused_port());
    for end in ["half-close", "close"] {
        let outcome = coax(&["connect", &nobody, "--on-eof", end]).run_with("one\n");
        outcome.fails(3, "refused by 127.0.0.1:");
    }
    coax(&["ask", &nobody, "one"]).run().fails(3, "refused by 127.0.0.1:");
}

/// A connected socket takes nothing from another address.
const ASKS: &str = "
for host in sys.argv[2:]:
    s = socket.socket(socket.AF_INET6 if ':' in host else socket.AF_INET, socket.SOCK_DGRAM)
    s.connect((host, int(sys.argv[1])))
    s.send(b'question')
    say(host, s.recv(99))
";

#[test]
fn whoever_asks_a_second_address_is_answered_from_it() {
    let Some(lab) = Lab::or_skip() else { return };
    let Some(python) = peer_or_skip("python3") else { return };
    lab.target
        .sh("ip address add 10.77.0.3/24 dev lab; ip address add fd00:77::3/64 dev lab nodad");
    let folder = tempfile::tempdir().unwrap();
    let (rules, script) = (folder.path().join("rules.csv"), folder.path().join("asks.py"));
    std::fs::write(&rules, "question,question\n").unwrap();
    std::fs::write(
        &script,
        format!("import socket, sys\nsocket.setdefaulttimeout(20)\nsay = print\n{ASKS}"),
    )
    .unwrap();
    let rules = rules.display().to_string();
    let verbs: [&[&str]; 2] = [&["listen", "udp://:0", "--echo"], &["stub", &rules, "udp://:0"]];
    for verb in verbs {
        let answers = lab.target.program(COAX).args(verb).start();
        let asks = lab.client.program(&python).arg(&script).arg(answers.port().to_string());
        let hosts = [Lab::V4, "10.77.0.3", Lab::V6, "fd00:77::3"];
        let told = asks.args(hosts).run().exits(0).out();
        assert_eq!(told.matches("b'question'").count(), hosts.len(), "{told}");
    }
}

#[test]
fn a_listener_on_one_interface_is_not_reached_by_another() {
    let Some(lab) = Lab::or_skip() else { return };
    lab.talkative();
    for transport in ["tcp", "udp"] {
        let listen = format!("{transport}://:0?interface=lo");
        let listens = lab.target.program(COAX).args(["listen", &listen, "--echo"]).start();
        let port = listens.port();
        let to = |host: &str| format!("{transport}://{host}:{port}");
        for host in [Lab::V4, &format!("[{}]", Lab::V6)] {
            let asks = lab.client.program(COAX).args(["ask", &to(host), "x", "--wait", "2s"]);
            asks.run().fails(3, "refused");
        }
        let asks = lab.target.program(COAX).args(["ask", &to("127.0.0.1"), "x"]);
        asks.run().exits(0).prints("x\n");
    }
    // And a client does not leave by another.
    let asks = lab.client.program(COAX);
    let to = format!("udp://{}:9?interface=lo", Lab::V4);
    let outcome = asks.args(["ask", &to, "x", "--wait", "500ms"]).run();
    assert_eq!(outcome.code(), 3, "{}", outcome.err());
}

#[test]
fn a_burst_is_kept_or_its_loss_is_said() {
    let script = "
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(1000): s.sendto(b'%d' % n, ('127.0.0.1', int(sys.argv[1])))
";
    for options in ["", "?rcvbuf=4096"] {
        let endpoint = format!("udp://127.0.0.1:0{options}");
        let listen = coax(&["listen", &endpoint, "--idle", "2s", "-v"]).start();
        let Some(peer) = python(script, [listen.port().to_string()]) else { return };
        peer.wait().exits(0);
        let outcome = listen.wait().exits(0);
        let told = outcome.err();
        let line = told.lines().find(|line| line.starts_with("datagrams: ")).expect("a summary");
        let number = |before: &str, after: &str| {
            let rest = line.split_once(after).map_or("0", |(rest, _)| rest);
            rest.rsplit_once(before).unwrap_or(("", rest)).1.parse::<u64>().unwrap_or(0)
        };
        let (received, dropped) = (number("received ", " ("), number("· ", " dropped"));
        assert_eq!(received + dropped, 1000, "{line}");
        assert_eq!(outcome.out().lines().count() as u64, received, "{line}");
        assert!(options.is_empty() || dropped > 0, "{line}");
    }
}

#[test]
fn the_summary_is_an_event_too() {
    let outcome = coax(&["listen", "udp://127.0.0.1:0", "--idle", "100ms", "--json"]).run_with("");
    let out = outcome.exits(0).out();
    let last = out.lines().last().expect("an event");
    for part in ["\"event\":\"datagrams\"", "\"how\":\"idle\"", "\"received\":0", "\"dropped\":0"] {
        assert!(last.contains(part), "{last}");
    }
}

#[test]
fn without_recvmmsg_datagrams_are_taken_one_by_one() {
    let Some(strace) = peer_or_skip("strace") else { return };
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log").display().to_string();
    let inject = ["-o", &log, "-f", "-e", "inject=recvmmsg:error=ENOSYS"];
    let listen = Program::new(strace).args(inject).arg(COAX);
    let listen =
        listen.args(["listen", "udp://127.0.0.1:0", "--count", "3", "--idle", "20s"]).start();
    let script = "
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for n in range(3): s.sendto(b'%d' % n, ('127.0.0.1', int(sys.argv[1])))
";
    let Some(peer) = python(script, [listen.port().to_string()]) else { return };
    peer.wait().exits(0);
    listen.wait().exits(0).prints("0\n1\n2\n");
}

#[test]
fn several_replies_are_taken_when_asked_for() {
    let script = "
s = listen(socket.SOCK_DGRAM)
for _ in range(4):
    data, sender = s.recvfrom(99)
    for n in (1, 2, 3): s.sendto(b'%s %d' % (data, n), sender)
";
    let Some(peer) = python(script, [""]) else { return };
    let to = format!("udp://127.0.0.1:{}", peer.port());
    let ask = |words: &str| coax(&["ask", &to, "hi"]).args(words.split_whitespace());
    ask("").run().exits(0).prints("hi 1\n");
    ask("--count 2 --expect 2").run().exits(0).prints("hi 1\nhi 2\n");
    ask("--count all --wait 500ms").run().exits(0).prints("hi 1\nhi 2\nhi 3\n");
    let outcome = ask("--count 4 --wait 500ms").run();
    outcome.fails(3, "3 of 4 replies, and no more within 500 ms").prints("hi 1\nhi 2\nhi 3\n");
    peer.wait().exits(0);
}

#[test]
fn the_file_of_a_unix_socket_has_the_mode_and_group_that_were_asked_for() {
    use std::os::unix::fs::MetadataExt;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("s");
    let own = std::fs::metadata(folder.path()).unwrap();
    for kind in ["unix", "unix-dgram", "unix-seqpacket"] {
        let place = format!("{kind}:{}?mode=0662&group={}", path.display(), own.gid());
        let listen = coax(&["--trace", "listen", &place]).start();
        listen.expect_err("listening on");
        let found = std::fs::metadata(&path).unwrap();
        assert_eq!((found.mode() & 0o777, found.gid()), (0o662, own.gid()), "{kind}");
        listen.signal(Signal::TERM);
        let told = listen.wait().err();
        // Closed before it has a name, given away, then opened.
        let calls = ["fchmod(", "bind(", "fchown(", "\nchmod("].map(|call| told.find(call));
        assert!(calls.is_sorted() && calls.iter().all(Option::is_some), "{told}");
        assert!(told.lines().any(|line| line.starts_with("fchmod(") && line.contains("0600")));
        assert!(!path.exists());
    }
    let place = format!("{}?group=no-such-group", path.display());
    coax(&["listen", &place]).run().fails(2, "no group is called no-such-group");
    assert!(!path.exists());
}

#[test]
fn an_ipv4_address_in_ipv6_form_is_listened_at_and_a_short_one_is_reached() {
    let listen = coax(&["listen", "[::ffff:127.0.0.1]:0", "--echo"]).start();
    let port = listen.port();
    coax(&["ask", &format!("127.1:{port}"), "x"]).run().exits(0).prints("x\n");
}
