//! The race of RFC 8305 §5: a new attempt each time the last has run alone for long enough.
//!
//! An attempt that fails makes room for the next at once; the first to succeed ends all others by
//! dropping them. Every attempt is reported, those that were cut short too.
//!
//! Nothing here knows what an attempt does.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::Clock;
use crate::address::Address;
use crate::socket::SocketError;

/// One address that was tried.
#[derive(Debug)]
pub struct Attempt {
    /// The address.
    pub address: Address,
    /// When, counted from the beginning of the dial.
    pub started: Duration,
    /// How long it ran.
    pub took: Duration,
    /// What came of it.
    pub outcome: AttemptOutcome,
}

/// What came of an attempt.
#[derive(Debug)]
pub enum AttemptOutcome {
    /// It is the connection.
    Connected,
    /// It failed.
    Failed(SocketError),
    /// The deadline passed first.
    NoAnswer,
    /// Another address was faster.
    Abandoned,
}

impl AttemptOutcome {
    pub(super) fn of<T>(result: Result<T, SocketError>) -> (AttemptOutcome, Option<T>) {
        match result {
            Ok(value) => (AttemptOutcome::Connected, Some(value)),
            Err(error) => (AttemptOutcome::Failed(error), None),
        }
    }
}

/// How fast attempts follow each other, and how long all of it may take.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    pub(super) delay: Duration,
    pub(super) clock: Clock,
}

/// An attempt that runs: its place in the report, and what it waits for.
struct Running<F> {
    index: usize,
    future: Pin<Box<F>>,
}

/// What happened next.
enum Event<T> {
    Done(usize, Result<T, SocketError>),
    NextIsDue,
    Deadline,
}

struct Race<'r, C, F> {
    waiting: VecDeque<SocketAddr>,
    running: Vec<Running<F>>,
    next_due: Instant,
    pace: Pace,
    connect: C,
    report: &'r mut Vec<Attempt>,
}

/// The first of `candidates` that `connect` reaches, or `None`; the report has every attempt.
pub(super) async fn race<T, F, C>(
    candidates: Vec<SocketAddr>,
    pace: Pace,
    connect: C,
    report: &mut Vec<Attempt>,
) -> Option<T>
where
    C: Fn(SocketAddr) -> F,
    F: Future<Output = Result<T, SocketError>>,
{
    let next_due = Instant::now();
    let waiting = candidates.into();
    Race { waiting, running: Vec::new(), next_due, pace, connect, report }.run().await
}

impl<T, F, C> Race<'_, C, F>
where
    C: Fn(SocketAddr) -> F,
    F: Future<Output = Result<T, SocketError>>,
{
    async fn run(mut self) -> Option<T> {
        while !(self.waiting.is_empty() && self.running.is_empty()) {
            if self.running.is_empty() {
                self.start_next();
            }
            match self.event().await {
                Event::NextIsDue => self.start_next(),
                Event::Done(index, Ok(value)) => {
                    self.end(index, AttemptOutcome::Connected);
                    self.end_all(|| AttemptOutcome::Abandoned);
                    return Some(value);
                }
                Event::Done(index, Err(error)) => {
                    self.end(index, AttemptOutcome::Failed(error));
                    self.start_next();
                }
                Event::Deadline => {
                    self.end_all(|| AttemptOutcome::NoAnswer);
                    return None;
                }
            }
        }
        None
    }

    fn start_next(&mut self) {
        let Some(to) = self.waiting.pop_front() else { return };
        self.next_due = Instant::now() + self.pace.delay;
        self.running
            .push(Running { index: self.report.len(), future: Box::pin((self.connect)(to)) });
        self.report.push(Attempt {
            address: Address::Ip(to),
            started: self.pace.clock.start.elapsed(),
            took: Duration::ZERO,
            outcome: AttemptOutcome::NoAnswer,
        });
    }

    /// Waits for what happens next. A success that is there already beats the clock.
    async fn event(&mut self) -> Event<T> {
        let more = !self.waiting.is_empty();
        let deadline = self.pace.clock.deadline;
        tokio::select! {
            biased;
            (index, result) = first_done(&mut self.running) => Event::Done(index, result),
            () = until(deadline) => Event::Deadline,
            () = sleep_until(self.next_due), if more => Event::NextIsDue,
        }
    }

    fn end(&mut self, index: usize, outcome: AttemptOutcome) {
        let now = self.pace.clock.start.elapsed();
        if let Some(attempt) = self.report.get_mut(index) {
            attempt.took = now.saturating_sub(attempt.started);
            attempt.outcome = outcome;
        }
    }

    fn end_all(&mut self, outcome: impl Fn() -> AttemptOutcome) {
        for running in std::mem::take(&mut self.running) {
            self.end(running.index, outcome());
        }
    }
}

/// Waits until one of `running` is done, and removes it. With none it waits for ever.
async fn first_done<T, F>(running: &mut Vec<Running<F>>) -> (usize, Result<T, SocketError>)
where
    F: Future<Output = Result<T, SocketError>>,
{
    poll_fn(|context| {
        for place in 0..running.len() {
            if let Poll::Ready(result) = running[place].future.as_mut().poll(context) {
                let done = running.remove(place);
                return Poll::Ready((done.index, result));
            }
        }
        Poll::Pending
    })
    .await
}

async fn until(deadline: Option<Instant>) {
    match deadline {
        Some(deadline) => sleep_until(deadline).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::socket::error::{Call, Object};
    use rustix::io::Errno;
    use std::cell::RefCell;
    use std::rc::Rc;
    use tokio::time::sleep;

    const MS: fn(u64) -> Duration = Duration::from_millis;

    /// What the attempt at an address does, by its last number.
    #[derive(Clone, Copy)]
    enum Behaviour {
        Answers(u64),
        Refuses(u64),
        Silent,
    }
    use Behaviour::{Answers, Refuses, Silent};

    async fn play(
        behaviour: Behaviour,
        to: SocketAddr,
        alive: Rc<()>,
    ) -> Result<SocketAddr, SocketError> {
        let _until_dropped = alive;
        match behaviour {
            Answers(after) => sleep(MS(after)).await,
            Refuses(after) => {
                sleep(MS(after)).await;
                let object = Object::Address(Address::Ip(to));
                return Err(SocketError::new(Call::Connect, object, Errno::CONNREFUSED));
            }
            Silent => std::future::pending().await,
        }
        Ok(to)
    }

    /// Races the behaviours; says which won, when, and the report in short.
    async fn run(behaviours: &[Behaviour], timeout: Option<u64>) -> (Option<u16>, u64, String) {
        let start = Instant::now();
        let deadline = timeout.map(|timeout| start + MS(timeout));
        let pace = Pace { delay: MS(250), clock: Clock { start, deadline } };
        let candidates = (0..behaviours.len())
            .map(|port| SocketAddr::new("192.0.2.1".parse().unwrap(), port as u16))
            .collect();
        let mut report = Vec::new();
        let begun = RefCell::new(Vec::new());
        let alive = Rc::new(());
        let connect = |to: SocketAddr| {
            begun.borrow_mut().push(to.port());
            play(behaviours[to.port() as usize], to, alive.clone())
        };
        let won = race(candidates, pace, connect, &mut report).await;
        assert_eq!(begun.borrow().len(), report.len(), "what was begun is reported");
        assert_eq!(Rc::strong_count(&alive), 1, "nothing runs on");
        let told = report.iter().map(|attempt| {
            let outcome = match attempt.outcome {
                AttemptOutcome::Connected => "connected",
                AttemptOutcome::Failed(_) => "failed",
                AttemptOutcome::NoAnswer => "no answer",
                AttemptOutcome::Abandoned => "abandoned",
            };
            format!("{}+{} {outcome}", attempt.started.as_millis(), attempt.took.as_millis())
        });
        let told = told.collect::<Vec<_>>().join(", ");
        (won.map(|to| to.port()), start.elapsed().as_millis() as u64, told)
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_to_answer_wins_and_the_others_are_dropped() {
        let table: [(&[Behaviour], _, _, _, &str); 9] = [
            (&[Answers(10), Answers(1)], None, Some(0), 10, "0+10 connected"),
            (&[Refuses(10), Answers(10)], None, Some(1), 20, "0+10 failed, 10+10 connected"),
            (&[Silent, Answers(10)], None, Some(1), 260, "0+260 abandoned, 250+10 connected"),
            (
                &[Answers(300), Answers(100)],
                None,
                Some(0),
                300,
                "0+300 connected, 250+50 abandoned",
            ),
            (
                &[Silent, Refuses(10), Answers(10)],
                None,
                Some(2),
                270,
                "0+270 abandoned, 250+10 failed, 260+10 connected",
            ),
            (&[Refuses(1), Refuses(1)], None, None, 2, "0+1 failed, 1+1 failed"),
            (&[Silent, Refuses(10)], Some(1000), None, 1000, "0+1000 no answer, 250+10 failed"),
            (
                &[Silent, Silent, Answers(1)],
                Some(400),
                None,
                400,
                "0+400 no answer, 250+150 no answer",
            ),
            (&[], None, None, 0, ""),
        ];
        for (behaviours, timeout, winner, elapsed, report) in table {
            let outcome = run(behaviours, timeout).await;
            assert_eq!(outcome, (winner, elapsed, report.to_owned()));
        }
    }
}
