//! How fast to ask, and how long to wait.
//!
//! Every host has its own window and its own estimate of the round trip; all hosts together have a
//! window too, since they share the way out. Loss is only known from ports that answer: a probe
//! that is answered when it is sent again shows that the one before was lost, whereas one that is
//! never answered says nothing about the way. What is known of loss says how much silence proves.
//!
//! No clock is read here: time is a parameter.

mod control;
pub(crate) mod evidence;
mod host;
mod rate;
mod round_trip;
mod tries;
mod turns;
mod udp;
mod window;

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use coax_addr::Protocol;

use crate::Limits;
use crate::flight::Purpose;
use crate::questions::Question;
use evidence::Evidence;
use host::{Host, Proof};
pub(crate) use rate::SharedRate;
pub(crate) use round_trip::RoundTrip;
pub(crate) use tries::Tries;
use udp::Sparing;
pub(crate) use window::Window;

/// Probes under way to hosts that gave no sign of life: nobody's answer is lost by them.
const TO_SILENT: usize = 8192;
/// Hosts remembered, at first. Those with probes under way are never forgotten.
const HOSTS: usize = 4096;

/// How often control probes are thought of.
const GLANCE: Duration = Duration::from_millis(10);

/// The pace of one thread.
#[derive(Debug)]
pub(crate) struct Pace {
    limits: Limits,
    everyone: Window,
    hosts: HashMap<Key, Host>,
    /// What is known of loss on the way to each network.
    networks: HashMap<IpAddr, Evidence>,
    /// When control probes are thought of next.
    controls: Option<Instant>,
    room: usize,
    rate: SharedRate,
    under_way: usize,
    /// Beside these, those to hosts that gave no sign of life.
    to_silent: usize,
}

impl Pace {
    pub(crate) fn new(limits: Limits) -> Pace {
        let rate = SharedRate::new(limits.rate);
        let everyone = Window::default();
        Pace {
            limits,
            everyone,
            hosts: HashMap::new(),
            networks: HashMap::new(),
            controls: None,
            room: HOSTS,
            rate,
            under_way: 0,
            to_silent: 0,
        }
    }

    /// The same at a rate that is other threads' too.
    pub(crate) fn sharing(self, rate: SharedRate) -> Pace {
        Pace { rate, ..self }
    }

    /// Whether another probe to `to` fits into the windows.
    pub(crate) fn has_room(&self, to: Question) -> bool {
        let has_room = match to.silent {
            true => self.to_silent < TO_SILENT,
            false => self.under_way < self.everyone.size(),
        };
        has_room && self.hosts.get(&key(to)).is_none_or(Host::has_room)
    }

    /// Whether a few more are no burden, where `more` are under way that are not counted.
    pub(crate) fn has_room_beside(&self, more: usize) -> bool {
        more < self.everyone.size()
    }

    /// Whether its silence is worth a second look: it answers elsewhere.
    pub(crate) fn answers(&self, to: Question) -> bool {
        self.hosts.get(&key(to)).is_some_and(|host| !host.is_silent())
    }

    /// Whether another probe may leave to `to` now; if not, when.
    pub(crate) fn try_send(&mut self, to: Question, now: Instant) -> Result<(), Instant> {
        self.rate.take(now)?;
        let host = self.hosts.get_mut(&key(to));
        host.map_or(Ok(()), |host| host.try_send(self.limits.timeout, now))
    }

    /// The time at which a probe that must be sent may be; its place is taken.
    pub(crate) fn reserve(&mut self, now: Instant) -> Instant {
        self.rate.reserve(now)
    }

    /// A question to `to` is under way until [`Pace::ended`].
    pub(crate) fn begun(&mut self, to: Question) {
        if self.hosts.len() >= self.room {
            self.hosts.retain(|_, host| host.is_busy());
            self.room = HOSTS.max(2 * self.hosts.len());
        }
        *self.count(to) += 1;
        let host = self.hosts.entry(key(to)).or_default();
        host.gave_no_sign = to.silent;
        host.under_way += 1;
    }

    /// The question has its verdict.
    pub(crate) fn ended(&mut self, to: Question) {
        *self.count(to) -= 1;
        if let Some(host) = self.hosts.get_mut(&key(to)) {
            host.under_way -= 1;
        }
    }

    fn count(&mut self, to: Question) -> &mut usize {
        if to.silent { &mut self.to_silent } else { &mut self.under_way }
    }

    /// An attempt leaves.
    pub(crate) fn leaves(&mut self, to: Question, tries: &mut Tries, now: Instant) {
        tries.begin(now);
        if let Some(host) = self.hosts.get_mut(&key(to)) {
            host.leaves(tries);
        }
    }

    /// The host answered after `tries`. Where the time it took is not known, nobody knows either to
    /// which of them.
    pub(crate) fn answered(&mut self, to: Question, rtt: Option<Duration>, tries: &Tries) {
        let Some(host) = self.hosts.get_mut(&key(to)) else { return };
        let lost = host.lost(rtt, tries);
        host.answered(rtt, lost);
        self.everyone.answered(lost > 0, self.under_way);
        self.network(to).answered(lost);
    }

    /// Which network's way a host shares.
    fn network(&mut self, to: Question) -> &mut Evidence {
        if self.networks.len() >= HOSTS {
            self.networks.clear();
        }
        self.networks.entry(network(to.to.ip())).or_default()
    }

    /// `to` was found open or not, and may be asked again as a measure, `often` if that costs its
    /// host nothing.
    pub(crate) fn may_control(&mut self, to: Question, is_open: bool, often: bool) {
        if let Some(host) = self.hosts.get_mut(&key(to)) {
            host.controls.learn(to.to.port(), is_open, often);
        }
    }

    /// Ports to ask now, of hosts that say nothing: one that is known to answer, as a measure, or
    /// `likely` ones.
    pub(crate) fn controls(&mut self, now: Instant, likely: &[u16]) -> Vec<(SocketAddr, Purpose)> {
        let mut due = Vec::new();
        if self.controls.is_some_and(|next| now < next) {
            return due;
        }
        self.controls = Some(now + GLANCE);
        for (&(mut to, protocol), host) in &mut self.hosts {
            if host.under_way == 0 || protocol != Protocol::Tcp {
                continue;
            }
            if host.is_silent() && host.controls.looks(now) {
                due.extend(likely.iter().map(|&port| {
                    to.set_port(port);
                    (to, Purpose::Likely)
                }));
            } else if let Some(port) = host.controls.due(now) {
                to.set_port(port);
                due.push((to, Purpose::Control));
            }
        }
        due
    }

    /// A likely port of a host that said nothing answered.
    pub(crate) fn spoke(&mut self, to: Question, rtt: Duration) {
        if let Some(host) = self.hosts.get_mut(&key(to)) {
            host.answered(Some(rtt), 0);
        }
    }

    /// A control probe was answered, or not.
    pub(crate) fn control(&mut self, to: Question, rtt: Option<Duration>) {
        let Some(host) = self.hosts.get_mut(&key(to)) else { return };
        match rtt {
            Some(rtt) => {
                let borne = host.control_answered(rtt);
                self.everyone.bears(borne);
                self.network(to).answered(0);
            }
            None => {
                host.control_lost();
                self.network(to).lost();
            }
        }
    }

    /// The host answered a question that was asked more than once: who knows to which of these.
    pub(crate) fn answered_at_last(&mut self, to: Question) {
        self.everyone.answered(false, self.under_way);
        if let Some(host) = self.hosts.get_mut(&key(to)) {
            host.answered(None, 0);
        }
    }

    /// A probe was not answered in time. Whether that is enough to say that it never will be; where
    /// the port `may` be looked at again later, proof is enough, and otherwise only the last attempt.
    pub(crate) fn in_vain(
        &mut self,
        to: Question,
        tries: &mut Tries,
        may: bool,
        now: Instant,
    ) -> bool {
        let others = self.networks.get(&network(to.to.ip())).copied().unwrap_or_default();
        let Some(host) = self.hosts.get_mut(&key(to)) else { return true };
        host.fails(tries);
        // A UDP port's attempts ask different things, so each of them is needed.
        let is_proven_by_loss = may && to.protocol == Protocol::Tcp;
        let doubt = if is_proven_by_loss { self.limits.doubt() } else { 0.0 };
        let time = tries.since(now);
        let proof = Proof { retries: self.limits.retries, time, doubt, others };
        let is_enough = host.is_enough(tries, proof);
        if is_enough && host.is_silent() {
            // Nobody is there: that says nothing about the way, and it need not hold up others.
            self.everyone.grow();
        }
        is_enough
    }

    /// Whether it is this port's turn to be asked again; if not, when to look.
    pub(crate) fn turn(
        &mut self,
        to: Question,
        tries: &mut Tries,
        now: Instant,
    ) -> Result<(), Instant> {
        let host = self.hosts.get_mut(&key(to));
        host.map_or(Ok(()), |host| host.turn(tries, self.limits.timeout, now))
    }

    /// A question about UDP brought an ICMP message, when it was asked `again` or at first.
    pub(crate) fn told_by_icmp(&mut self, to: Question, now: Instant, again: bool) {
        if let Some(host) = self.hosts.get_mut(&key(to)) {
            host.sparing.get_or_insert_with(|| Sparing::new(now)).spoke(now, again);
        }
    }

    /// Whether the silence since `sent` means something; to a host that is sparing with ICMP
    /// messages it may not.
    pub(crate) fn is_telling(&mut self, to: Question, sent: Instant) -> bool {
        let Some(sparing) = self.sparing(to) else { return true };
        if sparing.was_free(sent) {
            sparing.was_silent();
            return true;
        }
        false
    }

    /// Puts a question aside whose silence means nothing, and gives the time to look for a place.
    /// It is not under way until it has one.
    pub(crate) fn park(&mut self, to: Question, now: Instant) -> Instant {
        self.ended(to);
        let Some(sparing) = self.sparing(to) else { return now };
        sparing.parked += 1;
        sparing.look_again(now)
    }

    /// A place for a question that was put aside, or when to look for one.
    pub(crate) fn place(&mut self, to: Question, now: Instant) -> Result<Instant, Instant> {
        let at = self.sparing(to).map_or(Ok(now), |sparing| sparing.place(now))?;
        self.unpark(to);
        Ok(at)
    }

    /// A question that was put aside is under way again.
    pub(crate) fn unpark(&mut self, to: Question) {
        if let Some(sparing) = self.sparing(to) {
            sparing.parked = sparing.parked.saturating_sub(1);
        }
        self.begun(to);
    }

    fn sparing(&mut self, to: Question) -> Option<&mut Sparing> {
        self.hosts.get_mut(&key(to))?.sparing.as_mut()
    }

    /// How long to wait for the answer to the attempt after `tries`.
    pub(crate) fn wait(&self, to: Question, tries: &Tries) -> Duration {
        match self.hosts.get(&key(to)) {
            Some(host) => host.wait(tries, self.limits.timeout),
            None => self.limits.timeout,
        }
    }
}

/// A host's ways with TCP and with UDP are two things.
type Key = (SocketAddr, Protocol);

/// The host alone, with its scope.
fn key(question: Question) -> Key {
    let mut host = question.to;
    host.set_port(0);
    (host, question.protocol)
}

/// 256 addresses of IPv4, or a network of IPv6 as it is given to one place (RFC 6177): most likely
/// behind the same line.
pub(crate) fn network(host: IpAddr) -> IpAddr {
    match host.to_canonical() {
        IpAddr::V4(address) => IpAddr::from((u32::from(address) & !0xff).to_be_bytes()),
        IpAddr::V6(address) => IpAddr::from((u128::from(address) >> 64 << 64).to_be_bytes()),
    }
}

#[cfg(test)]
mod tests;
