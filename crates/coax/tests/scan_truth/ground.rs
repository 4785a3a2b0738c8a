//! The truth: what each port of the target does, and what a scan must therefore say of it.
//!
//! A row is a port, the packet filter's verdict on it, and the state and the reason that follow.
//! What a scan said is read from its JSON, one event a port, none missing and none twice.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use testkit::{Lab, Outcome, Program, Running};

/// The binary under test.
pub const COAX: &str = env!("CARGO_BIN_EXE_coax");

/// A family, and the target's address in it.
pub const TWINS: [(Family, &str); 2] = [(Family::V4, Lab::V4), (Family::V6, Lab::V6)];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    V4,
    V6,
}

/// Port, what the packet filter does with it, state, reason.
pub type Row = (u16, &'static str, &'static str, &'static str);

/// What was said of each port: state and reason.
pub type Said = BTreeMap<u16, (String, String)>;

/// A TCP port where the target listens.
pub const OPEN: u16 = 1001;

const TCP: [Row; 4] = [
    (OPEN, "accept", "open", "syn-ack"),
    (1002, "accept", "closed", "reset"),
    (1003, "reject with tcp reset", "closed", "reset"),
    (1004, "drop", "filtered", "no-answer"),
];

const REJECTS_V4: [Row; 7] = [
    (1010, "reject with icmp type net-unreachable", "filtered", "icmp-net-unreachable"),
    (1011, "reject with icmp type host-unreachable", "filtered", "icmp-host-unreachable"),
    (1012, "reject with icmp type prot-unreachable", "filtered", "icmp-protocol-unreachable"),
    (1013, "reject with icmp type port-unreachable", "filtered", "icmp-port-unreachable"),
    (1014, "reject with icmp type net-prohibited", "filtered", "icmp-net-prohibited"),
    (1015, "reject with icmp type host-prohibited", "filtered", "icmp-host-prohibited"),
    (1016, "reject with icmp type admin-prohibited", "filtered", "icmp-admin-prohibited"),
];

const REJECTS_V6: [Row; 6] = [
    (1010, "reject with icmpv6 type no-route", "filtered", "icmp-net-unreachable"),
    (1011, "reject with icmpv6 type addr-unreachable", "filtered", "icmp-host-unreachable"),
    (1012, "reject with icmpv6 type admin-prohibited", "filtered", "icmp-admin-prohibited"),
    (1013, "reject with icmpv6 type port-unreachable", "filtered", "icmp-port-unreachable"),
    (1014, "reject with icmpv6 type policy-fail", "filtered", "icmp-policy"),
    (1015, "reject with icmpv6 type reject-route", "filtered", "icmp-reject-route"),
];

/// A port that says no with the message for a closed UDP port.
pub const PORT_UNREACHABLE: u16 = 1013;

/// What a TCP scan must find.
pub fn tcp(family: Family) -> Vec<Row> {
    match family {
        Family::V4 => [&TCP[..], &REJECTS_V4].concat(),
        Family::V6 => [&TCP[..], &REJECTS_V6].concat(),
    }
}

/// A UDP port that takes everything and says nothing.
pub const SILENT: u16 = 1005;

/// No answer to a datagram can mean two things. That nobody has the port is told by the host with
/// the message that any packet filter of it can send as well, and means the same then.
const UDP: [Row; 4] = [
    (OPEN, "accept", "open", "udp-reply"),
    (1002, "accept", "closed", "icmp-port-unreachable"),
    (1004, "drop", "open-or-filtered", "no-answer"),
    (SILENT, "accept", "open-or-filtered", "no-answer"),
];

/// What a UDP scan must find.
pub fn udp(family: Family) -> Vec<Row> {
    let rejects = if family == Family::V4 { &REJECTS_V4[..] } else { &REJECTS_V6 };
    let mut rows = [&UDP[..], rejects].concat();
    let row = rows.iter_mut().find(|row| row.0 == PORT_UNREACHABLE).unwrap();
    row.2 = "closed";
    rows
}

/// A lab whose UDP ports do what [`udp`] says. The servers are for the caller to keep.
#[track_caller]
pub fn udp_lab() -> Option<(Lab, [Running; 2])> {
    let lab = Lab::or_skip()?;
    lab.talkative();
    lab.target.rules(&rules("udp", &udp(Family::V4), &udp(Family::V6)));
    let servers = [lab.target.echoes(&[OPEN]), lab.target.swallows(&[SILENT])];
    Some((lab, servers))
}

/// A lab whose TCP ports do what [`tcp`] says. The server is for the caller to keep.
#[track_caller]
pub fn tcp_lab() -> Option<(Lab, Running)> {
    let lab = Lab::or_skip()?;
    lab.talkative();
    lab.target.rules(&rules("tcp", &tcp(Family::V4), &tcp(Family::V6)));
    let server = lab.target.listens(&[OPEN]);
    Some((lab, server))
}

/// The packet filter's rules for both families.
pub fn rules(protocol: &str, v4: &[Row], v6: &[Row]) -> String {
    let mut text =
        "table inet truth { chain incoming { type filter hook input priority 0\n".to_owned();
    for (family, rows) in [("ipv4", v4), ("ipv6", v6)] {
        for (port, verdict, ..) in rows {
            let _ = writeln!(text, "meta nfproto {family} {protocol} dport {port} {verdict}");
        }
    }
    text + "}\n}\n"
}

/// Every connection to TCP `ports` is one to [`OPEN`]: as many open ports as one likes.
pub fn all_open(ports: &str) -> String {
    format!(
        "table inet many {{ chain nat {{ type nat hook prerouting priority dstnat\n\
         tcp dport {ports} redirect to :{OPEN}\n}}\n}}\n"
    )
}

/// The ports of `rows`, as a port set.
pub fn ports(rows: &[Row]) -> String {
    rows.iter().map(|(port, ..)| port.to_string()).collect::<Vec<_>>().join(",")
}

/// What must be said of `rows`.
pub fn truth(rows: &[Row]) -> Said {
    let word = |text: &&str| (*text).to_owned();
    rows.iter().map(|(port, _, state, reason)| (*port, (word(state), word(reason)))).collect()
}

/// `coax scan` of `target` as JSON, every port told.
pub fn scan(program: Program, target: &str, ports: &str) -> Program {
    program.args(["scan", "--json", "--all-states", "-p", ports, target])
}

/// As fast as it is still certain on a wire that loses nothing.
pub fn quick(program: Program) -> Program {
    program.args(["--timeout", "200ms", "--retries", "2"])
}

/// The state alone of each port.
#[track_caller]
pub fn states(outcome: &Outcome) -> BTreeMap<u16, String> {
    said(outcome).into_iter().map(|(port, (state, _))| (port, state)).collect()
}

/// What `outcome` says of each port. One event for each, and a summary that adds up to them.
#[track_caller]
pub fn said(outcome: &Outcome) -> Said {
    said_by(outcome, |_| true)
}

/// The same for those at `address`.
#[track_caller]
pub fn said_of(outcome: &Outcome, address: &str) -> Said {
    said_by(outcome, |event| event["address"] == address)
}

#[track_caller]
fn said_by(outcome: &Outcome, kept: impl Fn(&serde_json::Value) -> bool) -> Said {
    let (mut said, mut count) = (Said::new(), 0);
    let mut counts = BTreeMap::<String, u64>::new();
    for event in events(outcome, "port") {
        count += 1;
        let text = |field: &str| event[field].as_str().unwrap_or_default().to_owned();
        *counts.entry(text("state")).or_default() += 1;
        if kept(&event) {
            let port = u16::try_from(event["port"].as_u64().unwrap()).unwrap();
            let twice = said.insert(port, (text("state"), text("reason")));
            assert!(twice.is_none(), "port {port} was told twice: {}", outcome.shown());
        }
        assert!(event["reason"] != "no-answer" || event["rtt_us"].is_null(), "{event}");
    }
    let summary = events(outcome, "scan-summary").pop();
    let summary = summary.unwrap_or_else(|| panic!("no summary: {}", outcome.shown()));
    assert_eq!(summary["probed"], count, "{}", outcome.shown());
    for state in ["open", "closed", "filtered", "open-or-filtered", "inconclusive"] {
        let count = counts.get(state).copied().unwrap_or_default();
        assert_eq!(summary[state.replace('-', "_")], count, "{state}: {}", outcome.shown());
    }
    said
}

/// The events of one kind.
#[track_caller]
pub fn events(outcome: &Outcome, kind: &str) -> Vec<serde_json::Value> {
    let event = |line: &str| serde_json::from_str::<serde_json::Value>(line).unwrap();
    let out = outcome.out();
    out.lines().map(event).filter(|event| event["event"] == kind).collect()
}

/// Every answer took some time. A raw packet that was sent twice does not tell which of the two was
/// answered, so this is for scans that lose nothing, or that open a socket for each.
#[track_caller]
pub fn answers_took_time(outcome: &Outcome) {
    for event in events(outcome, "port") {
        let answered = ["syn-ack", "reset", "udp-reply"].map(|reason| event["reason"] == reason);
        assert!(event["rtt_us"].is_u64() || !answered.contains(&true), "{event}");
    }
}

/// Says which ports differ, and how.
#[track_caller]
pub fn same(what: &str, said: &Said, truth: &Said) {
    let ports = said.keys().chain(truth.keys()).collect::<std::collections::BTreeSet<_>>();
    let differ = ports.into_iter().filter(|port| said.get(port) != truth.get(port));
    let lines = differ
        .map(|port| format!("{port}: said {:?}, truth {:?}", said.get(port), truth.get(port)))
        .collect::<Vec<_>>();
    assert!(lines.is_empty(), "{what}:\n{}", lines.join("\n"));
}
