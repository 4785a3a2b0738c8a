//! What `coax scan` writes: nmap's two files, what changed, the table on a terminal.
//!
//! Every scan runs in a network of its own, so the ports are the test's to choose. The files are
//! read by programs nobody here wrote: xmllint with nmap's grammar, ndiff beside nmap's own file.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]

use std::fs;
use std::path::Path;

use rustix::process::Signal;
use serde_json::Value;
use tempfile::TempDir;
use testkit::{Lab, Namespace, Outcome, Program, peer_or_skip, skip};

const COAX: &str = env!("CARGO_BIN_EXE_coax");
const GRAMMAR: &str = "/usr/share/nmap/nmap.dtd";

/// A network of its own, and a folder for files.
struct Place {
    network: Namespace,
    folder: TempDir,
}

impl Place {
    #[track_caller]
    fn or_skip() -> Option<Place> {
        Some(Place { network: Namespace::or_skip()?, folder: tempfile::tempdir().unwrap() })
    }

    fn run(&self, program: &str, words: &[&str]) -> Outcome {
        self.network.program(program).args(words).dir(self.folder.path()).run().speaks_plainly()
    }

    fn scan(&self, words: &[&str]) -> Outcome {
        self.scanning(words).run().speaks_plainly()
    }

    fn scanning(&self, words: &[&str]) -> Program {
        self.network.program(COAX).arg("scan").args(words).dir(self.folder.path())
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.folder.path().join(name)).unwrap()
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.folder.path().join(name), text).unwrap();
    }

    /// Files, so that a test sees what was left behind.
    fn files(&self) -> Vec<String> {
        let entries = fs::read_dir(self.folder.path()).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

/// Whether `file` is what nmap's grammar allows; `None` where that cannot be asked.
#[track_caller]
fn check(place: &Place, file: &str) -> Option<()> {
    peer_or_skip("xmllint")?;
    if !Path::new(GRAMMAR).is_file() {
        skip("nmap's grammar is missing: apt-get install nmap-common");
        return None;
    }
    place.run("xmllint", &["--noout", "--dtdvalid", GRAMMAR, file]).exits(0);
    Some(())
}

fn events(outcome: &Outcome) -> Vec<Value> {
    outcome.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn named<'a>(events: &'a [Value], name: &str) -> Vec<&'a Value> {
    events.iter().filter(|event| event["event"] == name).collect()
}

/// Lines of stdout, in an order that does not depend on the scan's.
fn sorted(outcome: &Outcome) -> Vec<String> {
    let mut lines: Vec<String> = outcome.out().lines().map(str::to_owned).collect();
    lines.sort();
    lines
}

#[test]
fn the_xml_file_says_what_nmaps_says() {
    let Some(place) = Place::or_skip() else { return };
    let _server = place.network.listens(&[22, 80, 4999]);
    let all = ["-p", "1-500,4999", "127.0.0.1", "--xml", "coax.xml", "--grep", "coax.grep"];
    place.scan(&all).exits(0);
    assert_eq!(place.files(), ["coax.grep", "coax.xml"]);
    let Some(()) = check(&place, "coax.xml") else { return };
    let (Some(_), Some(_)) = (peer_or_skip("nmap"), peer_or_skip("ndiff")) else { return };
    let nmap = ["-sT", "-n", "-Pn", "-p", "1-500,4999", "-oX", "nmap.xml", "127.0.0.1"];
    place.run("nmap", &nmap).exits(0);
    // Its exit code is about hosts and ports; the first lines name the scanners.
    place.run("ndiff", &["nmap.xml", "coax.xml"]).exits(0);
    let more = place.network.listens(&[81]);
    place.scan(&all).exits(0);
    drop(more);
    let differs = place.run("ndiff", &["nmap.xml", "coax.xml"]).exits(1);
    assert!(differs.out().contains("+81/tcp"), "{}", differs.shown());
}

#[test]
fn the_xml_file_of_ipv6_and_of_every_state_fits_the_grammar() {
    let Some(place) = Place::or_skip() else { return };
    let _server = place.network.listens(&[22]);
    let words = ["-p", "20-24", "::1", "127.0.0.1", "--all-states", "--xml", "all.xml"];
    place.scan(&words).exits(0);
    let xml = place.read("all.xml");
    let closed = "<state state=\"closed\" reason=\"conn-refused\" reason_ttl=\"0\"/>";
    assert_eq!(xml.matches(closed).count(), 8, "{xml}");
    assert!(xml.contains("<address addr=\"::1\" addrtype=\"ipv6\"/>"), "{xml}");
    check(&place, "all.xml");
}

#[test]
fn both_protocols_and_raw_packets_have_their_own_words() {
    let Some(place) = Place::or_skip() else { return };
    let (_tcp, _udp) = (place.network.listens(&[22]), place.network.echoes(&[7]));
    let words = ["-p", "T:22,23,U:7-9", "127.0.0.1", "--xml", "both.xml", "--grep", "both.grep"];
    place.scan(&words).exits(0);
    let xml = place.read("both.xml");
    for part in [
        "<scaninfo type=\"connect\" protocol=\"tcp\" numservices=\"2\" services=\"22-23\"/>",
        "<scaninfo type=\"udp\" protocol=\"udp\" numservices=\"3\" services=\"7-9\"/>",
        "<extraports state=\"closed\" count=\"3\">",
        "<extrareasons reason=\"port-unreach\" count=\"2\" proto=\"udp\"/>",
        "<extrareasons reason=\"conn-refused\" count=\"1\" proto=\"tcp\"/>",
        "portid=\"7\"><state state=\"open\" reason=\"udp-response\" reason_ttl=\"0\"/>",
    ] {
        assert!(xml.contains(part), "no {part} in {xml}");
    }
    check(&place, "both.xml");
    let ports = "Ports: 22/open/tcp//ssh///, 7/open/udp//echo///\tIgnored State: closed (3)\n";
    assert!(place.read("both.grep").contains(ports), "{}", place.read("both.grep"));
    if !place.network.has_users() {
        return;
    }
    place.scan(&["--syn", "-p", "22,23", "127.0.0.1", "--xml", "syn.xml"]).exits(0);
    let xml = place.read("syn.xml");
    assert!(xml.contains("<scaninfo type=\"syn\" protocol=\"tcp\""), "{xml}");
    assert!(xml.contains("<extrareasons reason=\"reset\" count=\"1\""), "{xml}");
    check(&place, "syn.xml");
}

#[test]
fn names_and_words_that_xml_forbids_are_written_safely() {
    let Some(place) = Place::or_skip() else { return };
    let _server = place.network.listens(&[22]);
    // The file's name is in the command line, which both files repeat.
    let name = "a<b>&\"'\u{1}\nHost: c.xml";
    place.scan(&["-p", "22", "127.0.0.1", "--xml", name, "--grep", "d.grep"]).exits(0);
    let xml = place.read(name);
    assert!(xml.contains("a&lt;b&gt;&amp;&quot;&apos;\\u{1}&#10;Host: c.xml"), "{xml}");
    let grep = place.read("d.grep");
    assert_eq!(grep.lines().filter(|line| line.starts_with("Host: ")).count(), 2, "{grep}");
    place.write("copy.xml", &xml);
    check(&place, "copy.xml");
}

#[test]
fn the_grep_file_has_two_lines_a_host() {
    let Some(place) = Place::or_skip() else { return };
    let _server = place.network.listens(&[22, 80]);
    let words = ["-p", "1-100", "-4", "localhost", "127.0.0.2", "--grep", "out.grep"];
    place.scan(&words).exits(0);
    let text = place.read("out.grep");
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("# coax ") && lines[0].contains(" as: coax scan -p 1-100 "));
    let ports = "Ports: 22/open/tcp//ssh///, 80/open/tcp//http///\tIgnored State: closed (98)";
    assert_eq!(
        lines[1..5],
        [
            "Host: 127.0.0.1 (localhost)\tStatus: Up",
            &format!("Host: 127.0.0.1 (localhost)\t{ports}"),
            "Host: 127.0.0.2 ()\tStatus: Up",
            &format!("Host: 127.0.0.2 ()\t{ports}"),
        ]
    );
    assert!(lines[5].starts_with("# coax done at "), "{text}");
    assert!(lines[5].contains(" -- 2 IP addresses (2 hosts up) scanned in "), "{text}");
}

#[test]
fn a_filtered_host_is_told_as_it_is() {
    let Some(lab) = Lab::or_skip() else { return };
    lab.talkative();
    lab.target.rules(
        "table inet t { chain c { type filter hook input priority 0
        tcp dport 10-19 drop
        tcp dport 20-24 reject with icmpx type admin-prohibited
        }\n}\n",
    );
    let _server = lab.target.listens(&[30]);
    let folder = tempfile::tempdir().unwrap();
    let words = ["scan", "-p", "10-39", Lab::V4, Lab::V6, "10.77.0.9", "--xml", "lab.xml"];
    let brisk = ["--retries", "1", "--timeout", "300ms"];
    let program = lab.client.program(COAX).args(words).args(brisk);
    program.dir(folder.path()).run().speaks_plainly().exits(0);
    let xml = fs::read_to_string(folder.path().join("lab.xml")).unwrap();
    for part in [
        "<extraports state=\"filtered\" count=\"15\">",
        "<extrareasons reason=\"no-response\" count=\"10\" proto=\"tcp\"/>",
        "<extrareasons reason=\"admin-prohibited\" count=\"5\" proto=\"tcp\"/>",
        "<extrareasons reason=\"conn-refused\" count=\"14\" proto=\"tcp\"/>",
    ] {
        assert_eq!(xml.matches(part).count(), 2, "{part} in {xml}");
    }
    assert!(xml.contains("<hosts up=\"2\" down=\"1\" total=\"3\"/>"), "{xml}");
}

#[test]
fn an_interrupted_scan_leaves_whole_files() {
    let Some(place) = Place::or_skip() else { return };
    let _server = place.network.listens(&[1]);
    let words = ["--order", "serial", "--rate", "500", "-p", "-", "127.0.0.1"];
    let files = ["--xml", "cut.xml", "--grep", "cut.grep"];
    let scan = place.scanning(&words).args(files).start();
    scan.expect_out("127.0.0.1:1 ");
    scan.signal(Signal::INT);
    let outcome = scan.wait().exits(130);
    assert!(outcome.err().contains("interrupted after "), "{}", outcome.shown());
    let xml = place.read("cut.xml");
    assert!(xml.contains("exit=\"error\" errormsg=\"interrupted\""), "{xml}");
    assert!(xml.contains("portid=\"1\"") && xml.trim_end().ends_with("</nmaprun>"), "{xml}");
    assert!(place.read("cut.grep").contains("# coax interrupted at "));
    assert_eq!(place.files(), ["cut.grep", "cut.xml"]);
    check(&place, "cut.xml");
}

#[test]
fn a_file_that_cannot_be_written_is_told_before_anything_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let scan = |words: &[&str]| {
        let program = Program::new(COAX).args(["scan", "-p", "1", "127.0.0.1"]).args(words);
        program.dir(folder.path()).run()
    };
    scan(&["--xml", "no/such.xml"]).fails(2, "cannot write no/such.xml: ").prints("");
    scan(&["--grep", "."]).fails(2, "cannot write .: ").prints("");
    scan(&["--xml", "-"]).fails(2, "--xml writes a file").prints("");
    scan(&["--xml", "x", "--grep", "x"]).fails(2, "name the same file").prints("");
    // Nobody makes a file there, not even root.
    scan(&["--xml", "/sys/out.xml"]).fails(5, "cannot write /sys/out.xml: ").prints("");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn a_full_disk_is_told_after_the_summary() {
    let full =
        Program::new(COAX).args(["scan", "-p", "1", "127.0.0.1", "--xml", "/dev/full"]).run();
    assert!(full.err().contains("1 probed: "), "{}", full.shown());
    assert!(full.err().contains("coax: cannot write /dev/full: "), "{}", full.shown());
    full.exits(5);
}

#[test]
fn only_what_changed_since_is_told() {
    let Some(place) = Place::or_skip() else { return };
    let ports = ["-p", "20-90", "127.0.0.1"];
    let since = ["-p", "20-90", "127.0.0.1", "--since", "old"];
    {
        let _server = place.network.listens(&[22, 80]);
        place.write("old", &place.scan(&[&ports[..], &["--json"]].concat()).exits(0).out());
        place.scan(&since).exits(0).prints("");
    }
    let _server = place.network.listens(&[22, 81]);
    let outcome = place.scan(&since).exits(1);
    let went = "- 127.0.0.1:80 closed (was open) http?";
    assert_eq!(sorted(&outcome), ["+ 127.0.0.1:81 open (was not open)", went]);
    let json = events(&place.scan(&[&since[..], &["--json"]].concat()).exits(1));
    let changes = named(&json, "change");
    assert_eq!((changes.len(), json.len()), (2, 3));
    let went = changes.iter().find(|change| change["port"] == 80).unwrap();
    for (field, value) in [
        ("v", Value::from(1)),
        ("host", "127.0.0.1".into()),
        ("address", "127.0.0.1".into()),
        ("protocol", "tcp".into()),
        ("was", "open".into()),
        ("now", "closed".into()),
        ("reason", "reset".into()),
    ] {
        assert_eq!(went[field], value, "{field} of {went}");
    }
    let came = changes.iter().find(|change| change["port"] == 81).unwrap();
    assert_eq!((&came["was"], &came["now"]), (&Value::Null, &"open".into()));
    assert_eq!(json[2]["compared"]["changes"], 2);
}

#[test]
fn a_port_that_was_not_asked_then_is_no_change_but_told() {
    let Some(place) = Place::or_skip() else { return };
    let _server = place.network.listens(&[22, 80]);
    place.write("old", &place.scan(&["-p", "22", "127.0.0.1", "--json"]).exits(0).out());
    let outcome = place.scan(&["-p", "22,80", "127.0.0.1", "--since", "old"]).exits(0).prints("");
    let told = "coax: 1 open, but not asked before: not compared\n";
    assert!(outcome.err().contains(told), "{}", outcome.shown());
    // And what is not asked now is nobody's loss.
    place.scan(&["-p", "80", "127.0.0.1", "--since", "old"]).exits(0).prints("");
}

#[test]
fn what_cannot_be_asked_now_is_no_change_but_told() {
    let Some(place) = Place::or_skip() else { return };
    let port = |address: &str| {
        let begin = r#"{"v":1,"event":"port","protocol":"tcp","port":80,"state":"open""#;
        format!("{begin},\"address\":\"{address}\"}}\n")
    };
    // There is no route to it: the network has a loopback alone.
    let end = r#"{"v":1,"event":"scan-summary","targets":"192.0.2.1","ports":"T:80"}"#;
    place.write("old", &format!("{}{end}\n", port("192.0.2.1")));
    let words = ["-p", "80", "192.0.2.1", "--since", "old"];
    // Nothing was asked, so nobody can say that nothing changed.
    let outcome = place.scan(&words).exits(3).prints("");
    let told = "coax: 1 open before, and inconclusive now: not compared\n";
    assert!(outcome.err().contains(told), "{}", outcome.shown());
    assert!(outcome.err().contains("1 inconclusive: this machine has no route there"));
}

#[test]
fn rubbish_to_compare_with_is_told_with_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let since = |text: &[u8]| {
        fs::write(folder.path().join("old"), text).unwrap();
        let words = ["scan", "-p", "1", "127.0.0.1", "--since", "old"];
        Program::new(COAX).args(words).dir(folder.path()).run().prints("")
    };
    since(b"{\"v\":1,\"event\":\"x\"}\n\nrubbish\n")
        .fails(2, "old, line 3: it is no event of coax");
    since(b"{\"v\":2,\"event\":\"port\"}\n").fails(2, "old, line 1: it is of version 2");
    since(b"{\"v\":1,\"event\":\"port\"}\n").fails(2, "old, line 1: a port without its address");
    since(b"\xff\xfe\n").fails(2, "old, line 1: it is no event");
    since(&[b'1'; 5 << 20]).fails(2, "old, line 1: it is no event");
    since(b"").fails(2, "old tells of no scan");
    let words = ["scan", "-p", "1", "127.0.0.1", "--since", "missing"];
    Program::new(COAX).args(words).dir(folder.path()).run().fails(2, "cannot read missing: ");
}

#[test]
fn a_watch_tells_all_once_and_then_what_changes() {
    let Some(place) = Place::or_skip() else { return };
    let _server = place.network.listens(&[22]);
    let watch = place.scanning(&["-p", "20-90", "127.0.0.1", "--watch", "50ms"]).start();
    watch.expect_err(" probed: ");
    let server = place.network.listens(&[80]);
    watch.expect_out(" + 127.0.0.1:80 open (was not open) http?\n");
    drop(server);
    watch.expect_out(" - 127.0.0.1:80 closed (was open) http?\n");
    watch.signal(Signal::INT);
    let outcome = watch.wait().exits(130).speaks_plainly();
    let out = outcome.out();
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), 3, "{}", outcome.shown());
    assert!(lines[0].starts_with("127.0.0.1:22 "), "{}", outcome.shown());
    // 2026-11-21 12:03:05 + …
    assert_eq!(lines[1].find(" + "), Some(19), "{}", outcome.shown());
}

#[test]
fn a_watch_as_json_can_be_compared_with_later() {
    let Some(place) = Place::or_skip() else { return };
    let _server = place.network.listens(&[22]);
    let words = ["-p", "20-90", "127.0.0.1", "--watch", "50ms", "--json", "--xml", "now.xml"];
    let watching = place.scanning(&words).start();
    watching.expect_out("\"event\":\"scan-summary\"");
    let second = place.network.listens(&[80]);
    watching.expect_out("\"event\":\"change\"");
    drop(second);
    watching.expect_out("\"now\":\"closed\"");
    watching.signal(Signal::TERM);
    let outcome = watching.wait().exits(143);
    place.write("old", &outcome.out());
    place.scan(&["-p", "20-90", "127.0.0.1", "--since", "old"]).exits(0).prints("");
    let json = events(&outcome);
    assert_eq!(named(&json, "port").len(), 1, "{}", outcome.shown());
    let rounds = named(&json, "scan-summary");
    assert!(rounds.len() >= 2 && rounds[0]["compared"].is_null(), "{}", outcome.shown());
    assert!(rounds[1..].iter().all(|round| round["compared"]["changes"].is_u64()));
    check(&place, "now.xml");
    assert!(place.read("now.xml").contains("exit=\"success\""));
}

#[test]
fn a_terminal_gets_hosts_and_colours_unless_told_otherwise() {
    let Some(place) = Place::or_skip() else { return };
    if peer_or_skip("setsid").is_none() {
        return;
    }
    let _server = place.network.listens(&[22]);
    let screen = |name: &str, value: &str| {
        let words = ["-p", "22", "127.0.0.1"];
        let program = place.scanning(&words).env("TERM", "xterm").env("NO_COLOR", "");
        program.env(name, value).on_terminal().run().exits(0).out()
    };
    let coloured = screen("TERM", "xterm");
    assert!(coloured.contains("\u{1b}[1m127.0.0.1\u{1b}[0m"), "{coloured:?}");
    assert!(coloured.contains("  22/tcp  \u{1b}[32mopen\u{1b}[0m  ssh?"), "{coloured:?}");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let plain = screen(name, value);
        assert!(plain.contains(" open  ") && !plain.contains("\u{1b}[32m"), "{plain:?}");
    }
    let piped = place.scan(&["-p", "22", "127.0.0.1"]).exits(0).out();
    assert!(piped.starts_with("127.0.0.1:22 ") && !piped.contains('\u{1b}'), "{piped:?}");
}

#[test]
fn hosts_on_a_terminal_stand_in_order_each_with_its_ports_and_what_is_left() {
    let Some(place) = Place::or_skip() else { return };
    if peer_or_skip("setsid").is_none() {
        return;
    }
    let _server = place.network.listens(&[22, 8080]);
    let words = ["-p", "20-30,8080", "127.0.0.2", "127.0.0.1", "127.0.0.3"];
    let screen = |more: &[&str]| {
        let program = place.scanning(&words).args(more).env("TERM", "dumb");
        program.on_terminal().run().exits(0).out().replace('\r', "")
    };
    let text = screen(&[]);
    let mut rest = text.as_str();
    for host in ["127.0.0.1", "127.0.0.2", "127.0.0.3"] {
        for part in [host, "\n  22/tcp    open  ssh?\n", "  8080/tcp  open  ", "\n  10 closed\n"] {
            let at = rest.find(part).unwrap_or_else(|| panic!("no {part} in order: {text}"));
            rest = &rest[at + part.len()..];
        }
    }
    assert!(rest.contains("\n36 probed: 6 open, 30 closed, "), "{text}");
    let all = screen(&["--all-states"]);
    assert!(all.contains("\n  23/tcp    closed  telnet?  "), "{all}");
    assert!(all.contains("  reset\n") && !all.contains("10 closed"), "{all}");
}

#[test]
fn a_terminal_shows_what_is_known_when_the_scan_is_interrupted() {
    let Some(place) = Place::or_skip() else { return };
    if peer_or_skip("setsid").is_none() {
        return;
    }
    let _server = place.network.listens(&[1]);
    let words = ["--order", "serial", "--rate", "500", "-p", "-", "127.0.0.1"];
    let mut scan = place.scanning(&words).env("TERM", "xterm").on_terminal().start();
    // Below the bar stands what was found so far.
    scan.expect_out("open: 1/tcp");
    scan.send("\u{3}");
    let text = scan.wait().out().replace('\r', "");
    assert!(text.contains("  1/tcp  \u{1b}[32mopen\u{1b}[0m  tcpmux?\n"), "{text}");
    assert!(text.contains("\ncoax: interrupted after "), "{text}");
}
