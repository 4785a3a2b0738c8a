//! What this machine lacks or forbids is inconclusive: it says nothing about the port.

use testkit::{Lab, Outcome};

use crate::ground::{COAX, OPEN, TWINS, events, said, said_of, same, scan, truth};

/// Every port of `outcome` has this verdict, and the summary says how many there were.
#[track_caller]
fn all_are(outcome: &Outcome, state: &str, reason: &str) {
    for (port, said) in said(outcome) {
        assert_eq!((said.0.as_str(), said.1.as_str()), (state, reason), "port {port}");
    }
    let summary = events(outcome, "scan-summary").pop().unwrap();
    assert_eq!(summary["inconclusive_because"][reason], summary["inconclusive"]);
}

#[test]
fn without_a_route_every_port_is_inconclusive() {
    let Some(lab) = Lab::or_skip() else { return };
    for target in ["192.0.2.1", "2001:db8::1"] {
        let outcome = scan(lab.ask(COAX), target, "1-40").run();
        all_are(&outcome, "inconclusive", "no-route");
        assert_eq!(said(&outcome).len(), 40);
        assert_eq!(outcome.code(), 3, "{}", outcome.shown());
    }
}

#[test]
fn a_target_without_a_route_does_not_spoil_the_others() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[OPEN]);
    for (target, nowhere) in [(Lab::V4, "192.0.2.1"), (Lab::V6, "2001:db8::1")] {
        let both = format!("{nowhere},{target}");
        let outcome = scan(lab.ask(COAX), &both, "1001-1002").run().exits(0);
        let wanted = [(OPEN, "", "open", "syn-ack"), (1002, "", "closed", "reset")];
        same(target, &said_of(&outcome, target), &truth(&wanted));
        let wanted = [1001, 1002].map(|port| (port, "", "inconclusive", "no-route"));
        same(nowhere, &said_of(&outcome, nowhere), &truth(&wanted));
    }
}

/// A connect scan cannot tell a firewall of this machine from one on the way: the kernel drops the
/// packet without a word, or sends itself the message. Either way the port is not called closed,
/// and not open. A firewall that forges resets is beyond any scanner.
#[test]
fn a_firewall_of_this_machine_is_one_more_on_the_way() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[OPEN, 1002, 1003]);
    lab.client.rules(
        "table inet own { chain out { type filter hook output priority 0\n\
         tcp dport 1002 drop\ntcp dport 1003 reject with icmpx type admin-prohibited\n}\n}\n",
    );
    for (_, target) in TWINS {
        let outcome = scan(lab.ask(COAX), target, "1001-1004").args(["--retries", "2"]);
        let wanted = [
            (OPEN, "", "open", "syn-ack"),
            (1002, "", "filtered", "no-answer"),
            (1003, "", "filtered", "icmp-admin-prohibited"),
            (1004, "", "closed", "reset"),
        ];
        same(target, &said(&outcome.run().exits(0)), &truth(&wanted));
    }
}

#[test]
fn routes_that_forbid_are_inconclusive() {
    let Some(lab) = Lab::or_skip() else { return };
    for (kind, reason, code) in
        [("unreachable", "no-route", 3), ("prohibit", "forbidden", 5), ("blackhole", "machine", 5)]
    {
        for network in ["198.51.100.0/24", "2001:db8:1::/64"] {
            lab.client.sh(&format!("ip route replace {kind} {network}"));
            let target = network.split('/').next().unwrap().replace(".0", ".7");
            let outcome = scan(lab.ask(COAX), &target, "1-3").run();
            all_are(&outcome, "inconclusive", reason);
            assert_eq!(outcome.code(), code, "{}", outcome.shown());
        }
    }
}

/// Nobody has the address. This machine's own kernel gives up after three seconds without a
/// neighbour, and says so with a message as a router's would be.
#[test]
fn an_address_that_nobody_has_is_filtered() {
    let Some(lab) = Lab::or_skip() else { return };
    let both = scan(lab.ask(COAX), "10.77.0.9,fd00:77::9", "1-20").args(["--retries", "4"]);
    let outcome = both.run().exits(1);
    for target in ["10.77.0.9", "fd00:77::9"] {
        for (port, (state, reason)) in said_of(&outcome, target) {
            let known = ["icmp-host-unreachable", "host-unreachable", "no-answer"];
            let known = known.contains(&reason.as_str());
            assert!(state == "filtered" && known, "{target}:{port}: {state}, {reason}");
        }
    }
}

/// Eight source ports for four hundred questions.
#[test]
fn a_lack_of_source_ports_makes_it_slower_and_nothing_wrong() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[OPEN]);
    lab.client.sh("echo 40000 40007 > /proc/sys/net/ipv4/ip_local_port_range");
    for (_, target) in TWINS {
        let outcome = scan(lab.ask(COAX), target, "1001-1400").run().exits(0);
        let mut wanted = truth(&[(OPEN, "", "open", "syn-ack")]);
        for port in 1002..=1400 {
            wanted.insert(port, ("closed".to_owned(), "reset".to_owned()));
        }
        same(target, &said(&outcome), &wanted);
    }
}
