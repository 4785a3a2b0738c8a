//! A target that is gone in the middle of a scan.
//!
//! Every port of it is open, so whatever is called closed afterwards is a lie. The scan is slow
//! enough to be caught in the middle, and must still end.

use std::collections::BTreeMap;
use std::time::Duration;

use testkit::Lab;

use crate::ground::{COAX, OPEN, all_open, events, scan};

/// What is said of ports of a host that is gone. Once the kernel has asked in vain for its hardware
/// address, it reports that as a router would.
const UNREACHABLE: [(&str, &str); 3] = [
    ("filtered", "no-answer"),
    ("filtered", "host-unreachable"),
    ("filtered", "icmp-host-unreachable"),
];

/// How many ports have this state and this reason.
type Rest = BTreeMap<(String, String), usize>;

/// Asks 300 open ports of each twin, breaks the target after some, and gives what was said of those
/// that were not found open.
#[track_caller]
fn broken(how: impl Fn(&Lab)) -> Option<Rest> {
    let lab = Lab::or_skip()?;
    let _server = lab.target.listens(&[OPEN]);
    lab.target.rules(&all_open("2000-2299"));
    let both = format!("{},{}", Lab::V4, Lab::V6);
    let scan = scan(lab.ask(COAX), &both, "2000-2299").args(["--rate", "400", "--retries", "2"]);
    let running = scan.args(["--timeout", "300ms"]).deadline(Duration::from_secs(20)).start();
    // Each event is some 150 bytes: about a hundred ports have been told.
    running.expect_bytes(15_000);
    how(&lab);
    let outcome = running.wait().exits(0).speaks_plainly();
    let mut said = Rest::new();
    for event in events(&outcome, "port") {
        let text = |field: &str| event[field].as_str().unwrap().to_owned();
        *said.entry((text("state"), text("reason"))).or_default() += 1;
    }
    assert_eq!(said.values().sum::<usize>(), 600, "every port is accounted for: {said:?}");
    let open = said.remove(&("open".to_owned(), "syn-ack".to_owned())).unwrap_or_default();
    assert!((50..550).contains(&open), "it was not in the middle: {open} open, {said:?}");
    Some(said)
}

#[track_caller]
fn only(said: &Rest, allowed: &[(&str, &str)]) {
    for (state, reason) in said.keys() {
        assert!(allowed.contains(&(state, reason)), "{state} because of {reason}: {said:?}");
    }
}

#[test]
fn a_host_that_is_switched_off_is_filtered_from_then_on() {
    let Some(said) = broken(|lab| drop(lab.target.sh("ip link set lab down"))) else { return };
    only(&said, &UNREACHABLE);
}

#[test]
fn an_address_that_is_taken_away_is_filtered_from_then_on() {
    let take = |lab: &Lab| drop(lab.target.sh("ip address flush dev lab"));
    let Some(said) = broken(take) else { return };
    only(&said, &UNREACHABLE);
}

#[test]
fn a_firewall_that_comes_up_is_filtered_from_then_on() {
    let wall = "table inet wall { chain c { type filter hook prerouting priority -400\n\
                tcp dport 2000-2299 drop\n}\n}\n";
    let Some(said) = broken(|lab| lab.target.rules(wall)) else { return };
    only(&said, &[("filtered", "no-answer")]);
}

/// The wire itself goes, and with it this machine's address and route: it can no longer ask.
#[test]
fn a_route_of_ones_own_that_is_gone_makes_the_rest_inconclusive() {
    let cut = |lab: &Lab| drop(lab.client.sh("ip link delete lab"));
    let Some(said) = broken(cut) else { return };
    only(&said, &[&UNREACHABLE[..], &[("inconclusive", "no-route")]].concat());
    let told = said.get(&("inconclusive".to_owned(), "no-route".to_owned())).copied();
    assert!(told.is_some_and(|count| count > 50), "{said:?}");
}
