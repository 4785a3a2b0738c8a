//! What the server remembers, and what takes time: the store, the history, hashing.
//!
//! Questions are answered by threads that may wait; the answers come back to the hub as inputs.
//! What is to be kept is queued and never waited for, unless somebody asked for that. Whether it was
//! kept is noted, and told whoever runs the server.
//!
//! Nothing here decides anything.

mod answer;
mod trouble;

use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use coax_store::{
    Change, Options, Password, Reader, Retention, Store, StoreError, StoreErrorKind, Upgrade,
};
use tokio::sync::{Semaphore, oneshot};
use tokio::task::spawn_local;

use crate::credentials::PasswordCost;
use crate::hub::{Answer, Keep, Known, Question, Ticket, Time};
use crate::hub::{CLOCK, HOSTS, KEPT_OUT, LIVES, TRUSTED};
use crate::switchboard::{Oracle, Switchboard};
use crate::thread;
use answer::{Answering, draw, hashed};
use trouble::Trouble;

pub use trouble::News;

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
    trouble: Arc<Trouble>,
    on_disk: bool,
    /// Changes that are on their way to the disk.
    waiting: Arc<AtomicU64>,
    /// Changes that are on it.
    kept: Arc<AtomicU64>,
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

/// The hash of a password, as the settings take it for an operator. Takes a while; nothing for what
/// cannot be a password, or where there are no random numbers.
pub fn password_hash(password: &[u8], memory: u32, passes: u32) -> Option<String> {
    hashed(PasswordCost::new(memory, passes, 1).unwrap_or_default(), password)?.phc
}

impl Memory {
    /// Opens the store in a folder; without one, everything is gone at the end.
    ///
    /// # Errors
    ///
    /// What the store says: in use, damaged, newer, no room.
    pub fn open(folder: Option<&Path>, memory: u32, passes: u32) -> Result<Memory, StoreError> {
        Memory::open_telling(folder, memory, passes, &mut |_| {})
    }

    /// The same. A store of an older version is changed first: `tell` hears how far that is.
    ///
    /// # Errors
    ///
    /// The same.
    pub fn open_telling(
        folder: Option<&Path>,
        memory: u32,
        passes: u32,
        tell: &mut dyn FnMut(Upgrade<'_>),
    ) -> Result<Memory, StoreError> {
        let store = match folder {
            Some(folder) => Store::open_telling(folder, &Options::default(), tell)?,
            None => Store::in_memory()?,
        };
        Ok(Memory {
            store: Arc::new(store),
            cost: PasswordCost::new(memory, passes, 1).unwrap_or_default(),
            checks: Arc::new(Semaphore::new(CHECKS)),
            reads: Arc::new(Semaphore::new(READS)),
            trouble: Arc::default(),
            on_disk: folder.is_some(),
            waiting: Arc::default(),
            kept: Arc::default(),
        })
    }

    /// What the hub has to know from the start.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn known(&self) -> Result<Known, StoreError> {
        let reader = self.store.reader();
        Ok(Known {
            accounts: reader.accounts()?,
            channels: reader.channels()?,
            kept_out: reader.shelf(KEPT_OUT)?,
            hosts: reader.shelf(HOSTS)?,
            lives: reader.shelf(LIVES)?,
            trusted: reader.shelf(TRUSTED)?,
            clock: reader.shelf(CLOCK)?,
            latest: reader.latest_time()?,
        })
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
        thread::run(move || hashed(cost, &password)).await?
    }

    /// Keeps something, and waits until it is on disk.
    ///
    /// # Errors
    ///
    /// Why it is not.
    pub(crate) async fn confirm<C: Change>(&self, change: C) -> Result<C::Outcome, StoreError> {
        let (tell, told) = oneshot::channel();
        self.store.send(change, move |outcome| drop(tell.send(outcome)))?;
        told.await.unwrap_or_else(|_| Err(StoreError::closed()))
    }

    /// Forgets what the retention does not keep at `now`; how many entries. Why not, otherwise.
    pub(crate) async fn prune(&self, retention: Retention, now: Time) -> Result<u64, String> {
        let store = self.store.clone();
        let now = i64::try_from(now.0).unwrap_or(i64::MAX);
        let pruned = thread::run(move || store.prune(&retention, now)).await;
        let pruned = pruned.ok_or_else(|| "no thread can start, or it broke off".to_owned())?;
        pruned.map(|pruned| pruned.entries).map_err(|error| error.to_string())
    }

    /// How many changes the store refused because the disk did not keep up, or is full.
    pub fn lost(&self) -> u64 {
        self.trouble.lost()
    }

    /// What the store did so far.
    pub fn figures(&self) -> Figures {
        let now = |count: &AtomicU64| count.load(Ordering::Relaxed);
        let (commits, failures) = self.store.commits();
        let (waiting, kept, lost) = (now(&self.waiting), now(&self.kept), self.lost());
        Figures { waiting, kept, lost, commits, failures }
    }

    /// What is new about keeping and reading; asked once a second.
    pub fn news(&self) -> Option<News> {
        self.trouble.news()
    }

    /// What there is to say of a trouble that lasts to the end.
    pub fn last_news(&self) -> Option<News> {
        self.trouble.last_news()
    }

    /// Looks at all that was kept on disk, on a thread of its own. What is wrong is news.
    pub fn begin_check(&self) {
        if !self.on_disk {
            return;
        }
        let (reader, trouble) = (self.store.reader().clone(), self.trouble.clone());
        let check = move || {
            let found = reader.check();
            found.err().iter().for_each(|error| trouble.unread(error));
        };
        // Without a thread to spare, the next start looks.
        let _ = std::thread::Builder::new().name("coax-check".to_owned()).spawn(check);
    }

    /// Writes what is queued.
    ///
    /// # Errors
    ///
    /// What the disk said.
    pub fn close(&self) -> Result<(), StoreError> {
        self.store.close()
    }

    /// Writes what is queued, from any thread.
    pub fn closing(&self) -> impl FnOnce() -> Result<(), StoreError> + Send + 'static {
        let store = self.store.clone();
        move || store.close()
    }

    /// Keeps something, and says whether it is on disk, if that is asked.
    fn write(&self, keep: Keep, tell: Option<oneshot::Sender<Answer>>) {
        match keep {
            Keep::Entry(it) => self.send(it, true, tell),
            Keep::Account(it) => self.send(it, false, tell),
            Keep::Password(it) => self.send(it, false, tell),
            Keep::Settings(it) => self.send(it, false, tell),
            Keep::Nick(it) => self.send(it, false, tell),
            Keep::Certificate(it) => self.send(it, false, tell),
            Keep::NoCertificate(it) => self.send(it, false, tell),
            Keep::NoAccount(it) => self.send(it, false, tell),
            Keep::Channel(it) => self.send(it, false, tell),
            Keep::Redact(it) => self.send(it, false, tell),
            Keep::ChannelName(it) => self.send(it, false, tell),
            Keep::Shelf(it) => self.send(it, false, tell),
            Keep::NoChannel(it) => self.send(it, false, tell),
        }
    }

    /// `is_said`: it belongs to the history, and is lost for it if it is not kept.
    fn send<C: Change>(&self, change: C, is_said: bool, tell: Option<oneshot::Sender<Answer>>) {
        let (trouble, waiting) = (self.trouble.clone(), self.waiting.clone());
        let kept = self.kept.clone();
        waiting.fetch_add(1, Ordering::Relaxed);
        let receipt = move |outcome: Result<C::Outcome, StoreError>| {
            waiting.fetch_sub(1, Ordering::Relaxed);
            kept.fetch_add(u64::from(outcome.is_ok()), Ordering::Relaxed);
            trouble.note(&outcome, is_said);
            tell.map(|tell| tell.send(told(&outcome)));
        };
        // A refused change drops the receipt, and the answer is that it failed.
        let sent = self.store.send(change, receipt);
        if sent.is_err() {
            self.waiting.fetch_sub(1, Ordering::Relaxed);
            self.trouble.note(&sent, is_said);
        }
    }
}

/// What the hub learns of a change.
fn told<T>(outcome: &Result<T, StoreError>) -> Answer {
    match outcome.as_ref().map_err(StoreError::kind) {
        Ok(_) => Answer::Stored,
        Err(StoreErrorKind::Exists) => Answer::Exists,
        Err(StoreErrorKind::Missing) => Answer::Missing,
        Err(_) => Answer::Failed,
    }
}

impl Oracle for Memory {
    fn keep(&self, keep: Keep) {
        self.write(keep, None);
    }

    fn ask(&self, board: Rc<Switchboard>, ticket: Ticket, question: Question) {
        let (tell, told) = oneshot::channel();
        match question {
            Question::Keep(keep) => self.write(*keep, Some(tell)),
            question => {
                let turns = match question {
                    Question::Hash { .. } | Question::Verify { .. } => self.checks.clone(),
                    _ => self.reads.clone(),
                };
                let answering = Answering {
                    store: self.store.clone(),
                    trouble: self.trouble.clone(),
                    cost: self.cost,
                    behind: self.waiting.load(Ordering::Relaxed) > 0,
                };
                spawn_local(async move {
                    let _turn = turns.acquire_owned().await.ok();
                    let answered = thread::run(move || answering.find_out(question)).await;
                    drop(tell.send(answered.unwrap_or(Answer::Failed)));
                });
            }
        }
        spawn_local(async move { board.answer(ticket, told.await.unwrap_or(Answer::Failed)) });
    }
}
