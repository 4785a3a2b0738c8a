//! Requests as datagrams: each stands alone and is answered to its sender.
//!
//! A reply that takes time is sent by a task of its own, of which there are so many and no more:
//! beyond that a request is dropped, as the network would drop it, and told of. A reply that cannot
//! be sent concerns one sender.
//!
//! Nothing here knows connections.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;

use coax_net::{Address, Datagrams, Decoder, Framing, Inbox, Origin, SocketError};
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::owed::{Caller, Owed};
use super::{Stub, count};
use crate::matcher::Request;

/// Replies on their way at the same time.
const SLOW: usize = 1024;

impl Stub {
    /// Answers datagrams until `stop`, or until this machine can receive no more.
    ///
    /// An error of the inner kind is the witness's.
    pub async fn receive(
        self: &Arc<Stub>,
        sockets: Datagrams,
        stop: impl Future<Output = ()>,
    ) -> Result<std::io::Result<()>, SocketError> {
        let (sockets, mut slow) = (Arc::new(sockets), JoinSet::new());
        let mut inbox = Inbox::default();
        let mut stop = pin!(stop);
        loop {
            tokio::select! {
                () = &mut stop => return Ok(Ok(())),
                Some(sent) = slow.join_next(), if !slow.is_empty() => {
                    // A task that was lost has said so itself.
                    if let Ok(Err(error)) = sent {
                        return Ok(Err(error));
                    }
                }
                received = sockets.receive(&mut inbox, usize::MAX) => match received {
                    Ok(()) => {
                        if let Err(error) = self.answer(&inbox, &sockets, &mut slow).await {
                            return Ok(Err(error));
                        }
                    }
                    Err(error) if is_a_senders(&error) => {}
                    Err(error) => return Err(error),
                },
            }
        }
    }

    /// Answers everything that came, or leaves it to a task.
    async fn answer(
        self: &Arc<Stub>,
        inbox: &Inbox,
        sockets: &Arc<Datagrams>,
        slow: &mut JoinSet<std::io::Result<()>>,
    ) -> std::io::Result<()> {
        for (datagram, from) in inbox.datagrams() {
            for owed in self.requests(datagram, &from.from) {
                let (stub, sockets, from) = (self.clone(), sockets.clone(), from.clone());
                Turn { stub, sockets, from, owed }.take(slow).await?;
            }
        }
        Ok(())
    }

    /// The requests of one datagram: one, unless a framing finds more in it.
    fn requests(&self, datagram: &[u8], from: &Address) -> Vec<Owed> {
        let (rules, mut all) = (self.rules(), Vec::new());
        let framing = self.framing(&rules);
        let loose = framing == Framing::Chunk;
        let mut each = |request: &[u8]| {
            count(&self.requests);
            let found = rules.find(Request::new(request, loose));
            if found.is_none() {
                count(&self.unmatched);
            }
            let hit = found.map_or(0, |found| rules.hit(found));
            let request = Some(request.to_vec());
            all.push(Owed { count: hit, loose, ..Owed::new(rules.clone(), found, request) });
        };
        let mut decoder = Decoder::with_limit(framing, self.settings.max_request);
        let fed = decoder.feed(datagram, &mut each).and_then(|()| decoder.whole());
        let fed = fed.and_then(|()| decoder.finish(&mut each));
        if let Err(error) = fed {
            count(&self.refused);
            self.witness.refused(None, from, &error);
        }
        all
    }
}

/// A sender's refusal of an earlier reply.
fn is_a_senders(error: &SocketError) -> bool {
    use coax_net::SocketErrorKind::{NotFound, Refused, Reset, Unreachable};
    matches!(error.kind(), NotFound | Refused | Reset | Unreachable)
}

/// One reply to one sender.
struct Turn {
    stub: Arc<Stub>,
    sockets: Arc<Datagrams>,
    from: Origin,
    owed: Owed,
}

impl Turn {
    /// Pays at once, or among the slow ones.
    async fn take(self, slow: &mut JoinSet<std::io::Result<()>>) -> std::io::Result<()> {
        if self.owed.is_at_once() {
            return self.pay().await;
        }
        if slow.len() < SLOW {
            slow.spawn(self.pay());
        } else {
            let what = format!("{} gets no reply: {SLOW} others are on their way", self.from.from);
            self.stub.witness.trouble(None, &what);
        }
        Ok(())
    }

    async fn pay(self) -> std::io::Result<()> {
        let Turn { stub, sockets, from, owed } = self;
        if !owed.delay().is_zero() {
            sleep(owed.delay()).await;
        }
        let caller = Caller { connection: None, peer: &from.from };
        let body = owed.body(&stub, caller).await;
        if let Some(body) = &body {
            let mut message = Vec::with_capacity(body.len() + 4);
            stub.framing(&owed.rules).encode_text(body, &mut message);
            if let Err(error) = sockets.send(&message, Some(&from)).await {
                stub.witness
                    .trouble(None, &format!("{} gets no reply: {}", from.from, error.cause()));
            }
        }
        owed.tell(&stub, caller, body.as_deref()).await
    }
}
