//! A bounded number of lookups under way, told as they come or in the order of the names.
//!
//! As they come, a fixed set of workers takes one name after the other, so a name costs no task
//! of its own. In order, each name has a task and its answer keeps a place among those under way
//! until the earlier ones are told. Either way memory does not grow with the number of names.
//!
//! How one name is looked up is not known here.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{Mutex, mpsc};
use tokio::task::{JoinError, JoinHandle, JoinSet};

use super::teller::Teller;
use super::{Done, Way};
use crate::cmd::resolve::names::Names;
use crate::failure::{Exit, Failure};

/// Outcomes told between two looks at whether more have come.
const TELL: usize = 256;

type Outcomes = mpsc::Sender<Result<Done, Failure>>;

/// Tells each answer when it comes.
pub(super) async fn as_they_come(
    names: Names,
    parallel: usize,
    way: &Arc<Way>,
    teller: &mut Teller<'_>,
) -> Result<(), Failure> {
    let names = Arc::new(Mutex::new(names));
    let (to, mut outcomes) = mpsc::channel(parallel);
    let mut workers = JoinSet::new();
    for _ in 0..parallel {
        workers.spawn(work(names.clone(), way.clone(), to.clone()));
    }
    drop(to);
    let mut done = Vec::with_capacity(TELL);
    while outcomes.recv_many(&mut done, TELL).await > 0 {
        for outcome in done.drain(..) {
            teller.tell(outcome?)?;
        }
        // Everything told so far is seen before anything is waited for.
        teller.flush()?;
    }
    while let Some(ended) = workers.join_next().await {
        ended.map_err(broken)?;
    }
    Ok(())
}

/// Looks up one name after the other until there is none, or nobody listens.
async fn work(names: Arc<Mutex<Names>>, way: Arc<Way>, to: Outcomes) {
    loop {
        let line = names.lock().await.next().await;
        let outcome = match line {
            Ok(None) => return,
            Ok(Some(line)) => Ok(way.look_up(line).await),
            Err(failure) => Err(failure),
        };
        let ends = outcome.is_err();
        if to.send(outcome).await.is_err() || ends {
            return;
        }
    }
}

/// Tells each answer when all before it are told.
pub(super) async fn in_order(
    mut names: Names,
    parallel: usize,
    way: &Arc<Way>,
    teller: &mut Teller<'_>,
) -> Result<(), Failure> {
    let mut queue: VecDeque<JoinHandle<Done>> = VecDeque::new();
    let mut more = true;
    loop {
        while queue.front().is_some_and(JoinHandle::is_finished) {
            teller.tell(first(&mut queue).await?)?;
        }
        teller.flush()?;
        if !more && queue.is_empty() {
            return Ok(());
        }
        tokio::select! {
            biased;
            line = names.next(), if more && queue.len() < parallel => match line? {
                Some(line) => {
                    let way = way.clone();
                    queue.push_back(tokio::spawn(async move { way.look_up(line).await }));
                }
                None => more = false,
            },
            done = first(&mut queue) => teller.tell(done?)?,
        }
    }
}

/// The first one, once it is done; waits for ever when none is under way.
async fn first(queue: &mut VecDeque<JoinHandle<Done>>) -> Result<Done, Failure> {
    let done = match queue.front_mut() {
        Some(first) => first.await,
        None => std::future::pending().await,
    };
    queue.pop_front();
    done.map_err(broken)
}

fn broken(_: JoinError) -> Failure {
    Failure::new(Exit::Machine, "a lookup broke down; the others were lost")
}
