//! Lines that are said once, however often they are sent.
//!
//! A client that loses its connection cannot know whether its last line arrived. It gives each line an
//! id (the tag `coax.chat/once`) and sends the line again on the next connection. The server remembers
//! the ids, so the second arrival changes nothing: on another connection, under another nick, in
//! either order. The sender gets the echo of the line that was said.
//!
//! The ids of one address are bounded, so a flood pushes out its own.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::time::Time;

/// The tag that carries the id.
pub(crate) const TAG: &[u8] = b"coax.chat/once";

/// Shorter ids are ignored: a client that counts from 1 would meet its own ids again.
const SHORTEST_ID: usize = 16;
const LONGEST_ID: usize = 64;

/// Ids that are remembered for one address.
const IDS_PER_ADDRESS: usize = 512;

/// Ids that are remembered in all.
const IDS: usize = 1 << 16;

/// A line that was said.
#[derive(Clone, Debug)]
pub(crate) struct SaidOnce {
    pub(crate) msgid: Box<str>,
    pub(crate) time: Time,
    /// `nick!user@host` of the sender at that time.
    pub(crate) source: Arc<str>,
    pub(crate) account: Option<Arc<str>>,
}

/// The ids of lines that were said.
#[derive(Debug, Default)]
pub(crate) struct Once {
    said: BTreeMap<Box<str>, SaidOnce>,
    /// The ids by the address that sent them, oldest first.
    order: BTreeMap<Box<str>, VecDeque<Box<str>>>,
}

/// Whether a client may use this as an id.
pub(crate) fn is_id(id: &str) -> bool {
    let fits = (SHORTEST_ID..=LONGEST_ID).contains(&id.len());
    fits && id.bytes().all(|byte| byte.is_ascii_graphic())
}

impl Once {
    /// The line of this id, if it was said.
    pub(crate) fn find(&self, id: &str) -> Option<&SaidOnce> {
        self.said.get(id)
    }

    /// The line of this id was said from this address.
    pub(crate) fn remember(&mut self, address: &str, id: &str, said: SaidOnce) {
        if self.said.insert(id.into(), said).is_some() {
            return;
        }
        let ids = self.order.entry(address.into()).or_default();
        ids.push_back(id.into());
        if ids.len() > IDS_PER_ADDRESS {
            self.forget_oldest_of(address);
        } else if self.said.len() > IDS {
            let most = self.order.iter().max_by_key(|(_, ids)| ids.len());
            let most = most.map(|(address, _)| address.clone());
            most.into_iter().for_each(|address| self.forget_oldest_of(&address));
        }
    }

    fn forget_oldest_of(&mut self, address: &str) {
        let Some(ids) = self.order.get_mut(address) else { return };
        if let Some(oldest) = ids.pop_front() {
            self.said.remove(&oldest);
        }
        if ids.is_empty() {
            self.order.remove(address);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{IDS, IDS_PER_ADDRESS, Once, SaidOnce, is_id};
    use crate::hub::Time;

    fn line() -> SaidOnce {
        SaidOnce { msgid: "m".into(), time: Time(1), source: "a!a@h".into(), account: None }
    }

    #[test]
    fn an_id_is_long_enough_to_be_nobody_elses() {
        for (id, expected) in
            [("1", false), ("0123456789abcdef", true), ("0123456789abcde f", false)]
        {
            assert_eq!(is_id(id), expected, "{id}");
        }
        assert!(!is_id(&"a".repeat(65)));
    }

    #[test]
    fn a_flood_of_ids_pushes_out_its_own() {
        let mut once = Once::default();
        once.remember("192.0.2.1", "quiet", line());
        for number in 0..3 * IDS_PER_ADDRESS {
            once.remember("192.0.2.2", &format!("loud{number}"), line());
        }
        assert!(once.find("quiet").is_some() && once.find("loud0").is_none());
        assert_eq!(once.said.len(), 1 + IDS_PER_ADDRESS);
        for address in 0..IDS / 100 {
            for number in 0..200 {
                once.remember(&format!("a{address}"), &format!("{address}-{number}"), line());
            }
        }
        assert!(once.said.len() <= IDS && once.find("quiet").is_some());
    }
}
