//! Answering what the hub asks, on threads that may wait.
//!
//! Whoever asks for history finds in it all that was said before.
//!
//! Nothing here decides anything.

use std::sync::Arc;

use coax_store::{Password, Scram, Store, StoreError, StoreErrorKind};

use rustix::rand::{GetRandomFlags, getrandom};

use super::SHELF;
use super::trouble::Trouble;
use crate::credentials::{PasswordCost, ScramVerifier, Verdict, check_password};
use crate::hub::{Answer, Question};

/// What an answer takes.
pub(super) struct Answering {
    pub(super) store: Arc<Store>,
    pub(super) trouble: Arc<Trouble>,
    pub(super) cost: PasswordCost,
    /// Whether something is on its way to the disk that was said before the question.
    pub(super) behind: bool,
}

impl Answering {
    /// The work itself.
    pub(super) fn find_out(self, question: Question) -> Answer {
        let Answering { store, trouble, cost, behind } = self;
        let reads = matches!(
            question,
            Question::Page(_)
                | Question::Conversations(_)
                | Question::Search(_)
                | Question::Message { .. }
        );
        if behind && reads {
            catch_up(&store);
        }
        let failed = |error: StoreError| {
            trouble.unread(&error);
            match error.kind() {
                StoreErrorKind::Missing => Answer::Missing,
                StoreErrorKind::Invalid => Answer::Invalid(error.to_string()),
                _ => Answer::Failed,
            }
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
            // It goes to the writer, and never comes here.
            Question::Keep(_) => Answer::Failed,
        }
    }
}

/// Waits until all that was said before is on disk: whoever asks for history finds it in there.
fn catch_up(store: &Store) {
    let (shelf, key) = (SHELF.to_owned(), "nothing".to_owned());
    // If the disk cannot take it, the history is answered as it is.
    let _ = store.apply(coax_store::Put { shelf, key, value: None });
}

pub(super) fn hashed(cost: PasswordCost, password: &[u8]) -> Option<Password> {
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

/// Bytes that nobody can guess. They are the system's: the library for TLS gathers its own chance for
/// a tenth of a second first, once in each thread, and a server must not start so late.
pub(super) fn draw<const N: usize>() -> Option<[u8; N]> {
    let mut bytes = [0; N];
    // So few bytes come whole, or not at all (getrandom(2)).
    let count = getrandom(&mut bytes[..], GetRandomFlags::empty()).ok()?;
    (count == N).then_some(bytes)
}
