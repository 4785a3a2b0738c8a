//! A resolver that knows names from then until then, under a clock that stands still.

use std::pin::Pin;
use std::sync::Mutex;

use coax_addr::ServiceTable;
use coax_net::{Addresses, ResolveError, ResolveErrorKind as Kind};

use tokio::time::Instant;

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
        expected: Expected::default(),
        question: None,
        tls: Tls::default(),
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
    let after = |told: &Told| told.standings[0].reached.as_ref().map(|(after, _)| after.as_secs());
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
