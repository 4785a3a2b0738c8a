//! A stub that listens: connections or datagrams, rules that change, and the end.
//!
//! A client that breaks off concerns itself. When it is over, the counts are told, and a rule that
//! had to be hit and was not is the outcome.
//!
//! Nothing here looks at a request.

use std::sync::Arc;

use coax_addr::Endpoint;
use coax_net::{Datagrams, First, How, Listen, Listener, Stream, SystemResolver, cause_in_words};
use coax_stub::{Source, Stub};

use super::Args;
use super::event::StubSummary;
use super::follow::follow;
use super::witness::Teller;
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

/// Everything that one run has.
pub(super) struct Serving<'a> {
    pub(super) args: &'a Args,
    pub(super) stub: &'a Arc<Stub>,
    pub(super) teller: &'a Arc<Teller>,
    pub(super) source: &'a Source,
    pub(super) out: &'a Out,
}

impl Serving<'_> {
    pub(super) async fn connections(
        &self,
        endpoint: &Endpoint,
        resolver: &SystemResolver,
        signals: Signals,
    ) -> Result<(), Failure> {
        let listen = Listen { wanted: self.wanted(), ..Listen::default() };
        let listener = listen.on(endpoint, resolver).await?;
        announce(listener.addresses(), self.out)?;
        queue::widen();
        self.many(&listener, signals).await
    }

    async fn many(&self, listener: &Listener, signals: Signals) -> Result<(), Failure> {
        let room = Room { timeout: None, max: self.args.max, cost: 1 };
        let queue = Queue::new(listener, room, self.out);
        let over = follow(self, false);
        many(queue, self.args.deadline, signals, self.out, over, |id, stream, stop| {
            attend(self.stub.clone(), self.teller.clone(), id, stream, stop)
        })
        .await
    }

    pub(super) async fn datagrams(
        &self,
        endpoint: &Endpoint,
        resolver: &SystemResolver,
        mut signals: Signals,
    ) -> Result<(), Failure> {
        let sockets = Datagrams::at(endpoint, self.wanted(), resolver).await?;
        announce(sockets.addresses(), self.out)?;
        tokio::select! {
            received = self.stub.receive(sockets, std::future::pending()) => {
                received?.map_err(|error| self.unwatched(&error))
            }
            over = follow(self, true) => over,
            () = late(self.args.deadline) => Ok(()),
            () = signals.any() => Err(signals.failure()),
        }
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
        How::Framing(error, _) => told(Exit::Untrusted, error.to_string()),
        // A rule wanted it.
        How::Broken(_) if ending.first == First::Local => Ok(()),
        How::Broken(error) | How::Refused(error) => told(Exit::Network, cause_in_words(error)),
        _ => Ok(()),
    }
}
