//! Whose turn it is while many are being told something.
//!
//! What concerns few goes out at once. What concerns many goes out slice by slice, and between two
//! slices everyone else is heard and answered. Whoever would tell many something more stands in a
//! queue of its own, so that lines for many come in no faster than they go out: each reader gets a
//! good many of them in one write, and none of them piles up.
//!
//! Nothing here knows what is told.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::Outbox;

/// More than so many are many.
pub(super) const FEW: usize = 32;

/// How many write before others get their turn: less than a millisecond of work.
const SLICE: usize = 32;

/// About how many lines for many may come in while all who are waiting write once.
const LINES: usize = 256;

/// Those who write, and those who want to speak, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Rota {
    writers: RefCell<VecDeque<Rc<Outbox>>>,
    speakers: RefCell<VecDeque<Rc<Outbox>>>,
    waker: RefCell<Option<Waker>>,
}

impl Rota {
    /// Gives a client its turn to write.
    pub(super) fn enlist(&self, outbox: &Rc<Outbox>) {
        if outbox.enlist() {
            self.writers.borrow_mut().push_back(outbox.clone());
            self.wake();
        }
    }

    /// Lets a client wait for its turn to tell many something.
    pub(super) fn queue(&self, outbox: &Rc<Outbox>) {
        if outbox.queue() {
            self.speakers.borrow_mut().push_back(outbox.clone());
            self.wake();
        }
    }

    /// Whether many are being told something.
    pub(super) fn is_busy(&self) -> bool {
        !self.writers.borrow().is_empty() || !self.speakers.borrow().is_empty()
    }

    /// One slice. Whoever is woken here runs before the next one, and so does everyone else who is
    /// ready by then.
    pub(super) fn poll(&self, context: &mut Context<'_>) -> Poll<()> {
        let waiting = self.writers.borrow().len();
        let speakers = (LINES * SLICE / waiting.max(1)).clamp(1, SLICE);
        take(&self.writers, SLICE).for_each(|outbox| outbox.write_now());
        take(&self.speakers, speakers).for_each(|outbox| outbox.speak_now());
        match self.is_busy() {
            true => context.waker().wake_by_ref(),
            false => *self.waker.borrow_mut() = Some(context.waker().clone()),
        }
        Poll::Pending
    }

    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }
}

fn take(queue: &RefCell<VecDeque<Rc<Outbox>>>, most: usize) -> impl Iterator<Item = Rc<Outbox>> {
    (0..most).map_while(|_| queue.borrow_mut().pop_front())
}
