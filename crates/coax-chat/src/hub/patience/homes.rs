//! From where a name was got right before.
//!
//! What is one person's (an account, an operator) is kept on disk, so that a restart does not make a
//! house wait for one guesser in it. Places are kept as keyed hashes: the file tells no address.
//!
//! Nothing here decides who waits.

use std::collections::{BTreeMap, VecDeque};

use coax_store::Put;

use super::super::time::Time;

/// The shelf they are kept on.
pub(crate) const SHELF: &str = "trusted";

/// Places that are remembered for one name.
const PLACES: usize = 8;

/// Names that are remembered; the one that was not used for longest is forgotten first.
const NAMES: usize = 16_384;

#[derive(Debug, Default)]
struct Known {
    places: VecDeque<Box<str>>,
    last: Time,
}

/// Where each name was got right.
#[derive(Debug, Default)]
pub(super) struct Homes(BTreeMap<Box<str>, Known>);

impl Homes {
    /// Takes in what was kept; what nobody here wrote counts for nothing.
    pub(super) fn recall(&mut self, kept: Vec<(String, Vec<u8>)>) {
        for (name, value) in kept {
            let Ok(text) = String::from_utf8(value) else { continue };
            let places = text.split(' ').filter(|place| !place.is_empty()).take(PLACES);
            let places = places.map(Box::from).collect();
            self.0.insert(name.into(), Known { places, last: Time::default() });
        }
    }

    pub(super) fn has(&self, name: &str, place: &str) -> bool {
        self.0.get(name).is_some_and(|known| known.places.iter().any(|it| **it == *place))
    }

    /// The name was got right there; whether that is new.
    pub(super) fn note(&mut self, now: Time, name: &str, place: &str) -> bool {
        let is_new = !self.has(name, place);
        if self.0.len() >= NAMES && !self.0.contains_key(name) {
            let oldest = self.0.iter().min_by_key(|(_, known)| known.last);
            let oldest = oldest.map(|(name, _)| name.clone());
            oldest.and_then(|name| self.0.remove(&name));
        }
        let known = self.0.entry(name.into()).or_default();
        known.last = now;
        known.places.retain(|it| **it != *place);
        known.places.push_front(place.into());
        known.places.truncate(PLACES);
        is_new
    }

    /// Forgets a name; what is to be kept then, if it was known.
    pub(super) fn forget(&mut self, name: &str) -> Option<Put> {
        self.0.remove(name).map(|_| self.put(name))
    }

    /// A name as it is kept.
    pub(super) fn put(&self, name: &str) -> Put {
        let text =
            |known: &Known| known.places.iter().map(|place| &**place).collect::<Vec<_>>().join(" ");
        let value = self.0.get(name).map(|known| text(known).into_bytes());
        Put { shelf: SHELF.to_owned(), key: name.to_owned(), value }
    }
}
