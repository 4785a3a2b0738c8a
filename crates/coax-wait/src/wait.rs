//! The wait itself: every goal is looked at until enough of them are reached, or time is up.
//!
//! Goals are looked at side by side, each at its own pace. The last look is made shortly before the
//! deadline, so that a wait of five seconds does not give up after four.
//!
//! Nothing here knows how a place is looked at.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use coax_net::{Resolve, Tls, Wanted};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep, sleep_until};

use crate::check::{Check, Evidence, Open, Verdict};
use crate::goal::Goal;
use crate::pause::Pause;
use crate::statuses::Statuses;

/// What the last look gets: enough for a server that is near.
const LAST_LOOK: Duration = Duration::from_millis(100);
/// A look has its own end; this is only for one that would miss it.
const MARGIN: Duration = Duration::from_millis(50);

/// How many places are looked at in the same moment: a long list must not use up the descriptors.
const AT_ONCE: usize = 64;

/// What to wait for, and for how long.
pub struct Wait<'a> {
    /// Turns names into addresses.
    pub resolver: &'a dyn Resolve,
    /// Which address families count.
    pub wanted: Wanted,
    /// There, or gone.
    pub until: Until,
    /// How many of the goals.
    pub need: Need,
    /// For everything together.
    pub timeout: Duration,
    /// For one look at one place.
    pub look: Duration,
    /// Which HTTP statuses mean that a page is there.
    pub statuses: Statuses,
    /// The datagram to send instead of the usual one.
    pub question: Option<Vec<u8>>,
}

/// What a goal is waited for to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// It answers.
    There,
    /// It does not, by its own word or by its silence.
    Gone,
}

/// How many goals have to be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Every one.
    All,
    /// One is enough.
    Any,
}

/// How it is with one goal.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// How often it was looked at.
    pub looks: u32,
    /// When and how it was reached.
    pub reached: Option<(Duration, Evidence)>,
    /// Why it was not, the last time.
    pub reason: Option<String>,
}

/// What happened to a goal: its place among the goals, and how it stands now.
#[derive(Clone, Copy, Debug)]
pub enum News<'s> {
    /// It is not reached, for another reason than before.
    Waiting(usize, &'s Standing),
    /// It is.
    Reached(usize, &'s Standing),
}

/// How a wait ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    /// What was waited for is there.
    Reached,
    /// Time was up.
    TooLate,
    /// This goal cannot be reached, however long it is waited for; with the reason.
    Hopeless(usize, String),
}

impl Wait<'_> {
    /// Waits, and tells the news as they come. `standings` has one for each goal, and holds what
    /// was found out even if the wait is cancelled.
    ///
    /// An error is what `tell` returned; it ends the wait. Needs a tokio runtime.
    ///
    /// # Panics
    ///
    /// If there are fewer standings than goals.
    pub async fn run<E>(
        &self,
        goals: &[Goal],
        standings: &mut [Standing],
        mut tell: impl FnMut(News<'_>) -> Result<(), E>,
    ) -> Result<End, E> {
        assert!(standings.len() >= goals.len(), "every goal has a standing");
        let check = Check {
            resolver: self.resolver,
            wanted: self.wanted,
            statuses: &self.statuses,
            question: self.question.as_deref(),
            tls: Tls::default(),
        };
        let (start, turns) = (Instant::now(), Semaphore::new(AT_ONCE));
        let mut run = Run {
            wait: self,
            goals,
            check: &check,
            turns: &turns,
            start,
            deadline: start + self.timeout,
            pauses: vec![Pause::default(); goals.len()],
            looking: Vec::new(),
            closing: Vec::new(),
        };
        let end = run.run(standings, &mut tell).await?;
        // Who was asked is left in order, even when nobody waits any more.
        while !run.closing.is_empty() {
            first_done(&mut run.closing).await;
        }
        Ok(end)
    }

    fn is_enough(&self, standings: &[Standing]) -> bool {
        let mut reached = standings.iter().map(|standing| standing.reached.is_some());
        match self.need {
            Need::All => reached.all(|reached| reached),
            Need::Any => reached.any(|reached| reached),
        }
    }
}

type Work<'r, T> = Vec<Pin<Box<dyn Future<Output = T> + 'r>>>;

/// A look that is over.
struct Look {
    index: usize,
    verdict: Verdict,
    /// The deadline took some of its time.
    cut: bool,
}

struct Run<'r> {
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

impl Run<'_> {
    async fn run<E>(
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
            let verdict = check.look(goal, longest.min(left)).await;
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

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use coax_addr::ServiceTable;
    use coax_net::{Addresses, ResolveError, ResolveErrorKind as Kind};

    use super::*;

    /// A name is unknown until so much time has passed, and known until so much more.
    struct Clockwork {
        start: Instant,
        /// From when to when each name is known, by its first letter; others never are.
        known: Vec<(char, Duration, Duration)>,
        otherwise: Kind,
        asked: Mutex<Vec<(char, u128)>>,
    }

    impl Clockwork {
        fn new(known: &[(char, u64, u64)], otherwise: Kind) -> Clockwork {
            let s = Duration::from_secs;
            let known = known.iter().map(|&(name, from, to)| (name, s(from), s(to))).collect();
            Clockwork { start: Instant::now(), known, otherwise, asked: Mutex::default() }
        }

        fn answer(&self, name: &str) -> Result<Addresses, ResolveError> {
            let (now, letter) = (self.start.elapsed(), name.chars().next().unwrap());
            self.asked.lock().unwrap().push((letter, now.as_millis()));
            let known = |&&(name, from, to): &&_| name == letter && from <= now && now < to;
            match self.known.iter().find(known) {
                Some(_) => {
                    let addresses = vec!["192.0.2.1".parse().unwrap()];
                    Ok(Addresses { canonical: None, addresses })
                }
                None => Err(ResolveError { name: name.to_owned(), kind: self.otherwise.clone() }),
            }
        }
    }

    impl Resolve for Clockwork {
        fn resolve<'a>(
            &'a self,
            name: &'a str,
            _: Wanted,
        ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
            Box::pin(async move { self.answer(name) })
        }
    }

    struct Told {
        end: End,
        standings: Vec<Standing>,
        elapsed: Duration,
        news: Vec<String>,
    }

    async fn wait(clockwork: &Clockwork, names: &[&str], until: Until, need: Need) -> Told {
        let wait = Wait {
            resolver: clockwork,
            wanted: Wanted::Both,
            until,
            need,
            timeout: Duration::from_secs(10),
            look: Duration::from_secs(5),
            statuses: Statuses::default(),
            question: None,
        };
        let read = |name: &&str| Goal::parse(&format!("name://{name}"), &ServiceTable::iana());
        let goals = names.iter().map(read).collect::<Result<Vec<_>, _>>().unwrap();
        let mut standings = vec![Standing::default(); goals.len()];
        let (start, mut news) = (Instant::now(), Vec::new());
        let end = wait.run(&goals, &mut standings, |told| {
            news.push(match told {
                News::Waiting(index, at) => {
                    format!("{}: {}", names[index], at.reason.as_ref().unwrap())
                }
                News::Reached(index, _) => format!("{} reached", names[index]),
            });
            Ok::<(), ()>(())
        });
        let end = end.await.unwrap();
        Told { end, standings, elapsed: start.elapsed(), news }
    }

    #[tokio::test(start_paused = true)]
    async fn what_comes_late_is_found_within_a_pause() {
        let clockwork = Clockwork::new(&[('a', 3, 99)], Kind::NoSuchName);
        let told = wait(&clockwork, &["a"], Until::There, Need::All).await;
        assert_eq!(told.end, End::Reached);
        assert!((3000..4260).contains(&told.elapsed.as_millis()), "{:?}", told.elapsed);
        assert_eq!(told.news, ["a: no such name", "a reached"]);
    }

    #[tokio::test(start_paused = true)]
    async fn all_is_every_one_and_any_is_one() {
        let known = [('a', 1, 99), ('b', 4, 99)];
        let both = Clockwork::new(&known, Kind::NoSuchName);
        let told = wait(&both, &["a", "b"], Until::There, Need::All).await;
        assert_eq!(told.end, End::Reached);
        assert!(told.elapsed.as_millis() >= 4000);
        let after =
            |told: &Told| told.standings[0].reached.as_ref().map(|(after, _)| after.as_secs());
        assert!(after(&told) < Some(3), "the first is told when it is there");
        let either = Clockwork::new(&known, Kind::NoSuchName);
        let told = wait(&either, &["a", "b"], Until::There, Need::Any).await;
        assert_eq!(told.end, End::Reached);
        assert!(told.elapsed.as_millis() < 2300 && told.standings[1].reached.is_none());
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_wait_looks_about_once_a_second_and_once_more_at_its_end() {
        let clockwork = Clockwork::new(&[], Kind::NoSuchName);
        let told = wait(&clockwork, &["a"], Until::There, Need::All).await;
        assert_eq!((told.end, told.elapsed.as_millis()), (End::TooLate, 10_000));
        let asked = clockwork.asked.lock().unwrap().clone();
        // Five to get to a second, one a second then, give or take the quarter of chance.
        assert!((11..=18).contains(&asked.len()), "{asked:?}");
        assert_eq!(told.standings[0].looks as usize, asked.len());
        assert!((9_899..=9_999).contains(&asked.last().unwrap().1), "{asked:?}");
        assert_eq!(told.news, ["a: no such name"], "the same reason is told once");
    }

    #[tokio::test(start_paused = true)]
    async fn gone_is_what_is_known_to_be_gone() {
        let leaves = Clockwork::new(&[('a', 0, 2)], Kind::NoSuchName);
        let told = wait(&leaves, &["a"], Until::Gone, Need::All).await;
        assert_eq!(told.end, End::Reached);
        assert!((2000..3260).contains(&told.elapsed.as_millis()), "{:?}", told.elapsed);
        let (_, evidence) = told.standings[0].reached.as_ref().unwrap();
        assert_eq!(evidence.words, "no such name");
        let unclear = Clockwork::new(&[], Kind::Failed("the name server is silent".into()));
        let told = wait(&unclear, &["a"], Until::Gone, Need::All).await;
        assert_eq!(told.end, End::TooLate);
        assert_eq!(told.standings[0].reason.as_deref(), Some("the name server is silent"));
    }

    #[tokio::test(start_paused = true)]
    async fn what_can_never_be_reached_is_not_waited_for() {
        let clockwork = Clockwork::new(&[], Kind::Malformed("the name is odd"));
        let told = wait(&clockwork, &["b"], Until::There, Need::All).await;
        assert_eq!(told.end, End::Hopeless(0, "the name is odd".into()));
        assert!(told.elapsed.is_zero());
    }
}
