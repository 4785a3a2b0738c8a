//! The UDP scan, which needs no privilege either: against the truth, beside nmap, as anybody.

use testkit::{Lab, Program};

use crate::ground::{
    COAX, OPEN, SILENT, TWINS, ports, quick, said, said_of, same, scan, states, truth, udp, udp_lab,
};
use crate::nmap::nmap;
use crate::nobody::Nobody;

fn udp_scan(program: Program, target: &str, ports: &str) -> Program {
    scan(program, target, ports).arg("--udp")
}

#[test]
fn every_port_of_both_families_has_its_state_and_its_reason() {
    let Some((lab, _servers)) = udp_lab() else { return };
    let both = format!("{},{}", Lab::V4, Lab::V6);
    let outcome = udp_scan(lab.ask(COAX), &both, "1001-1016").run().exits(0);
    for (family, target) in TWINS {
        let mut wanted = truth(&udp(family));
        let closed = || ("closed".to_owned(), "icmp-port-unreachable".to_owned());
        for port in 1001..=1016 {
            // No rule speaks of the others.
            wanted.entry(port).or_insert_with(closed);
        }
        same(target, &said_of(&outcome, target), &wanted);
    }
}

/// No exception: nmap reads raw packets, coax the socket's error queue, and both see every message.
#[test]
fn nmap_says_the_same_of_every_port() {
    let Some((lab, _servers)) = udp_lab() else { return };
    for (family, target) in TWINS {
        let set = ports(&udp(family));
        let ours = quick(udp_scan(lab.ask(COAX), target, &set)).run().exits(0);
        let Some(theirs) = nmap(&lab, "-sU", family, target, &set) else { return };
        assert_eq!(states(&ours), theirs, "{target}");
    }
}

#[test]
fn without_any_privilege_the_answers_are_the_same() {
    let Some((lab, _servers)) = udp_lab() else { return };
    let Some(nobody) = Nobody::or_skip(&lab) else { return };
    for (family, target) in TWINS {
        let rows = udp(family);
        let outcome = quick(udp_scan(nobody.coax(&lab), target, &ports(&rows))).run().exits(0);
        same(target, &said(&outcome), &truth(&rows));
    }
}

#[test]
fn sixty_four_descriptors_give_the_same_answers() {
    let Some((lab, _servers)) = udp_lab() else { return };
    let Some(prlimit) = testkit::peer_or_skip("prlimit") else { return };
    for (family, target) in TWINS {
        let mut wanted = truth(&udp(family));
        for port in 901..=1200 {
            let closed = || ("closed".to_owned(), "icmp-port-unreachable".to_owned());
            wanted.entry(port).or_insert_with(closed);
        }
        let poor = lab.ask(&prlimit).args(["--nofile=64:64", COAX]);
        let outcome = quick(udp_scan(poor, target, "901-1200")).run().exits(0);
        same(target, &said(&outcome), &wanted);
    }
}

/// A kernel sends a few errors at once, then one a second over IPv4 and ten over IPv6, unless it is
/// told otherwise. A closed port that is silent for that alone is asked until it is told.
#[test]
fn a_host_that_rations_its_icmp_errors_is_asked_until_every_port_is_told() {
    let Some(lab) = Lab::or_skip() else { return };
    let _servers = [lab.target.echoes(&[OPEN]), lab.target.swallows(&[SILENT])];
    let both = format!("{},{}", Lab::V4, Lab::V6);
    let outcome = udp_scan(lab.ask(COAX), &both, "1001-1014").run().exits(0);
    let mut wanted =
        truth(&[(OPEN, "", "open", "udp-reply"), (SILENT, "", "open-or-filtered", "no-answer")]);
    for port in 1001..=1014 {
        let closed = || ("closed".to_owned(), "icmp-port-unreachable".to_owned());
        wanted.entry(port).or_insert_with(closed);
    }
    for (_, target) in TWINS {
        same(target, &said_of(&outcome, target), &wanted);
    }
}

#[test]
fn what_this_machine_forbids_or_cannot_reach_is_inconclusive() {
    let Some(lab) = Lab::or_skip() else { return };
    lab.talkative();
    let _server = lab.target.echoes(&[OPEN, 1002]);
    lab.client.rules(
        "table inet own { chain out { type filter hook output priority 0\n\
         udp dport 1002 drop\n}\n}\n",
    );
    for ((_, target), nowhere) in TWINS.into_iter().zip(["192.0.2.1", "2001:db8::1"]) {
        let both = format!("{nowhere},{target}");
        let outcome = udp_scan(lab.ask(COAX), &both, "1001-1003").run().exits(0);
        let wanted = [
            (OPEN, "", "open", "udp-reply"),
            (1002, "", "inconclusive", "forbidden"),
            (1003, "", "closed", "icmp-port-unreachable"),
        ];
        same(target, &said_of(&outcome, target), &truth(&wanted));
        // Before the packet filter is asked there must be a route.
        let wanted = [1001, 1002, 1003].map(|port| (port, "", "inconclusive", "no-route"));
        same(nowhere, &said_of(&outcome, nowhere), &truth(&wanted));
    }
}

/// A firewall on the way, not the host, says that the port is unreachable: the host may well have
/// somebody there.
#[test]
fn a_port_is_not_closed_because_somebody_else_says_so() {
    let Some(lab) = Lab::or_skip() else { return };
    lab.client.rules(
        "table inet own { chain out { type filter hook output priority 0\n\
         udp dport 1002 reject with icmpx type port-unreachable\n}\n}\n",
    );
    let _server = lab.target.echoes(&[1002]);
    for (_, target) in TWINS {
        let outcome = udp_scan(lab.ask(COAX), target, "1002").run().exits(1);
        let wanted = [(1002, "", "filtered", "icmp-port-unreachable")];
        same(target, &said(&outcome), &truth(&wanted));
    }
}
