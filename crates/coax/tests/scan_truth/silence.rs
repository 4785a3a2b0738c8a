//! Silence that has several causes: a firewall behind a line that loses packets, and ports that are
//! answered for only so often a second.

use testkit::{FarHosts, Lab, Line};

use crate::ground::{COAX, Said, TWINS, events, said, same, scan};
use crate::syn::may_send_raw;

fn all(ports: std::ops::RangeInclusive<u16>, state: &str, reason: &str) -> Said {
    ports.map(|port| (port, (state.to_owned(), reason.to_owned()))).collect()
}

/// A hundred ports are answered for ten times a second, beside a hundred plain ones and a
/// hundred that never answer.
#[track_caller]
fn rationed(how: &[&str], limit: &str) {
    let Some(lab) = Lab::or_skip() else { return };
    let open = [21_003, 21_050, 21_077];
    let _server = lab.target.listens(&open);
    lab.target.rules(&format!(
        "table inet ration {{ chain c {{ type filter hook input priority 10\n\
         tcp dport 21200-21299 drop\n\
         meta nfproto ipv4 tcp dport 21000-21099 {limit} drop\n\
         meta nfproto ipv6 tcp dport 21000-21099 {limit} drop\n}}\n}}\n"
    ));
    let mut wanted = all(21_000..=21_199, "closed", "reset");
    wanted.extend(open.map(|port| (port, ("open".to_owned(), "syn-ack".to_owned()))));
    wanted.extend(all(21_200..=21_299, "filtered", "no-answer"));
    for (_, target) in TWINS {
        let outcome = scan(lab.ask(COAX), target, "21000-21299").args(how).run().exits(0);
        same(target, &said(&outcome), &wanted);
        // It is told where a second look found it; the pace may have found it before.
        for told in events(&outcome, "rationed") {
            let port = |name: &str| told[name].as_u64().unwrap();
            assert!((21_000..21_050).contains(&port("first_port")), "{told}");
            assert!((21_050..21_100).contains(&port("last_port")), "{told}");
        }
    }
}

#[test]
fn ports_that_are_answered_for_ten_times_a_second_have_their_verdicts() {
    rationed(&[], "limit rate over 10/second");
}

#[test]
fn ports_that_are_answered_for_ten_times_a_second_have_theirs_by_syn() {
    let Some(lab) = Lab::or_skip() else { return };
    if may_send_raw(&lab) {
        rationed(&["--syn"], "limit rate over 10/second");
    }
}

/// One open port of 3 is missed in 10⁵ runs at the most, since the certainty is one of a million.
#[track_caller]
fn firewalled(how: &[&str]) {
    let line = Line {
        delay: std::time::Duration::from_millis(20),
        jitter: std::time::Duration::from_millis(5),
        loss: 1.0,
        rate: 50_000_000,
    };
    let Some(hosts) = FarHosts::or_skip(line) else { return };
    let open = [22, 80, 443];
    let _server = hosts.server.listens(&open);
    hosts.server.rules(
        "table inet wall { chain c { type filter hook input priority 0; policy drop\n\
         tcp dport { 22, 80, 443 } accept\n\
         meta l4proto ipv6-icmp accept\n}\n}\n",
    );
    let mut wanted = all(1..=3000, "filtered", "no-answer");
    wanted.extend(open.map(|port| (port, ("open".to_owned(), "syn-ack".to_owned()))));
    for target in [FarHosts::V4, FarHosts::V6] {
        let outcome = scan(hosts.client.program(COAX), target, "1-3000").args(how).run().exits(0);
        same(target, &said(&outcome), &wanted);
        assert!(events(&outcome, "rationed").is_empty(), "{}", outcome.shown());
    }
}

#[test]
fn a_firewall_that_drops_nearly_all_hides_no_open_port() {
    firewalled(&[]);
}

#[test]
fn a_firewall_that_drops_nearly_all_hides_none_from_syns() {
    let Some(lab) = Lab::or_skip() else { return };
    if may_send_raw(&lab) {
        firewalled(&["--syn"]);
    }
}
