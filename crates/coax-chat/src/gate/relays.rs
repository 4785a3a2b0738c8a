//! The relays that stand between callers and the hub: those who type lines, and pages.
//!
//! They are counted, so that the end of the server can wait until each has passed on the last words,
//! and each knows that it is the end.
//!
//! Nothing here relays anything.

use std::cell::Cell;
use std::rc::Rc;

/// All relays of a door.
#[derive(Debug, Default)]
pub(super) struct Relays {
    at_work: Cell<usize>,
    leaving: Cell<bool>,
}

/// One relay at work, until it is dropped.
#[derive(Debug)]
pub(super) struct Relay(Rc<Relays>);

impl Relays {
    pub(super) fn begin(self: &Rc<Self>) -> Relay {
        self.at_work.set(self.at_work.get() + 1);
        Relay(self.clone())
    }

    pub(super) fn at_work(&self) -> usize {
        self.at_work.get()
    }

    /// The server ends.
    pub(super) fn leave(&self) {
        self.leaving.set(true);
    }
}

impl Relay {
    /// Whether the server ends.
    pub(super) fn is_leaving(&self) -> bool {
        self.0.leaving.get()
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.0.at_work.set(self.0.at_work.get() - 1);
    }
}
