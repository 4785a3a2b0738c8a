//! What waits to be sent to one client.
//!
//! Lines are shared with everyone else who gets them; only the place in the queue is a client's own.
//! A queue over its limit is thrown away, and its client with it.
//!
//! Nothing here knows how it is sent.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::task::Waker;

use crate::hub::SharedLine;

/// Places that an empty queue keeps: a talkative channel should not allocate for each line, and ten
/// thousand idle clients should not keep what one busy minute took.
const KEPT: usize = 16;

/// Why a client's connection is to end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The hub closed it: what is queued is still sent.
    Closed,
    /// It does not read, and the queue was thrown away.
    SendqExceeded,
}

/// One client's queue.
#[derive(Debug)]
pub struct Outbox {
    queue: RefCell<VecDeque<SharedLine>>,
    bytes: Cell<usize>,
    limit: usize,
    /// Bytes of the first line that are sent already.
    sent: Cell<usize>,
    ending: Cell<Option<Why>>,
    held: Cell<bool>,
    /// The client's own command is being answered.
    answering: Cell<bool>,
    /// It has its place among those who write.
    enlisted: Cell<bool>,
    /// It waits for its turn to tell many something.
    queueing: Cell<bool>,
    /// Its turn has come.
    may_speak: Cell<bool>,
    waker: RefCell<Option<Waker>>,
}

impl Outbox {
    pub(super) fn new(limit: usize) -> Outbox {
        Outbox {
            queue: RefCell::default(),
            bytes: Cell::new(0),
            limit,
            sent: Cell::new(0),
            ending: Cell::new(None),
            held: Cell::new(false),
            answering: Cell::new(false),
            enlisted: Cell::new(false),
            queueing: Cell::new(false),
            may_speak: Cell::new(false),
            waker: RefCell::new(None),
        }
    }

    /// Puts a line at the end. Whoever does so has it sent.
    pub(super) fn push(&self, line: &SharedLine) {
        if self.make_room(line.len()) {
            self.queue.borrow_mut().push_back(line.clone());
        }
    }

    /// Puts lines at the end that all begin alike.
    pub(super) fn push_all(&self, head: &SharedLine, tails: &[SharedLine]) {
        for tail in tails {
            if self.make_room(head.len() + tail.len()) {
                self.queue.borrow_mut().extend([head.clone(), tail.clone()]);
            }
        }
    }

    /// Whether so many bytes more are taken.
    fn make_room(&self, more: usize) -> bool {
        if self.ending.get().is_some() {
            return false;
        }
        let bytes = self.bytes.get() + more;
        if bytes > self.limit && !self.answering.get() {
            self.throw_away();
            return false;
        }
        self.bytes.set(bytes);
        true
    }

    /// While a client's own command is answered, its queue has no limit: one answer is finite, and
    /// the next command is read when most of it is sent.
    pub(super) fn answer(&self, answering: bool) {
        self.answering.set(answering);
    }

    pub(super) fn is_answering(&self) -> bool {
        self.answering.get()
    }

    pub(super) fn close(&self) {
        if self.ending.get().is_none() {
            self.ending.set(Some(Why::Closed));
        }
        self.wake();
    }

    pub(super) fn hold(&self, held: bool) {
        self.held.set(held);
        self.wake();
    }

    fn throw_away(&self) {
        self.queue.borrow_mut().clear();
        self.bytes.set(0);
        self.ending.set(Some(Why::SendqExceeded));
        self.wake();
    }

    /// Whether it was not enlisted before.
    pub(super) fn enlist(&self) -> bool {
        !self.enlisted.replace(true)
    }

    /// Whether it did not stand in the queue before.
    pub(super) fn queue(&self) -> bool {
        !self.queueing.replace(true)
    }

    pub(super) fn write_now(&self) {
        self.enlisted.set(false);
        if !self.is_empty() || self.ending.get().is_some() {
            self.wake();
        }
    }

    pub(super) fn speak_now(&self) {
        self.queueing.set(false);
        self.may_speak.set(true);
        self.wake();
    }

    /// Whether it must wait before it may speak.
    pub(crate) fn is_queueing(&self) -> bool {
        self.queueing.get()
    }

    /// Uses up the turn it waited for, if it has come.
    pub(super) fn take_turn(&self) -> bool {
        self.may_speak.take()
    }

    pub(super) fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Has this waker called when anything here changes.
    pub fn wait(&self, waker: &Waker) {
        let mut waiting = self.waker.borrow_mut();
        match &mut *waiting {
            Some(known) => known.clone_from(waker),
            none => *none = Some(waker.clone()),
        }
    }

    /// Whether nothing waits.
    pub fn is_empty(&self) -> bool {
        self.bytes.get() == 0
    }

    /// How much waits.
    pub fn len(&self) -> usize {
        self.bytes.get()
    }

    /// Why the connection is to end, once what waits is sent.
    pub fn ending(&self) -> Option<Why> {
        self.ending.get()
    }

    /// Whether the client's next line must wait.
    pub fn is_held(&self) -> bool {
        self.held.get()
    }

    /// Copies what comes next into `buffer`, as much as its room holds, and takes nothing away.
    pub(crate) fn peek(&self, buffer: &mut Vec<u8>) {
        buffer.clear();
        let mut skip = self.sent.get();
        for line in &*self.queue.borrow() {
            let line = &line[std::mem::take(&mut skip)..];
            if buffer.len() + line.len() > buffer.capacity() {
                return;
            }
            buffer.extend_from_slice(line);
        }
    }

    /// Takes away what was sent.
    pub(crate) fn took(&self, count: usize) {
        let mut queue = self.queue.borrow_mut();
        let mut rest = count + self.sent.get();
        while let Some(first) = queue.front().filter(|first| first.len() <= rest) {
            rest -= first.len();
            queue.pop_front();
        }
        self.sent.set(rest);
        self.bytes.set(self.bytes.get() - count);
        if queue.is_empty() && queue.capacity() > KEPT {
            queue.shrink_to(KEPT);
        }
    }
}
