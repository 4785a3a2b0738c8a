//! What is wrong gets the documented exit code and one clear line; what came before is not lost.
//!
//! Each mistake a person can make, each refusal of a machine, each misbehaviour of a peer. A panic,
//! an error number or a second line fails the test.
//!
//! Peers are plain sockets in this process.

use std::fs;

use testkit::{Pattern, Program, Wires, peer_or_skip, skip};

const COAX: &str = env!("CARGO_BIN_EXE_coax");

fn coax(args: &[&str]) -> Program {
    Program::new(COAX).args(args)
}

/// Used wrongly: exit 2, and the line names the mistake.
#[track_caller]
fn mistake(args: &[&str], words: &str) {
    let outcome = coax(args).run();
    assert!(outcome.stdout.is_empty(), "a mistake prints nothing on stdout: {}", outcome.shown());
    outcome.fails(2, words);
}

#[test]
fn every_malformed_endpoint_is_named() {
    let long = format!("{}:80", "a".repeat(300));
    let endpoints = [
        "",
        "host:",
        "host:-1",
        "host:65536",
        "host:99999999999999999999",
        "host:nosuchservice",
        "host:80:90",
        "ho st:80",
        "[::1",
        "[::1]x:1",
        "[:::1]:80",
        "[fe80::1%]:80",
        "tcp://",
        "nosuch://host:80",
        "host:80?nosuch=1",
        "host:80?ttl=0",
        "host:80?ttl=256",
        "host:80?ttl=many",
        "host:80?nodelay=perhaps",
        "unix:",
        "@",
        &long,
    ];
    for verb in ["connect", "listen", "ask"] {
        for endpoint in endpoints {
            let message = (verb == "ask").then_some("hello");
            let args = [verb, endpoint].into_iter().chain(message).collect::<Vec<_>>();
            let shown = endpoint.get(..20).unwrap_or(endpoint);
            mistake(&args, shown);
        }
    }
}

#[test]
fn every_wrong_word_on_the_command_line_is_named() {
    let place = "127.0.0.1:9";
    for (args, words) in [
        (vec![], "verb"),
        (vec!["conect", place], "conect"),
        (vec!["connect"], "ENDPOINT"),
        (vec!["listen"], "ENDPOINT"),
        (vec!["ask", place], "MESSAGE"),
        (vec!["connect", "127.0.0.1", "99999"], "99999"),
        (vec!["connect", "127.0.0.1:0"], "port 0"),
        (vec!["ask", "udp://127.0.0.1:0", "hello"], "port 0"),
        (vec!["connect", "127.0.0.1", "nosuchservice"], "nosuchservice"),
        (vec!["connect", "127.0.0.1", "80", "90"], "90"),
        (vec!["connect", place, "--nosuch"], "--nosuch"),
        (vec!["connect", place, "--framing", "lines"], "lines"),
        (vec!["connect", place, "--on-eof", "later"], "later"),
        (vec!["connect", place, "--on-peer-close", "never"], "never"),
        (vec!["connect", place, "--idle", "soon"], "soon"),
        (vec!["connect", place, "--timeout", "-1s"], "-1"),
        (vec!["connect", place, "--deadline", ""], "--deadline"),
        (vec!["connect", place, "--source", "no where"], "no where"),
        (vec!["connect", place, "-4", "-6"], "--ipv6"),
        (vec!["connect", place, "--send-only", "--recv-only"], "--recv-only"),
        (vec!["listen", place, "--backlog", "-1"], "-1"),
        (vec!["listen", place, "--max", "many"], "many"),
        (vec!["listen", place, "--max", "0"], "0"),
        (vec!["listen", place, "--count", "few"], "few"),
        (vec!["listen", "udp://127.0.0.1:0", "--join", "127.0.0.1"], "127.0.0.1"),
        (vec!["ask", place, "hello", "--expect", "("], "("),
        (vec!["ask", place, "hello", "--settle", "x"], "x"),
        (vec!["man", "conect"], "conect"),
        (vec!["completions", "tcsh"], "tcsh"),
    ] {
        mistake(&args, words);
    }
}

#[test]
fn a_port_that_is_taken_is_this_machines_refusal() {
    for wires in [Wires::Tcp, Wires::Tcp6] {
        let port = wires.listen();
        let outcome = coax(&["listen", &port.endpoint]).run();
        assert!(outcome.err().contains(&port.endpoint), "{}", outcome.shown());
        outcome.fails(5, "in use");
    }
}

#[test]
fn a_unix_socket_that_is_taken_is_left_alone() {
    let port = Wires::Unix.listen();
    coax(&["listen", &port.endpoint]).run().fails(5, "in use");
    let mut near = Wires::Unix.connect(&port.endpoint);
    near.say("still there");
    near.finish();
    // Whoever asked whether we are alive came first, said nothing and left.
    let mut heard = std::iter::repeat_with(|| port.accept().hear_to_end());
    assert_eq!(heard.find(|heard| !heard.is_empty()), Some(b"still there".to_vec()));
}

#[test]
fn a_file_in_the_way_of_a_unix_socket_is_not_removed() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("letter");
    fs::write(&path, "dear").unwrap();
    let outcome = coax(&["listen", &path.display().to_string()]).run();
    outcome.fails(5, "letter");
    assert_eq!(fs::read_to_string(&path).unwrap(), "dear");
}

#[test]
fn a_directory_that_does_not_exist_is_named() {
    let outcome = coax(&["listen", "/nonexistent/place/s"]).run();
    outcome.fails(5, "/nonexistent/place/s");
}

#[test]
fn a_privileged_port_is_refused_with_the_reason() {
    let least = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start");
    if least.ok().and_then(|text| text.trim().parse::<u16>().ok()).is_none_or(|least| least < 2) {
        return skip("every port is free to all here: net.ipv4.ip_unprivileged_port_start");
    }
    let outcome = match rustix::process::geteuid().is_root() {
        false => coax(&["listen", "127.0.0.1:1"]).run(),
        true => {
            let Some(setpriv) = peer_or_skip("setpriv") else { return };
            let without = "--bounding-set=-net_bind_service";
            if Program::new(&setpriv).args([without, "true"]).run().code() != 0 {
                return skip("this root cannot give up its right to low ports");
            }
            Program::new(setpriv).args([without, COAX, "listen", "127.0.0.1:1"]).run()
        }
    };
    outcome.fails(5, "cannot bind 127.0.0.1:1: permission denied");
}

#[test]
fn an_unreachable_network_is_the_networks_failure() {
    let (Some(unshare), Some(_)) = (peer_or_skip("unshare"), peer_or_skip("ip")) else { return };
    let ways = ["-n", "-rn"];
    let may = |way: &&str| Program::new(&unshare).args([way, "true"]).run().code() == 0;
    let Some(way) = ways.into_iter().find(|way| may(way)) else {
        return skip("a network of one's own is not allowed here: unshare -rn");
    };
    for endpoint in ["192.0.2.1:9", "[2001:db8::1]:9"] {
        let line = "ip link set lo up && exec \"$0\" connect \"$1\"";
        let args = [way, "bash", "-c", line, COAX, endpoint];
        let outcome = Program::new(&unshare).args(args).run();
        assert!(outcome.err().contains(endpoint), "{}", outcome.shown());
        outcome.fails(3, "unreachable");
    }
}

#[test]
fn a_refusal_names_the_address() {
    for host in ["127.0.0.1", "[::1]"] {
        let endpoint = format!("{host}:{}", testkit::unused_port());
        for args in [vec!["connect", &endpoint], vec!["ask", &endpoint, "hello"]] {
            let outcome = coax(&args).run();
            assert!(outcome.err().contains(&endpoint), "{}", outcome.shown());
            outcome.fails(3, "refused");
        }
    }
}

#[test]
fn a_refusal_of_every_address_of_a_name_is_one_line() {
    let port = testkit::unused_port().to_string();
    coax(&["connect", "localhost", &port]).run().fails(3, "refused by");
}

#[test]
fn a_unix_socket_that_does_not_exist_is_named() {
    coax(&["connect", "/nonexistent/s"]).run().fails(3, "/nonexistent/s");
}

#[test]
fn an_address_that_is_not_ours_cannot_be_a_source() {
    let port = Wires::Tcp.listen();
    let outcome = coax(&["connect", &port.endpoint, "--source", "203.0.113.9"]).run();
    outcome.fails(5, "203.0.113.9");
}

#[test]
fn a_reset_in_the_middle_loses_nothing_that_came_before() {
    let whole = Pattern::first(300_000);
    let port = Wires::Tcp.listen();
    let coax = coax(&["connect", &port.endpoint]).start();
    let mut peer = port.accept();
    peer.say(&whole);
    coax.expect_bytes(whole.len());
    peer.reset();
    let outcome = coax.wait();
    assert!(outcome.stdout == whole, "{} of {} bytes", outcome.stdout.len(), whole.len());
    assert_eq!(outcome.code(), 3, "{}", outcome.err());
    let lines = outcome.err().lines().filter(|line| line.starts_with("coax: ")).count();
    assert!(lines == 1 && outcome.err().contains("reset"), "{}", outcome.err());
}

#[test]
fn a_reset_of_one_guest_does_not_end_the_others() {
    let coax = coax(&["listen", "127.0.0.1:0", "--echo", "--keep-open"]).start();
    let address = coax.listening();
    let mut stays = Wires::Tcp.connect(&address);
    let mut leaves = Wires::Tcp.connect(&address);
    leaves.say("x");
    assert_eq!(leaves.hear(1), b"x");
    leaves.reset();
    stays.say("still here");
    assert_eq!(stays.hear(10), b"still here");
    assert!(coax.is_running());
}

#[test]
fn bytes_that_are_not_text_pass_a_pipe_untouched() {
    let odd = (0..=255).cycle().take(4096).collect::<Vec<u8>>();
    let port = Wires::Tcp.listen();
    let mut coax = coax(&["connect", &port.endpoint]).start();
    let mut peer = port.accept();
    peer.say(&odd);
    coax.send(&odd);
    coax.end_input();
    assert_eq!(peer.hear_to_end(), odd);
    drop(peer);
    coax.wait().exits(0).prints(&odd);
}

#[test]
fn a_stranger_cannot_move_the_cursor() {
    let port = Wires::Tcp.listen();
    let coax = coax(&["connect", &port.endpoint]).on_terminal().start();
    let mut peer = port.accept();
    peer.say("\u{1b}[2J\u{1b}]0;owned\u{7}\u{9b}31m\u{202e}abc\nlast\n");
    drop(peer);
    let screen = coax.wait().exits(0).out();
    for character in ['\u{1b}', '\u{7}', '\u{9b}', '\u{202e}'] {
        assert!(!screen.contains(character), "{screen:?}");
    }
    assert!(screen.contains("\\u{1b}[2J") && screen.contains("abc"), "{screen:?}");
    assert!(screen.contains("last"), "{screen:?}");
}

#[test]
fn an_error_cannot_move_the_cursor() {
    let screen = coax(&["connect", "localhost:ht\u{202e}tp"]).on_terminal().run().exits(2).out();
    assert!(screen.contains("ht\\u{202e}tp") && !screen.contains('\u{202e}'), "{screen:?}");
}

#[test]
fn an_escape_cut_in_two_reads_is_still_caught() {
    let port = Wires::Tcp.listen();
    let coax = coax(&["connect", &port.endpoint]).on_terminal().start();
    let mut peer = port.accept();
    let text = "caf\u{e9} \u{202e}x\n".as_bytes();
    for byte in text {
        peer.say([*byte]);
    }
    drop(peer);
    let screen = coax.wait().exits(0).out();
    assert!(screen.contains("caf\u{e9} \\u{202e}x"), "{screen:?}");
}

#[test]
fn a_closed_stdin_is_an_ended_one() {
    let port = Wires::Tcp.listen();
    let coax = Program::shell("exec \"$0\" connect \"$1\" <&-", [COAX, &port.endpoint]).start();
    let mut peer = port.accept();
    assert_eq!(peer.hear_to_end(), b"");
    peer.say("told all the same");
    drop(peer);
    coax.wait().exits(0).speaks_plainly().prints("told all the same");
}

#[test]
fn a_closed_stdout_is_no_panic() {
    let port = Wires::Tcp.listen();
    let coax = Program::shell("exec \"$0\" connect \"$1\" >&-", [COAX, &port.endpoint]).start();
    let mut peer = port.accept();
    peer.say("unheard");
    drop(peer);
    let mut coax = coax;
    coax.end_input();
    coax.wait().exits(0).speaks_plainly();
}

#[test]
fn a_reader_that_left_is_a_quiet_success() {
    let port = Wires::Tcp.listen();
    let mut coax = coax(&["connect", &port.endpoint]).hold_stdout().start();
    let mut peer = port.accept();
    drop(coax.take_stdout());
    peer.say("unheard");
    let outcome = coax.wait();
    outcome.shows("exit 0");
}

#[test]
fn a_verb_whose_reader_left_is_a_quiet_success() {
    let line = "{ \"$0\" man; echo \"code $?\" >&2; } | true";
    let outcome = Program::shell(line, [COAX]).run().speaks_plainly();
    assert!(outcome.err().contains("code 0"), "{}", outcome.shown());
}

#[test]
fn a_full_disk_is_said() {
    let port = Wires::Tcp.listen();
    let coax = coax(&["connect", &port.endpoint, "--output", "/dev/full"]).start();
    let mut peer = port.accept();
    peer.say("told");
    peer.finish();
    coax.wait().fails(5, "no space");
}

#[test]
fn a_full_disk_behind_stdout_is_said() {
    for words in ["man", "connect --help", "--version"] {
        let line = format!("exec \"$0\" {words} > /dev/full");
        Program::shell(&line, [COAX]).run().fails(5, "no space");
    }
}

#[test]
fn a_stream_that_is_open_the_other_way_is_this_machines_refusal() {
    let port = Wires::Tcp.listen();
    for (redirect, words) in [("0>/dev/null", "not open for reading"), ("1</dev/null", "writing")] {
        let line = format!("exec \"$0\" connect \"$1\" {redirect}");
        let outcome = Program::shell(&line, [COAX, &port.endpoint]).run();
        outcome.fails(5, words);
    }
}

#[test]
fn the_manual_makes_the_place_it_is_written_to() {
    let place = tempfile::tempdir().unwrap();
    let directory = place.path().join("share/man/man1");
    coax(&["man", "--dir", &directory.display().to_string()]).run().exits(0);
    assert!(directory.join("coax-connect.1").exists());
}

#[test]
fn a_file_that_cannot_be_written_is_named_before_anyone_is_called() {
    let port = Wires::Tcp.listen();
    let file = "/nonexistent/place/file";
    coax(&["connect", &port.endpoint, "--output", file]).run().fails(5, file);
}

#[test]
fn too_few_descriptors_make_guests_wait_and_lose_none() {
    let line = "ulimit -n 64; exec \"$0\" listen 127.0.0.1:0 --echo --keep-open";
    let coax = Program::shell(line, [COAX]).start();
    let address = coax.listening();
    let mut waiting = (0..100).map(|_| Wires::Tcp.connect(&address)).collect::<Vec<_>>();
    waiting.iter_mut().for_each(|wire| wire.say("hello"));
    // A third of 64 is surely served at once; who leaves makes room for the next.
    while !waiting.is_empty() {
        let served = waiting.drain(..waiting.len().min(20)).collect::<Vec<_>>();
        for mut wire in served {
            assert_eq!(wire.hear(5), b"hello");
        }
    }
    assert!(coax.is_running());
}

#[test]
fn a_length_no_message_can_have_breaks_the_protocol() {
    let port = Wires::Tcp.listen();
    let coax = coax(&["connect", &port.endpoint, "--framing", "len32"]).start();
    let mut peer = port.accept();
    peer.say([0, 0, 0, 2, b'o', b'k', 0xff, 0xff, 0xff, 0xff]);
    let outcome = coax.wait();
    assert!(outcome.out().contains("ok"), "{}", outcome.shown());
    outcome.fails(4, "4294967295");
}

#[test]
fn a_message_cut_short_breaks_the_protocol() {
    let port = Wires::Tcp.listen();
    let coax = coax(&["connect", &port.endpoint, "--framing", "len32"]).start();
    let mut peer = port.accept();
    peer.say([0, 0, 0, 9, b'c', b'u', b't']);
    drop(peer);
    coax.wait().fails(4, "6 bytes");
}
