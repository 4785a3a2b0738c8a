//! Questions and answers over UDP, many in flight at once.
//!
//! An answer is taken only from the server's address (the socket is connected), with the id of a
//! question under way, and with that question repeated word for word; ids are random and never
//! shared by two questions under way. A question is sent again until its time is over.
//!
//! What an answer says is `wire`'s business; how long to wait is the caller's.

mod lane;
mod waiting;

use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use coax_net::{SocketError, Volley};
use tokio::sync::{mpsc, oneshot};
use tokio::task::AbortHandle;
use tokio::time::Instant;

use lane::Lane;

/// Sockets, hence source ports an attacker would have to guess, when many questions are asked.
const LANES: usize = 4;
/// Questions in a row that go through the same lane, so that they can travel in one call.
const TURN: usize = 64;
/// Questions a lane may have queued and unsent; the next asker waits.
const QUEUE: usize = 256;
/// Room for the answers to many questions at once: each counts with its kernel bookkeeping, about
/// a KiB. The kernel may give less, which costs a retransmission.
const RECEIVE_BUFFER: usize = 4 << 20;

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum UdpError {
    /// Its time is over; so many datagrams looked like an answer and were not.
    Silent { strays: u32 },
    /// The socket failed: why, in words.
    Failed(String),
}

/// A question's bytes (id 0), how long it may take, and where its answer goes.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) bytes: Vec<u8>,
    pub(crate) until: Instant,
    pub(crate) answer: oneshot::Sender<Result<Vec<u8>, UdpError>>,
}

/// One server, asked over a few sockets.
#[derive(Debug)]
pub(crate) struct Udp {
    server: SocketAddr,
    turn: AtomicUsize,
    lanes: [Mutex<Option<OpenLane>>; LANES],
}

#[derive(Debug)]
struct OpenLane {
    requests: mpsc::Sender<Request>,
    task: AbortHandle,
}

impl Drop for OpenLane {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Udp {
    pub(crate) fn new(server: SocketAddr) -> Udp {
        Udp { server, turn: AtomicUsize::new(0), lanes: Default::default() }
    }

    /// The first datagram that answers, if one comes before `until`.
    pub(crate) async fn ask(&self, bytes: Vec<u8>, until: Instant) -> Result<Vec<u8>, UdpError> {
        let (answer, answered) = oneshot::channel();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let lane = self.lane((turn / TURN) % LANES)?;
        let gone = || UdpError::Failed("the socket was closed".to_owned());
        lane.send(Request { bytes, until, answer }).await.map_err(|_| gone())?;
        answered.await.unwrap_or_else(|_| Err(gone()))
    }

    fn lane(&self, index: usize) -> Result<mpsc::Sender<Request>, UdpError> {
        let mut slot = self.lanes[index].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = slot.as_ref().filter(|lane| !lane.requests.is_closed()) {
            return Ok(lane.requests.clone());
        }
        let volley = Volley::towards(self.server, RECEIVE_BUFFER)?;
        let (requests, inbox) = mpsc::channel(QUEUE);
        let task = tokio::spawn(Lane::new(volley).run(inbox)).abort_handle();
        *slot = Some(OpenLane { requests: requests.clone(), task });
        Ok(requests)
    }
}

impl From<SocketError> for UdpError {
    fn from(error: SocketError) -> UdpError {
        UdpError::Failed(error.cause())
    }
}
