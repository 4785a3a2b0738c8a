//! Which addresses and ports are asked, and in which order.

use testkit::{Namespace, Program};

use crate::{COAX, asked, events, places, scan};

/// A scan where names have the addresses of `hosts` and no others.
fn scan_with_names(place: &Namespace, hosts: &std::path::Path) -> Program {
    let names = place.program("unshare").args(["--mount", "sh", "-ec", NAMES, "names"]);
    names.arg(hosts).args([COAX, "scan"])
}

const NAMES: &str = r#"
mount --bind "$1/hosts" /etc/hosts
mount --bind "$1/nsswitch.conf" /etc/nsswitch.conf
shift
exec "$@""#;

fn hosts(text: &str) -> tempfile::TempDir {
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("hosts"), text).unwrap();
    std::fs::write(place.path().join("nsswitch.conf"), "hosts: files\n").unwrap();
    place
}

#[test]
fn a_name_that_cannot_be_resolved_does_not_keep_the_others_waiting() {
    let Some(alone) = Namespace::or_skip() else { return };
    let _server = alone.listens(&[80]);
    let names = hosts("127.0.0.1 good.test\n127.0.0.2 better.test\n");
    let targets = ["good.test", "no.such.test", "127.0.0.3", "better.test"];
    let outcome = scan_with_names(&alone, names.path()).args(["-p", "80", "--json"]).args(targets);
    let outcome = outcome.run().exits(3).speaks_plainly();
    assert_eq!(asked(&outcome), ["127.0.0.1 80", "127.0.0.2 80", "127.0.0.3 80"]);
    let named = events(&outcome, "port").into_iter().map(|event| event["host"].clone());
    let mut named = named.map(|name| name.as_str().unwrap().to_owned()).collect::<Vec<_>>();
    named.sort();
    assert_eq!(named, ["127.0.0.3", "better.test", "good.test"]);
    assert!(outcome.out().contains("no.such.test"), "{}", outcome.shown());
    let human = scan_with_names(&alone, names.path()).args(["-p", "80"]).args(targets).run();
    let err = human.clone().exits(3).err();
    assert!(err.contains("coax: cannot resolve no.such.test: no such name\n"), "{err}");
    assert!(err.contains("\n3 probed: 3 open, 0 closed, "), "{err}");
}

#[test]
fn names_alone_that_cannot_be_resolved_are_the_networks_failure() {
    let Some(alone) = Namespace::or_skip() else { return };
    let names = hosts("127.0.0.1 good.test\n");
    let outcome = scan_with_names(&alone, names.path()).args(["-p", "80", "no.such.test"]).run();
    outcome.fails(3, "cannot resolve no.such.test: no such name");
    // To scan what was to be left out is worse than to scan nothing.
    let args = ["-p", "80", "127.0.0.1", "--exclude", "no.such.test"];
    let outcome = scan_with_names(&alone, names.path()).args(args).run().prints("");
    outcome.fails(3, "cannot exclude no.such.test");
}

#[test]
fn every_address_of_a_name_is_asked_unless_the_first_will_do() {
    let Some(alone) = Namespace::or_skip() else { return };
    let names = hosts("127.0.0.1 many.test\n::1 many.test\n127.0.0.9 many.test\n");
    let all = ["127.0.0.1 9", "127.0.0.9 9", "::1 9"];
    for (more, wanted) in [
        (&[][..], &all[..]),
        (&["-4"], &all[..2]),
        (&["-6"], &all[2..]),
        (&["--exclude", "127.0.0.1"], &all[1..]),
    ] {
        let args = ["-p", "9", "--json", "--all-states", "many.test"];
        let outcome = scan_with_names(&alone, names.path()).args(args).args(more).run().exits(1);
        assert_eq!(asked(&outcome), wanted, "{more:?}");
        let first = scan_with_names(&alone, names.path()).args(args).args(more).arg("--first");
        assert_eq!(asked(&first.run().exits(1)).len(), 1, "{more:?}");
    }
}

#[test]
fn files_stdin_and_words_are_one_set_without_what_is_excluded() {
    let Some(alone) = Namespace::or_skip() else { return };
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hosts");
    std::fs::write(&file, "# lab\n127.0.0.0/30 ::1 # both\n\n127.0.0.2,127.0.0.4\n").unwrap();
    let wanted = ["127.0.0.0 9", "127.0.0.2 9", "127.0.0.4 9", "127.0.0.7 9", "::1 9"];
    let args = ["-p", "9", "--json", "--all-states", "127.0.0.7", "127.0.0.2"];
    let more = ["--exclude", "127.0.0.1,127.0.0.3", "--exclude", "127.0.0.5-6"];
    let read = scan(&alone).args(args).args(more).arg("-f").arg(&file).run().exits(1);
    assert_eq!(asked(&read), wanted);
    let piped = scan(&alone).args(args).args(more).args(["-f", "-"]);
    let piped = piped.run_with(std::fs::read(&file).unwrap()).exits(1);
    assert_eq!(asked(&piped), wanted);
}

#[test]
fn an_order_is_kept() {
    let Some(alone) = Namespace::or_skip() else { return };
    let run = |more: &[&str]| {
        let args = ["-p", "100-120,90", "127.0.0.2,127.0.0.1", "--json", "--all-states"];
        places(&scan(&alone).args(args).args(more).run().exits(1))
    };
    let serial = run(&["--order", "serial"]);
    let ports = || std::iter::once(90).chain(100..=120);
    let wanted =
        ["127.0.0.1", "127.0.0.2"].map(|host| ports().map(move |it| format!("{host} {it}")));
    assert_eq!(serial, wanted.into_iter().flatten().collect::<Vec<_>>());
    let random = run(&["--seed", "7"]);
    assert_eq!(random, run(&["--seed", "7"]));
    assert_ne!(random, run(&["--seed", "8"]));
    assert_ne!(random, serial);
}

#[test]
fn a_rate_is_not_exceeded() {
    let Some(alone) = Namespace::or_skip() else { return };
    let args = ["-p", "1-100", "127.0.0.1", "--json", "--rate", "200"];
    let outcome = scan(&alone).args(args).run().exits(1);
    let summary = events(&outcome, "scan-summary").pop().unwrap();
    let took = summary["elapsed_ms"].as_f64().unwrap();
    // A hundred probes have 99 gaps of 5 ms between them; a short burst is allowed.
    assert!(took > 400.0, "a hundred probes at 200 a second took {took} ms");
    assert_eq!(summary["probes"], 100);
}

#[test]
fn open_ports_are_the_answer_and_the_rest_is_counted() {
    let Some(alone) = Namespace::or_skip() else { return };
    let _server = alone.listens(&[22, 7777]);
    let outcome = scan(&alone).args(["-p", "20-30,7777", "localhost,127.0.0.1", "-4"]).run();
    let outcome = outcome.exits(0);
    let mut lines = outcome.out().lines().map(str::to_owned).collect::<Vec<_>>();
    lines.sort();
    assert_eq!(lines.len(), 2, "{}", outcome.shown());
    assert!(lines[0].starts_with("127.0.0.1:22 ") && lines[0].contains(" open "), "{}", lines[0]);
    assert!(lines[0].contains(" ssh? "), "a name from the port alone is a guess: {}", lines[0]);
    assert!(lines[1].starts_with("127.0.0.1:7777 "), "{}", lines[1]);
    let err = outcome.err();
    let last = "12 probed: 2 open, 10 closed, 0 filtered, 0 inconclusive in ";
    assert!(err.starts_with(last) && err.lines().count() == 1, "{err}");
}
