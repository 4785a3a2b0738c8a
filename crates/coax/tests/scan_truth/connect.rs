//! The connect scan, which needs no privilege: against the truth, beside nmap, as anybody.

use testkit::{Lab, peer_or_skip};

use crate::ground::{
    COAX, Family, PORT_UNREACHABLE, TWINS, answers_took_time, ports, quick, said, said_of, same,
    scan, states, tcp, tcp_lab, truth,
};
use crate::nmap::nmap;
use crate::nobody::Nobody;

#[test]
fn every_port_has_its_state_and_its_reason() {
    let Some((lab, _server)) = tcp_lab() else { return };
    for (family, target) in TWINS {
        let rows = tcp(family);
        let outcome = scan(lab.ask(COAX), target, &ports(&rows)).run().exits(0);
        same(target, &said(&outcome), &truth(&rows));
        answers_took_time(&outcome);
    }
}

#[test]
fn both_families_in_one_run_are_as_right_as_each_alone() {
    let Some((lab, _server)) = tcp_lab() else { return };
    let all = scan(lab.ask(COAX), &format!("{},{}", Lab::V4, Lab::V6), "1001-1016");
    let outcome = quick(all).run().exits(0);
    for (family, target) in TWINS {
        let mut wanted = truth(&tcp(family));
        for port in 1001..=1016 {
            // No rule speaks of the others.
            wanted.entry(port).or_insert_with(|| ("closed".to_owned(), "reset".to_owned()));
        }
        same(target, &said_of(&outcome, target), &wanted);
    }
}

/// One port differs by design. A TCP port that is rejected with ICMP port-unreachable is refused
/// as far as `connect` tells, and `nmap -sT` calls it closed. coax reads the socket's error queue,
/// sees that a firewall spoke and not the host's TCP, which would send a reset, and says filtered,
/// as `nmap -sS` does, which sees the packet.
#[test]
fn nmap_says_the_same_of_every_port_but_one_that_it_cannot_see() {
    let Some((lab, _server)) = tcp_lab() else { return };
    for (family, target) in TWINS {
        let rows = tcp(family);
        let outcome = quick(scan(lab.ask(COAX), target, &ports(&rows))).run().exits(0);
        let ours = states(&outcome);
        let Some(theirs) = nmap(&lab, "-sT", family, target, &ports(&rows)) else { return };
        assert_eq!(theirs.len(), rows.len(), "nmap left ports out: {theirs:?}");
        for (port, state) in &theirs {
            match *port {
                PORT_UNREACHABLE => {
                    assert_eq!((state.as_str(), ours[port].as_str()), ("closed", "filtered"));
                }
                _ => assert_eq!(ours[port], *state, "{target} port {port}"),
            }
        }
        let Some(seen) = nmap(&lab, "-sS", family, target, &ports(&rows)) else { return };
        assert_eq!(ours, seen, "{target}: nmap -sS differs");
    }
}

#[test]
fn without_any_privilege_the_answers_are_the_same() {
    let Some((lab, _server)) = tcp_lab() else { return };
    let Some(nobody) = Nobody::or_skip(&lab) else { return };
    for (family, target) in TWINS {
        let rows = tcp(family);
        let outcome = quick(scan(nobody.coax(&lab), target, &ports(&rows))).run().exits(0);
        same(target, &said(&outcome), &truth(&rows));
    }
}

#[test]
fn sixty_four_descriptors_give_the_same_answers() {
    let Some((lab, _server)) = tcp_lab() else { return };
    let Some(prlimit) = peer_or_skip("prlimit") else { return };
    for (family, target) in TWINS {
        let mut wanted = truth(&tcp(family));
        for port in 801..=1400 {
            wanted.entry(port).or_insert_with(|| ("closed".to_owned(), "reset".to_owned()));
        }
        let poor = lab.ask(&prlimit).args(["--nofile=64:64", COAX]);
        let outcome = quick(scan(poor, target, "801-1400")).run().exits(0);
        same(target, &said(&outcome), &wanted);
    }
}

#[test]
fn the_family_that_is_not_wanted_is_not_asked() {
    let Some((lab, _server)) = tcp_lab() else { return };
    for (family, target) in TWINS {
        let only = if family == Family::V4 { "-4" } else { "-6" };
        let both = scan(lab.ask(COAX), &format!("{},{}", Lab::V4, Lab::V6), "1001");
        let outcome = both.arg(only).run().exits(0);
        assert_eq!(said(&outcome), said_of(&outcome, target));
        assert_eq!(said(&outcome).len(), 1);
    }
}

/// A link-local address means something on its own link alone.
#[test]
fn a_link_local_address_is_asked_on_its_link() {
    let Some((lab, _server)) = tcp_lab() else { return };
    let own = "ip -6 -oneline address show dev lab scope link -tentative";
    let line = format!("until {own} | grep -o 'fe80[^/]*'; do :; done");
    let address = lab.target.sh(&line).out();
    let target = format!("{}%lab", address.trim());
    // Its own link-local address must be settled too.
    lab.client.sh(&format!("until {own} | grep -q fe80; do :; done"));
    let rows = tcp(Family::V6);
    let outcome = quick(scan(lab.ask(COAX), &target, &ports(&rows))).run().exits(0);
    same(&target, &said(&outcome), &truth(&rows));
}
