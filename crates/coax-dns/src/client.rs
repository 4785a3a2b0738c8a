//! Putting a question to name servers until one answers.
//!
//! The servers are asked in order: the next one as soon as one fails, or beside it when it has
//! been silent for the time of an attempt. The first answer of any is taken. An answer by UDP that
//! was cut is fetched again by TCP. The deadline holds for all of it.
//!
//! Search lists are the caller's business; what programs get is the system resolver's.

mod turns;

use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use coax_net::{Resolve, SystemResolver, Wanted};
use rustls::pki_types::ServerName;
use tokio::sync::OnceCell;
use tokio::time::{Instant, timeout_at};

use crate::stream::{Stream, Way};
use crate::udp::{Udp, UdpError};
use crate::wire;
use crate::{
    Answer, AskError, AskErrorKind, Limits, Question, RecordType, Reply, Server, ServerHost,
    Status, Transport, Trust, transfer,
};

/// Asks name servers. Clones share sockets and connections.
#[derive(Clone, Debug)]
pub struct Client {
    peers: Arc<[Peer]>,
    limits: Limits,
    /// Questions so far: with `rotate` each begins at another server.
    asked: Arc<AtomicUsize>,
}

/// A server and what is open towards it.
#[derive(Debug)]
struct Peer {
    server: Server,
    /// As it prints: every answer carries it.
    name: Arc<str>,
    /// The longest a connection may take.
    longest: Duration,
    trust: Trust,
    open: OnceCell<Open>,
}

#[derive(Debug)]
struct Open {
    udp: Udp,
    stream: Stream,
}

impl Client {
    /// Asks `servers` within `limits`. Opens nothing yet.
    pub fn new(servers: Vec<Server>, trust: &Trust, limits: Limits) -> Client {
        let longest = limits.of_a_question(servers.len());
        let peer = |server: Server| Peer {
            name: server.to_string().into(),
            server,
            longest,
            trust: trust.clone(),
            open: OnceCell::new(),
        };
        let peers = servers.into_iter().map(peer).collect();
        Client { peers, limits, asked: Arc::default() }
    }

    /// The first answer a server gives. Needs a tokio runtime; dropping the future abandons the
    /// question.
    pub async fn ask(&self, question: &Question) -> Result<Answer, AskError> {
        self.ask_until(question, None).await
    }

    /// As [`Client::ask`], and no longer than `end`.
    pub async fn ask_until(
        &self,
        question: &Question,
        end: Option<Instant>,
    ) -> Result<Answer, AskError> {
        if question.record_type == RecordType::AXFR {
            return Box::pin(self.transfer(question, end)).await;
        }
        let count = self.peers.len();
        let now = Instant::now();
        let longest = now + self.limits.of_a_question(count);
        let end = end.map_or(longest, |end| end.min(longest));
        let turn = if self.limits.rotate { self.asked.fetch_add(1, Ordering::Relaxed) } else { 0 };
        let in_turn = |index: usize| self.peers.get((turn.wrapping_add(index)) % count.max(1));
        let ask = |peer| ask_one(peer, question, end);
        match (in_turn(0), count) {
            (None, _) => Err(turns::nobody()),
            (Some(only), 1) => ask(only).await,
            (Some(first), _) => {
                let others = (1..count).filter_map(in_turn).map(ask);
                let left = end.saturating_duration_since(now);
                let attempt = self.limits.attempt.min(left / u32::try_from(count).unwrap_or(1));
                turns::first_answer(ask(first), others, attempt).await
            }
        }
    }
}

impl Client {
    /// The zone from the first server that gives it.
    async fn transfer(
        &self,
        question: &Question,
        end: Option<Instant>,
    ) -> Result<Answer, AskError> {
        let mut failed = None;
        for peer in self.peers.iter() {
            match peer.transfer(question, end).await {
                Ok(answer) => return Ok(answer),
                Err(kind) => failed = Some(AskError { server: peer.name.to_string(), kind }),
            }
        }
        Err(failed.unwrap_or_else(turns::nobody))
    }
}

async fn ask_one(peer: &Peer, question: &Question, until: Instant) -> Result<Answer, AskError> {
    let answer = peer.ask(question, until).await;
    answer.map_err(|kind| AskError { server: peer.name.to_string(), kind })
}

impl Peer {
    async fn ask(&self, question: &Question, until: Instant) -> Result<Answer, AskErrorKind> {
        let started = Instant::now();
        let (reply, transport) = self.exchange(question, until).await?;
        if !reply.status.is_answer() {
            return Err(AskErrorKind::Trouble(reply.status));
        }
        Ok(self.answer(reply, transport, started))
    }

    /// A whole zone: each step may take as long as a question, and all of it until `end`.
    async fn transfer(
        &self,
        question: &Question,
        end: Option<Instant>,
    ) -> Result<Answer, AskErrorKind> {
        if !matches!(self.server.transport, Transport::Plain | Transport::Tcp) {
            let why = "a zone is transferred over TCP alone; write tcp://HOST".to_owned();
            return Err(AskErrorKind::Unreachable(why));
        }
        let started = Instant::now();
        let soon = started + self.longest;
        let until = end.map_or(soon, |end| end.min(soon));
        let address = within(until, self.address()).await?;
        let zone = transfer::transfer(address, question, self.longest, end).await?;
        Ok(self.answer(zone, Transport::Tcp, started))
    }

    fn answer(&self, reply: Reply, transport: Transport, started: Instant) -> Answer {
        Answer {
            status: reply.status,
            records: reply.records,
            authoritative: reply.authoritative,
            recursive: reply.recursive,
            zone: reply.zone,
            truncated: reply.truncated,
            server: self.name.clone(),
            transport,
            elapsed: started.elapsed(),
        }
    }

    async fn exchange(
        &self,
        question: &Question,
        until: Instant,
    ) -> Result<(Reply, Transport), AskErrorKind> {
        // What is rarely needed is boxed: thousands of these futures exist at once, and each is
        // moved when it starts.
        let open = match self.open.get() {
            Some(open) => open,
            None => {
                let opening = self.open.get_or_try_init(|| self.open());
                Box::pin(within(until, opening)).await?
            }
        };
        match self.once(open, question, true, until).await? {
            // Servers from before 1999 do not know EDNS (RFC 6891 §7).
            (reply, _) if reply.status == Status::FormatError => {
                Box::pin(self.once(open, question, false, until)).await
            }
            answered => Ok(answered),
        }
    }

    async fn once(
        &self,
        open: &Open,
        question: &Question,
        with_edns: bool,
        until: Instant,
    ) -> Result<(Reply, Transport), AskErrorKind> {
        let transport = self.server.transport;
        if matches!(transport, Transport::Plain | Transport::Udp) {
            let bytes = wire::query_bytes(question, with_edns);
            let answer = open.udp.ask(bytes, until).await?;
            let reply = Reply::read(&answer, question).map_err(malformed)?;
            if !reply.truncated || transport == Transport::Udp {
                return Ok((reply, Transport::Udp));
            }
        }
        let asking = open.stream.ask(wire::query(question, with_edns));
        let answer = Box::pin(within(until, asking)).await?;
        let reply = Reply::read(&answer, question).map_err(malformed)?;
        Ok((reply, if transport == Transport::Plain { Transport::Tcp } else { transport }))
    }

    async fn open(&self) -> Result<Open, AskErrorKind> {
        let address = self.address().await?;
        let stream = Stream::new(address, self.way()?, self.longest);
        Ok(Open { udp: Udp::new(address), stream })
    }

    fn way(&self) -> Result<Way, AskErrorKind> {
        let name = match &self.server.host {
            ServerHost::Address(address, _) => address.to_string(),
            ServerHost::Name(name) => name.clone(),
        };
        let config = || self.trust.config().map_err(AskErrorKind::Untrusted);
        Ok(match self.server.transport {
            Transport::Plain | Transport::Udp | Transport::Tcp => Way::Tcp,
            Transport::Tls => {
                let name = ServerName::try_from(name).map_err(|_| {
                    AskErrorKind::Untrusted("no certificate can be for that name".to_owned())
                })?;
                Way::Tls { name, config: config()? }
            }
            Transport::Https => Way::Https {
                name: name.into(),
                path: (*self.server.path).into(),
                config: config()?,
            },
        })
    }

    async fn address(&self) -> Result<SocketAddr, AskErrorKind> {
        let port = self.server.port;
        match &self.server.host {
            ServerHost::Address(IpAddr::V6(address), Some(zone)) => {
                Ok(SocketAddrV6::new(*address, port, 0, zone_index(zone)?).into())
            }
            ServerHost::Address(address, _) => Ok(SocketAddr::new(*address, port)),
            ServerHost::Name(name) => {
                let found = SystemResolver::default().resolve(name, Wanted::Both).await;
                let found = found.map_err(|error| AskErrorKind::Unreachable(error.to_string()))?;
                let first = found.addresses.first().copied();
                let none = || AskErrorKind::Unreachable("its name has no address".to_owned());
                Ok(SocketAddr::new(first.ok_or_else(none)?, port))
            }
        }
    }
}

/// What `future` gives, or `TimedOut`.
async fn within<T>(
    until: Instant,
    future: impl Future<Output = Result<T, AskErrorKind>>,
) -> Result<T, AskErrorKind> {
    timeout_at(until, future).await.unwrap_or(Err(AskErrorKind::TimedOut))
}

fn malformed(why: &str) -> AskErrorKind {
    AskErrorKind::Malformed(why.to_owned())
}

fn zone_index(zone: &str) -> Result<u32, AskErrorKind> {
    let unknown = || AskErrorKind::Unreachable(format!("there is no interface {zone}"));
    coax_net::scope_of(zone).ok_or_else(unknown)
}

impl From<UdpError> for AskErrorKind {
    fn from(error: UdpError) -> AskErrorKind {
        match error {
            UdpError::Silent { strays: 0 } => AskErrorKind::TimedOut,
            UdpError::Silent { .. } => {
                AskErrorKind::Malformed("what came does not answer the question".to_owned())
            }
            UdpError::Failed(why) => AskErrorKind::Unreachable(why),
        }
    }
}
