//! One connection: requests come in, each gets its reply, in order.
//!
//! A reply that is plain bytes leaves in the same turn in which its request came. One that waits,
//! computes or ends the connection makes the later ones wait, and meanwhile nothing more is read:
//! a client cannot ask for more than it is given. What one turn reads is all that is ever owed.
//!
//! Nothing here knows how the connection came about.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use coax_net::{Decoder, Framing, FramingError, Stream};
use tokio::time::{sleep, timeout};

use super::ended::{Moved, Over, Served};
use super::owed::{Caller, Owed};
use super::{Stub, count, encode};
use crate::matcher::Request;
use crate::reply::Then;
use crate::rules::{Answer, Rules};

/// Read at once from a stream, at least.
const AT_ONCE: usize = 64 << 10;
/// Gathered before it is sent.
const GATHERED: usize = 64 << 10;

thread_local! {
    /// One buffer for all connections: each read is over before another begins.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

pub(super) struct Session<'a> {
    stub: &'a Stub,
    stream: &'a Stream,
    caller: Caller<'a>,
    opened: Instant,
    wants: Wants,
    owed: VecDeque<Owed>,
    outgoing: Vec<u8>,
    sent: Moved,
    received: Moved,
    /// Nothing more is sent.
    mute: bool,
}

/// How requests are found in what comes.
struct Wants {
    framing: Framing,
    decoder: Decoder,
    room: usize,
    packets: bool,
    broken: Option<FramingError>,
}

impl<'a> Session<'a> {
    pub(super) fn new(stub: &'a Stub, connection: u64, stream: &'a Stream) -> Session<'a> {
        stream.keep_alive();
        let framing = stub.framing(&stub.rules());
        let packets = stream.descriptor().keeps_boundaries();
        let max = stub.settings.max_request;
        let room = if packets { stream.descriptor().room() } else { AT_ONCE.max(max + 1) };
        let decoder = Decoder::with_limit(framing, max);
        Session {
            stub,
            stream,
            caller: Caller { connection: Some(connection), peer: stream.peer() },
            opened: Instant::now(),
            wants: Wants { framing, decoder, room, packets, broken: None },
            owed: VecDeque::new(),
            outgoing: Vec::new(),
            sent: Moved::default(),
            received: Moved::default(),
            mute: false,
        }
    }

    /// Serves to the end.
    pub(super) async fn serve(mut self, stop: impl Future<Output = ()>) -> Served {
        let over = tokio::select! {
            over = self.talk() => match over { Err(over) => over },
            () = stop => Over::Stopped,
        };
        if matches!(over, Over::Framing(_)) {
            count(&self.stub.refused);
        }
        Served { over, sent: self.sent, received: self.received, opened: self.opened }
    }

    async fn talk(&mut self) -> Result<Infallible, Over> {
        self.greet();
        loop {
            self.settle().await?;
            if let Some(error) = self.wants.broken.take() {
                return Err(Over::Framing(error));
            }
            if self.hear().await? == 0 {
                self.finish();
                self.settle().await?;
                return Err(self.wants.broken.take().map_or(Over::Client, Over::Framing));
            }
        }
    }

    fn greet(&mut self) {
        let rules = self.stub.rules();
        if let Some(found) = rules.greeting() {
            let count = rules.hit(found);
            self.owed.push_back(Owed { count, ..Owed::new(rules, Some(found), None) });
        }
    }

    /// One read; what it completes is answered or owed.
    async fn hear(&mut self) -> Result<usize, Over> {
        let (peer, room, packets) = (self.stream.descriptor(), self.wants.room, self.wants.packets);
        let idle = self.stub.settings.idle;
        let mut turn = || {
            BUFFER.with_borrow_mut(|buffer| {
                if buffer.len() < room {
                    buffer.resize(room, 0);
                }
                let count = peer.try_read(&mut buffer[..room])?;
                self.take(&buffer[..count]);
                Ok(count)
            })
        };
        let reading = async {
            match packets {
                true => peer.when_readable(&mut turn).await,
                false => peer.when_refilled(room, &mut turn).await,
            }
        };
        let read = within(idle, reading).await?;
        let count = read.map_err(Over::Broken)?;
        self.received.add(count, self.opened);
        Ok(count)
    }

    fn take(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let rules = self.stub.rules();
        let mut decoder = std::mem::replace(&mut self.wants.decoder, Decoder::new(Framing::Raw));
        let fed = decoder.feed(bytes, |request| self.asked(&rules, request));
        self.wants.decoder = decoder;
        self.wants.broken = fed.err();
        self.send_now();
    }

    /// An unfinished line at the end is a request.
    fn finish(&mut self) {
        let rules = self.stub.rules();
        let mut decoder = std::mem::replace(&mut self.wants.decoder, Decoder::new(Framing::Raw));
        let finished = decoder.finish(|request| self.asked(&rules, request));
        self.wants.broken = finished.err();
    }

    fn asked(&mut self, rules: &Arc<Rules>, request: &[u8]) {
        let stub = self.stub;
        count(&stub.requests);
        let loose = self.wants.framing == Framing::Chunk;
        let found = rules.find(Request::new(request, loose));
        let hit = found.map_or(0, |found| rules.hit(found));
        if found.is_none() {
            count(&stub.unmatched);
        }
        if !stub.watched && self.owed.is_empty() && self.outgoing.len() < GATHERED {
            let plain = match found.map(|found| rules.answer(found, hit)) {
                None => return,
                Some(Answer::Text(text)) => Some(text),
                Some(Answer::Reply(_, reply)) => reply.at_once(),
            };
            if let Some(reply) = plain.filter(|_| !self.wants.packets) {
                if !self.mute {
                    encode(self.wants.framing, reply, &mut self.outgoing);
                }
                return;
            }
        }
        let request = Some(request.to_vec());
        self.owed.push_back(Owed { count: hit, loose, ..Owed::new(rules.clone(), found, request) });
    }

    /// Sends what the client takes without being waited for.
    fn send_now(&mut self) {
        if self.outgoing.is_empty() {
            return;
        }
        // An error shows again when the rest is sent.
        let sent = self.stream.descriptor().try_write(&self.outgoing).unwrap_or(0);
        if sent > 0 {
            self.sent.add(sent, self.opened);
            self.outgoing.drain(..sent);
        }
    }

    /// Sends everything that is owed.
    async fn settle(&mut self) -> Result<(), Over> {
        self.flush().await?;
        while let Some(owed) = self.owed.pop_front() {
            self.pay(owed).await?;
        }
        if self.outgoing.capacity() > GATHERED {
            self.outgoing = Vec::new();
        }
        Ok(())
    }

    async fn pay(&mut self, owed: Owed) -> Result<(), Over> {
        if !owed.delay().is_zero() {
            sleep(owed.delay()).await;
        }
        let body = match self.mute {
            true => None,
            false => owed.body(self.stub, self.caller).await,
        };
        let paid = match &body {
            Some(body) => {
                encode(self.wants.framing, body, &mut self.outgoing);
                self.flush_in_pieces(&owed).await
            }
            None => Ok(()),
        };
        let told = owed.tell(self.stub, self.caller, body.as_deref()).await;
        paid?;
        told.map_err(Over::Witness)?;
        match owed.then() {
            Then::Keep => Ok(()),
            Then::Close => Err(Over::Close),
            Then::Reset => Err(Over::Reset),
            Then::HalfClose => {
                self.mute = true;
                self.stream.end_sending().map_err(Over::Broken)
            }
        }
    }

    async fn flush_in_pieces(&mut self, owed: &Owed) -> Result<(), Over> {
        let Some(pieces) = owed.pieces() else { return self.flush().await };
        let whole = std::mem::take(&mut self.outgoing);
        for (number, piece) in whole.chunks(pieces.size.get()).enumerate() {
            if number > 0 && !pieces.pause.is_zero() {
                sleep(pieces.pause).await;
            }
            self.outgoing.extend_from_slice(piece);
            self.flush().await?;
        }
        Ok(())
    }

    async fn flush(&mut self) -> Result<(), Over> {
        let mut from = 0;
        while from < self.outgoing.len() {
            let rest = &self.outgoing[from..];
            let writing = self.stream.descriptor().write(rest);
            let sent = within(self.stub.settings.idle, writing).await?.map_err(Over::Refused)?;
            self.sent.add(sent, self.opened);
            from += sent;
        }
        self.outgoing.clear();
        Ok(())
    }
}

async fn within<T>(idle: Option<Duration>, work: impl Future<Output = T>) -> Result<T, Over> {
    match idle {
        Some(idle) => timeout(idle, work).await.map_err(|_| Over::Idle),
        None => Ok(work.await),
    }
}
