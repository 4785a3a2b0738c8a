//! One client's place at the switchboard.
//!
//! Whoever holds it speaks for a client: an IRC connection, a page in a browser, somebody with `nc`.
//! Giving it up says that the client is gone.
//!
//! Nothing here knows how the client is connected.

use std::rc::Rc;
use std::task::Poll;

use coax_irc::TooLong;

use super::{Outbox, Switchboard};
use crate::hub::{ClientId, Input};

/// A client's place.
#[derive(Debug)]
pub struct Seat {
    board: Rc<Switchboard>,
    client: ClientId,
    outbox: Rc<Outbox>,
    why: Option<String>,
}

impl Seat {
    pub(super) fn new(board: Rc<Switchboard>, client: ClientId, outbox: Rc<Outbox>) -> Seat {
        Seat { board, client, outbox, why: None }
    }

    /// Says a line of IRC, without its end. Not while the outbox says that it must wait. False
    /// where many are being told something, and this line would tell many more: it must be said
    /// again when the outbox says that the turn has come.
    pub fn say(&self, line: &[u8]) -> bool {
        if !self.board.admits(self.client, &self.outbox, line) {
            return false;
        }
        self.outbox.answer(true);
        self.board.apply(Input::Line { client: self.client, line });
        self.outbox.answer(false);
        true
    }

    /// Writes on when others have had their turn.
    pub fn write_later(&self) {
        self.board.enlist(&self.outbox);
    }

    /// Says that a line was too long and is lost.
    pub fn said_too_much(&self, _: TooLong) {
        self.board.apply(Input::TooLong { client: self.client });
    }

    /// What waits to be sent to this client.
    pub fn outbox(&self) -> &Outbox {
        &self.outbox
    }

    /// The switchboard it is a place at.
    pub fn board(&self) -> &Switchboard {
        &self.board
    }

    /// Gives the place up, when its turn has come to tell others; they read why.
    pub async fn leave(mut self, why: &str) {
        std::future::poll_fn(|context| {
            self.outbox.wait(context.waker());
            let ready =
                !self.outbox.is_queueing() && self.board.admits(self.client, &self.outbox, b"QUIT");
            if ready { Poll::Ready(()) } else { Poll::Pending }
        })
        .await;
        self.why = Some(why.to_owned());
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let why = self.why.take();
        self.board.leave(self.client, why.as_deref().unwrap_or("Connection closed"));
    }
}
