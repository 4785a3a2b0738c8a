//! A stub that listens: connections or datagrams, rules that change, and the end.
//!
//! A client that breaks off concerns itself. When it is over, the counts are told, and a rule that
//! had to be hit and was not is the outcome.
//!
//! Nothing here looks at a request.

use std::future::Future;
use std::sync::Arc;

use coax_addr::Endpoint;
use coax_net::{
    Address, Datagrams, First, How, Listen, Listener, Stream, SystemResolver, Wanted,
    cause_in_words,
};
use coax_stub::{Source, Stub};
use tokio::task::JoinSet;

use super::Args;
use super::event::StubSummary;
use super::follow::follow;
use super::witness::Teller;
use crate::cmd::connect::is_datagram;
use crate::cmd::listen::announce;
use crate::cmd::listen::queue::{self, Queue, Room};
use crate::cmd::listen::serve::many;
use crate::cmd::listen::stop::Stop;
use crate::duration::late;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::place;
use crate::session::{Closed, Connected, Signals};

/// Rules that were never hit and are told by name.
const NAMED: usize = 3;

/// Where one run listens: connections at all their places together, datagrams at each.
struct Places {
    listener: Option<Listener>,
    sockets: Vec<Datagrams>,
}

impl Places {
    async fn open(endpoints: &[Endpoint], wanted: Wanted) -> Result<Places, Failure> {
        let resolver = SystemResolver::default();
        let listen = Listen { wanted, ..Listen::default() };
        let mut places = Places { listener: None, sockets: Vec::new() };
        for endpoint in endpoints {
            if is_datagram(endpoint) {
                places.sockets.push(Datagrams::at(endpoint, wanted, &resolver).await?);
                continue;
            }
            let more = listen.on(endpoint, &resolver).await?;
            places.listener = Some(match places.listener {
                Some(listener) => listener.and(more),
                None => more,
            });
        }
        Ok(places)
    }

    fn addresses(&self) -> impl Iterator<Item = &Address> {
        let connections = self.listener.iter().flat_map(Listener::addresses);
        connections.chain(self.sockets.iter().flat_map(Datagrams::addresses))
    }
}

/// Everything that one run has.
pub(super) struct Serving<'a> {
    pub(super) args: &'a Args,
    pub(super) stub: &'a Arc<Stub>,
    pub(super) teller: &'a Arc<Teller>,
    pub(super) source: &'a Source,
    pub(super) out: &'a Out,
}

impl Serving<'_> {
    /// Serves at all places until a signal, the deadline, or this machine's failure.
    pub(super) async fn run(
        &self,
        endpoints: &[Endpoint],
        mut signals: Signals,
    ) -> Result<(), Failure> {
        let places = Places::open(endpoints, self.wanted()).await?;
        announce(places.addresses(), self.out)?;
        let Places { listener, sockets } = places;
        let has_datagrams = !sockets.is_empty();
        let mut receiving = JoinSet::new();
        for sockets in sockets {
            let stub = self.stub.clone();
            receiving.spawn(async move { stub.receive(sockets, std::future::pending()).await });
        }
        let over = async {
            tokio::select! {
                Some(received) = receiving.join_next() => match received {
                    Ok(received) => received?.map_err(|error| self.unwatched(&error)),
                    Err(error) => Err(Failure::new(Exit::Machine, error.to_string())),
                },
                over = follow(self, has_datagrams) => over,
            }
        };
        match &listener {
            Some(listener) => self.many(listener, signals, over).await,
            None => tokio::select! {
                over = over => over,
                () = late(self.args.deadline) => Ok(()),
                () = signals.any() => Err(signals.failure()),
            },
        }
    }

    /// Connections until `over`.
    async fn many(
        &self,
        listener: &Listener,
        signals: Signals,
        over: impl Future<Output = Result<(), Failure>>,
    ) -> Result<(), Failure> {
        queue::widen();
        let room = Room { timeout: None, max: self.args.max, cost: 1 };
        let queue = Queue::new(listener, room, self.out);
        many(queue, self.args.deadline, signals, self.out, over, |id, stream, stop| {
            attend(self.stub.clone(), self.teller.clone(), id, stream, stop)
        })
        .await
    }

    fn unwatched(&self, error: &std::io::Error) -> Failure {
        let why = || Failure::new(Exit::Machine, cause_in_words(error));
        self.teller.failure().unwrap_or_else(why)
    }

    fn wanted(&self) -> coax_net::Wanted {
        place::wanted(self.args.ipv4, self.args.ipv6)
    }

    /// Tells the counts of a run that came so far as to serve, and what they mean.
    pub(super) fn finish(&self, ended: Result<(), Failure>) -> Result<(), Failure> {
        let in_order = ended.as_ref().err().is_none_or(|failure| failure.signal.is_some());
        if !in_order {
            return ended;
        }
        let rules = self.stub.rules();
        self.out.report(&StubSummary::of(self.stub.tally(), &rules))?;
        if !self.args.require {
            return ended;
        }
        match rules.never_hit() {
            0 => Ok(()),
            missing => {
                let never = rules.hits().take(rules.len()).filter(|hits| hits.count == 0);
                let names = never.take(NAMED).map(|hits| hits.to_string());
                let names = names.collect::<Vec<_>>().join(", ");
                let more = if missing > NAMED { ", …" } else { "" };
                let all = rules.len();
                let why = format!("{missing} of {all} rules were never hit: {names}{more}");
                Err(Failure::new(Exit::No, why))
            }
        }
    }
}

/// One connection.
async fn attend(
    stub: Arc<Stub>,
    teller: Arc<Teller>,
    id: u64,
    stream: Stream,
    mut stop: Stop,
) -> Result<(), Failure> {
    teller.voice().report(&Connected::of(Some(id), &stream)).await?;
    let peer = stream.peer().to_string();
    let ending = stub.serve(id, stream, stop.asked()).await;
    teller.voice().report(&Closed::of(Some(id), &peer, &ending)).await?;
    let told = |exit, why| Err(Failure::new(exit, format!("[{id}] {peer}: {why}")));
    match &ending.how {
        How::Sink(_) => Err(teller.failure().unwrap_or_else(Failure::reader_left)),
        // A rule wanted it.
        How::Broken(_) if ending.first == First::Local => Ok(()),
        How::Broken(error) | How::Refused(error) => told(Exit::Network, cause_in_words(error)),
        _ => Ok(()),
    }
}
