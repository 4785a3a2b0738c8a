//! Who is there, and who is silent: on a cable, behind a router, and where packets are lost.
//!
//! Each network is asked in both families and by every way that a user has. Whether a host is there
//! is what the target's addresses and packet filter say.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;
use testkit::{FarHosts, Lab, Line, Outcome, Program};

use crate::ground::{COAX, OPEN, events, quick, said_of};
use crate::nobody::Nobody;
use crate::syn::may_send_raw;

/// More ports than are asked without looking for hosts.
const PORTS: &str = "1001-1006";

/// A network of 16 addresses on the cable, whose first is silent, and those behind the target.
const CABLE: [(&str, &str); 2] = [("10.77.0.0/28", "10.77.0."), ("fd00:77::/124", "fd00:77::")];
const BEHIND: [(&str, &str); 2] = [("10.79.0.0/28", "10.79.0."), ("fd00:79::/124", "fd00:79::")];

fn lab() -> Option<Lab> {
    let lab = Lab::or_skip()?;
    lab.target.sh("ip address add 10.77.0.3/24 dev lab
         ip address add fd00:77::3/64 dev lab nodad
         for host in 1 2 3 4; do
             ip address add 10.79.0.$host/32 dev lo
             ip address add fd00:79::$host/128 dev lo
         done");
    lab.client.sh("ip route add 10.79.0.0/24 via 10.77.0.2
         ip route add fd00:79::/64 via fd00:77::2");
    Some(lab)
}

/// Lets every user of the lab ping, which a new network does not.
fn pings(lab: &Lab) {
    lab.client.sh("echo 0 4294967294 > /proc/sys/net/ipv4/ping_group_range");
}

fn scan(program: Program, network: &str) -> Program {
    quick(program.args(["scan", "--json", "--all-states", "-p", PORTS, network]))
}

/// The last bytes of the addresses that gave a sign of life, and the sign.
fn there(outcome: &Outcome, start: &str) -> BTreeMap<String, String> {
    let text = |event: &Value, field: &str| event[field].as_str().unwrap().to_owned();
    let all = events(outcome, "host");
    let count = all.len();
    let there: BTreeMap<_, _> = all
        .iter()
        .map(|it| (text(it, "address").replacen(start, "", 1), text(it, "sign")))
        .collect();
    assert_eq!(there.len(), count, "a host was told twice: {}", outcome.shown());
    there
}

fn summary(outcome: &Outcome) -> Value {
    let summary = events(outcome, "scan-summary").pop();
    let summary = summary.unwrap_or_else(|| panic!("no summary: {}", outcome.shown()));
    let number = |field: &str| summary[field].as_u64().unwrap();
    let accounted = number("probed") + number("skipped") + number("not_asked");
    assert_eq!(accounted, number("total"), "{summary}");
    summary
}

/// Numbers of a summary.
fn counts<const N: usize>(summary: &Value, fields: [&str; N]) -> [u64; N] {
    fields.map(|field| summary[field].as_u64().unwrap())
}

/// Asks `network` in each way, and hands the outcome over.
fn each_way(lab: &Lab, network: &str, mut check: impl FnMut(&str, Outcome)) {
    check("connect", scan(lab.ask(COAX), network).run().exits(0));
    if may_send_raw(lab) {
        check("--syn", scan(lab.ask(COAX), network).arg("--syn").run().exits(0));
    }
    if let Some(nobody) = Nobody::or_skip(lab) {
        check("without any right", scan(nobody.coax(lab), network).run().exits(0));
        pings(lab);
        check("with pings", scan(nobody.coax(lab), network).run().exits(0));
    }
}

#[test]
fn on_a_cable_who_does_not_tell_a_hardware_address_is_silent() {
    for (network, start) in CABLE {
        let Some(lab) = lab() else { return };
        let _server = lab.target.listens(&[OPEN]);
        each_way(&lab, network, |way, outcome| {
            let what = format!("{network} {way}: {}", outcome.shown());
            let there: Vec<_> = there(&outcome, start).into_keys().collect();
            assert_eq!(there, ["1", "2", "3"], "{what}");
            for event in events(&outcome, "host") {
                let own = event["sign"] == "own";
                assert_eq!(event["hardware"].is_null(), own, "{what}");
            }
            let summary = summary(&outcome);
            assert_eq!(counts(&summary, ["silent_hosts", "not_asked"]), [13, 78], "{what}");
            let last = if start == "10.77.0." { "15" } else { "f" };
            let first = network.split('/').next().unwrap();
            let silent = format!("{first},{start}4-{start}{last}");
            assert_eq!(summary["silent"], silent, "{what}");
            for host in ["1", "2", "3"] {
                assert_eq!(said_of(&outcome, &format!("{start}{host}")).len(), 6, "{what}");
            }
        });
    }
}

/// Host 1 answers everything, 2 answers nothing but one likely port, 3 refuses a UDP port alone, 4
/// has one port open, which nobody would guess.
const SPARING: &str = "table inet sparing { chain incoming { type filter hook input priority 0
    ip daddr 10.79.0.2 tcp dport != 443 drop
    ip daddr 10.79.0.2 meta l4proto { icmp, udp } drop
    ip daddr 10.79.0.3 meta l4proto { icmp, tcp } drop
    ip daddr 10.79.0.4 tcp dport != 1005 drop
    ip daddr 10.79.0.4 meta l4proto { icmp, udp } drop
    ip6 daddr fd00:79::2 tcp dport != 443 drop
    ip6 daddr fd00:79::2 meta l4proto { ipv6-icmp, udp } drop
    ip6 daddr fd00:79::3 meta l4proto { ipv6-icmp, tcp } drop
    ip6 daddr fd00:79::4 tcp dport != 1005 drop
    ip6 daddr fd00:79::4 meta l4proto { ipv6-icmp, udp } drop
}
}
";

#[test]
fn behind_a_router_any_answer_of_its_own_shows_that_a_host_is_there() {
    for (network, start) in BEHIND {
        let Some(lab) = lab() else { return };
        lab.talkative();
        lab.target.rules(SPARING);
        let _server = lab.target.listens(&[1001, 1005]);
        each_way(&lab, network, |way, outcome| {
            let what = format!("{network} {way}: {}", outcome.shown());
            let there = there(&outcome, start);
            assert_eq!(there.keys().collect::<Vec<_>>(), ["1", "2", "3"], "{what}");
            assert_eq!(there["2"], "reset", "{what}");
            assert_eq!(there["3"], "icmp-port-unreachable", "{what}");
            assert_eq!(summary(&outcome)["silent_hosts"], 13, "{what}");
        });
    }
}

#[test]
fn a_host_that_drops_all_likely_questions_is_silent_and_all_hosts_asks_it() {
    let Some(lab) = lab() else { return };
    lab.talkative();
    lab.target.rules(SPARING);
    let _server = lab.target.listens(&[1001, 1005]);
    for (network, start) in BEHIND {
        let people = quick(lab.ask(COAX).args(["scan", "-p", PORTS, network])).run().exits(0);
        let words = people.err();
        assert!(words.contains("gave no sign of life, so 78 ports were not asked"), "{words}");
        assert!(words.contains("--all-hosts asks them"), "{words}");
        let ways: &[&[&str]] = &[&["--all-hosts"], &["--all-hosts", "--order", "serial"]];
        for way in ways {
            let outcome = scan(lab.ask(COAX), network).args(*way).run().exits(0);
            let summary = summary(&outcome);
            assert_eq!(counts(&summary, ["probed", "silent_hosts"]), [96, 0], "{way:?}");
            let said = said_of(&outcome, &format!("{start}4"));
            assert_eq!(said[&1005], ("open".to_owned(), "syn-ack".to_owned()), "{network} {way:?}");
        }
    }
}

#[test]
fn a_host_that_was_named_is_asked_and_so_is_every_host_of_few_ports() {
    let Some(lab) = lab() else { return };
    for (target, ports, probed) in [
        ("10.79.0.9", PORTS, 6),
        ("fd00:79::9", PORTS, 6),
        ("10.79.0.8 10.79.0.9", PORTS, 12),
        ("10.79.0.8/30", "1001-1004", 16),
    ] {
        let words = ["scan", "--json", "-p", ports];
        let outcome = quick(lab.ask(COAX).args(words)).args(target.split(' ')).run().exits(1);
        let summary = summary(&outcome);
        let told = counts(&summary, ["filtered", "silent_hosts", "not_asked"]);
        assert_eq!(told, [probed, 0, 0], "{target}");
        assert_eq!(events(&outcome, "host").len(), 0, "{target}");
    }
}

#[test]
fn where_this_machine_has_no_route_nobody_is_called_silent() {
    let Some(lab) = Lab::or_skip() else { return };
    for network in ["192.0.2.0/29", "2001:db8::/125"] {
        let outcome = scan(lab.ask(COAX), network).run();
        assert_eq!(outcome.code(), 3, "{}", outcome.shown());
        let summary = summary(&outcome);
        assert_eq!(counts(&summary, ["inconclusive", "silent_hosts"]), [48, 0], "{network}");
    }
}

/// One packet of twenty is lost each way. Of 120 hosts, half answer all questions and half nothing
/// but one: those are found within the rounds that the loss calls for.
#[test]
fn on_a_lossy_line_no_host_that_is_there_is_silent() {
    let line = Line {
        delay: Duration::from_millis(20),
        jitter: Duration::from_millis(5),
        loss: 5.0,
        rate: 0,
    };
    let Some(hosts) = FarHosts::or_skip(line) else { return };
    hosts.client.sh("ip route add 10.79.0.0/24 dev line");
    hosts.server.sh("for host in $(seq 1 120); do ip address add 10.79.0.$host/32 dev lo; done");
    hosts.server.rules(
        "table inet half { chain incoming { type filter hook input priority 0
         ip daddr 10.79.0.61-10.79.0.120 meta l4proto { tcp, udp } drop\n}\n}\n",
    );
    let scan = hosts.client.program(COAX).args(["scan", "--json", "-p", PORTS, "10.79.0.0/24"]);
    let outcome = scan.run().exits(1);
    assert_eq!(there(&outcome, "10.79.0.").len(), 120, "{}", outcome.shown());
    assert_eq!(summary(&outcome)["silent"], "10.79.0.0,10.79.0.121-10.79.0.255");
}

#[test]
fn a_host_that_went_and_one_that_came_are_changes_and_no_port_is_called_closed() {
    let Some(lab) = lab() else { return };
    let _server = lab.target.listens(&[OPEN]);
    let folder = tempfile::tempdir().unwrap();
    for (network, start) in BEHIND {
        let (old, width) = (folder.path().join("old"), if start.contains(':') { 128 } else { 32 });
        let address = |what: &str, host: u8| {
            lab.target.sh(&format!("ip address {what} {start}{host}/{width} dev lo"));
        };
        address("del", 4);
        let before = scan(lab.ask(COAX), network).run().exits(0);
        std::fs::write(&old, before.out()).unwrap();
        address("del", 2);
        address("add", 4);
        let words = ["scan", "--json", "-p", PORTS, network, "--since"];
        let outcome = quick(lab.ask(COAX).args(words).arg(&old)).run().exits(1);
        let changes: BTreeSet<_> = events(&outcome, "change")
            .iter()
            .map(|it| ["address", "was", "now"].map(|field| it[field].as_str().unwrap().to_owned()))
            .collect();
        let change = |host: &str, was: &str, now: &str| {
            [format!("{start}{host}"), was.to_owned(), now.to_owned()]
        };
        let wanted = [change("2", "open", "silent"), change("4", "silent", "open")];
        assert_eq!(changes, wanted.into(), "{}", outcome.shown());
        address("add", 2);
    }
}

#[test]
fn files_list_who_is_there_with_its_hardware_address_and_who_is_silent() {
    let Some(lab) = lab() else { return };
    let _server = lab.target.listens(&[OPEN]);
    let folder = tempfile::tempdir().unwrap();
    let (xml, grep) = (folder.path().join("xml"), folder.path().join("grep"));
    let words = ["scan", "-p", PORTS, "10.77.0.0/28", "--xml"];
    lab.ask(COAX).args(words).arg(&xml).arg("--grep").arg(&grep).run().exits(0);
    let (xml, grep) =
        (std::fs::read_to_string(xml).unwrap(), std::fs::read_to_string(grep).unwrap());
    let count = |part: &str| xml.matches(part).count();
    assert_eq!(count("<status state=\"down\" reason=\"no-response\" reason_ttl=\"0\"/>"), 13);
    assert_eq!(count("<status state=\"up\" "), 3, "{xml}");
    assert_eq!(count("addrtype=\"mac\"/>"), 2, "{xml}");
    assert_eq!(count("<hosts up=\"3\" down=\"13\" total=\"16\"/>"), 1, "{xml}");
    assert_eq!(count("<extraports state=\"closed\" count=\"5\">"), 2, "{xml}");
    assert_eq!(grep.matches("\tStatus: Down\n").count(), 13, "{grep}");
    assert_eq!(grep.matches("\tStatus: Up\n").count(), 3, "{grep}");
}

/// It is stopped soon, when it is not known who is silent, and late. Some five hundred packets find that
/// out, half of the first thousand; a port that is told is some 170 bytes.
#[test]
fn a_scan_that_goes_on_knows_who_was_found_and_who_was_silent() {
    let Some(lab) = lab() else { return };
    let _server = lab.target.listens(&[OPEN]);
    for ((network, _), stopped_after, silent) in
        [(BEHIND[0], 20_000, None), (BEHIND[0], 300_000, Some(12)), (BEHIND[1], 300_000, Some(12))]
    {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("state");
        let words = ["scan", "--json", "-p", "1001-2000", network, "--resume"];
        let slowly = ["--rate", "500", "--all-states"];
        let first = lab.ask(COAX).args(words).arg(&file).args(slowly).start();
        first.expect_bytes(stopped_after);
        first.signal(Signal::INT);
        let first = first.wait();
        assert_eq!(first.code(), 130, "{}", first.shown());
        let stopped = events(&first, "scan-summary").pop().unwrap();
        let [probed, total, silent_hosts] = counts(&stopped, ["probed", "total", "silent_hosts"]);
        assert!((1..4000).contains(&probed) && total == 16_000, "{stopped}");
        assert_eq!(silent.unwrap_or(silent_hosts), silent_hosts, "{stopped}");
        let last = lab.ask(COAX).args(["scan", "--json", "--resume"]).arg(&file).run().exits(0);
        let summary = summary(&last);
        let told = counts(&summary, ["total", "probed", "open", "silent_hosts", "not_asked"]);
        assert_eq!(told, [16_000, 4000, 4, 12, 12_000], "{network}");
        assert_eq!(events(&last, "port").len(), 4, "{}", last.shown());
    }
}

/// Its own addresses need no sign.
#[test]
fn this_machine_is_always_there() {
    let Some(lab) = Lab::or_skip() else { return };
    lab.client.rules(
        "table inet own { chain incoming { type filter hook input priority 0; policy drop\n}\n}\n",
    );
    for (network, silent) in [("10.77.0.0/31", 1), ("fd00:77::/127", 1), ("127.0.0.0/30", 0)] {
        let outcome = scan(lab.ask(COAX), network).run();
        let summary = summary(&outcome);
        assert_eq!(summary["silent_hosts"], silent, "{network}: {}", outcome.shown());
    }
}
