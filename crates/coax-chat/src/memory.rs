//! What the server remembers, and what takes time: the store, the history, hashing.
//!
//! Questions are answered by threads that may wait; the answers come back to the hub as inputs.
//! What is to be kept is queued and never waited for, unless somebody asked for that.
//!
//! Nothing here decides anything.

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coax_store::{Change, Options, Password, Scram, Store, StoreError, StoreErrorKind};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::{spawn_blocking, spawn_local};

use crate::credentials::{PasswordCost, ScramVerifier, Verdict, check_password};
use crate::hub::KEPT_OUT;
use crate::hub::{Answer, Keep, Known, Question, Ticket};
use crate::switchboard::{Oracle, Switchboard};

/// Passwords that are checked at the same time: each takes tens of megabytes.
const CHECKS: usize = 2;

/// Questions about the history that are answered at the same time: a crowd that asks at once waits in
/// line, and not each on a thread of its own.
const READS: usize = 4;

/// The shelf where the server's own secret lies.
const SHELF: &str = "server";

/// The store and the threads.
#[derive(Debug)]
pub struct Memory {
    store: Arc<Store>,
    cost: PasswordCost,
    checks: Arc<Semaphore>,
    reads: Arc<Semaphore>,
    /// Changes that the store refused.
    lost: Arc<AtomicU64>,
    /// Changes that are on their way to the disk.
    waiting: Arc<AtomicU64>,
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
            reads: Arc::new(Semaphore::new(READS)),
            lost: Arc::default(),
            waiting: Arc::default(),
        })
    }

    /// What the hub has to know from the start.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn known(&self) -> Result<Known, StoreError> {
        let reader = self.store.reader();
        let kept_out = reader.shelf(KEPT_OUT)?;
        Ok(Known { accounts: reader.accounts()?, channels: reader.channels()?, kept_out })
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

    /// How many changes the store refused because the disk did not keep up, or is full.
    pub fn lost(&self) -> u64 {
        self.lost.load(Ordering::Relaxed)
    }

    /// Writes what is queued.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn close(&self) -> Result<(), StoreError> {
        self.store.close()
    }

    fn send<C: Change + Send + 'static>(&self, change: C) {
        let (lost, waiting) = (self.lost.clone(), self.waiting.clone());
        waiting.fetch_add(1, Ordering::Relaxed);
        let receipt = move |outcome: Result<_, _>| {
            waiting.fetch_sub(1, Ordering::Relaxed);
            if outcome.is_err() {
                lost.fetch_add(1, Ordering::Relaxed);
            }
        };
        if self.store.send(change, receipt).is_err() {
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
                let behind = self.waiting.load(Ordering::Relaxed) > 0;
                let turns = match question {
                    Question::Hash { .. } | Question::Verify { .. } => self.checks.clone(),
                    _ => self.reads.clone(),
                };
                spawn_local(async move {
                    let _turn = turns.acquire_owned().await.ok();
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
        Question::Page(_) | Question::Conversations(_) | Question::Message { .. }
    );
    if behind && reads {
        catch_up(store);
    }
    let failed = |error: StoreError| match error.kind() {
        StoreErrorKind::Missing => Answer::Missing,
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
