//! What the server remembers, and what takes time: the store, the history, hashing.
//!
//! Questions are answered by threads that may wait; the answers come back to the hub as inputs.
//! What is to be kept is queued and never waited for, unless somebody asked for that.
//!
//! Nothing here decides anything.

use std::path::Path;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use coax_store::{
    Change, Options, Password, Reader, Retention, Scram, Store, StoreError, StoreErrorKind,
};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{spawn_blocking, spawn_local};

use crate::credentials::{PasswordCost, ScramVerifier, Verdict, check_password};
use crate::hub::{Answer, Keep, Known, Question, Ticket, Time};
use crate::hub::{HOSTS, KEPT_OUT};
use crate::switchboard::{Oracle, Switchboard};

/// Passwords that are checked at the same time: each takes tens of megabytes.
const CHECKS: usize = 2;

/// The shelf where the server's own secret lies.
const SHELF: &str = "server";

/// The store and the threads.
#[derive(Debug)]
pub struct Memory {
    store: Arc<Store>,
    cost: PasswordCost,
    checks: Arc<Semaphore>,
    /// Changes that the store refused.
    lost: Arc<AtomicU64>,
    /// Changes that are on their way to the disk.
    waiting: Arc<AtomicU64>,
    /// Changes that are on it.
    kept: Arc<AtomicU64>,
    /// Why the last change that failed did, as long as none succeeded since.
    trouble: Arc<Mutex<Option<StoreError>>>,
    in_trouble: Arc<AtomicBool>,
}

/// What the store did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Changes that are on their way to the disk.
    pub waiting: u64,
    /// Changes that are on it.
    pub kept: u64,
    /// Changes that the store refused.
    pub lost: u64,
    /// Transactions that reached the disk.
    pub commits: u64,
    /// Transactions that did not.
    pub failures: u64,
}

impl Memory {
    /// Opens the store in a folder; without one, everything is gone at the end.
    ///
    /// # Errors
    ///
    /// What the store says: in use, damaged, newer, no room.
    pub fn open(folder: Option<&Path>, memory: u32, passes: u32) -> Result<Memory, StoreError> {
        let store = match folder {
            Some(folder) => Store::open(folder, &Options::default())?,
            None => Store::in_memory()?,
        };
        Ok(Memory {
            store: Arc::new(store),
            cost: PasswordCost::new(memory, passes, 1).unwrap_or_default(),
            checks: Arc::new(Semaphore::new(CHECKS)),
            lost: Arc::default(),
            waiting: Arc::default(),
            kept: Arc::default(),
            trouble: Arc::default(),
            in_trouble: Arc::default(),
        })
    }

    /// What the hub has to know from the start.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn known(&self) -> Result<Known, StoreError> {
        let reader = self.store.reader();
        let (kept_out, hosts) = (reader.shelf(KEPT_OUT)?, reader.shelf(HOSTS)?);
        Ok(Known { accounts: reader.accounts()?, channels: reader.channels()?, kept_out, hosts })
    }

    /// The server's own secret, drawn once.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn secret(&self) -> Result<[u8; 32], StoreError> {
        let kept = self.store.reader().on_shelf(SHELF, "secret")?;
        if let Some(secret) = kept.and_then(|kept| kept.try_into().ok()) {
            return Ok(secret);
        }
        let secret = draw::<32>().unwrap_or([0; 32]);
        let value = Some(secret.to_vec());
        let put = coax_store::Put { shelf: SHELF.to_owned(), key: "secret".to_owned(), value };
        self.store.apply(put)?;
        Ok(secret)
    }

    /// For everything that only reads.
    pub(crate) fn reader(&self) -> &Reader {
        self.store.reader()
    }

    /// Makes a change and waits until it is on disk. Not while a hub runs on the same memory.
    pub(crate) fn apply<C: Change>(&self, change: C) -> Result<C::Outcome, StoreError> {
        self.store.apply(change)
    }

    /// What to keep of a password. Takes a while.
    pub(crate) fn hashed(&self, password: &[u8]) -> Option<Password> {
        hashed(self.cost, password)
    }

    /// The same, without anybody waiting, when it is its turn.
    pub(crate) async fn hash(&self, password: Box<[u8]>) -> Option<Password> {
        let _turn = self.checks.acquire().await.ok()?;
        let cost = self.cost;
        spawn_blocking(move || hashed(cost, &password)).await.ok()?
    }

    /// Whether an account is on disk with this password, once all that was said before is there.
    pub(crate) async fn has_kept(&self, key: &str, password: Password) -> bool {
        let (store, key) = (self.store.clone(), key.to_owned());
        let kept = spawn_blocking(move || {
            catch_up(&store);
            store.reader().account(&key)
        });
        let found = kept.await.ok().and_then(Result::ok).flatten();
        found.is_some_and(|account| account.password == password)
    }

    /// Forgets what the retention does not keep at `now`; how many entries. Why not, otherwise.
    pub(crate) async fn prune(&self, retention: Retention, now: Time) -> Result<u64, String> {
        let store = self.store.clone();
        let now = i64::try_from(now.0).unwrap_or(i64::MAX);
        let pruned = spawn_blocking(move || store.prune(&retention, now)).await;
        let pruned = pruned.map_err(|_| "forgetting broke off".to_owned())?;
        pruned.map(|pruned| pruned.entries).map_err(|error| error.to_string())
    }

    /// How many changes the store refused because the disk did not keep up, or is full.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// What the store did so far.
    pub fn figures(&self) -> Figures {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (commits, failures) = self.store.commits();
        let (waiting, kept, lost) = (now(&self.waiting), now(&self.kept), self.lost());
        Figures { waiting, kept, lost, commits, failures }
    }

    /// Writes what is queued.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn close(&self) -> Result<(), StoreError> {
        self.store.close()
    }

    /// Why nothing is kept, as long as nothing is.
    pub fn trouble(&self) -> Option<StoreError> {
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Writes what is queued, from any thread.
    pub fn closing(&self) -> impl FnOnce() -> Result<(), StoreError> + Send + 'static {
        let store = self.store.clone();
        move || store.close()
    }

    fn troubles(&self) -> impl Fn(Option<StoreError>) + Send + use<> {
        let (trouble, in_trouble) = (self.trouble.clone(), self.in_trouble.clone());
        move |now| {
            // What is wrong with one change alone is no trouble of the store.
            let own = |error: &StoreError| {
                use StoreErrorKind::{Exists, Invalid, Missing};
                matches!(error.kind(), Exists | Invalid | Missing)
            };
            let now = now.filter(|error| !own(error));
            if in_trouble.swap(now.is_some(), Ordering::Relaxed) || now.is_some() {
                *trouble.lock().unwrap_or_else(PoisonError::into_inner) = now;
            }
        }
    }

    fn send<C: Change + Send + 'static>(&self, change: C) {
        let (lost, waiting) = (self.lost.clone(), self.waiting.clone());
        let (kept, troubles) = (self.kept.clone(), self.troubles());
        waiting.fetch_add(1, Ordering::Relaxed);
        let receipt = move |outcome: Result<_, _>| {
            waiting.fetch_sub(1, Ordering::Relaxed);
            let count = if outcome.is_ok() { &kept } else { &lost };
            count.fetch_add(1, Ordering::Relaxed);
            troubles(outcome.err());
        };
        if let Err(error) = self.store.send(change, receipt) {
            self.troubles()(Some(error));
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

impl Oracle for Memory {
    fn keep(&self, keep: Keep) {
        match keep {
            Keep::Entry(it) => self.send(it),
            Keep::Account(it) => self.send(it),
            Keep::Password(it) => self.send(it),
            Keep::Nick(it) => self.send(it),
            Keep::Certificate(it) => self.send(it),
            Keep::NoCertificate(it) => self.send(it),
            Keep::NoAccount(it) => self.send(it),
            Keep::Channel(it) => self.send(it),
            Keep::Redact(it) => self.send(it),
            Keep::ChannelName(it) => self.send(it),
            Keep::Shelf(it) => self.send(it),
            Keep::NoChannel(it) => self.send(it),
        }
    }

    fn ask(&self, board: Rc<Switchboard>, ticket: Ticket, question: Question) {
        let (tell, told) = oneshot::channel();
        match question {
            Question::Keep(entry) => {
                let receipt = move |outcome: Result<_, StoreError>| {
                    let answer = outcome.map_or(Answer::Failed, |_| Answer::Stored);
                    drop(tell.send(answer));
                };
                // A refused change drops the receipt, and the answer is that it failed.
                drop(self.store.send(*entry, receipt));
            }
            question => {
                let (store, cost) = (self.store.clone(), self.cost);
                let checks = self.checks.clone();
                let behind = self.waiting.load(Ordering::Relaxed) > 0;
                let is_heavy = matches!(question, Question::Hash { .. } | Question::Verify { .. });
                spawn_local(async move {
                    let _turn = match is_heavy {
                        true => checks.acquire_owned().await.ok(),
                        false => None,
                    };
                    let answered =
                        spawn_blocking(move || find_out(&store, cost, question, behind)).await;
                    drop(tell.send(answered.unwrap_or(Answer::Failed)));
                });
            }
        }
        spawn_local(async move { board.answer(ticket, told.await.unwrap_or(Answer::Failed)) });
    }
}

/// The work itself, on a thread that may wait.
fn find_out(store: &Store, cost: PasswordCost, question: Question, behind: bool) -> Answer {
    let reads = matches!(
        question,
        Question::Page(_)
            | Question::Conversations(_)
            | Question::Search(_)
            | Question::Message { .. }
    );
    if behind && reads {
        catch_up(store);
    }
    let failed = |error: StoreError| match error.kind() {
        StoreErrorKind::Missing => Answer::Missing,
        StoreErrorKind::Invalid => Answer::Invalid(error.to_string()),
        _ => Answer::Failed,
    };
    match question {
        Question::Verify { password, hash: Some(hash) } => {
            let right = check_password(&password, &hash);
            Answer::Verified(right == Ok(Verdict::Right))
        }
        Question::Verify { password, hash: None } => {
            cost.pretend(&password);
            Answer::Verified(false)
        }
        Question::Hash { password } => {
            hashed(cost, &password).map_or(Answer::Failed, |it| Answer::Hashed(Box::new(it)))
        }
        Question::Draw => draw().map_or(Answer::Failed, Answer::Drawn),
        Question::Page(page) => store.reader().page(&page).map_or_else(failed, Answer::Page),
        Question::Conversations(asked) => {
            store.reader().conversations(&asked).map_or_else(failed, Answer::Conversations)
        }
        Question::Search(searches) => {
            let found = searches.iter().map(|search| store.reader().search(search));
            let found = found.collect::<Result<Vec<_>, _>>();
            found.map_or_else(failed, |found| Answer::Found(found.concat()))
        }
        Question::Message { target, msgid } => {
            let found = store.reader().message(&target, &msgid);
            found.map_or_else(failed, |kept| Answer::Message(kept.map(Box::new)))
        }
        Question::Keep(entry) => store.apply(*entry).map_or_else(failed, |_| Answer::Stored),
    }
}

/// Waits until all that was said before is on disk: whoever asks for history finds it in there.
fn catch_up(store: &Store) {
    let (shelf, key) = (SHELF.to_owned(), "nothing".to_owned());
    // If the disk cannot take it, the history is answered as it is.
    let _ = store.apply(coax_store::Put { shelf, key, value: None });
}

fn hashed(cost: PasswordCost, password: &[u8]) -> Option<Password> {
    let phc = cost.hash(password, &draw()?).ok()?;
    let salt = draw::<16>()?;
    let scram = ScramVerifier::of_password(password, &salt, ScramVerifier::ITERATIONS).ok()?;
    Some(Password {
        phc: Some(phc),
        scram: Some(Scram {
            salt: scram.salt,
            iterations: scram.iterations,
            stored_key: scram.stored_key.to_vec(),
            server_key: scram.server_key.to_vec(),
        }),
    })
}

/// Bytes that nobody can guess.
fn draw<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).ok()?;
    Some(bytes)
}
