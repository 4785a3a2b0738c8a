//! The lab is what it says: two hosts, nothing else, and nothing left of them.

use std::fs;

use testkit::{Lab, Namespace};

#[test]
fn a_network_of_ones_own_has_a_loopback_and_nothing_else() {
    let Some(alone) = Namespace::or_skip() else { return };
    let outcome = alone.sh("ip -o link");
    assert!(outcome.out().contains("lo: <LOOPBACK,UP"), "{}", outcome.shown());
    assert_eq!(outcome.out().lines().count(), 1, "{}", outcome.shown());
    let own = fs::read_link("/proc/self/ns/net").unwrap();
    let theirs = alone.sh("readlink /proc/self/ns/net").out();
    assert_ne!(own.to_string_lossy(), theirs.trim());
}

#[test]
fn a_network_is_gone_with_its_test() {
    let Some(alone) = Namespace::or_skip() else { return };
    let place = format!("/proc/{}/ns/net", alone.pid());
    assert!(fs::read_link(&place).is_ok());
    drop(alone);
    assert!(fs::read_link(&place).is_err(), "{place} is still there");
}

#[test]
fn both_families_cross_the_wire_and_the_packet_filter_is_the_targets_own() {
    let Some(lab) = Lab::or_skip() else { return };
    let _server = lab.target.listens(&[7]);
    lab.target.rules(
        "table inet t { chain in { type filter hook input priority 0\ntcp dport 8 drop\n }\n}",
    );
    for host in [Lab::V4, Lab::V6] {
        let line = "exec 3<>/dev/tcp/$1/$2";
        let dial = |port| lab.ask("bash").args(["-c", line, "dial", host, port]).run();
        dial("7").exits(0);
        assert!(dial("9").err().contains("refused"), "{host}");
    }
    assert_eq!(lab.client.program("nft").args(["list", "ruleset"]).run().out(), "");
    let rules = lab.target.program("nft").args(["list", "ruleset"]).run().out();
    assert!(rules.contains("tcp dport 8 drop"), "{rules}");
}
