//! Many URLs, some at once.
//!
//! As many hands as are allowed take one URL after the other from the list. One that fails stops no
//! other, and the exit code is that of the gravest.
//!
//! Nothing here knows how a URL is fetched.

use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use coax_fetch::{Client, DownloadError, Fetched, Target};
use tokio::task::JoinSet;

use super::bring;
use super::plan::{Goal, Plan};
use super::teller::Teller;
use crate::failure::{Exit, Failure};

/// What is to be done, and what came of it so far.
struct List {
    plan: Plan,
    client: Client,
    teller: Arc<Teller>,
    tally: Mutex<Tally>,
}

#[derive(Clone, Copy)]
struct Tally {
    next: usize,
    fetched: usize,
    worst: Exit,
}

/// Fetches all of `plan`.
pub(super) async fn fetch(
    plan: &Plan,
    client: &Client,
    teller: &Arc<Teller>,
) -> Result<(), Failure> {
    let tally = Mutex::new(Tally { next: 0, fetched: 0, worst: Exit::Done });
    let (plan, client, teller) = (plan.clone(), client.clone(), Arc::clone(teller));
    let list = Arc::new(List { plan, client, teller, tally });
    let mut hands = JoinSet::new();
    for _ in 0..list.plan.parallel.min(list.plan.goals.len()) {
        hands.spawn(hand(Arc::clone(&list)));
    }
    loop {
        let over = tokio::select! {
            over = hands.join_next() => over,
            () = list.teller.has_saved() => {
                list.teller.print_saved()?;
                continue;
            }
        };
        match over {
            Some(Ok(())) => {}
            // It panicked, which is this program's fault; another takes the next URL.
            Some(Err(_)) => drop(hands.spawn(hand(Arc::clone(&list)))),
            None => break,
        }
    }
    list.teller.print_saved()?;
    on_the_disk(&list.plan).await?;
    list.outcome()
}

/// URL after URL, while there are some.
async fn hand(list: Arc<List>) {
    while let Some(goal) = list.next() {
        let done = bring(&list.plan, goal, &list.client, &list.teller).await;
        list.over(done);
        // All that came by now is dealt with before anything more is asked for: the requests leave
        // together, and wake a server that sleeps once.
        tokio::task::yield_now().await;
    }
}

impl List {
    fn lock(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn next(&self) -> Option<&Goal> {
        let mut tally = self.lock();
        let goal = self.plan.goals.get(tally.next)?;
        tally.next += 1;
        Some(goal)
    }

    fn over(&self, done: Result<Fetched, DownloadError>) {
        match done {
            Ok(fetched) => {
                self.lock().fetched += 1;
                self.teller.saved(&fetched);
            }
            Err(error) => {
                let failure = self.plan.failure(&error);
                self.teller.failed(&failure);
                let mut tally = self.lock();
                tally.worst = graver(tally.worst, failure.exit);
            }
        }
    }

    fn outcome(&self) -> Result<(), Failure> {
        let (Tally { fetched, worst, .. }, all) = (*self.lock(), self.plan.goals.len());
        match (all - fetched, worst) {
            (0, _) => Ok(()),
            // Whoever failed without a word was ended by a panic.
            (failed, Exit::Done) => Err(not_fetched(Exit::Machine, failed, all)),
            (failed, worst) => Err(not_fetched(worst, failed, all)),
        }
    }
}

fn not_fetched(exit: Exit, failed: usize, all: usize) -> Failure {
    Failure::new(exit, format!("{failed} of {all} URLs were not fetched"))
}

/// The higher code: more has to be done about it.
fn graver(one: Exit, other: Exit) -> Exit {
    if one as u8 >= other as u8 { one } else { other }
}

/// Small files have their names already; this waits until the disk has them, all at once.
async fn on_the_disk(plan: &Plan) -> Result<(), Failure> {
    let Some(Target::Folder { path, .. }) = plan.goals.first().and_then(|it| it.target.clone())
    else {
        return Ok(());
    };
    let here = if path.as_os_str().is_empty() { PathBuf::from(".") } else { path };
    let sync = move || rustix::fs::syncfs(std::fs::File::open(&here)?).map_err(io::Error::from);
    let synced = coax_net::aside(sync).await.unwrap_or(Ok(()));
    synced.map_err(|error| {
        let cause = coax_net::cause_in_words(&error);
        Failure::new(Exit::Machine, format!("cannot write to the disk: {cause}"))
    })
}
