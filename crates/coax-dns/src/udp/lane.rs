//! One socket and the task that serves it.
//!
//! New questions, arrived answers and questions due again are taken as they come, in batches; a
//! kernel that takes no more for now is waited for. A port nobody listens on fails every question
//! under way at once.
//!
//! Which question an answer belongs to is `waiting`'s business.

use std::io;

use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::Request;
use super::batch::{self, BATCH, Inbox};
use super::waiting::Waiting;

pub(super) struct Lane {
    socket: UdpSocket,
    waiting: Waiting,
    inbox: Inbox,
}

impl Lane {
    pub(super) fn new(socket: UdpSocket) -> Lane {
        Lane { socket, waiting: Waiting::default(), inbox: Inbox::new() }
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
                    self.start(&mut fresh).await
                }
                ready = self.socket.readable() => ready.and_then(|()| self.receive()),
                () = alarm, if due.is_some() => self.again().await,
            };
            if let Err(error) = outcome {
                self.waiting.fail(&error.into());
            }
        }
    }

    async fn start(&mut self, fresh: &mut Vec<Request>) -> io::Result<()> {
        let now = Instant::now();
        let requests = fresh.drain(..).filter(|request| !request.answer.is_closed());
        let datagrams: Vec<_> =
            requests.map(|request| self.waiting.add(request, now).to_vec()).collect();
        self.send(&datagrams).await
    }

    async fn again(&mut self) -> io::Result<()> {
        let due = self.waiting.due(Instant::now());
        self.send(&due).await
    }

    fn receive(&mut self) -> io::Result<()> {
        match self.inbox.receive(&self.socket) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
            outcome => outcome?,
        }
        let now = Instant::now();
        self.inbox.datagrams().for_each(|datagram| self.waiting.answer(datagram, now));
        Ok(())
    }

    async fn send(&self, mut datagrams: &[Vec<u8>]) -> io::Result<()> {
        while !datagrams.is_empty() {
            match batch::send(&self.socket, datagrams) {
                Ok(count) => datagrams = &datagrams[count..],
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.socket.writable().await?;
                }
                // The kernel has no room for now; the questions are sent again in their time.
                Err(error) if error.raw_os_error() == Some(nix::libc::ENOBUFS) => return Ok(()),
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
