//! One socket and the task that serves it.
//!
//! New questions, arrived answers and questions due again are taken as they come, in batches. One
//! alarm serves all questions under way. A port nobody listens on fails all of them at once.
//!
//! Which question an answer belongs to is `waiting`'s business.

use coax_net::{Arrivals, Outgoing, SocketError, SocketErrorKind, Volley};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::Request;
use super::waiting::Waiting;

/// Questions taken over at once.
const BATCH: usize = 64;
/// The largest answer taken: three times what a question says it can take.
const LARGEST: usize = 4096;

pub(super) struct Lane {
    volley: Volley,
    waiting: Waiting,
    outgoing: Outgoing,
    arrivals: Arrivals,
}

impl Lane {
    pub(super) fn new(volley: Volley) -> Lane {
        let (waiting, outgoing) = (Waiting::default(), Outgoing::default());
        Lane { volley, waiting, outgoing, arrivals: Arrivals::new(LARGEST) }
    }

    /// Serves until the last asker is gone.
    pub(super) async fn run(mut self, mut requests: mpsc::Receiver<Request>) {
        let mut fresh = Vec::with_capacity(BATCH);
        loop {
            let due = self.waiting.next_due();
            let alarm = async { sleep_until(due.unwrap_or_else(Instant::now)).await };
            let outcome = tokio::select! {
                count = requests.recv_many(&mut fresh, BATCH), if self.waiting.has_room() => {
                    if count == 0 {
                        return;
                    }
                    self.start(&mut fresh);
                    Ok(())
                }
                sent = self.volley.send(&mut self.outgoing), if !self.outgoing.is_empty() => {
                    sent.or_else(forgive)
                }
                arrived = self.volley.receive(&mut self.arrivals) => arrived.map(|()| self.match_up()),
                () = alarm, if due.is_some() => {
                    self.waiting.due(Instant::now(), &mut self.outgoing);
                    Ok(())
                }
            };
            if let Err(error) = outcome {
                self.waiting.fail(&error.into());
            }
        }
    }

    fn start(&mut self, fresh: &mut Vec<Request>) {
        let now = Instant::now();
        for request in fresh.drain(..).filter(|request| !request.answer.is_closed()) {
            self.outgoing.push(self.waiting.add(request, now));
        }
    }

    fn match_up(&mut self) {
        let now = Instant::now();
        self.arrivals.datagrams().for_each(|datagram| self.waiting.answer(datagram, now));
    }
}

/// A kernel without room for now is no failure: the questions are sent again in their time.
fn forgive(error: SocketError) -> Result<(), SocketError> {
    match error.kind() {
        SocketErrorKind::OutOfMemory => Ok(()),
        _ => Err(error),
    }
}
