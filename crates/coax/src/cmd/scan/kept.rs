//! What a scan has told and tells again when it goes on: open ports, and what they were found to be.
//!
//! A verdict is kept with its reason; its state follows from that. An open port whose answer is
//! still awaited is kept without one, and asked again.
//!
//! Nothing here knows where it is kept.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use coax_addr::Protocol;
use coax_net::IcmpReport;
use coax_scan::{Reason, State, Verdict};
use serde::{Deserialize, Serialize};

use super::event::Known;

/// What was told, in the order in which it was.
#[derive(Default)]
pub(super) struct KeptPorts {
    all: Vec<KeptPort>,
    /// Those that are being asked what they are.
    awaited: HashMap<(SocketAddr, Protocol), usize>,
}

/// One port.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct KeptPort {
    address: SocketAddr,
    #[serde(with = "protocol_name")]
    protocol: Protocol,
    #[serde(with = "ReasonWords")]
    reason: Reason,
    rtt_us: Option<u64>,
    pub(super) known: Option<Known>,
}

impl KeptPorts {
    /// A port that is going to be asked what it is.
    pub(super) fn awaits(&mut self, verdict: &Verdict) {
        self.awaited.insert((verdict.address, verdict.protocol), self.all.len());
        self.all.push(KeptPort::new(verdict, None));
    }

    /// A port that was told.
    pub(super) fn told(&mut self, verdict: &Verdict, known: Option<&Known>) {
        let port = KeptPort::new(verdict, known.cloned());
        let key = (verdict.address, verdict.protocol);
        match self.awaited.get(&key).and_then(|&at| self.all.get_mut(at)) {
            // It was told without an answer, so it is still awaited.
            Some(_) if port.known.is_none() => {}
            Some(awaited) => {
                *awaited = port;
                self.awaited.remove(&key);
            }
            None => self.all.push(port),
        }
    }

    pub(super) fn ports(&self) -> &[KeptPort] {
        &self.all
    }

    /// Whether everything that was asked what it is has answered.
    pub(super) fn are_complete(&self) -> bool {
        self.awaited.is_empty()
    }
}

impl KeptPort {
    fn new(verdict: &Verdict, known: Option<Known>) -> KeptPort {
        let &Verdict { address, protocol, reason, rtt, .. } = verdict;
        let rtt_us = rtt.map(|rtt| u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX));
        KeptPort { address, protocol, reason, rtt_us, known }
    }

    pub(super) fn verdict(&self) -> Verdict {
        let &KeptPort { address, protocol, reason, rtt_us, .. } = self;
        let state = reason.state(protocol, address.ip());
        Verdict { address, protocol, state, reason, rtt: rtt_us.map(Duration::from_micros) }
    }
}

/// How a protocol is kept.
pub(super) mod protocol_name {
    use coax_addr::Protocol;
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(in crate::cmd::scan) fn serialize<S: Serializer>(
        protocol: &Protocol,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        to.serialize_str(protocol.name())
    }

    pub(in crate::cmd::scan) fn deserialize<'de, D: Deserializer<'de>>(
        from: D,
    ) -> Result<Protocol, D::Error> {
        let name = String::deserialize(from)?;
        Protocol::from_name(&name).ok_or_else(|| Error::custom("there is no such protocol"))
    }
}

/// How a state is kept.
#[derive(Serialize, Deserialize)]
#[serde(remote = "State", rename_all = "kebab-case")]
pub(super) enum StateWords {
    Open,
    Closed,
    Filtered,
    OpenOrFiltered,
    Inconclusive,
}

/// How a reason is kept.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Reason", rename_all = "kebab-case")]
pub(super) enum ReasonWords {
    SynAck,
    Reset,
    UdpReply,
    MetItself,
    NoAnswer,
    Icmp(#[serde(with = "IcmpWords")] IcmpReport),
    HostUnreachable,
    Descriptors,
    SourcePorts,
    Buffers,
    NoRoute,
    Forbidden,
    Machine(i32),
}

/// How an ICMP message is kept.
#[derive(Serialize, Deserialize)]
#[serde(remote = "IcmpReport")]
struct IcmpWords {
    v6: bool,
    kind: u8,
    code: u8,
    from: Option<IpAddr>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(port: u16, reason: Reason) -> Verdict {
        let address = SocketAddr::from(([10, 0, 0, 1], port));
        let protocol = Protocol::Udp;
        let state = reason.state(protocol, address.ip());
        Verdict { address, protocol, state, reason, rtt: Some(Duration::from_micros(70)) }
    }

    #[test]
    fn what_is_kept_is_what_was_told() {
        let own = IcmpReport { v6: false, kind: 3, code: 3, from: "10.0.0.1".parse().ok() };
        for reason in [Reason::UdpReply, Reason::Icmp(own), Reason::Machine(5), Reason::NoRoute] {
            let told = verdict(1, reason);
            let text = serde_json::to_string(&KeptPort::new(&told, None)).unwrap();
            let read: KeptPort = serde_json::from_str(&text).unwrap();
            assert_eq!(read.verdict(), told, "{text}");
        }
        let mut zoned = verdict(1, Reason::SynAck);
        zoned.address = "[fe80::1%3]:22".parse().unwrap();
        let text = serde_json::to_string(&KeptPort::new(&zoned, None)).unwrap();
        let read: KeptPort = serde_json::from_str(&text).unwrap();
        assert_eq!(read.verdict().address, zoned.address, "{text}");
    }

    #[test]
    fn a_port_is_kept_once_and_awaited_until_it_has_answered() {
        let (mut kept, port) = (KeptPorts::default(), verdict(1, Reason::UdpReply));
        kept.awaits(&port);
        kept.told(&verdict(2, Reason::UdpReply), None);
        assert!(!kept.are_complete());
        kept.told(&port, None);
        assert!(!kept.are_complete(), "it was told unasked");
        let known = Known { service: Some("domain".to_owned()), report: Default::default() };
        kept.told(&port, Some(&known));
        assert!(kept.are_complete());
        let shown: Vec<_> =
            kept.ports().iter().map(|it| (it.address.port(), it.known.is_some())).collect();
        assert_eq!(shown, [(1, true), (2, false)]);
    }
}
