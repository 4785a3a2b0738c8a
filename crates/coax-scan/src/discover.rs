//! Finding out who is there, before their ports are asked.
//!
//! Each host is asked a few questions at once, again after a while, and a few times more: an ICMP
//! echo, likely TCP ports, a UDP port. Any answer of its own is a sign of life. On the same cable the
//! kernel's search for its hardware address says it all. How often silence is asked again follows
//! the loss that hosts which answered have shown. Found hosts are handed over at once, so their ports
//! are asked while others are still looked for.
//!
//! Nothing here judges a port.

mod candidates;
mod evidence;
mod near;
mod outcome;
mod questions;
mod rounds;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};

use coax_addr::AddressSet;
use coax_net::PingSocket;
use rustix::buffer::spare_capacity;
use rustix::event::Timespec;
use rustix::event::epoll::{self, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;

use crate::ask::Asker;
use crate::engine::{Message, Shared};
use crate::flight::Flight;
use crate::pace::Window;
use crate::{Hosts, Order, Plan, ScanError};
use candidates::Candidates;
use evidence::Evidence;
use near::Vicinity;
use outcome::Outcomes;
use questions::HostQuestion;

/// Neighbours, a stop and new hosts are looked at this often.
const GLANCE: Duration = Duration::from_millis(20);
/// Events taken at once.
const EVENTS: usize = 256;
/// So many hosts at once trouble no way, whatever it loses.
const FEW: usize = 32;
/// Hosts that are begun before answers are heard.
const BURST: usize = 32;
/// What epoll tells of the socket for pings of IPv4, and after it that of IPv6. Neither a slot nor
/// the sockets for SYNs are as large.
const FIRST_PING: u64 = 1 << 40;
/// The kernel's table of neighbours has room for 1,024 (`gc_thresh3`), and others need some.
const NEIGHBOURS: usize = 400;

/// The thread that finds hosts.
pub(crate) struct Finder {
    shared: Arc<Shared>,
    to: SyncSender<Message>,
    epoll: OwnedFd,
    asker: Asker,
    /// Of IPv4 and of IPv6, where this process may ping.
    pings: [Option<PingSocket>; 2],
    /// The TCP and UDP questions under way.
    flight: Flight,
    vicinity: Vicinity,
    /// Who is looked for, in this order.
    targets: AddressSet,
    count: u128,
    next: u128,
    /// What each host is asked beside the ping.
    questions: Vec<HostQuestion>,
    candidates: Candidates,
    window: Window,
    /// Hosts at once, as far as descriptors go.
    capacity: usize,
    evidence: Evidence,
    /// When the rate has a place for the next question.
    reserved: Option<Instant>,
    outcomes: Outcomes,
}

impl Finder {
    pub(crate) fn new(
        shared: Arc<Shared>,
        plan: &Plan,
        epoll: OwnedFd,
        asker: Asker,
        to: SyncSender<Message>,
    ) -> Result<Finder, ScanError> {
        let vicinity = Vicinity::of_this_machine();
        let mut targets = plan.targets.clone();
        targets.exclude(&plan.rest.silent);
        plan.rest.groups.iter().for_each(|group| targets.exclude(&group.hosts));
        let mut known = targets.clone();
        targets.exclude(&plan.named);
        targets.exclude(&vicinity.own);
        known.exclude(&targets);
        let outcomes = Outcomes::new(plan.hosts == Hosts::All, plan.order == Order::Serial);
        let questions = questions::of(&plan.ports);
        let mut finder = Finder {
            capacity: (shared.capacity / (questions.len() + 1)).max(1),
            pings: pings(&epoll),
            shared,
            to,
            epoll,
            asker,
            flight: Flight::default(),
            vicinity,
            count: targets.len(),
            targets,
            next: 0,
            questions,
            candidates: Candidates::default(),
            window: Window::default(),
            evidence: Evidence::default(),
            reserved: None,
            outcomes,
        };
        finder.outcomes.known(known, &finder.vicinity);
        Ok(finder)
    }

    /// Looks for everybody, until that is done, somebody says stop, or nobody listens any more.
    pub(crate) fn run(mut self) {
        // However this thread ends, those that ask must not wait for it.
        let _completes = Completes(self.shared.clone());
        while !self.shared.stopped() {
            let now = Instant::now();
            self.begin_some(now);
            self.ask_who_is_due(now);
            let is_over = self.candidates.is_empty() && self.next == self.count;
            if !self.hand_over(Instant::now(), is_over) || is_over {
                break;
            }
            self.hear();
            self.look_at_neighbours(Instant::now());
        }
    }

    /// Begins to look for more hosts, as many as the window and the descriptors allow.
    fn begin_some(&mut self, now: Instant) {
        let most = self.most();
        for _ in 0..BURST {
            if self.next == self.count || self.candidates.len() >= most {
                return;
            }
            let host = self.targets.socket_at(self.next, 0);
            if self.vicinity.is_broadcast(host.ip()) {
                self.outcomes.silent(self.next, host);
            } else {
                let is_near = self.vicinity.is_near(host.ip());
                if is_near && self.candidates.near() >= NEIGHBOURS {
                    return;
                }
                self.candidates.begin(host, self.next, is_near, now);
            }
            self.next += 1;
        }
    }

    /// Hosts that may be looked for at once.
    fn most(&self) -> usize {
        self.window.size().max(FEW).min(self.capacity)
    }

    /// Waits for answers, and takes them.
    fn hear(&mut self) {
        self.dispatch();
        let now = Instant::now();
        let has_room =
            self.next < self.count && self.candidates.len() < self.window.size().min(self.capacity);
        let until = match self.candidates.next_due() {
            _ if has_room => now,
            Some(due) => due.min(now + GLANCE),
            None => now + GLANCE,
        };
        let time = until.saturating_duration_since(now);
        let mut events = Vec::<Event>::with_capacity(EVENTS);
        let wait = Timespec { tv_sec: 0, tv_nsec: i64::from(time.subsec_nanos()) };
        if epoll::wait(&self.epoll, spare_capacity(&mut events), Some(&wait)).is_err() {
            // What came is still there at the next look.
            std::thread::sleep(time.min(Duration::from_millis(1)));
        }
        for event in events {
            self.news(event.data.u64());
        }
    }

    /// Hands over what was found out; `false` when nobody takes it.
    fn hand_over(&mut self, now: Instant, is_over: bool) -> bool {
        let first_undecided = self.candidates.first_place().unwrap_or(self.next);
        for message in self.outcomes.take(now, first_undecided, is_over, &self.vicinity) {
            let silent = message.silent.len() as u64;
            let group = message.group.clone();
            if self.to.send(message).is_err() {
                return false;
            }
            self.shared.silent.fetch_add(silent, std::sync::atomic::Ordering::Relaxed);
            group.into_iter().for_each(|group| self.shared.questions.add(group));
        }
        true
    }

    fn ping(&self, host: &SocketAddr) -> Option<&PingSocket> {
        self.pings[usize::from(host.is_ipv6())].as_ref()
    }
}

/// The sockets for pings that this process may have.
fn pings(epoll: &OwnedFd) -> [Option<PingSocket>; 2] {
    let open = |v4: bool, token| {
        let socket = PingSocket::open(v4).ok()?;
        let watched: io::Result<()> =
            epoll::add(epoll, &socket, EventData::new_u64(token), EventFlags::IN)
                .map_err(io::Error::from);
        watched.is_ok().then_some(socket)
    };
    [open(true, FIRST_PING), open(false, FIRST_PING + 1)]
}

/// Says at its end that no more hosts will come.
struct Completes(Arc<Shared>);

impl Drop for Completes {
    fn drop(&mut self) {
        self.0.questions.complete();
    }
}
