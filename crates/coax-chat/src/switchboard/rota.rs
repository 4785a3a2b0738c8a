//! Whose turn it is while many are being told something.
//!
//! What concerns few goes out at once. What concerns many goes out slice by slice, and between two
//! slices everyone else is heard and answered. Whoever would tell many something more stands in a
//! queue of its own, so that lines for many come in no faster than they go out: each reader gets a
//! good many of them in one write, and none of them piles up.
//!
//! Nothing here knows what is told.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::Poll;

use tokio::sync::Notify;
use tokio::task::yield_now;

use super::Outbox;

/// More than so many are many.
pub(super) const FEW: usize = 32;

/// How many write before others get their turn: half a millisecond of work.
const SLICE: usize = 16;

/// About how many lines for many may come in while all who are waiting write once.
const LINES: usize = 256;

/// Those who write, and those who want to speak, in the order they came.
#[derive(Debug, Default)]
pub(super) struct Rota {
    writers: RefCell<VecDeque<Rc<Outbox>>>,
    speakers: RefCell<VecDeque<Rc<Outbox>>>,
    /// What those who wrote have earned for those who want to speak.
    credit: Cell<usize>,
    someone: Notify,
}

impl Rota {
    /// Gives a client its turn to write.
    pub(super) fn enlist(&self, outbox: &Rc<Outbox>) {
        if outbox.enlist() {
            self.writers.borrow_mut().push_back(outbox.clone());
            self.someone.notify_one();
        }
    }

    /// Lets a client wait for its turn to tell many something.
    pub(super) fn queue(&self, outbox: &Rc<Outbox>) {
        if outbox.queue() {
            self.speakers.borrow_mut().push_back(outbox.clone());
            self.someone.notify_one();
        }
    }

    /// Whether many are being told something.
    pub(super) fn is_busy(&self) -> bool {
        !self.writers.borrow().is_empty() || !self.speakers.borrow().is_empty()
    }

    /// Slice by slice, for ever.
    pub(super) async fn run(&self) {
        loop {
            while !self.is_busy() {
                self.someone.notified().await;
            }
            self.slice();
            // First those who were woken just now, then whoever the network has something from.
            behind_the_others().await;
            yield_now().await;
        }
    }

    /// Wakes the next few.
    fn slice(&self) {
        let waiting = self.writers.borrow().len().max(1);
        take(&self.writers, SLICE).for_each(|outbox| outbox.write_now());
        let credit = (self.credit.get() + LINES * SLICE).min(waiting * SLICE);
        let speakers = credit / waiting;
        self.credit.set(credit % waiting);
        take(&self.speakers, speakers).for_each(|outbox| outbox.speak_now());
    }
}

fn take(queue: &RefCell<VecDeque<Rc<Outbox>>>, most: usize) -> impl Iterator<Item = Rc<Outbox>> {
    (0..most).map_while(|_| queue.borrow_mut().pop_front())
}

/// Goes on once every task that is ready now has run.
async fn behind_the_others() {
    let mut waited = false;
    std::future::poll_fn(|context| {
        if std::mem::replace(&mut waited, true) {
            return Poll::Ready(());
        }
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Wake, Waker};

    use super::{FEW, Rota, SLICE};
    use crate::hub::{Keep, Known, Origin, Question, SharedLine, Ticket};
    use crate::settings::Settings;
    use crate::switchboard::{Oracle, Outbox, Seat, Switchboard};

    /// Counts how often somebody is woken.
    #[derive(Default)]
    struct Bell(AtomicUsize);

    impl Wake for Bell {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    fn rung(bell: &Bell) -> usize {
        bell.0.load(Ordering::Relaxed)
    }

    fn bell(outbox: &Outbox) -> Arc<Bell> {
        let bell = Arc::new(Bell::default());
        outbox.wait(&Waker::from(bell.clone()));
        bell
    }

    #[test]
    fn a_slice_is_no_larger_however_many_wait() {
        let rota = Rota::default();
        let line = SharedLine::from(&b"hi\r\n"[..]);
        let bells = (0..SLICE * 3).map(|_| {
            let outbox = Rc::new(Outbox::new(99));
            outbox.push(&line);
            rota.enlist(&outbox);
            rota.enlist(&outbox);
            bell(&outbox)
        });
        let bells = bells.collect::<Vec<_>>();
        for slice in 1..=4 {
            rota.slice();
            let rung = bells.iter().map(|bell| rung(bell)).sum::<usize>();
            assert_eq!(rung, SLICE * slice.min(3), "each once, so many at a time");
        }
        assert!(!rota.is_busy());
    }

    struct Forgetful;

    impl Oracle for Forgetful {
        fn ask(&self, _: Rc<Switchboard>, _: Ticket, _: Question) {}
        fn keep(&self, _: Keep) {}
    }

    fn arrived(board: &Rc<Switchboard>, nick: &str, channel: &str) -> Seat {
        let origin = Origin { host: "h".into(), address: "::1".into(), ..Origin::default() };
        let seat = board.arrive(origin);
        for line in [format!("NICK {nick}"), "USER u 0 * :r".into(), format!("JOIN {channel}")] {
            while !seat.say(line.as_bytes()) {
                board.rota.slice();
            }
        }
        seat
    }

    fn read_all(seat: &Seat) {
        seat.outbox().took(seat.outbox().len());
    }

    #[test]
    fn talk_to_many_keeps_few_waiting_for_nobody() {
        let board = Switchboard::new(Settings::default(), Known::default(), Rc::new(Forgetful));
        let many = (0..=FEW + 1).map(|at| arrived(&board, &format!("m{at}"), "#many"));
        let many = many.collect::<Vec<_>>();
        let (one, other) = (arrived(&board, "one", "#few"), arrived(&board, "other", "#few"));
        while board.rota.is_busy() {
            board.rota.slice();
        }
        many.iter().chain([&one, &other]).for_each(read_all);
        let (of_many, of_few) = (bell(many[1].outbox()), bell(other.outbox()));

        assert!(many[0].say(b"PRIVMSG #many :first"), "nobody else is telling anything");
        assert!(!many[0].say(b"PRIVMSG #many :second"), "the first is not out yet");
        assert!(one.say(b"PRIVMSG #few :meanwhile") && one.say(b"PING :x"));
        assert_eq!((rung(&of_many), rung(&of_few)), (0, 1), "few are told at once");
        assert!(many[0].outbox().is_queueing());

        board.rota.slice();
        assert_eq!(rung(&of_many), 1);
        assert!(many[0].say(b"PRIVMSG #many :second"), "its turn has come");
        assert!(!many[1].outbox().is_empty() && !other.outbox().is_empty());
    }
}
