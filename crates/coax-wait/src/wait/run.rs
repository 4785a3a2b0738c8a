//! The looks that are under way, and what is made of each.
//!
//! Goals are looked at side by side, each at its own pace. The last look is made shortly before the
//! deadline, so that a wait of five seconds does not give up after four.
//!
//! Nothing here knows how a place is looked at.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until, timeout_at};

use super::{End, News, Standing, Until, Wait};
use crate::check::{Check, Evidence, Open, Verdict};
use crate::goal::Goal;
use crate::pause::Pause;

/// What the last look gets: enough for a server that is near.
const LAST_LOOK: Duration = Duration::from_millis(100);
/// A look has its own end; this is only for one that would miss it.
const MARGIN: Duration = Duration::from_millis(50);

type Work<'r, T> = Vec<Pin<Box<dyn Future<Output = T> + 'r>>>;

/// A look that is over.
struct Look {
    index: usize,
    verdict: Verdict,
    /// The deadline took some of its time.
    cut: bool,
}

pub(super) struct Run<'r> {
    wait: &'r Wait<'r>,
    goals: &'r [Goal],
    check: &'r Check<'r>,
    turns: &'r Semaphore,
    start: Instant,
    deadline: Instant,
    pauses: Vec<Pause>,
    looking: Work<'r, Look>,
    closing: Work<'r, ()>,
}

impl<'r> Run<'r> {
    pub(super) fn new(
        wait: &'r Wait<'r>,
        goals: &'r [Goal],
        check: &'r Check<'r>,
        turns: &'r Semaphore,
    ) -> Run<'r> {
        let start = Instant::now();
        Run {
            wait,
            goals,
            check,
            turns,
            start,
            deadline: start + wait.timeout,
            pauses: vec![Pause::default(); goals.len()],
            looking: Vec::new(),
            closing: Vec::new(),
        }
    }

    /// Until enough is reached, or cannot be.
    pub(super) async fn run<E>(
        &mut self,
        standings: &mut [Standing],
        tell: &mut impl FnMut(News<'_>) -> Result<(), E>,
    ) -> Result<End, E> {
        for index in 0..self.goals.len() {
            self.look_after(index, Duration::ZERO);
        }
        while !self.wait.is_enough(standings) {
            let over = self.over();
            tokio::select! {
                biased;
                look = first_done(&mut self.looking) => {
                    if let Some(hopeless) = self.looked(look, standings, tell)? {
                        return Ok(hopeless);
                    }
                }
                () = first_done(&mut self.closing) => {}
                () = sleep_until(over) => return Ok(End::TooLate),
            }
        }
        Ok(End::Reached)
    }

    /// Waits until all that was opened is closed, but not beyond the deadline.
    pub(super) async fn farewell(&mut self) {
        let deadline = self.deadline.max(Instant::now());
        let all = async {
            while !self.closing.is_empty() {
                first_done(&mut self.closing).await;
            }
        };
        let _ = timeout_at(deadline, all).await;
    }

    /// When there is nothing left to wait for.
    fn over(&self) -> Instant {
        match self.looking.is_empty() {
            true => self.deadline,
            false => self.deadline + MARGIN,
        }
    }

    /// Keeps what a look found, and plans the next.
    fn looked<E>(
        &mut self,
        look: Look,
        standings: &mut [Standing],
        tell: &mut impl FnMut(News<'_>) -> Result<(), E>,
    ) -> Result<Option<End>, E> {
        let Look { index, verdict, cut } = look;
        let standing = &mut standings[index];
        standing.looks = standing.looks.saturating_add(1);
        match self.judge(verdict, cut) {
            Judged::Reached(evidence) => {
                standing.reached = Some((self.start.elapsed(), evidence));
                tell(News::Reached(index, standing))?;
                return Ok(None);
            }
            Judged::Not { reason, sure } => {
                let known = standing.reason.is_some() && !sure;
                if !known && standing.reason.as_ref() != Some(&reason) {
                    standing.reason = Some(reason);
                    tell(News::Waiting(index, standing))?;
                }
            }
            Judged::Never(why) => return Ok(Some(End::Hopeless(index, why))),
        }
        let pause = self.pauses[index].next(rand::random());
        self.look_after(index, pause);
        Ok(None)
    }

    /// What was found, in the light of what is wanted. Silence that was cut short shows nothing.
    fn judge(&mut self, verdict: Verdict, cut: bool) -> Judged {
        let gone = self.wait.until == Until::Gone;
        let reached_if = |wanted, evidence: Evidence| match wanted {
            true => Judged::Reached(evidence),
            false => Judged::Not { reason: evidence.words, sure: true },
        };
        match verdict {
            Verdict::There(evidence, open) => {
                self.close(open);
                reached_if(!gone, evidence)
            }
            Verdict::Absent(evidence, open) => {
                self.close(open);
                reached_if(gone, evidence)
            }
            Verdict::Silent(words) if !cut => {
                reached_if(gone, Evidence { words, ..Evidence::default() })
            }
            Verdict::Silent(reason) => Judged::Not { reason, sure: false },
            Verdict::Unclear(reason) => Judged::Not { reason, sure: !cut },
            Verdict::Hopeless(why) => Judged::Never(why),
        }
    }

    /// Ends in order what a look left open, while the wait goes on.
    fn close(&mut self, open: Open) {
        if !matches!(open, Open::Nothing) {
            self.closing.push(Box::pin(open.close()));
        }
    }

    /// Looks at a goal after `pause`, while there is time.
    fn look_after(&mut self, index: usize, pause: Duration) {
        let left = self.deadline.saturating_duration_since(Instant::now());
        if !pause.is_zero() && left <= LAST_LOOK {
            return;
        }
        let pause = pause.min(left.saturating_sub(LAST_LOOK));
        let (goal, check, deadline) = (&self.goals[index], self.check, self.deadline);
        let (longest, turns) = (self.wait.look, self.turns);
        self.looking.push(Box::pin(async move {
            sleep(pause).await;
            let _turn = turns.acquire().await;
            let left = deadline.saturating_duration_since(Instant::now());
            // Only a name may take longer than the look itself, and it ends with the wait.
            let looked = timeout_at(deadline + MARGIN / 2, check.look(goal, longest.min(left)));
            let unknown = || Verdict::Unclear("its name was not resolved in time".to_owned());
            let verdict = looked.await.unwrap_or_else(|_| unknown());
            Look { index, verdict, cut: left < longest }
        }));
    }
}

/// What a look means for the wait.
enum Judged {
    Reached(Evidence),
    Not {
        reason: String,
        /// It is worth more than what was known before.
        sure: bool,
    },
    Never(String),
}

/// Waits until one of `work` is done, and removes it. With none it waits for ever.
async fn first_done<T>(work: &mut Work<'_, T>) -> T {
    poll_fn(|context| {
        for place in 0..work.len() {
            if let Poll::Ready(done) = work[place].as_mut().poll(context) {
                drop(work.swap_remove(place));
                return Poll::Ready(done);
            }
        }
        Poll::Pending
    })
    .await
}
