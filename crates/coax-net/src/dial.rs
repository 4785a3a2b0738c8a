//! Connecting to an endpoint, whatever kind it is and however many addresses it has.
//!
//! Every address is tried before giving up, in the order and at the pace of RFC 8305, and a
//! failure says what each of them did. One deadline holds over all of it, the resolving too.
//!
//! Nothing here moves a byte of what the connection is for.

mod alternatives;
mod attempt;
mod error;
mod order;
mod place;
mod race;
mod telling;
mod unix;

use std::collections::VecDeque;
use std::fmt;
use std::net::SocketAddr;
use std::time::Duration;

use coax_addr::{Endpoint, Place, Transport};
use tokio::time::Instant;

use crate::address::Address;
use crate::resolve::{Resolve, Wanted};
use crate::socket::{Socket, SocketError};
use attempt::Setup;
use error::Trouble;

pub use alternatives::Alternatives;
pub use error::{DialError, DialErrorKind};
pub use race::{Attempt, AttemptOutcome};

/// RFC 8305 §5 recommends it: long enough for most handshakes, too short for a person to mind.
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);

/// How to connect. [`Dial::new`] has the usual choices.
#[derive(Clone, Copy)]
pub struct Dial<'a> {
    /// Turns a name into addresses.
    pub resolver: &'a dyn Resolve,
    /// Which address families may be used.
    pub wanted: Wanted,
    /// For everything together; `None` leaves it to the system, which gives up after minutes.
    pub timeout: Option<Duration>,
    /// For connecting alone, once the addresses are known: finding them then takes as long as the
    /// resolver itself takes. `None` leaves it to `timeout`.
    pub connect_timeout: Option<Duration>,
    /// How long an attempt runs alone before the next address is tried beside it.
    pub attempt_delay: Duration,
    /// Where to send from: an unspecified address sets the port alone, port 0 the address alone.
    /// It wins over the endpoint's `bind` option.
    pub source: Option<SocketAddr>,
}

/// A connection, and how it came about.
#[derive(Debug)]
pub struct Dialed {
    /// Non-blocking, and connected if `connected` says so.
    pub socket: Socket,
    /// False for a broadcast or multicast destination: the answers come from other addresses, which
    /// a connected socket would not hear. Such a socket is bound, and its datagrams go to `peer`.
    pub connected: bool,
    /// The other end.
    pub peer: Address,
    /// This end.
    pub local: Address,
    /// Where else datagrams may be sent, should this address refuse them.
    pub alternatives: Alternatives,
    /// What was tried.
    pub report: DialReport,
}

/// What was tried, in order, and how long it took.
#[derive(Debug, Default)]
pub struct DialReport {
    /// How long the resolver took; `None` when there was no name to resolve.
    pub resolved_in: Option<Duration>,
    /// Each address that was tried, in the order of starting.
    pub attempts: Vec<Attempt>,
}

impl<'a> Dial<'a> {
    /// Both families, no deadline, 250 ms between attempts, any source.
    pub fn new(resolver: &'a dyn Resolve) -> Dial<'a> {
        Dial {
            resolver,
            wanted: Wanted::Both,
            timeout: None,
            connect_timeout: None,
            attempt_delay: ATTEMPT_DELAY,
            source: None,
        }
    }

    /// Connects to `endpoint`. Dropping the future closes every attempt.
    ///
    /// Needs a tokio runtime with time and I/O enabled.
    pub async fn connect(&self, endpoint: &Endpoint) -> Result<Dialed, DialError> {
        let mut report = DialReport::default();
        let start = Instant::now();
        // A deadline too far away to be counted is none.
        let deadline = self.timeout.and_then(|timeout| start.checked_add(timeout));
        let mut clock = Clock { start, deadline };
        if let Place::Unix { .. } = endpoint.place {
            clock = clock.ending_in(self.connect_timeout);
        }
        let outcome = match &endpoint.place {
            Place::Net { transport: Transport::Tcp, host, port, .. } => {
                self.tcp(endpoint, place::Target { host, port: *port }, clock, &mut report).await
            }
            Place::Net { transport: Transport::Udp, host, port, .. } => {
                self.udp(endpoint, place::Target { host, port: *port }, clock, &mut report).await
            }
            Place::Unix { kind, name } => {
                unix::connect(*kind, name, endpoint, clock, &mut report).await
            }
            other => Err(Trouble::Unsupported(telling::scheme(other))),
        };
        match outcome {
            Ok(found) => Ok(found.finish(report)),
            Err(trouble) => Err(DialError::new(&endpoint.place, trouble, report)),
        }
    }

    async fn tcp(
        &self,
        endpoint: &Endpoint,
        target: place::Target<'_>,
        clock: Clock,
        report: &mut DialReport,
    ) -> Result<Found, Trouble> {
        let setup = Setup::new(Transport::Tcp, self.source, &endpoint.options)?;
        let candidates = self.candidates(target, &setup, clock, report).await?;
        let candidates = order::interleaved(candidates);
        let clock = clock.ending_in(self.connect_timeout);
        let connect = |to| attempt::tcp(to, &setup);
        let pace = race::Pace { delay: self.attempt_delay, clock };
        let won = race::race(candidates, pace, connect, &mut report.attempts).await;
        won.ok_or(Trouble::AllFailed)
    }

    /// Nothing is heard back when a datagram socket is connected, so there is nothing to race: the
    /// first address that has a route is taken, and the others are kept for what it refuses.
    async fn udp(
        &self,
        endpoint: &Endpoint,
        target: place::Target<'_>,
        clock: Clock,
        report: &mut DialReport,
    ) -> Result<Found, Trouble> {
        let setup = Setup::new(Transport::Udp, self.source, &endpoint.options)?;
        let mut candidates: VecDeque<_> =
            self.candidates(target, &setup, clock, report).await?.into();
        while let Some(to) = candidates.pop_front() {
            let started = clock.start.elapsed();
            let outcome = attempt::udp(to, &setup);
            let address = Address::Ip(to);
            let (outcome, found) = AttemptOutcome::of(outcome);
            report.attempts.push(Attempt {
                address,
                started,
                took: clock.start.elapsed() - started,
                outcome,
            });
            if let Some(found) = found {
                let alternatives = Alternatives::new(candidates, setup);
                return Ok(Found { alternatives, ..found });
            }
        }
        Err(Trouble::AllFailed)
    }

    /// Every address to try, in the resolver's order.
    async fn candidates(
        &self,
        target: place::Target<'_>,
        setup: &Setup,
        clock: Clock,
        report: &mut DialReport,
    ) -> Result<Vec<SocketAddr>, Trouble> {
        // To the system it means "any port", which nobody can be reached at.
        if target.port == 0 {
            return Err(Trouble::Invalid(
                "port 0 is for listening; write the port to reach".into(),
            ));
        }
        let asked = Instant::now();
        let addresses = clock.within(target.addresses(self.resolver, self.wanted, setup)).await;
        if target.is_name() {
            report.resolved_in = Some(asked.elapsed());
        }
        let addresses = addresses.unwrap_or(Err(Trouble::ResolvingTimedOut))?;
        setup.reachable_from_source(addresses)
    }
}

/// When it began and when it has to end.
#[derive(Clone, Copy, Debug)]
struct Clock {
    start: Instant,
    deadline: Option<Instant>,
}

impl Clock {
    /// With an end no later than `limit` from now.
    fn ending_in(self, limit: Option<Duration>) -> Clock {
        let end = limit.and_then(|limit| Instant::now().checked_add(limit));
        let deadline = self.deadline.into_iter().chain(end).min();
        Clock { deadline, ..self }
    }

    /// What `future` gave, or `None` at the deadline.
    async fn within<T>(&self, future: impl Future<Output = T>) -> Option<T> {
        match self.deadline {
            Some(deadline) => tokio::time::timeout_at(deadline, future).await.ok(),
            None => Some(future.await),
        }
    }
}

/// A socket that is ready, and both its names.
pub(crate) struct Found {
    pub(crate) socket: Socket,
    connected: bool,
    pub(crate) peer: Address,
    pub(crate) local: Address,
    alternatives: Alternatives,
}

impl Found {
    fn new(socket: Socket, peer: Address) -> Result<Found, SocketError> {
        let local = socket.local_name()?;
        let alternatives = Alternatives::default();
        Ok(Found { socket, connected: true, peer, local, alternatives })
    }

    fn finish(self, report: DialReport) -> Dialed {
        let Found { socket, connected, peer, local, alternatives } = self;
        Dialed { socket, connected, peer, local, alternatives, report }
    }
}

impl fmt::Debug for Dial<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dial")
            .field("wanted", &self.wanted)
            .field("timeout", &self.timeout)
            .field("connect_timeout", &self.connect_timeout)
            .field("attempt_delay", &self.attempt_delay)
            .field("source", &self.source)
            .finish_non_exhaustive()
    }
}
