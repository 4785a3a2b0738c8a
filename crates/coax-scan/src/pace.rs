//! How fast to ask, and how long to wait.
//!
//! Every host has its own window and its own estimate of the round trip; all hosts together have a
//! window too, since they share the way out. Loss is only known from hosts that answer: a probe
//! that is answered when it is sent again shows that the one before was lost, whereas one that is
//! never answered says nothing about the way.
//!
//! No clock is read here: time is a parameter.

mod host;
mod rate;
mod round_trip;
mod window;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::Limits;
use host::Host;
use rate::Rate;
use window::Window;

/// Hosts remembered, at first. Those with probes under way are never forgotten.
const HOSTS: usize = 4096;

/// The pace of one thread.
#[derive(Debug)]
pub(crate) struct Pace {
    limits: Limits,
    everyone: Window,
    hosts: HashMap<SocketAddr, Host>,
    room: usize,
    rate: Option<Rate>,
    under_way: usize,
}

impl Pace {
    pub(crate) fn new(limits: Limits) -> Pace {
        let rate = limits.rate.map(Rate::new);
        let everyone = Window::default();
        Pace { limits, everyone, hosts: HashMap::new(), room: HOSTS, rate, under_way: 0 }
    }

    /// Whether another probe to `to` fits into the windows.
    pub(crate) fn has_room(&self, to: SocketAddr) -> bool {
        let host = self.hosts.get(&key(to));
        self.under_way < self.everyone.size() && host.is_none_or(Host::has_room)
    }

    /// Whether the rate allows a probe now; if not, when.
    pub(crate) fn try_send(&mut self, now: Instant) -> Result<(), Instant> {
        self.rate.as_mut().map_or(Ok(()), |rate| rate.take(now))
    }

    /// The time at which a probe that must be sent may be; its place is taken.
    pub(crate) fn reserve(&mut self, now: Instant) -> Instant {
        self.rate.as_mut().map_or(now, |rate| rate.reserve(now))
    }

    /// A question to `to` is under way until [`Pace::ended`].
    pub(crate) fn begun(&mut self, to: SocketAddr) {
        if self.hosts.len() >= self.room {
            self.hosts.retain(|_, host| host.under_way > 0);
            self.room = HOSTS.max(2 * self.hosts.len());
        }
        self.under_way += 1;
        self.hosts.entry(key(to)).or_default().under_way += 1;
    }

    /// The question has its verdict.
    pub(crate) fn ended(&mut self, to: SocketAddr) {
        self.under_way -= 1;
        if let Some(host) = self.hosts.get_mut(&key(to)) {
            host.under_way -= 1;
        }
    }

    /// The host answered, after `lost` probes that it did not answer.
    pub(crate) fn answered(&mut self, to: SocketAddr, rtt: Duration, lost: u8) {
        let Some(host) = self.hosts.get_mut(&key(to)) else { return };
        let lost = host.lost(rtt, lost);
        host.answered(rtt, lost);
        self.everyone.answered(lost);
    }

    /// A probe was not answered in time.
    pub(crate) fn timed_out(&mut self, to: SocketAddr) {
        if let Some(host) = self.hosts.get_mut(&key(to)) {
            host.unanswered += 1;
        }
    }

    /// How long to wait for the answer to attempt number `attempt`, counted from 0.
    pub(crate) fn wait(&self, to: SocketAddr, attempt: u8) -> Duration {
        match self.hosts.get(&key(to)) {
            Some(host) => host.wait(attempt, self.limits.timeout),
            None => self.limits.timeout,
        }
    }

    /// How often a probe to `to` is sent again before it counts as unanswered.
    pub(crate) fn retries(&self, to: SocketAddr) -> u8 {
        match self.hosts.get(&key(to)) {
            Some(host) => host.retries(self.limits.retries),
            None => self.limits.retries,
        }
    }
}

/// The host alone, with its scope.
fn key(mut to: SocketAddr) -> SocketAddr {
    to.set_port(0);
    to
}

#[cfg(test)]
mod tests;
