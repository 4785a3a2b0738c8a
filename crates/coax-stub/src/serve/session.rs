//! One connection: requests come in, each gets its reply, in order.
//!
//! A reply that is plain bytes leaves in the same turn in which its request came. One that waits,
//! computes or ends the connection makes the later ones wait, and meanwhile nothing more is read:
//! a client cannot ask for more than it is given. What one turn reads is all that is ever owed.
//!
//! Nothing here knows how the connection came about.

use std::cell::RefCell;
use std::convert::Infallible;
use std::future::Future;
use std::io::ErrorKind;
use std::time::{Duration, Instant};

use coax_net::{Decoder, FramingError, Stream};
use tokio::time::{sleep, timeout};

use super::ended::{Moved, Over, Served};
use super::owed::{Caller, Owed};
use super::requests::{GATHERED, Requests};
use super::{Stub, count};
use crate::reply::Then;

/// Read at once from a stream, at least.
const AT_ONCE: usize = 64 << 10;

/// What one turn reads and answers.
#[derive(Default)]
struct Buffers {
    read: Vec<u8>,
    gathered: Vec<u8>,
}

thread_local! {
    /// One pair for all connections: each turn is over before another begins.
    static BUFFERS: RefCell<Buffers> = RefCell::default();
}

pub(super) struct Session<'a> {
    stub: &'a Stub,
    stream: &'a Stream,
    caller: Caller<'a>,
    opened: Instant,
    decoder: Decoder,
    /// Bytes that one read takes.
    room: usize,
    packets: bool,
    broken: Option<FramingError>,
    requests: Requests<'a>,
    /// What the client has not taken yet.
    outgoing: Vec<u8>,
    sent: Moved,
    received: Moved,
}

impl<'a> Session<'a> {
    pub(super) fn new(stub: &'a Stub, connection: u64, stream: &'a Stream) -> Session<'a> {
        stream.keep_alive();
        let framing = stub.framing(&stub.rules());
        let packets = stream.descriptor().keeps_boundaries();
        let max = stub.settings.max_request;
        let room = if packets { stream.descriptor().room() } else { AT_ONCE.max(max + 1) };
        Session {
            stub,
            stream,
            caller: Caller { connection: Some(connection), peer: stream.peer() },
            opened: Instant::now(),
            decoder: Decoder::with_limit(framing, max),
            room,
            packets,
            broken: None,
            requests: Requests::new(stub, framing, packets),
            outgoing: Vec::new(),
            sent: Moved::default(),
            received: Moved::default(),
        }
    }

    /// Serves to the end.
    pub(super) async fn serve(mut self, stop: impl Future<Output = ()>) -> Served {
        let over = tokio::select! {
            over = self.talk() => match over { Err(over) => over },
            () = stop => Over::Stopped,
        };
        if let Over::Framing(error) = &over {
            count(&self.stub.refused);
            self.stub.witness.refused(self.caller.connection, self.caller.peer, error);
        }
        Served { over, sent: self.sent, received: self.received, opened: self.opened }
    }

    async fn talk(&mut self) -> Result<Infallible, Over> {
        self.requests.greet();
        loop {
            self.settle().await?;
            if let Some(error) = self.broken.take() {
                return Err(Over::Framing(error));
            }
            if self.hear().await? == 0 {
                self.finish();
                self.settle().await?;
                return Err(self.broken.take().map_or(Over::Client, Over::Framing));
            }
        }
    }

    /// One read; what it completes is answered or owed.
    async fn hear(&mut self) -> Result<usize, Over> {
        let (peer, room, packets) = (self.stream.descriptor(), self.room, self.packets);
        let idle = self.stub.settings.idle;
        let mut turn = || {
            BUFFERS.with_borrow_mut(|Buffers { read, gathered }| {
                if read.len() < room {
                    read.resize(room, 0);
                }
                let count = peer.try_read(&mut read[..room])?;
                self.take(&read[..count], gathered);
                Ok(count)
            })
        };
        let reading = async {
            match packets {
                true => peer.when_readable(&mut turn).await,
                false => peer.when_refilled(room, &mut turn).await,
            }
        };
        within(idle, reading).await?.map_err(Over::Broken)
    }

    /// Answers what was read. Nothing older waits to be sent: that was settled.
    fn take(&mut self, bytes: &[u8], gathered: &mut Vec<u8>) {
        if bytes.is_empty() {
            return;
        }
        self.received.add(bytes.len(), self.opened);
        let rules = self.stub.rules();
        let (decoder, requests) = (&mut self.decoder, &mut self.requests);
        let fed = decoder.feed(bytes, |request| requests.asked(&rules, bytes, request, gathered));
        requests.settled(&rules, bytes, gathered);
        self.broken = fed.err();
        self.send_now(gathered);
        gathered.clear();
        gathered.shrink_to(GATHERED * 2);
    }

    /// Sends what the client takes without being waited for, and keeps the rest.
    fn send_now(&mut self, gathered: &[u8]) {
        if gathered.is_empty() {
            return;
        }
        // An error shows again when the rest is sent.
        let sent = self.stream.descriptor().try_write(gathered).unwrap_or(0);
        if sent > 0 {
            self.sent.add(sent, self.opened);
        }
        self.outgoing.extend_from_slice(&gathered[sent..]);
    }

    /// An unfinished line at the end is a request. One that is shorter than it announced is none.
    fn finish(&mut self) {
        let rules = self.stub.rules();
        let Session { decoder, requests, outgoing, .. } = self;
        self.broken = match decoder.whole() {
            Ok(()) => {
                decoder.finish(|request| requests.asked(&rules, &[], request, outgoing)).err()
            }
            Err(cut) => Some(cut),
        };
        requests.settled(&rules, &[], outgoing);
    }

    /// Sends everything that is owed.
    async fn settle(&mut self) -> Result<(), Over> {
        self.flush().await?;
        while let Some(owed) = self.requests.owed.pop_front() {
            self.pay(owed).await?;
        }
        if self.outgoing.capacity() > GATHERED {
            self.outgoing = Vec::new();
        }
        Ok(())
    }

    async fn pay(&mut self, owed: Owed) -> Result<(), Over> {
        if !owed.delay().is_zero() {
            // Who has gone meanwhile does not keep a place that another could have.
            tokio::select! {
                () = sleep(owed.delay()) => {}
                () = self.stream.gone() => {
                    return Err(Over::Broken(ErrorKind::ConnectionReset.into()));
                }
            }
        }
        let body = match self.requests.mute {
            true => None,
            false => owed.body(self.stub, self.caller).await,
        };
        let paid = match &body {
            Some(body) => {
                self.requests.framing.encode_text(body, &mut self.outgoing);
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
                self.requests.mute = true;
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
