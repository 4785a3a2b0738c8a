//! `coax listen`: many at once, who hears whom, and how it ends.
//!
//! Nobody is lost, nobody stops the others, and nothing is left behind. Peers are plain sockets
//! here, and foreign programs where their own ways matter.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::io::Read;
use std::net::{TcpListener, TcpStream};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use rustix::process::{Resource, Rlimit, Signal, getrlimit, setrlimit};
use testkit::{Pattern, Program, Running, Wire, Wires, fill, peer_or_skip, python};

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

/// `coax` below a limit of descriptors that it cannot raise.
fn limited(descriptors: u32, args: &[&str]) -> Program {
    let line = format!("ulimit -n {descriptors}; exec \"$0\" \"$@\"");
    Program::shell(&line, [env!("CARGO_BIN_EXE_coax")]).args(args)
}

/// Clients that are in: each has heard the greeting `in`.
fn guests(count: usize, address: &str) -> Vec<Wire> {
    let all = (0..count).map(|_| Wires::Tcp.connect(address)).collect::<Vec<_>>();
    all.into_iter()
        .map(|mut wire| {
            assert_eq!(wire.hear(3), b"in\n");
            wire
        })
        .collect()
}

#[test]
fn no_more_than_max_are_served_and_the_next_waits_its_turn() {
    for flags in [&["--greet", "in"][..], &["--greet", "in", "--echo"]] {
        let args =
            ["listen", "127.0.0.1:0", "--keep-open", "--max", "2", "--on-peer-close", "exit"];
        let coax = coax(&args).args(flags).start();
        let address = coax.listening();
        let mut inside = guests(2, &address);
        let mut third = Wires::Tcp.connect(&address);
        assert!(third.is_silent_for(Duration::from_millis(300)), "there is room for two");
        inside.pop();
        assert_eq!(third.hear(3), b"in\n");
    }
}

#[test]
fn the_backlog_is_what_was_asked_for() {
    let coax = coax(&["listen", "127.0.0.1:0", "--backlog", "3", "--trace"]).start();
    coax.listening();
    let args = coax.expect_part("listen(");
    assert!(args.contains(", 3)"), "{args}");
}

#[test]
fn a_greeting_is_a_message_of_the_framing() {
    let table: [(&[&str], &[u8]); 6] = [
        (&[], b"hi\n"),
        (&["--crlf"], b"hi\r\n"),
        (&["--framing", "crlf"], b"hi\r\n"),
        (&["--framing", "nul"], b"hi\0"),
        (&["--framing", "len32"], b"\0\0\0\x02hi"),
        (&["--framing", "chunk"], b"hi"),
    ];
    for (flags, bytes) in table {
        for many in [&[][..], &["--keep-open"]] {
            let args = ["listen", "127.0.0.1:0", "--greet", "hi"];
            let coax = coax(&args).args(flags).args(many).start();
            let mut peer = Wires::Tcp.connect(&coax.listening());
            assert_eq!(peer.hear(bytes.len()), bytes, "{flags:?} {many:?}");
        }
    }
}

#[test]
fn a_greeting_of_several_lines_is_sent_as_such() {
    let args = ["listen", "127.0.0.1:0", "--crlf", "--greet", "220 one\n220 two\n"];
    let coax = coax(&args).start();
    let mut peer = Wires::Tcp.connect(&coax.listening());
    assert_eq!(peer.hear(18), b"220 one\r\n220 two\r\n");
}

#[test]
fn five_thousand_echo_clients_hold() {
    const CLIENTS: usize = 5_000;
    let Rlimit { maximum, .. } = getrlimit(Resource::Nofile);
    if maximum.is_some_and(|most| most < 2 * CLIENTS as u64) {
        return testkit::skip("too few descriptors: ulimit -Hn 20000");
    }
    setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }).unwrap();
    // It raises the usual limit by itself.
    let line = "ulimit -Sn 1024; exec \"$0\" listen 127.0.0.1:0 --keep-open --echo";
    let coax = Program::shell(line, [env!("CARGO_BIN_EXE_coax")]).start();
    let address = coax.listening();
    let mut all = (0..CLIENTS).map(|_| Wires::Tcp.connect(&address)).collect::<Vec<_>>();
    for round in 0..2 {
        let message = |who: usize| format!("{who:032}{round:032}");
        all.iter_mut().enumerate().for_each(|(who, wire)| wire.say(message(who)));
        for (who, wire) in all.iter_mut().enumerate() {
            assert_eq!(wire.hear(64), message(who).as_bytes());
        }
    }
    coax.signal(Signal::TERM);
    let outcome = coax.wait().exits(143);
    assert_eq!(outcome.err().lines().count(), 1, "{}", outcome.shown());
}

#[test]
fn two_hundred_clients_and_few_descriptors_make_newcomers_wait() {
    for flags in [&["--echo"][..], &["--exec", "cat"]] {
        let args = ["listen", "127.0.0.1:0", "--keep-open"];
        let coax = limited(64, &args).args(flags).start();
        let address = coax.listening();
        let mut all = (0..200).map(|_| Wires::Tcp.connect(&address)).collect::<Vec<_>>();
        for (who, wire) in all.iter_mut().enumerate() {
            wire.say(format!("{who:08}"));
        }
        // In the order they came; who has been served makes room.
        for (who, mut wire) in all.into_iter().enumerate() {
            assert_eq!(wire.hear(8), format!("{who:08}").as_bytes(), "{flags:?}");
        }
        coax.signal(Signal::INT);
        let outcome = coax.wait().exits(130).speaks_plainly();
        assert_eq!(outcome.err().matches("newcomers wait").count(), 1, "{}", outcome.shown());
    }
}

#[test]
fn a_reader_that_does_not_read_does_not_stop_the_others() {
    const MUCH: usize = 24 << 20;
    let coax = coax(&["listen", "127.0.0.1:0", "--broker", "--greet", "in"]).start();
    let mut all = guests(3, &coax.listening());
    let (mut hears, stuck, speaks) = (all.remove(2), all.remove(1), all.remove(0));
    let mut twin = speaks.twin();
    let speaking = std::thread::spawn(move || twin.say(Pattern::first(MUCH)));
    assert!(hears.hear(MUCH) == Pattern::first(MUCH), "all of it, in order");
    speaking.join().unwrap();
    coax.expect_err("[2] dropped: it does not read what is sent");
    // It is gone, and the others are not.
    drop(stuck);
    hears.say("still here");
    let mut speaks = speaks;
    assert_eq!(speaks.hear(10), b"still here");
}

#[test]
fn two_readers_that_do_not_read_cost_one_wait() {
    const MUCH: usize = 24 << 20;
    let coax = coax(&["listen", "127.0.0.1:0", "--broker", "--greet", "in"]).start();
    let mut all = guests(5, &coax.listening());
    let mut hears = all.pop().unwrap();
    let mut speaks = all.remove(0).twin();
    let speaking = std::thread::spawn(move || {
        speaks.say(Pattern::first(MUCH));
        speaks
    });
    let start = std::time::Instant::now();
    assert!(hears.hear(MUCH) == Pattern::first(MUCH), "all of it, in order");
    assert!(start.elapsed() < Duration::from_secs(20), "three times a second, and the bytes");
    speaking.join().unwrap();
    for id in [2, 3, 4] {
        coax.expect_err(&format!("[{id}] dropped"));
    }
}

#[test]
fn lines_of_two_speakers_do_not_mix() {
    let args = ["listen", "127.0.0.1:0", "--broker", "--framing", "line", "--greet", "in"];
    let coax = coax(&args).start();
    let mut all = guests(3, &coax.listening());
    let mut hears = all.pop().unwrap();
    all[0].say("first ha");
    all[1].say("second half");
    all[0].say("lf\n");
    assert_eq!(hears.hear(11), b"first half\n");
    all[1].say("\n");
    assert_eq!(hears.hear(12), b"second half\n");
}

#[test]
fn a_broker_tells_nobody_what_was_not_said_to_them() {
    let coax = coax(&["listen", "127.0.0.1:0", "--broker", "--greet", "in"]).start();
    let mut all = guests(2, &coax.listening());
    all[0].say("hello\n");
    assert_eq!(all[1].hear(6), b"hello\n");
    assert!(all[0].is_silent_for(Duration::from_millis(200)), "nobody hears themselves");
    coax.signal(Signal::TERM);
    coax.wait().exits(143).prints("");
}

#[test]
fn ncat_socat_and_nc_share_a_broker() {
    let (Some(nc), Some(ncat), Some(socat)) =
        (peer_or_skip("nc"), peer_or_skip("ncat"), peer_or_skip("socat"))
    else {
        return;
    };
    let coax = coax(&["listen", "127.0.0.1:0", "--broker", "--greet", "in"]).start();
    let port = coax.port().to_string();
    let target = format!("TCP:127.0.0.1:{port}");
    let mut all = [
        Program::new(nc).args(["-n", "127.0.0.1", &port]).start(),
        Program::new(ncat).args(["-n", "127.0.0.1", &port]).start(),
        Program::new(socat).args(["STDIO", &target]).start(),
    ];
    all.iter().for_each(|peer| peer.expect_out("in\n"));
    for speaker in 0..3 {
        all[speaker].send(format!("I am {speaker}\n"));
        for peer in all.iter().enumerate().filter(|(who, _)| *who != speaker).map(|(_, p)| p) {
            peer.expect_out(&format!("I am {speaker}\n"));
        }
    }
}

#[test]
fn a_file_reaches_the_client_whole() {
    let bytes = Pattern::first(9 << 20);
    let mut file = tempfile::NamedTempFile::new().unwrap();
    std::io::Write::write_all(&mut file, &bytes).unwrap();
    let input = std::fs::File::open(file.path()).unwrap();
    let coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).stdin(input).start();
    let mut peer = Wires::Tcp.connect(&coax.listening());
    assert!(peer.hear_to_end() == bytes, "whole and in order");
}

#[test]
fn a_feed_reaches_every_client_whole() {
    const MUCH: usize = 6 << 20;
    let mut coax = coax(&["listen", "127.0.0.1:0", "--keep-open", "--greet", "in"]).start();
    let all = guests(4, &coax.listening());
    let hearing = all.into_iter().map(|mut wire| std::thread::spawn(move || wire.hear_to_end()));
    let hearing = hearing.collect::<Vec<_>>();
    coax.send(Pattern::first(MUCH));
    coax.end_input();
    for heard in hearing {
        assert!(heard.join().unwrap() == Pattern::first(MUCH), "whole and in order");
    }
    assert!(coax.is_running(), "the end of input ends nobody else's conversation");
}

#[test]
fn a_feed_waits_for_its_only_reader_however_long_it_pauses() {
    let mut coax = coax(&["listen", "127.0.0.1:0", "--keep-open", "--greet", "in"]).start();
    let mut peer = guests(1, &coax.listening()).remove(0);
    let pipe = coax.take_input();
    let taken = fill(&pipe);
    assert!(!coax.ends_within(Duration::from_millis(2500)), "longer than any patience");
    drop(pipe);
    assert!(peer.hear_to_end() == Pattern::first(taken), "whole and in order");
}

#[test]
fn what_is_fed_before_anybody_came_is_for_the_first() {
    let mut coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).start();
    let address = coax.listening();
    coax.send("early\n");
    assert_eq!(Wires::Tcp.connect(&address).hear(6), b"early\n");
}

#[test]
fn who_comes_after_the_end_of_input_is_told_and_may_speak() {
    let mut coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).start();
    let address = coax.listening();
    let mut first = Wires::Tcp.connect(&address);
    coax.send("all\n");
    coax.end_input();
    assert_eq!(first.hear_to_end(), b"all\n");
    let mut late = Wires::Tcp.connect(&address);
    assert_eq!(late.hear_to_end(), b"");
    late.say("thanks\n");
    coax.expect_out("thanks\n");
}

#[test]
fn a_client_that_half_closed_still_hears() {
    let mut coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).start();
    let mut peer = Wires::Tcp.connect(&coax.listening());
    peer.say("question\n");
    peer.finish();
    coax.expect_out("question\n");
    coax.send("answer\n");
    coax.end_input();
    assert_eq!(peer.hear_to_end(), b"answer\n");
}

#[test]
fn a_client_that_breaks_off_ends_nobody_else() {
    for flags in [&[][..], &["--broker"], &["--echo"], &["--exec", "cat"]] {
        let args = ["listen", "127.0.0.1:0", "--keep-open", "--greet", "in"];
        let coax = coax(&args).args(flags).start();
        let address = coax.listening();
        let mut all = guests(2, &address);
        all.pop().unwrap().reset();
        drop(all);
        guests(1, &address);
        assert!(coax.is_running(), "{flags:?}");
    }
}

#[test]
fn a_terminal_tells_who_came_spoke_and_left() {
    let mut coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).on_terminal().start();
    let address = coax.listening();
    coax.send("anyone?\n");
    coax.expect_out("coax: not sent: nobody is here");
    let mut peer = Wires::Tcp.connect(&address);
    coax.expect_out("[1] 127.0.0.1:");
    coax.expect_out("is here");
    peer.say("one\ntwo\n");
    coax.expect_out(": one\r\n");
    coax.expect_out(": two\r\n");
    peer.say("no newline");
    coax.expect_out(": no newline\r\n");
    peer.say(b"\x1b[2Jgot you\n");
    coax.expect_out("\\u{1b}[2Jgot you");
    coax.send("@7 psst\n");
    coax.expect_out("coax: not sent: nobody here is number 7; here: 1");
    coax.send("@1 for you\n");
    assert_eq!(peer.hear(8), b"for you\n");
    drop(peer);
    coax.expect_out("left: ended");
    coax.signal(Signal::INT);
    coax.wait().exits(130);
}

#[test]
fn what_was_typed_before_a_client_left_is_still_heard() {
    let mut coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).on_terminal().start();
    let mut peer = Wires::Tcp.connect(&coax.listening());
    coax.expect_out("is here");
    coax.send("good bye\n");
    assert!(!peer.is_silent_for(testkit::DEADLINE), "it is on its way");
    peer.finish();
    coax.expect_out("left: ended");
    assert_eq!(peer.hear_to_end(), b"good bye\n");
}

#[test]
fn crlf_and_framings_reach_every_client() {
    let table: [(&[&str], &[u8]); 5] = [
        (&["--crlf"], b"one\r\ntwo\r\nrest"),
        (&["--framing", "line"], b"one\ntwo\nrest\n"),
        (&["--framing", "crlf"], b"one\r\ntwo\r\nrest\r\n"),
        (&["--framing", "nul"], b"one\0two\0rest\0"),
        (&["--framing", "len32"], b"\0\0\0\x03one\0\0\0\x03two\0\0\0\x04rest"),
    ];
    for (flags, bytes) in table {
        let args = ["listen", "127.0.0.1:0", "--keep-open", "--greet", "in"];
        let mut coax = coax(&args).args(flags).start();
        let address = coax.listening();
        let mut peer = Wires::Tcp.connect(&address);
        coax.send("one\ntwo\nrest");
        coax.end_input();
        let heard = peer.hear_to_end();
        assert!(heard.ends_with(bytes), "{flags:?}: {:?}", String::from_utf8_lossy(&heard));
    }
}

#[test]
fn a_dump_tells_who_said_what() {
    let mut coax = coax(&["listen", "127.0.0.1:0", "--keep-open", "--hex"]).start();
    let mut peer = Wires::Tcp.connect(&coax.listening());
    peer.say("hello\n");
    coax.expect_err("[1] < 00000000  68 65 6c 6c 6f 0a");
    coax.send("you\n");
    coax.expect_err("[1] > 00000000  79 6f 75 0a");
    coax.expect_out("hello\n");
}

#[test]
fn what_many_say_goes_into_a_file() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("said").display().to_string();
    for flags in [&[][..], &["--broker"]] {
        let args = ["listen", "127.0.0.1:0", "--keep-open", "-o", &file];
        let coax = coax(&args).args(["--on-peer-close", "exit"]).args(flags).start();
        let address = coax.listening();
        for word in ["a\n", "b\n"] {
            let mut peer = Wires::Tcp.connect(&address);
            peer.say(word);
            peer.finish();
            assert_eq!(peer.hear_to_end(), b"", "it ends once all is written");
        }
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a\nb\n", "{flags:?}");
        coax.signal(Signal::TERM);
        coax.wait().exits(143).prints("");
    }
}

#[test]
fn silence_ends_a_client_and_not_the_listener() {
    for flags in [&[][..], &["--broker"], &["--echo"], &["--exec", "cat"]] {
        let args = ["listen", "127.0.0.1:0", "--keep-open", "--idle", "300ms"];
        let coax = coax(&args).args(flags).start();
        let address = coax.listening();
        assert_eq!(Wires::Tcp.connect(&address).hear_to_end(), b"", "{flags:?}");
        Wires::Tcp.connect(&address);
        assert!(coax.is_running(), "{flags:?}");
    }
}

#[test]
fn a_client_that_only_hears_is_not_silent() {
    let args = ["listen", "127.0.0.1:0", "--keep-open", "--idle", "1s"];
    let mut coax = coax(&args).start();
    let mut peer = Wires::Tcp.connect(&coax.listening());
    for beat in 0..8 {
        coax.send("tick\n");
        assert_eq!(peer.hear(5), b"tick\n", "beat {beat}");
        assert!(peer.is_silent_for(Duration::from_millis(250)), "beat {beat}");
    }
}

#[test]
fn nobody_in_time_and_the_deadline() {
    for flags in [&[][..], &["--keep-open"], &["--echo", "--keep-open"]] {
        let nobody = coax(&["listen", "127.0.0.1:0", "--timeout", "200ms"]).args(flags);
        nobody.start().wait().fails(3, "nobody connected within 200");
    }
    coax(&["listen", "127.0.0.1:0", "--keep-open", "--deadline", "200ms"]).start().wait().exits(0);
}

/// SIGINT and SIGTERM end it by that signal, in order, with clients or without.
fn dies_of_signals(flags: &[&str], connects: bool) {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("s");
        let coax = coax(&["listen", path.to_str().unwrap()]).args(flags).start();
        coax.listening();
        let peer = connects.then(|| UnixStream::connect(&path).unwrap());
        assert!(path.exists());
        coax.signal(signal);
        coax.wait().exits(code).speaks_plainly();
        assert!(!path.exists(), "{flags:?}: the socket file is gone");
        if let Some(mut peer) = peer {
            peer.set_read_timeout(Some(testkit::DEADLINE)).unwrap();
            // A goodbye, or a reset for who came too late to be let in.
            let _ = peer.read_to_end(&mut Vec::new());
        }
    }
}

#[test]
fn a_signal_ends_it_and_the_socket_file_is_gone() {
    dies_of_signals(&[], false);
    for flags in [&[][..], &["--broker"], &["--echo"], &["--exec", "sleep 77"]] {
        let many = [flags, &["--keep-open"]].concat();
        dies_of_signals(&many, true);
        dies_of_signals(&many, false);
    }
}

#[test]
fn a_signal_reaches_a_listener_whose_reader_is_stuck() {
    let args = ["listen", "127.0.0.1:0", "--keep-open", "--json"];
    let coax = coax(&args).hold_stdout().start();
    let port = listening_port(&coax);
    let peer = Wires::Tcp.connect(&format!("127.0.0.1:{port}"));
    fill(&peer);
    coax.signal(Signal::TERM);
    coax.wait().exits(143);
}

/// The port of a listener whose stdout nobody reads: from the system.
fn listening_port(coax: &Running) -> u16 {
    let pid = coax.pid();
    let start = std::time::Instant::now();
    while start.elapsed() < testkit::DEADLINE {
        let output = Command::new("ss").args(["-Hltnp"]).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let line = text.lines().find(|line| line.contains(&format!("pid={pid},")));
        let name = line.and_then(|line| line.split_whitespace().nth(3));
        if let Some(port) = name.and_then(|name| name.rsplit(':').next()?.parse().ok()) {
            return port;
        }
    }
    panic!("process {pid} does not listen");
}

#[test]
fn the_end_of_who_reads_the_output_is_a_quiet_end() {
    let coax = coax(&["listen", "127.0.0.1:0", "--keep-open"]).hold_stdout();
    let mut coax = coax.start();
    let mut peer = Wires::Tcp.connect(&coax.listening());
    drop(coax.take_stdout());
    peer.say("for nobody\n");
    let outcome = coax.wait().exits(0);
    assert_eq!(outcome.err().lines().count(), 1, "{}", outcome.shown());
}

#[test]
fn a_stale_socket_file_is_replaced_and_a_living_one_is_left_alone() {
    let place = tempfile::tempdir().unwrap();
    for scheme in ["unix:", "unix-dgram:", "unix-seqpacket:"] {
        let path = place.path().join(scheme.trim_end_matches(':'));
        let endpoint = format!("{scheme}{}", path.display());
        // The one that waits for a single client must not take the question for it.
        let living = coax(&["listen", &endpoint]).start();
        living.listening();
        coax(&["listen", &endpoint]).run().fails(5, "address already in use");
        assert!(living.is_running() && path.exists(), "{scheme}");
        living.signal(Signal::KILL);
        living.wait();
        assert!(path.exists(), "it had no time to remove it");
        let next = coax(&["listen", &endpoint]).start();
        next.listening();
        next.signal(Signal::TERM);
        next.wait().exits(143);
        assert!(!path.exists(), "{scheme}");
    }
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let path = file.path().to_str().unwrap();
    coax(&["listen", path]).run().fails(5, "a file that is not a socket has this name");
    assert!(Path::new(path).exists());
}

#[test]
fn port_zero_is_one_port_on_both_families() {
    for endpoint in ["0", ":0"] {
        let coax = coax(&["listen", endpoint, "--echo", "--keep-open"]).start();
        let six = coax.expect_line("listening on [::]:");
        let four = coax.expect_line("listening on 0.0.0.0:");
        assert_eq!(six, four);
        for wires in [("127.0.0.1", Wires::Tcp), ("[::1]", Wires::Tcp6)] {
            let mut peer = wires.1.connect(&format!("{}:{four}", wires.0));
            peer.say("x");
            assert_eq!(peer.hear(1), b"x");
        }
    }
    coax(&["listen", "-4", "0", "--timeout", "1ms"]).run().fails(3, "nobody connected");
    coax(&["listen", "-4", "[::1]:0"]).run().fails(2, "only IPv4 is wanted");
    coax(&["listen", "-6", "127.0.0.1:0"]).run().fails(2, "only IPv6 is wanted");
}

#[test]
fn one_connection_then_nobody_else_is_let_in() {
    let mut coax = coax(&["listen", "127.0.0.1:0"]).start();
    let address = coax.listening();
    let mut first = Wires::Tcp.connect(&address);
    first.say("hello\n");
    coax.expect_out("hello\n");
    let second = TcpStream::connect(&address);
    assert_eq!(second.unwrap_err().kind(), std::io::ErrorKind::ConnectionRefused);
    drop(first);
    coax.end_input();
    coax.wait().exits(0);
    TcpListener::bind(&address).unwrap();
}

const PACKETS: &str = "
s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
name = sys.argv[1]
s.connect('\\0' + name[1:] if name[0] == '@' else name)
for size in (1, 5, 40000, 150000):
    s.send(b'x' * size)
    say(len(s.recv(1 << 20)))
s.close()
";

#[test]
fn packets_of_any_size_come_back_whole() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("p").display().to_string();
    let name = format!("@coax-packets-{}", std::process::id());
    for place in [path, name] {
        let endpoint = format!("unix-seqpacket:{place}");
        let coax = coax(&["listen", &endpoint, "--echo", "--keep-open"]).start();
        coax.listening();
        let Some(peer) = python(PACKETS, [&place]) else { return };
        peer.wait().exits(0).prints("1\n5\n40000\n150000\n");
    }
}

#[test]
fn packets_are_messages_in_a_room() {
    let script = "
name = '\\0' + sys.argv[1][1:]
a, b = (socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) for _ in 'ab')
for s in (a, b):
    s.connect(name)
    assert s.recv(99) == b'in'
a.send(b'one'); a.send(b'two' * 30000)
say(b.recv(99).decode(), len(b.recv(1 << 20)))
";
    let name = format!("@coax-room-{}", std::process::id());
    let endpoint = format!("unix-seqpacket:{name}");
    let coax = coax(&["listen", &endpoint, "--broker", "--greet", "in"]).start();
    coax.listening();
    let Some(peer) = python(script, [&name]) else { return };
    peer.wait().exits(0).prints("one 90000\n");
}

#[test]
fn flags_that_would_do_nothing_are_refused() {
    let table: [(&[&str], &str); 17] = [
        (&["udp://:0", "--exec", "cat"], "--exec has no effect over udp"),
        (&["udp://:0", "--broker"], "--broker has no effect over udp"),
        (&["udp://:0", "--greet", "x"], "--greet has no effect over udp"),
        (&["udp://:0", "--max", "2"], "--max has no effect over udp"),
        (&["udp://:0", "--backlog", "2"], "--backlog has no effect over udp"),
        (&["udp://:0", "--timeout", "1s"], "--timeout has no effect over udp"),
        (&[":0", "--count", "2"], "--count has no effect over tcp"),
        (&[":0", "--join", "239.1.2.3"], "--join has no effect over tcp"),
        (&[":0", "--max", "2"], "--max needs --keep-open"),
        (&[":0", "--echo", "--framing", "line"], "--framing does nothing with --echo"),
        (&[":0", "--echo", "--crlf"], "--crlf does nothing with --echo"),
        (&[":0", "--echo", "--hex"], "--hex does nothing with --echo"),
        (&[":0", "--echo", "-o", "/dev/null"], "--output does nothing with --echo"),
        (&[":0", "--exec", "cat", "--send-only"], "--send-only does nothing with --exec"),
        (&[":0", "--exec", "cat", "--recv-only"], "--recv-only does nothing with --exec"),
        (&[":0", "--broker", "--send-only"], "--send-only does nothing with --broker"),
        (&[":0", "--echo", "--exec", "cat"], "cannot be used with"),
    ];
    for (args, words) in table {
        coax(&["listen"]).args(args).run().fails(2, words);
    }
}
