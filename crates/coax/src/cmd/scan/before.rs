//! What was known before a scan, and what differs now: `--since` and `--watch`.
//!
//! Only ports that were asked both times are compared. A port that the earlier output does not
//! mention was not open, since open ones are always in it. A port that this machine could not ask
//! is no change.
//!
//! Nothing here prints, or knows where an earlier output comes from.

mod read;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use coax_addr::{AddressSet, Protocol, ProtocolPorts};
use coax_scan::{State, Verdict};

/// A port of an address.
pub(super) type Key = (IpAddr, Protocol, u16);

/// The states of ports at an earlier time.
#[derive(Debug, Default)]
pub(super) struct Before {
    states: HashMap<Key, State>,
    /// Who gave no sign of life then.
    silent: AddressSet,
    /// What was asked then; `None` is everything that is asked now.
    asked: Option<Asked>,
    /// Whether the earlier scan came to its end.
    pub(super) whole: bool,
}

/// Whom and what an earlier scan asked.
#[derive(Debug)]
struct Asked {
    targets: AddressSet,
    ports: ProtocolPorts,
}

/// A port, now and before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Compared {
    /// Nothing to tell.
    Same,
    /// Another state. `was` is `None` where the earlier output does not mention the port.
    Changed { was: Option<State> },
    /// It was open, and could not be asked now.
    Unclear,
    /// It is open, and was not asked then.
    New,
}

impl Before {
    /// Whether the port of `verdict` has changed: to open or from open, or with `all_states` in any
    /// way.
    pub(super) fn compare(&self, verdict: &Verdict, all_states: bool) -> Compared {
        let was = self.states.get(&key(verdict)).copied();
        let now = verdict.state;
        match (was, now) {
            (Some(State::Open), State::Inconclusive) => Compared::Unclear,
            (_, State::Inconclusive) => Compared::Same,
            (Some(was), now) if was == now => Compared::Same,
            (None, State::Open) if !self.did_ask(&verdict.address, verdict.protocol) => {
                Compared::New
            }
            (Some(State::Open), _) | (_, State::Open) => Compared::Changed { was },
            (Some(State::Inconclusive) | None, _) => Compared::Same,
            (Some(_), _) if all_states => Compared::Changed { was },
            (Some(_), _) => Compared::Same,
        }
    }

    /// Remembers `verdict` for the next time: an open port, with `all_states` any.
    pub(super) fn learn(&mut self, verdict: &Verdict, all_states: bool) {
        match verdict.state {
            // What is known from before is the better knowledge.
            State::Inconclusive => {}
            State::Open => drop(self.states.insert(key(verdict), State::Open)),
            state if all_states => drop(self.states.insert(key(verdict), state)),
            _ => drop(self.states.remove(&key(verdict))),
        }
    }

    /// Whether `host` gave no sign of life then.
    pub(super) fn was_silent(&self, host: IpAddr) -> bool {
        self.silent.contains(host)
    }

    /// The ports of `silent` hosts that had an open port, or with `all_states` any state, in order.
    pub(super) fn now_silent(&self, silent: &AddressSet, all_states: bool) -> Vec<(Key, State)> {
        let matters =
            |state: State| state == State::Open || (all_states && state != State::Inconclusive);
        let all = self.states.iter().map(|(&key, &state)| (key, state));
        let mut known: Vec<_> =
            all.filter(|&((host, ..), state)| matters(state) && silent.contains(host)).collect();
        known.sort_unstable_by_key(|&((host, protocol, port), _)| (host, protocol.name(), port));
        known
    }

    /// Remembers for the next time who is silent.
    pub(super) fn learn_silent(&mut self, silent: &AddressSet) {
        self.states.retain(|&(host, ..), _| !silent.contains(host));
        self.silent = silent.clone();
    }

    /// The next scan is compared with the round that has just ended, which asked everything.
    pub(super) fn end_round(&mut self) {
        (self.asked, self.whole) = (None, true);
    }

    fn did_ask(&self, address: &SocketAddr, protocol: Protocol) -> bool {
        self.asked.as_ref().is_none_or(|asked| {
            let ports = if protocol == Protocol::Udp { &asked.ports.udp } else { &asked.ports.tcp };
            ports.contains(address.port()) && asked.targets.contains(address.ip())
        })
    }
}

fn key(verdict: &Verdict) -> Key {
    (verdict.address.ip(), verdict.protocol, verdict.address.port())
}

#[cfg(test)]
mod tests {
    use super::*;
    use coax_scan::Reason;

    fn now(port: u16, state: State) -> Verdict {
        let address = ([10, 0, 0, 1], port).into();
        let (protocol, reason, rtt) = (Protocol::Tcp, Reason::SynAck, None);
        Verdict { address, protocol, state, reason, rtt }
    }

    fn before(states: &[(u16, State)]) -> Before {
        let mut before = Before::default();
        for &(port, state) in states {
            before.states.insert(key(&now(port, state)), state);
        }
        before
    }

    #[test]
    fn only_what_came_or_went_is_a_change() {
        use State::{Closed, Filtered, Inconclusive, Open};
        let changed = |was| Compared::Changed { was };
        for (was, is, all_states, expected) in [
            (Some(Open), Open, false, Compared::Same),
            (Some(Open), Closed, false, changed(Some(Open))),
            (Some(Open), Filtered, false, changed(Some(Open))),
            (Some(Open), Inconclusive, false, Compared::Unclear),
            (None, Open, false, changed(None)),
            (None, Closed, true, Compared::Same),
            (None, Inconclusive, true, Compared::Same),
            (Some(Closed), Open, false, changed(Some(Closed))),
            (Some(Closed), Filtered, false, Compared::Same),
            (Some(Closed), Filtered, true, changed(Some(Closed))),
            (Some(Inconclusive), Closed, true, Compared::Same),
            (Some(Inconclusive), Open, false, changed(Some(Inconclusive))),
        ] {
            let states: Vec<_> = was.map(|was| (1, was)).into_iter().collect();
            let found = before(&states).compare(&now(1, is), all_states);
            assert_eq!(found, expected, "{was:?} {is:?} {all_states}");
        }
    }

    #[test]
    fn a_port_that_was_not_asked_then_is_new_and_no_change() {
        let mut before = before(&[(1, State::Open)]);
        let mut targets = AddressSet::new();
        targets.add_address([10, 0, 0, 1].into(), 0);
        let ports = ProtocolPorts { tcp: "1-2".parse().unwrap(), ..ProtocolPorts::default() };
        before.asked = Some(Asked { targets, ports });
        assert_eq!(before.compare(&now(3, State::Open), false), Compared::New);
        assert_eq!(before.compare(&now(3, State::Closed), false), Compared::Same);
        let came = Compared::Changed { was: None };
        assert_eq!(before.compare(&now(2, State::Open), false), came);
        before.end_round();
        assert_eq!(before.compare(&now(3, State::Open), false), came);
    }

    #[test]
    fn a_round_is_compared_with_the_one_before_it() {
        let mut before = Before::default();
        before.learn(&now(1, State::Open), false);
        before.learn(&now(1, State::Inconclusive), false);
        assert_eq!(before.compare(&now(1, State::Open), false), Compared::Same);
        before.learn(&now(1, State::Closed), false);
        assert_eq!(before.states.len(), 0);
        assert_eq!(before.compare(&now(1, State::Open), false), Compared::Changed { was: None });
    }
}
