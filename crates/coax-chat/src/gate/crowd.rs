//! Those at the door, who have not said yet what they want.
//!
//! Only so many may stand there. With one more, whoever has stood there longest has to go: a flood of
//! silent callers pushes out its own, while a real one says what it wants at once and is in.
//!
//! Nothing here knows who they are.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;

use tokio::sync::Notify;

/// Everyone at the door.
#[derive(Debug)]
pub(super) struct Crowd {
    most: usize,
    next: Cell<u64>,
    /// By number, so the first has stood there longest.
    standing: RefCell<BTreeMap<u64, Rc<Notify>>>,
}

/// One caller's place; given up when dropped.
#[derive(Debug)]
pub(super) struct Place<'a> {
    crowd: &'a Crowd,
    number: u64,
    turned_away: Rc<Notify>,
}

impl Crowd {
    pub(super) fn new(most: usize) -> Crowd {
        Crowd { most: most.max(1), next: Cell::new(0), standing: RefCell::default() }
    }

    /// A place for one more.
    pub(super) fn stand(&self) -> Place<'_> {
        let number = self.next.replace(self.next.get() + 1);
        let turned_away = Rc::new(Notify::new());
        let mut standing = self.standing.borrow_mut();
        if standing.len() >= self.most
            && let Some((_, longest)) = standing.pop_first()
        {
            longest.notify_one();
        }
        standing.insert(number, turned_away.clone());
        Place { crowd: self, number, turned_away }
    }
}

impl Place<'_> {
    /// Waits until the place is needed for somebody else.
    pub(super) async fn turned_away(&self) {
        self.turned_away.notified().await;
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.crowd.standing.borrow_mut().remove(&self.number);
    }
}
