//! Hosts and networks that make it hard: resets that are rationed, packets that are lost, ICMP
//! errors that the kernel keeps to itself.

use std::collections::BTreeMap;

use testkit::Lab;

use crate::ground::{COAX, OPEN, Said, TWINS, all_open, said, said_of, same, scan};
use crate::syn::may_send_raw;

/// A table for one chain of the target's packet filter.
fn chain(name: &str, hook: &str, rules: &str) -> String {
    format!(
        "table inet {name} {{ chain c {{ type filter hook {hook} priority 10\n{rules}\n}}\n}}\n"
    )
}

fn all(ports: std::ops::RangeInclusive<u16>, state: &str, reason: &str) -> Said {
    ports.map(|port| (port, (state.to_owned(), reason.to_owned()))).collect()
}

/// Both families draw on the same ration.
#[track_caller]
fn rationed(how: &[&str]) {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[OPEN, 1100, 1200]);
    let rationed = "tcp flags & rst == rst limit rate over 200/second burst 20 packets drop";
    lab.target.rules(&chain("ration", "output", rationed));
    lab.target.rules(&chain("wall", "input", "tcp dport 1150-1154 drop"));
    let mut wanted = all(1001..=1250, "closed", "reset");
    wanted.extend(all(1150..=1154, "filtered", "no-answer"));
    for open in [OPEN, 1100, 1200] {
        wanted.extend(all(open..=open, "open", "syn-ack"));
    }
    let both = format!("{},{}", Lab::V4, Lab::V6);
    let outcome = scan(lab.ask(COAX), &both, "1001-1250").args(how).run().exits(0);
    for (_, target) in TWINS {
        same(target, &said_of(&outcome, target), &wanted);
    }
}

#[test]
fn a_host_that_rations_its_resets_is_asked_until_every_port_is_told() {
    rationed(&[]);
}

#[test]
fn a_host_that_rations_its_resets_is_asked_so_by_syn_too() {
    let Some(lab) = Lab::or_skip() else { return };
    if may_send_raw(&lab) {
        rationed(&["--syn"]);
    }
}

/// Every first packet is lost, as when a host wakes up. That is no reason to ask its silent ports
/// for ever: each has another seven attempts, and the few before the alarm.
#[test]
fn one_late_start_costs_the_silent_ports_one_more_round() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[OPEN]);
    lab.target.rules(
        "table inet late {\n set woken { type inet_service; flags dynamic; size 100; }\n\
         counter silent { }\n\
         chain c { type filter hook input priority 10\n\
         tcp dport 1017-1032 counter name silent drop\n\
         tcp dport 1001-1016 tcp dport != @woken add @woken { tcp dport } drop\n}\n}\n",
    );
    for (_, target) in TWINS {
        let before = silent(&lab);
        let mut wanted = all(1001..=1016, "closed", "reset");
        wanted.extend(all(OPEN..=OPEN, "open", "syn-ack"));
        wanted.extend(all(1017..=1032, "filtered", "no-answer"));
        let outcome = scan(lab.ask(COAX), target, "1001-1032").run().exits(0);
        same(target, &said(&outcome), &wanted);
        let each = (silent(&lab) - before) / 16;
        assert!((8..=11).contains(&each), "{target}: {each} attempts at each silent port");
        lab.target.sh("nft flush set inet late woken");
    }
}

/// Packets to silent ports so far.
#[track_caller]
fn silent(lab: &Lab) -> u64 {
    let shown = lab.target.sh("nft list counter inet late silent").out();
    let number = shown.split_whitespace().skip_while(|&word| word != "packets").nth(1);
    number.and_then(|word| word.parse().ok()).unwrap_or_else(|| panic!("{shown}"))
}

/// Two packets of a hundred are lost each way; the default of six retries misses one port in
/// 10⁷ runs of this test.
#[test]
fn a_wire_that_loses_packets_makes_no_port_wrong() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[OPEN]);
    lab.target.rules(&all_open("2000-2039"));
    lab.target.rules(&chain("wall", "input", "tcp dport 2500-2799 drop"));
    for hook in ["input", "output"] {
        let lossy = "meta l4proto tcp numgen random mod 100 < 2 drop";
        lab.target.rules(&chain(&format!("lossy_{hook}"), hook, lossy));
    }
    for (_, target) in TWINS {
        let mut wanted = all(2000..=2799, "closed", "reset");
        wanted.extend(all(2000..=2039, "open", "syn-ack"));
        wanted.extend(all(2500..=2799, "filtered", "no-answer"));
        let outcome = scan(lab.ask(COAX), target, "2000-2799").run().exits(0);
        same(target, &said(&outcome), &wanted);
    }
}

/// With the limits a kernel has by default, most errors are never sent. Filtered is right with and
/// without one, and the reason says which it was.
#[test]
fn a_host_that_rations_its_icmp_errors_is_filtered_all_the_same() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[OPEN]);
    let prohibited = "tcp dport 1100-1139 reject with icmpx type admin-prohibited";
    lab.target.rules(&chain("wall", "input", prohibited));
    for (_, target) in TWINS {
        let outcome = scan(lab.ask(COAX), target, "1001,1100-1139").run().exits(0);
        let mut reasons = BTreeMap::<String, usize>::new();
        for (port, (state, reason)) in said(&outcome) {
            assert_eq!(state, if port == OPEN { "open" } else { "filtered" }, "{target}:{port}");
            *reasons.entry(reason).or_default() += 1;
        }
        let named = reasons.remove("icmp-admin-prohibited").unwrap_or_default();
        let silent = reasons.remove("no-answer").unwrap_or_default();
        assert!(named > 0, "{target}: no error came through: {}", outcome.shown());
        assert_eq!((named + silent, reasons.len()), (40, 1), "{}", outcome.shown());
    }
}

/// The kernel keeps an attempt going though a message said that it is in vain, so its socket must
/// not ask the next port: the next port's packet would never be sent. Without retries that shows.
#[test]
fn a_rejected_port_does_not_keep_the_next_one_from_being_asked() {
    let Some(lab) = Lab::or_skip() else { return };
    lab.talkative();
    let _server = lab.target.listens(&[OPEN]);
    lab.target.rules(&all_open("2000-2099"));
    lab.target.rules(&chain(
        "wall",
        "input",
        "tcp dport 3000-3099 reject with icmpx type no-route",
    ));
    let ports = (0..100).map(|at| format!("{},{}", 2000 + at, 3000 + at)).collect::<Vec<_>>();
    for (_, target) in TWINS {
        let mut wanted = all(2000..=2099, "open", "syn-ack");
        wanted.extend(all(3000..=3099, "filtered", "icmp-net-unreachable"));
        let once = scan(lab.ask(COAX), target, &ports.join(",")).args(["--retries", "0"]);
        let outcome = once.args(["--rate", "400"]).run().exits(0);
        same(target, &said(&outcome), &wanted);
    }
}

#[test]
fn a_slow_link_is_waited_for() {
    let Some(lab) = Lab::or_skip() else { return };
    let Some(tc) = testkit::peer_or_skip("tc") else { return };
    let delay = ["qdisc", "add", "dev", "lab", "root", "netem", "delay", "300ms"];
    if lab.target.program(tc).args(delay).run().code() != 0 {
        return testkit::skip("the kernel has no netem: sudo modprobe sch_netem");
    }
    let _server = lab.target.listens(&[OPEN]);
    for (_, target) in TWINS {
        let mut wanted = all(1001..=1060, "closed", "reset");
        wanted.extend(all(OPEN..=OPEN, "open", "syn-ack"));
        let outcome = scan(lab.ask(COAX), target, "1001-1060").run().exits(0);
        same(target, &said(&outcome), &wanted);
    }
}

/// A middlebox that answers for everything it forbids, as many do: no host behind it, resets only
/// for some ports, and one open.
#[test]
fn half_answered_and_half_silent_is_told_apart() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[OPEN]);
    lab.target.rules(&chain("wall", "input", "tcp dport 1101-1400 drop"));
    for (_, target) in TWINS {
        let mut wanted = all(1001..=1100, "closed", "reset");
        wanted.extend(all(1101..=1400, "filtered", "no-answer"));
        wanted.extend(all(OPEN..=OPEN, "open", "syn-ack"));
        let quick = scan(lab.ask(COAX), target, "1001-1400").args(["--timeout", "300ms"]);
        let outcome = quick.run().exits(0);
        same(target, &said(&outcome), &wanted);
    }
}
