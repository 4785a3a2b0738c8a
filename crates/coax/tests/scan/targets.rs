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

const THREE_NAMES: &str = "127.0.0.1 one.test\n127.0.0.1 two.test\n127.0.0.1 three.test\n";

#[test]
fn every_word_that_led_to_an_address_is_told_in_the_order_of_the_words() {
    let Some(alone) = Namespace::or_skip() else { return };
    let _server = alone.listens(&[80]);
    let names = hosts(THREE_NAMES);
    let scan = |more: &[&str]| {
        let program = scan_with_names(&alone, names.path()).args(["-p", "80"]).args(more);
        program.run().exits(0).speaks_plainly()
    };
    let words =
        ["two.test", "127.0.0.1", "three.test", "[::ffff:127.0.0.1]", "one.test", "two.test"];
    for _ in 0..5 {
        let port = events(&scan(&[&words[..], &["--json"]].concat()), "port").pop().unwrap();
        assert_eq!((&port["host"], &port["address"]), (&"two.test".into(), &"127.0.0.1".into()));
        assert_eq!(port["names"], serde_json::json!(words[..5]));
    }
    let row = scan(&words).out();
    assert!(row.starts_with("127.0.0.1:80 "), "{row}");
    assert!(row.ends_with("  two.test,three.test,one.test\n"), "{row}");
    let port =
        |words: &[&str]| events(&scan(&[words, &["--json"]].concat()), "port").pop().unwrap();
    let literal_first = port(&["127.0.0.1", "one.test"]);
    assert_eq!(literal_first["host"], "127.0.0.1");
    assert_eq!(literal_first["names"], serde_json::json!(["127.0.0.1", "one.test"]));
    // A network names no host.
    let network = port(&["127.0.0.1/32"]);
    assert_eq!(
        (&network["host"], &network["names"]),
        (&"127.0.0.1".into(), &serde_json::json!([]))
    );
    let both = scan(&["127.0.0.0/31", "three.test", "--json"]);
    let hosts = events(&both, "port").into_iter().map(|it| it["host"].clone());
    let hosts: std::collections::BTreeSet<_> = hosts.map(|it| it.to_string()).collect();
    assert_eq!(hosts, ["\"127.0.0.0\"".to_owned(), "\"three.test\"".to_owned()].into());
}

#[test]
fn the_files_and_a_comparison_know_every_name() {
    let Some(alone) = Namespace::or_skip() else { return };
    let _server = alone.listens(&[80]);
    let names = hosts(THREE_NAMES);
    let place = tempfile::tempdir().unwrap();
    let old = place.path().join("old");
    std::fs::write(&old, "{\"v\":1,\"event\":\"scan-summary\",\"targets\":null,\"ports\":\"\"}\n")
        .unwrap();
    let words = ["-p", "80", "two.test", "127.0.0.1", "one.test", "--xml", "x", "--grep", "g"];
    let program = scan_with_names(&alone, names.path()).args(words).arg("--since").arg(&old);
    let outcome = program.dir(place.path()).run().exits(1);
    outcome.prints("+ 127.0.0.1:80 open (was not open) http? two.test,one.test\n");
    let read = |name: &str| std::fs::read_to_string(place.path().join(name)).unwrap();
    let xml = "<hostnames>\n<hostname name=\"two.test\" type=\"user\"/>\n\
               <hostname name=\"one.test\" type=\"user\"/>\n</hostnames>";
    assert!(read("x").contains(xml), "{}", read("x"));
    assert!(
        read("g").contains("Host: 127.0.0.1 (two.test,one.test)\tPorts: 80/open"),
        "{}",
        read("g")
    );
}

#[test]
fn a_scan_that_goes_on_knows_every_name() {
    let Some(alone) = Namespace::or_skip() else { return };
    let _server = alone.listens(&[80, 60_000]);
    let names = hosts(THREE_NAMES);
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("state");
    let words = ["-p", "-", "--order", "serial", "--rate", "5000", "--json"];
    let hosts = ["127.0.0.0/31", "three.test", "127.0.0.1", "one.test"];
    let first = scan_with_names(&alone, names.path()).args(words).args(hosts).arg("--resume");
    let running = first.arg(&file).start();
    running.expect_out("\"port\":80");
    running.signal(rustix::process::Signal::INT);
    running.wait().exits(130);
    let outcome = scan(&alone).args(["--json", "--resume"]).arg(&file).run().exits(0);
    let ports = events(&outcome, "port");
    assert_eq!(ports.len(), 4, "{}", outcome.shown());
    for port in ports {
        let named = port["address"] == "127.0.0.1";
        let wanted = if named { serde_json::json!(hosts[1..]) } else { serde_json::json!([]) };
        assert_eq!(port["names"], wanted, "{port}");
    }
}

#[test]
fn one_host_is_asked_once_however_it_is_written() {
    let Some(alone) = Namespace::or_skip() else { return };
    let words = ["127.0.0.1", "::ffff:127.0.0.1", "::ffff:7f00:1", "2130706433", "127.0.0.1/32"];
    let run = |words: &[&str]| {
        let args = ["-p", "9", "--json", "--all-states"];
        asked(&scan(&alone).args(args).args(words).run().exits(1))
    };
    assert_eq!(run(&words), ["127.0.0.1 9"]);
    assert_eq!(run(&["::1", "::1%lo", "0:0::1", "[::1]"]), ["::1 9"]);
    assert_eq!(run(&["127.0.0.0/30", "--exclude", "::ffff:127.0.0.0/127"]).len(), 2);
}

#[test]
fn more_public_addresses_than_anybody_means_are_asked_back() {
    // Without a way out: a fault here must not become traffic.
    let Some(alone) = Namespace::or_skip() else { return };
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("hosts");
    std::fs::write(&file, "10.0.0.1\n11.0.0.0/12\n13.0.0.1\n").unwrap();
    let file = file.display().to_string();
    for (words, count) in [
        (&["10.0.0.1/0"][..], 3_702_258_690_u64),
        (&["::ffff:0:0/96"], 3_702_258_690),
        (&["0-255.0-255.0-255.0-255"], 3_702_258_690),
        (&["1.0.0.0-9.255.255.255"], 150_994_944),
        (&["11.0.0.0/12", "12.0.0.0/12"], 2_097_152),
        (&["0.0.0.0/0", "--exclude", "32.0.0.0-255.255.255.255"], 503_316_480),
        (&["2606:4700::/72"], 1 << 56),
        (&["-f", &file], 1_048_577),
        (&["11.0.0.0/28", "--max-addresses", "15"], 16),
    ] {
        let outcome = scan(&alone).args(["-p", "9"]).args(words).run().prints("");
        outcome.clone().fails(2, &format!("coax: {count} public addresses are named"));
        assert!(
            outcome.err().contains(&format!("--max-addresses {count} ")),
            "{}",
            outcome.shown()
        );
    }
    // No stranger has these, or they are few enough; there is no route to any.
    for words in [
        &["10.0.0.0/8", "fd00::/100", "192.0.2.0/24"][..],
        &["11.0.0.0/12"],
        &["11.0.0.0/12", "12.0.0.0/12", "--exclude", "11.0.0.0/12"],
    ] {
        let running = scan(&alone).args(["-p", "9", "--json", "--all-states"]).args(words).start();
        running.expect_out("no-route");
        running.signal(rustix::process::Signal::INT);
        running.wait().exits(130);
    }
    let words = ["-p", "9", "11.0.0.0/28", "--max-addresses", "16"];
    let outcome = scan(&alone).args(words).run().exits(3);
    assert!(
        outcome.err().contains("16 inconclusive: this machine has no route"),
        "{}",
        outcome.shown()
    );
}

#[test]
fn what_no_host_has_is_left_out_of_a_range_and_told() {
    let Some(alone) = Namespace::or_skip() else { return };
    let words = ["-p", "9", "127.0.0.1", "240.0.0.0/4", "224.0.0.0/31"];
    let outcome = scan(&alone).args(words).run().exits(1).prints("");
    let told = "coax: 268435458 of 268435459 addresses are reserved and left out: 224.0.0.0/31, \
                240.0.0.0/4\n1 probed: ";
    assert!(outcome.err().starts_with(told), "{}", outcome.shown());
    let json = scan(&alone).args(words).arg("--json").run().exits(1);
    let told = &events(&json, "reserved")[0];
    assert_eq!(told["ranges"], serde_json::json!(["224.0.0.0/31", "240.0.0.0/4"]));
    assert_eq!((&told["addresses"], &told["named"]), (&268435458.into(), &268435459.into()));
}

#[test]
fn ports_are_read_as_they_are_printed() {
    let Some(alone) = Namespace::or_skip() else { return };
    let run = |words: &[&str]| {
        let outcome = scan(&alone).args(["127.0.0.1", "--all-states"]).args(words).run().exits(1);
        let place = |line: &str| line.split(' ').next().unwrap().to_owned();
        let mut places: Vec<_> = outcome.out().lines().map(place).collect();
        places.sort();
        places
    };
    assert_eq!(run(&["-p", "53/udp,80"]), ["127.0.0.1:53/udp", "127.0.0.1:80"]);
    assert_eq!(run(&["-p", "9/tcp,7", "--udp"]), ["127.0.0.1:7/udp", "127.0.0.1:9"]);
    let left = run(&["-p", "7,9,T:7-9", "--udp", "--exclude-ports", "7/udp,8/tcp"]);
    assert_eq!(left, ["127.0.0.1:7", "127.0.0.1:9", "127.0.0.1:9/udp"]);
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
