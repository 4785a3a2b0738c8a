//! The SYN scan: the same truth, told by raw packets.
//!
//! Whatever a connect scan says of a port, a SYN scan says too, and so does nmap's.

use std::collections::BTreeMap;

use testkit::{Lab, Namespace, peer_or_skip};

use crate::ground::{
    COAX, OPEN, Said, TWINS, all_open, events, ports, said, said_by_syn, same, scan, tcp, tcp_lab,
    truth,
};
use crate::nmap::nmap;

/// All of `ports` are closed, but one is open.
fn one_open(ports: std::ops::RangeInclusive<u16>) -> Said {
    let closed = ports.map(|port| (port, ("closed".to_owned(), "reset".to_owned())));
    let mut said = closed.collect::<Said>();
    said.insert(OPEN, ("open".to_owned(), "syn-ack".to_owned()));
    said
}

#[test]
fn every_port_has_its_state_and_its_reason() {
    let Some((lab, _server)) = tcp_lab() else { return };
    for (family, target) in TWINS {
        let rows = tcp(family);
        let outcome = scan(lab.ask(COAX), target, &ports(&rows)).arg("--syn").run().exits(0);
        same(target, &said_by_syn(&outcome), &truth(&rows));
    }
}

#[test]
fn a_connect_scan_and_nmap_say_the_same_of_every_port() {
    let Some((lab, _server)) = tcp_lab() else { return };
    for (family, target) in TWINS {
        let ports = "1001-1100";
        let by_syn = scan(lab.ask(COAX), target, ports).arg("--syn").run().exits(0);
        let by_syn = said_by_syn(&by_syn);
        let by_connection = said(&scan(lab.ask(COAX), target, ports).run().exits(0));
        same(target, &by_syn, &by_connection);
        let Some(theirs) = nmap(&lab, "-sS", family, target, ports) else { return };
        let states = by_syn.into_iter().map(|(port, (state, _))| (port, state));
        assert_eq!(states.collect::<BTreeMap<_, _>>(), theirs, "{target}");
    }
}

#[test]
fn both_families_in_one_run_are_as_right_as_each_alone() {
    let Some((lab, _server)) = tcp_lab() else { return };
    let both = scan(lab.ask(COAX), &format!("{},{}", Lab::V4, Lab::V6), "1001-1004");
    let outcome = both.arg("--syn").run().exits(0);
    let told = events(&outcome, "port");
    for (family, target) in TWINS {
        let rows = tcp(family).into_iter().filter(|row| row.0 <= 1004);
        let wanted = rows.map(|(port, _, state, reason)| (u64::from(port), state, reason));
        let ours = told.iter().filter(|event| event["address"] == target).map(|event| {
            let text = |field: &str| event[field].as_str().unwrap();
            (event["port"].as_u64().unwrap(), text("state"), text("reason"))
        });
        let mut ours = ours.collect::<Vec<_>>();
        ours.sort_unstable();
        assert_eq!(ours, wanted.collect::<Vec<_>>(), "{target}");
    }
}

/// Among all ports of its own machine is the one from which it asks.
#[test]
fn every_port_of_this_machine_itself_is_told() {
    let Some(alone) = Namespace::or_skip() else { return };
    let _server = alone.listens(&[OPEN]);
    for target in ["127.0.0.1", "::1", "127.9.8.7"] {
        let program = alone.program(COAX).args(["scan", "--syn", "--json", "-p", "-", target]);
        let outcome = program.run().exits(0);
        let open = events(&outcome, "port");
        assert!(open.len() == 1 && open[0]["port"] == OPEN, "{target}: {open:?}");
        let summary = events(&outcome, "scan-summary").pop().unwrap();
        assert_eq!((&summary["total"], &summary["closed"]), (&65535.into(), &65534.into()));
    }
}

/// See the test of the connect scan for the odds.
#[test]
fn a_wire_that_loses_packets_makes_no_port_wrong() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[OPEN]);
    lab.target.rules(&all_open("2000-2039"));
    let wall = "tcp dport 2500-2799 drop";
    let lossy = "meta l4proto tcp numgen random mod 100 < 2 drop";
    for (name, hook, rule) in
        [("wall", "input", wall), ("lossy_in", "input", lossy), ("lossy_out", "output", lossy)]
    {
        lab.target.rules(&format!(
            "table inet {name} {{ chain c {{ type filter hook {hook} priority 10\n{rule}\n}}\n}}\n"
        ));
    }
    for (_, target) in TWINS {
        let outcome = scan(lab.ask(COAX), target, "2000-2799").arg("--syn").run().exits(0);
        let mut wanted = one_open(2000..=2799);
        wanted.remove(&OPEN);
        for port in 2000..=2039 {
            wanted.insert(port, ("open".to_owned(), "syn-ack".to_owned()));
        }
        for port in 2500..=2799 {
            wanted.insert(port, ("filtered".to_owned(), "no-answer".to_owned()));
        }
        same(target, &said_by_syn(&outcome), &wanted);
    }
}

#[test]
fn what_this_machine_forbids_or_lacks_is_inconclusive() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[OPEN]);
    lab.client.rules(
        "table inet own { chain out { type filter hook output priority 0\n\
         tcp dport 1002 drop\n}\n}\n",
    );
    for ((_, target), nowhere) in TWINS.into_iter().zip(["192.0.2.1", "2001:db8::1"]) {
        let outcome = scan(lab.ask(COAX), target, "1001-1003").arg("--syn").run().exits(0);
        let mut wanted = one_open(1003..=1003);
        wanted.insert(1002, ("inconclusive".to_owned(), "forbidden".to_owned()));
        same(target, &said_by_syn(&outcome), &wanted);
        let outcome = scan(lab.ask(COAX), nowhere, "1-9").arg("--syn").run();
        assert_ne!(outcome.code(), 0);
        let told = said_by_syn(&outcome);
        let wanted = ("inconclusive".to_owned(), "no-route".to_owned());
        assert!(told.len() == 9 && told.values().all(|said| *said == wanted), "{told:?}");
    }
}

#[test]
fn without_the_right_to_raw_packets_it_says_what_to_do() {
    let Some(alone) = Namespace::or_skip() else { return };
    let Some(setpriv) = peer_or_skip("setpriv") else { return };
    let poor = ["--inh-caps=-all", "--bounding-set=-all", "--no-new-privs"];
    // Root without it is refused as well, and can run a binary in anybody's folder.
    let program = alone.program(setpriv).args(poor).args([COAX, "scan", "--syn", "-p", "1"]);
    let outcome = program.arg("127.0.0.1").run().exits(5);
    let lines = outcome.err();
    let lines = lines.lines().collect::<Vec<_>>();
    assert_eq!(lines[0], "coax: cannot scan by SYN: it needs CAP_NET_RAW");
    assert!(lines[1].starts_with("hint: ") && lines[1].contains("setcap cap_net_raw+ep"));
    assert_eq!(lines.len(), 2, "{lines:?}");
}
