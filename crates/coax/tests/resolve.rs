//! `coax resolve` as a process, beside a real name server, dig, and servers that lie.
//!
//! dig is the oracle for values. What goes wrong is told apart by exit code and by one line on
//! stderr.

#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]
#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]
#![allow(unreachable_pub, reason = "the peers are a file of this test alone")]
#![allow(clippy::print_stderr, reason = "a skipped test says why")]

#[path = "resolve/dead_server.rs"]
mod dead_server;
#[path = "resolve/explain.rs"]
mod explain;
#[path = "resolve/hostile.rs"]
mod hostile;
#[path = "resolve/machine.rs"]
mod machine;
#[path = "resolve/peers.rs"]
mod peers;
#[path = "resolve/record_types.rs"]
mod record_types;
#[path = "resolve/secure.rs"]
mod secure;
#[path = "resolve/spelling.rs"]
mod spelling;

use std::process::Command;

use peers::{coax, nsd, python, resolve, run, sorted};
use rustix::process::Signal;
use testkit::Program;

#[test]
fn every_type_has_the_values_dig_shows() {
    let Some(server) = nsd() else { return };
    for (kind, name) in [
        ("A", "host.coax.test"),
        ("AAAA", "host.coax.test"),
        ("MX", "coax.test"),
        ("TXT", "coax.test"),
        ("TXT", "binary.coax.test"),
        ("NS", "coax.test"),
        ("SOA", "coax.test"),
        ("CNAME", "www.coax.test"),
        ("SRV", "_sip._tcp.coax.test"),
        ("PTR", "7.2.0.192.in-addr.arpa"),
        ("HTTPS", "coax.test"),
        ("HTTPS", "alias.coax.test"),
        ("CAA", "coax.test"),
    ] {
        let port = server.port.to_string();
        let mut dig = Command::new("dig");
        dig.args(["@127.0.0.1", "-p", &port, "+short", "-t", kind, name]);
        let oracle = run(dig, b"");
        assert!(!oracle.stdout.is_empty(), "dig found nothing: {kind} {name}");
        for way in ["", "udp://", "tcp://"] {
            let at = format!("{way}{}", server.server());
            let ours = resolve(&["-t", kind, "--short", "--server", &at, name]);
            assert_eq!(ours.code, Some(0), "{kind} {name} {at}: {ours:?}");
            assert_eq!(sorted(&ours.stdout), sorted(&oracle.stdout), "{kind} {name} {at}");
        }
    }
}

#[test]
fn an_address_is_asked_for_by_its_ptr_record() {
    let Some(server) = nsd() else { return };
    let heard = resolve(&["-t", "PTR", "--short", "--server", &server.server(), "192.0.2.7"]);
    assert_eq!((heard.code, heard.stdout.as_str()), (Some(0), "seven.coax.test.\n"));
    let heard = resolve(&["-t", "A", "--server", &server.server(), "192.0.2.7"]);
    assert_eq!(heard.code, Some(2), "{heard:?}");
}

#[test]
fn a_person_reads_what_the_numbers_are_and_who_answered() {
    let Some(server) = nsd() else { return };
    let heard = resolve(&["-v", "-t", "mx,srv", "--server", &server.server(), "coax.test"]);
    assert_eq!(heard.code, Some(1), "there is no SRV: {heard:?}");
    assert!(heard.stdout.contains("preference 10  mail.coax.test."), "{heard:?}");
    assert!(heard.stderr.contains("answered over udp"), "{heard:?}");
    assert!(heard.stderr.contains("the name exists but has no SRV record"), "{heard:?}");
}

#[test]
fn no_such_name_and_no_such_record_are_told_apart_and_others_are_still_shown() {
    let Some(server) = nsd() else { return };
    let at = server.server();
    let heard = resolve(&["-t", "MX", "--server", &at, "no.coax.test", "host.coax.test"]);
    assert_eq!((heard.code, heard.stdout.as_str()), (Some(1), ""));
    let lines: Vec<_> = heard.stderr.lines().collect();
    assert_eq!(
        lines,
        [
            "coax: cannot resolve no.coax.test: no such name",
            "coax: cannot resolve host.coax.test: the name exists but has no MX record"
        ]
    );
    let heard =
        resolve(&["-t", "A", "--short", "--server", &at, "no.coax.test", "only4.coax.test"]);
    assert_eq!((heard.code, heard.stdout.as_str()), (Some(1), "192.0.2.9\n"));
}

#[test]
fn every_socket_call_is_narrated() {
    let Some(server) = nsd() else { return };
    let words = ["--trace", "-t", "A", "--short", "only4.coax.test", "--server"];
    for (way, calls) in [
        ("", ["socket(AF_INET, SOCK_DGRAM)", "connect(", "sendmmsg(", "recvmmsg("]),
        ("tcp://", ["socket(AF_INET, SOCK_STREAM)", "connect(", "send(", "recv("]),
    ] {
        let heard = resolve(&[&words[..], &[&format!("{way}{}", server.server())]].concat());
        assert_eq!((heard.code, heard.stdout.as_str()), (Some(0), "192.0.2.9\n"), "{heard:?}");
        for call in calls {
            let told = heard.stderr.lines().any(|line| line.starts_with(call));
            assert!(told, "{way} {call}: {heard:?}");
        }
    }
}

#[test]
fn a_server_that_refuses_is_trouble_worth_trying_again() {
    let Some(server) = nsd() else { return };
    let heard = resolve(&["-t", "A", "--server", &server.server(), "elsewhere.example"]);
    assert_eq!(heard.code, Some(3), "{heard:?}");
    assert!(heard.stderr.contains("refused (REFUSED)"), "{heard:?}");
}

#[test]
fn an_answer_that_was_cut_is_fetched_whole_by_tcp() {
    let Some(server) = nsd() else { return };
    let whole = ["-v", "-t", "TXT", "--short", "long.coax.test", "--server"];
    let heard = resolve(&[&whole[..], &[&server.server()]].concat());
    assert_eq!((heard.code, heard.stdout.lines().count()), (Some(0), 60), "{heard:?}");
    assert!(heard.stderr.contains("answered over tcp"), "{heard:?}");
    // UDP alone was asked for: what is missing is said, and what came is not taken for all.
    let heard = resolve(&[&whole[1..], &[&format!("udp://{}", server.server())]].concat());
    assert!(heard.stdout.lines().count() < 60, "{heard:?}");
}

#[test]
fn many_names_come_whole_in_either_order() {
    let Some(server) = nsd() else { return };
    let mut names = String::from("# a comment\n\n");
    let mut expected = String::new();
    for number in 0..3000 {
        names.push_str(["host.coax.test\n", "only4.coax.test\n"][number % 2]);
        expected.push_str(["192.0.2.1\n192.0.2.2\n", "192.0.2.9\n"][number % 2]);
    }
    let at = server.server();
    for order in [&[][..], &["--in-order"]] {
        let mut command = coax();
        command.args(["resolve", "-f", "-", "-t", "A", "--short", "--parallel", "500", "-v"]);
        command.args(["--server", &at]).args(order);
        let heard = run(command, names.as_bytes());
        assert_eq!(heard.code, Some(0), "{}", heard.stderr);
        assert_eq!(sorted(&heard.stdout), sorted(&expected));
        assert!(heard.stderr.contains("3000 names in"), "{}", heard.stderr);
        if !order.is_empty() {
            let firsts = heard.stdout.lines().filter(|line| *line != "192.0.2.2");
            let turns: Vec<_> = firsts.map(|line| line == "192.0.2.9").collect();
            assert!(turns.iter().enumerate().all(|(at, only4)| *only4 == (at % 2 == 1)));
        }
    }
}

#[test]
fn lines_that_are_not_names_are_reported_with_their_number_and_the_rest_is_done() {
    let Some(server) = nsd() else { return };
    let mut command = coax();
    command.args(["resolve", "-f", "-", "-t", "A", "--short", "-v", "--server", &server.server()]);
    let heard = run(command, b"only4.coax.test\nnot a name\n\xff\xfe\n\nonly4.coax.test");
    assert_eq!((heard.code, heard.stdout.as_str()), (Some(2), "192.0.2.9\n192.0.2.9\n"));
    assert!(heard.stderr.contains("line 2: cannot resolve not a name: a host name has no spaces"));
    assert!(heard.stderr.contains("line 3: "), "{heard:?}");
    assert!(heard.stderr.contains("2 names in") && heard.stderr.contains("2 lines are not names"));
}

#[test]
fn programs_read_events() {
    let Some(server) = nsd() else { return };
    let heard =
        resolve(&["--json", "-t", "MX,CAA", "--server", &server.server(), "coax.test", "x"]);
    assert_eq!((heard.code, heard.stderr.as_str()), (Some(3), ""), "{heard:?}");
    let mut unresolved = 0;
    for line in heard.stdout.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        match event["event"].as_str().unwrap() {
            "answer" if event["type"] == "MX" => {
                assert_eq!(event["records"][0]["parts"]["preference"], 10);
            }
            "answer" => assert_eq!(event["type"], "CAA"),
            "unresolved" => unresolved += 1,
            other => panic!("{other}"),
        }
    }
    assert_eq!(unresolved, 1);
}

/// A UDP server whose answer `change` spoils; `change` is Python over `q` (the question), giving
/// a list of datagrams.
fn liar(change: &str) -> Option<peers::Peer> {
    python(&format!(
        "import socket\n\
         s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)\n\
         s.bind(('127.0.0.1', 0))\n\
         print(s.getsockname()[1], flush=True)\n\
         def answer(q, name=None):\n\
         \x20   end = q.index(b'\\0', 12) + 5\n\
         \x20   asked = name or q[12:end]\n\
         \x20   return q[:2] + b'\\x81\\x80\\0\\1\\0\\1\\0\\0\\0\\0' + asked \
         + b'\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x3c\\0\\4\\x0a\\1\\2\\3'\n\
         count = 0\n\
         while True:\n\
         \x20   q, peer = s.recvfrom(4096)\n\
         \x20   count += 1\n\
         \x20   for a in {change}:\n\
         \x20       s.sendto(a, peer)\n"
    ))
}

#[test]
fn an_honest_answer_passes_the_liars_frame() {
    let Some(server) = liar("[answer(q)]") else { return };
    let heard = resolve(&["-t", "A", "--short", "--server", &server.server(), "a.test"]);
    assert_eq!((heard.code, heard.stdout.as_str()), (Some(0), "10.1.2.3\n"), "{heard:?}");
}

#[test]
fn an_answer_after_lies_is_still_found() {
    for lies in [
        "[b'\\0\\0' + answer(q)[2:] if q[:2] != b'\\0\\0' else b'\\1\\1' + answer(q)[2:], answer(q)]",
        "[q, answer(q)]",
        "[answer(q, b'\\1x\\4test\\0\\0\\1\\0\\1'), answer(q)]",
        "[b'', b'x', answer(q)]",
        // The first question is lost: it is sent again.
        "[answer(q)] if count > 1 else []",
    ] {
        let Some(server) = liar(lies) else { return };
        let heard = resolve(&["-t", "A", "--short", "--server", &server.server(), "a.test"]);
        assert_eq!(
            (heard.code, heard.stdout.as_str()),
            (Some(0), "10.1.2.3\n"),
            "{lies} {heard:?}"
        );
    }
}

#[test]
fn a_server_that_only_lies_broke_the_protocol() {
    for lies in [
        "[bytes([q[0] ^ 1]) + answer(q)[1:]]",
        "[answer(q, b'\\1x\\4test\\0\\0\\1\\0\\1')]",
        "[answer(q)[:-3]]",
        "[q[:2] + b'\\x81\\x80\\0\\1\\xff\\xff\\0\\0\\0\\0' + q[12:]]",
    ] {
        let Some(server) = liar(lies) else { return };
        let words = ["-t", "A", "--timeout", "300ms", "--server"];
        let heard = resolve(&[&words[..], &[&server.server(), "a.test"]].concat());
        assert_eq!((heard.code, heard.stdout.as_str()), (Some(4), ""), "{lies} {heard:?}");
        assert!(heard.stderr.contains("malformed answer from"), "{lies} {heard:?}");
        assert_eq!(heard.stderr.lines().count(), 1, "{heard:?}");
    }
}

#[test]
fn a_server_that_says_nothing_is_given_up_in_time() {
    let Some(server) = liar("[]") else { return };
    let started = std::time::Instant::now();
    let words = ["-t", "A", "--timeout", "300ms", "--server", &server.server(), "a.test"];
    let heard = resolve(&words);
    assert_eq!(heard.code, Some(3), "{heard:?}");
    assert!(heard.stderr.contains("in time"), "{heard:?}");
    assert!(started.elapsed() < std::time::Duration::from_secs(5));
}

#[test]
fn a_port_nobody_listens_on_is_said_at_once() {
    for way in ["", "tcp://", "tls://", "https://"] {
        let server = format!("{way}127.0.0.1:1");
        let heard = resolve(&["-t", "A", "--timeout", "20s", "--server", &server, "a.test"]);
        assert_eq!(heard.code, Some(3), "{heard:?}");
        assert!(heard.stderr.contains("cannot reach"), "{heard:?}");
    }
}

/// A run over many names of which one is never answered.
fn stuck_run(server: &peers::Peer) -> testkit::Running {
    let words = ["resolve", "-v", "-t", "A", "--short", "--timeout", "25s", "-f", "-", "--server"];
    let program = Program::new(env!("CARGO_BIN_EXE_coax")).args(words).arg(server.server());
    let mut running = program.start();
    running.send("a.test\nb.test\nsilent.test\nc.test\n");
    running.expect_out("10.1.2.3\n10.1.2.3\n10.1.2.3\n");
    running
}

#[test]
fn a_signal_ends_a_long_run_with_all_that_was_found() {
    for (signal, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let Some(server) = liar("[answer(q)] if b'silent' not in q else []") else { return };
        let running = stuck_run(&server);
        running.signal(signal);
        let outcome = running.wait().exits(code).prints("10.1.2.3\n10.1.2.3\n10.1.2.3\n");
        assert!(outcome.err().starts_with("3 names in "), "{}", outcome.shown());
    }
}

#[test]
fn names_that_cannot_exist_are_used_wrongly() {
    let long = "a".repeat(300);
    for name in [long.as_str(), "a b", "a..b", "a,b", "host:80", "a\tb"] {
        for how in [&[][..], &["-t", "A", "--server", "127.0.0.1:1"]] {
            let heard = resolve(&[how, &["--", name]].concat());
            assert_eq!((heard.code, heard.stdout.as_str()), (Some(2), ""), "{name:?} {heard:?}");
            assert_eq!(heard.stderr.lines().count(), 1, "{heard:?}");
        }
    }
}

#[test]
fn localhost_is_what_programs_get() {
    let heard = resolve(&["-4", "--short", "localhost"]);
    assert_eq!((heard.code, heard.stdout.as_str()), (Some(0), "127.0.0.1\n"), "{heard:?}");
    let heard = resolve(&["127.0.0.1"]);
    assert_eq!(heard.code, Some(0), "{heard:?}");
    assert!(heard.stdout.starts_with("127.0.0.1\n  name     localhost"), "{heard:?}");
    assert!(heard.stdout.ends_with("  address  127.0.0.1\n"), "{heard:?}");
}
