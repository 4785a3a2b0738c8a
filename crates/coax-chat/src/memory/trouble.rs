//! What goes wrong with the store, told once and not for each message.
//!
//! Everything that is to be kept leaves a note of how that went; once a second somebody asks what is
//! new. A kind of failure is news when it begins. When for some seconds things are kept and nothing
//! fails, it is news that this is over, and how much was lost.
//!
//! Nothing here has a clock, or knows who is told.

use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use coax_store::{StoreError, StoreErrorKind};

/// How often in a row nothing must have failed. A disk that is nearly full takes small things and
/// refuses large ones, which is no recovery.
const QUIET: u32 = 5;

/// What is new about the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// From now on things are not kept, for this reason.
    NotKept(StoreError),
    /// Things are kept again, after so many were not.
    KeptAgain(u64),
    /// The server ends, and so many were not kept since that began.
    Lost(u64),
    /// What was kept cannot be read, or is damaged.
    NotRead(StoreError),
}

impl News {
    /// What to do about it, where there is something.
    pub fn advice(&self) -> Option<&'static str> {
        match self {
            News::NotKept(error) | News::NotRead(error) => error.advice(),
            News::KeptAgain(_) | News::Lost(_) => None,
        }
    }
}

impl fmt::Display for News {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            News::NotKept(error) => write!(f, "what is said is passed on but not kept: {error}"),
            News::KeptAgain(lost) => {
                write!(f, "what is said is kept again; lost for the history: {lost}")
            }
            News::Lost(lost) => write!(f, "lost for the history, since the trouble began: {lost}"),
            News::NotRead(error) => write!(f, "the history cannot be read: {error}"),
        }
    }
}

/// How keeping and reading go.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// In all.
    lost: u64,
    /// How many of them before the trouble began.
    before: u64,
    /// The latest failure that nobody has looked at.
    failure: Option<StoreError>,
    unread: Option<StoreError>,
    /// Whether something was kept since the latest failure.
    kept: bool,
    quiet: u32,
    /// What kinds of failure were told, of this trouble and of reading.
    told: Vec<StoreErrorKind>,
    told_unread: Vec<StoreErrorKind>,
}

impl Trouble {
    /// Something was kept, or was not. That a thing is there already, or not there, is an answer.
    /// `is_said`: it is counted where it is lost.
    pub(super) fn note<T>(&self, outcome: &Result<T, StoreError>, is_said: bool) {
        let mut state = self.state();
        match outcome {
            Err(error) if is_trouble(error) => {
                state.lost += u64::from(is_said);
                state.kept = false;
                state.failure = Some(error.clone());
            }
            _ => state.kept = true,
        }
    }

    /// Something could not be read. A question that makes no sense is no trouble.
    pub(super) fn unread(&self, error: &StoreError) {
        if is_trouble(error) && error.kind() != StoreErrorKind::Invalid {
            self.state().unread = Some(error.clone());
        }
    }

    /// How many things were lost.
    pub(super) fn lost(&self) -> u64 {
        self.state().lost
    }

    /// What is new since the last call.
    pub(super) fn news(&self) -> Option<News> {
        let state = &mut *self.state();
        if let Some(error) =
            state.unread.take().filter(|it| !state.told_unread.contains(&it.kind()))
        {
            state.told_unread.push(error.kind());
            return Some(News::NotRead(error));
        }
        match state.failure.take() {
            Some(error) => state.failed(error),
            None => state.recovered(),
        }
    }

    /// What nobody was told yet of a trouble that lasts to the end.
    pub(super) fn last_news(&self) -> Option<News> {
        let state = self.state();
        let lost = state.lost - state.before;
        (lost > 0).then_some(News::Lost(lost))
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn failed(&mut self, error: StoreError) -> Option<News> {
        self.quiet = 0;
        if self.told.contains(&error.kind()) {
            return None;
        }
        self.told.push(error.kind());
        Some(News::NotKept(error))
    }

    fn recovered(&mut self) -> Option<News> {
        if self.told.is_empty() || !self.kept {
            return None;
        }
        self.quiet += 1;
        if self.quiet < QUIET {
            return None;
        }
        self.told.clear();
        let lost = self.lost - self.before;
        self.before = self.lost;
        Some(News::KeptAgain(lost))
    }
}

fn is_trouble(error: &StoreError) -> bool {
    !matches!(error.kind(), StoreErrorKind::Exists | StoreErrorKind::Missing)
}

#[cfg(test)]
mod tests {
    use super::{News, QUIET, Trouble};
    use coax_store::{Entry, Kind, Store, StoreError, Target};

    /// A store that is closed keeps nothing.
    fn failure() -> Result<(), StoreError> {
        let store = Store::in_memory().unwrap();
        store.close().unwrap();
        let (target, text) = (Target::channel("#c"), String::new());
        let (msgid, sender) = (text.clone(), text.clone());
        let (kind, account, tags) = (Kind::Message, None, Vec::new());
        let entry = Entry { target, time: 0, msgid, kind, sender, account, text, tags };
        store.apply(entry).map(|_| ())
    }

    #[test]
    fn a_trouble_is_told_when_it_begins_and_when_it_is_over() {
        let (trouble, failure) = (Trouble::default(), failure());
        assert_eq!(trouble.news(), None);
        for _ in 0..3 {
            trouble.note(&failure, true);
        }
        assert_eq!(trouble.news(), Some(News::NotKept(failure.clone().unwrap_err())));
        trouble.note(&Ok(()), true);
        trouble.note(&failure, true);
        assert_eq!(trouble.news(), None, "the same again");
        for _ in 0..20 {
            assert_eq!(trouble.news(), None, "nothing was kept since");
        }
        trouble.note(&Ok(()), true);
        let news = (0..QUIET).filter_map(|_| trouble.news()).collect::<Vec<_>>();
        assert_eq!(news, [News::KeptAgain(4)]);
        assert_eq!((trouble.news(), trouble.last_news(), trouble.lost()), (None, None, 4));
        trouble.note(&failure, true);
        assert!(matches!(trouble.news(), Some(News::NotKept(_))), "a new one is told anew");
        assert_eq!(trouble.last_news(), Some(News::Lost(1)));
    }

    #[test]
    fn what_cannot_be_read_is_told_once() {
        let (trouble, failure) = (Trouble::default(), failure().unwrap_err());
        for told in [true, false] {
            trouble.unread(&failure);
            assert_eq!(trouble.news(), told.then(|| News::NotRead(failure.clone())));
        }
    }
}
