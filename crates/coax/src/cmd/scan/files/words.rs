//! States and reasons in the words that readers of nmap's files know.
//!
//! What nmap has no word for keeps ours: a reader that does not know it has the state to go by.
//!
//! Nothing here knows a file's grammar.

use coax_scan::{Host, Reason, Sign, State};

/// A port's state. What could not be told is `unknown`.
pub(super) fn state(state: State) -> &'static str {
    match state {
        State::Open => "open",
        State::Closed => "closed",
        State::Filtered => "filtered",
        State::OpenOrFiltered => "open|filtered",
        State::Inconclusive => "unknown",
    }
}

/// How it is known. Who asks with `raw` packets sees a reset where others are told of a refusal.
pub(super) fn reason(reason: Reason, raw: bool) -> &'static str {
    match (reason, reason.name()) {
        // RFC 4443 §3.1: code 0 is "no route to destination".
        (Reason::Icmp(report), "icmp-net-unreachable") if report.v6 => "no-route",
        (_, "reset") if raw => "reset",
        (_, "reset" | "met-itself") => "conn-refused",
        (_, "udp-reply") => "udp-response",
        (_, "no-answer") => "no-response",
        (_, "host-unreachable" | "icmp-host-unreachable") => "host-unreach",
        (_, "icmp-net-unreachable") => "net-unreach",
        (_, "icmp-protocol-unreachable") => "proto-unreach",
        (_, "icmp-port-unreachable") => "port-unreach",
        (_, "icmp-net-prohibited") => "net-prohibited",
        (_, "icmp-host-prohibited") => "host-prohibited",
        // RFC 4443 §3.1: code 5 is a case of code 1.
        (_, "icmp-admin-prohibited" | "icmp-policy") => "admin-prohibited",
        (_, "icmp-reject-route") => "reject-route",
        (_, "icmp-time-exceeded") => "time-exceeded",
        (_, "icmp-other") => "dest-unreach",
        (_, "forbidden") => "perm-denied",
        (_, own) => own,
    }
}

/// How a host was found.
pub(super) fn sign(host: &Host) -> &'static str {
    match host.sign {
        Sign::Own => "localhost-response",
        Sign::EchoReply => "echo-reply",
        Sign::Neighbour if host.address.is_ipv4() => "arp-response",
        Sign::Neighbour => "nd-response",
        Sign::Port(answer) => reason(answer, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use coax_net::IcmpReport;

    #[test]
    fn reasons_have_the_words_that_readers_know() {
        let icmp = |v6, kind, code| Reason::Icmp(IcmpReport { v6, kind, code, from: None });
        for (ours, theirs) in [
            (Reason::SynAck, "syn-ack"),
            (Reason::Reset, "conn-refused"),
            (Reason::NoAnswer, "no-response"),
            (Reason::HostUnreachable, "host-unreach"),
            (icmp(false, 3, 0), "net-unreach"),
            (icmp(true, 1, 0), "no-route"),
            (icmp(false, 3, 1), "host-unreach"),
            (icmp(false, 3, 3), "port-unreach"),
            (icmp(true, 1, 4), "port-unreach"),
            (icmp(false, 3, 13), "admin-prohibited"),
            (icmp(true, 1, 6), "reject-route"),
            (Reason::Descriptors, "no-descriptors"),
        ] {
            assert_eq!(reason(ours, false), theirs, "{ours:?}");
        }
        assert_eq!(reason(Reason::Reset, true), "reset");
    }
}
