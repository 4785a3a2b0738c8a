//! The SYN scan, by raw packets: against the truth, beside nmap's own, and the same as connect.

use std::collections::BTreeMap;
use std::time::Duration;

use testkit::{Lab, Outcome};

use crate::ground::{
    COAX, OPEN, TWINS, all_open, events, ports, quick, said, said_of, same, scan, states, tcp,
    tcp_lab, truth,
};
use crate::nmap::nmap;
use crate::nobody::Nobody;

/// Why there is no raw socket here, once it was said.
#[track_caller]
pub fn may_send_raw(lab: &Lab) -> bool {
    let may = lab.ask("sh").args(["-c", "grep CapEff /proc/self/status"]).run().out();
    let rights = u64::from_str_radix(may.trim_start_matches("CapEff:").trim(), 16).unwrap();
    // CAP_NET_RAW is 13, linux/capability.h.
    let may = rights & (1 << 13) != 0;
    if !may {
        testkit::skip("raw packets need CAP_NET_RAW");
    }
    may
}

#[test]
fn every_port_has_its_state_and_its_reason() {
    let Some((lab, _server)) = tcp_lab() else { return };
    if !may_send_raw(&lab) {
        return;
    }
    let both = format!("{},{}", Lab::V4, Lab::V6);
    let outcome = scan(lab.ask(COAX), &both, "1001-1016").arg("--syn").run().exits(0);
    for (family, target) in TWINS {
        let mut wanted = truth(&tcp(family));
        for port in 1001..=1016 {
            // No rule speaks of the others.
            wanted.entry(port).or_insert_with(|| ("closed".to_owned(), "reset".to_owned()));
        }
        same(target, &said_of(&outcome, target), &wanted);
    }
}

/// No exception here: both see the packets.
#[test]
fn nmap_says_the_same_of_every_port() {
    let Some((lab, _server)) = tcp_lab() else { return };
    if !may_send_raw(&lab) {
        return;
    }
    for (family, target) in TWINS {
        let set = ports(&tcp(family));
        let ours = quick(scan(lab.ask(COAX), target, &set)).arg("--syn").run().exits(0);
        let Some(theirs) = nmap(&lab, "-sS", family, target, &set) else { return };
        assert_eq!(states(&ours), theirs, "{target}");
    }
}

#[test]
fn connect_says_the_same() {
    let Some((lab, _server)) = tcp_lab() else { return };
    if !may_send_raw(&lab) {
        return;
    }
    let both = format!("{},{}", Lab::V4, Lab::V6);
    let run = || quick(scan(lab.ask(COAX), &both, "801-1300"));
    let (connect, syn) = (run().run().exits(0), run().arg("--syn").run().exits(0));
    for (_, target) in TWINS {
        assert_eq!(said_of(&connect, target).len(), 500);
        same(target, &said_of(&syn, target), &said_of(&connect, target));
    }
}

#[test]
fn a_wire_that_loses_packets_makes_no_port_wrong() {
    let Some(lab) = Lab::or_skip() else { return };
    if !may_send_raw(&lab) {
        return;
    }
    let _server = lab.target.listens(&[OPEN]);
    lab.target.rules(&all_open("2000-2039"));
    for hook in ["input", "output"] {
        lab.target.rules(&format!(
            "table inet lossy_{hook} {{ chain c {{ type filter hook {hook} priority 10\n\
             meta l4proto tcp numgen random mod 100 < 2 drop\n}}\n}}\n"
        ));
    }
    for (_, target) in TWINS {
        let mut rows = (2000..2040).map(|port| (port, "", "open", "syn-ack")).collect::<Vec<_>>();
        rows.extend((2040..3000).map(|port| (port, "", "closed", "reset")));
        let outcome = scan(lab.ask(COAX), target, "2000-2999").arg("--syn").run().exits(0);
        same(target, &said(&outcome), &truth(&rows));
    }
}

/// Unlike a connect scan, this one is told by the kernel when a firewall of this machine takes the
/// packet: the port is inconclusive, not filtered.
#[test]
fn a_firewall_of_this_machine_is_no_answer_of_the_target() {
    let Some(lab) = Lab::or_skip() else { return };
    if !may_send_raw(&lab) {
        return;
    }
    let _server = lab.target.listens(&[OPEN, 1002]);
    lab.client.rules(
        "table inet own { chain out { type filter hook output priority 0\n\
         tcp dport 1002 drop\n}\n}\n",
    );
    for (_, target) in TWINS {
        let wanted = [
            (OPEN, "", "open", "syn-ack"),
            (1002, "", "inconclusive", "forbidden"),
            (1003, "", "closed", "reset"),
        ];
        let outcome = scan(lab.ask(COAX), target, "1001-1003").arg("--syn").run().exits(0);
        same(target, &said(&outcome), &truth(&wanted));
    }
}

#[test]
fn without_a_route_every_port_is_inconclusive() {
    let Some(lab) = Lab::or_skip() else { return };
    if !may_send_raw(&lab) {
        return;
    }
    for target in ["192.0.2.1", "2001:db8::1"] {
        let outcome = scan(lab.ask(COAX), target, "1-40").arg("--syn").run();
        let wanted = (1..=40).map(|port| (port, "", "inconclusive", "no-route"));
        same(target, &said(&outcome), &truth(&wanted.collect::<Vec<_>>()));
    }
}

/// The kernel asks three seconds for a neighbour, and keeps what is sent to it meanwhile.
#[test]
fn neighbours_that_are_not_there_hold_up_nobody_and_cost_one_look_each() {
    let Some(lab) = Lab::or_skip() else { return };
    if !may_send_raw(&lab) {
        return;
    }
    let _server = lab.target.listens(&[OPEN]);
    let networks = [("10.77.0.0/24", Lab::V4), ("fd00:77::/120", Lab::V6)];
    for (network, target) in networks {
        let asked = || scan(lab.ask(COAX), network, "1001-1100").arg("--all-hosts");
        let both = || asked().deadline(Duration::from_secs(20));
        let syn = both().arg("--syn").run().exits(0);
        lab.client.sh("ip neighbour flush all");
        let connect = both().run().exits(0);
        let mut wanted = truth(&[(OPEN, "", "open", "syn-ack")]);
        for port in (1001..=1100).filter(|&port| port != OPEN) {
            wanted.insert(port, ("closed".to_owned(), "reset".to_owned()));
        }
        same(target, &said_of(&syn, target), &wanted);
        let said = |outcome: &Outcome| {
            let mut counts = BTreeMap::<(String, String), usize>::new();
            for event in events(outcome, "port") {
                let text = |field: &str| event[field].as_str().unwrap().to_owned();
                *counts.entry((text("state"), text("reason"))).or_default() += 1;
            }
            counts
        };
        let (syn, connect) = (said(&syn), said(&connect));
        assert_eq!(syn, connect, "{network}");
        let unreachable = ("filtered".to_owned(), "icmp-host-unreachable".to_owned());
        assert!(syn[&unreachable] >= 250 * 100, "{network}: {syn:?}");
    }
}

#[test]
fn without_the_privilege_it_says_so_and_asks_nothing() {
    let Some((lab, _server)) = tcp_lab() else { return };
    let Some(nobody) = Nobody::or_skip(&lab) else { return };
    for (_, target) in TWINS {
        let outcome = nobody.coax(&lab).args(["scan", "--syn", "-p", "1001", target]).run();
        outcome.prints("").fails(5, "it needs CAP_NET_RAW");
    }
}
