//! One message on its way to many.
//!
//! What a client reads depends on its capabilities alone, so the line is formatted once for each
//! set of them that is met, and every other client with that set gets the same bytes.
//!
//! Nothing here knows who gets it.

use std::sync::Arc;

use coax_irc::{CapSet, Capability as Cap};

use super::effects::SharedLine;
use super::time::Time;

/// What stands before a message, for those who can read it.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stamp<'a> {
    pub(crate) time: Time,
    pub(crate) msgid: Option<&'a str>,
    pub(crate) account: Option<&'a str>,
    pub(crate) bot: bool,
    /// The sender's own tags (`+typing=active;+draft/reply=…`), escaped as they came.
    pub(crate) client_tags: &'a str,
    /// The batch it is part of.
    pub(crate) batch: Option<&'a str>,
}

/// The capabilities that change what stands before a message.
const STAMPED: CapSet =
    CapSet::of(&[Cap::ServerTime, Cap::MessageTags, Cap::AccountTag, Cap::Batch]);

impl Stamp<'_> {
    /// Writes `@a=b;c `, or nothing.
    pub(crate) fn write(&self, caps: CapSet, line: &mut String) {
        let start = line.len();
        let mut tag = |name: &str, value: &str| {
            line.push(if line.len() == start { '@' } else { ';' });
            line.push_str(name);
            if !value.is_empty() {
                line.push('=');
                line.push_str(value);
            }
        };
        if let Some(batch) = self.batch.filter(|_| caps.has(Cap::Batch)) {
            tag("batch", batch);
        }
        if caps.has(Cap::ServerTime) {
            tag("time", &self.time.to_string());
        }
        if let Some(account) = self.account.filter(|_| caps.has(Cap::AccountTag)) {
            tag("account", account);
        }
        if caps.has(Cap::MessageTags) {
            if let Some(msgid) = self.msgid {
                tag("msgid", msgid);
            }
            if self.bot {
                tag("bot", "");
            }
            if !self.client_tags.is_empty() {
                tag(self.client_tags, "");
            }
        }
        if line.len() > start {
            line.push(' ');
        }
    }
}

/// One message, in the forms that clients with different capabilities read.
#[derive(Debug)]
pub(crate) struct Relay<'a> {
    stamp: Stamp<'a>,
    /// The first whose capabilities are all there; without one, the client gets nothing.
    texts: &'a [(CapSet, &'a str)],
    mask: CapSet,
    made: Vec<(CapSet, Option<SharedLine>)>,
}

impl<'a> Relay<'a> {
    /// `texts` have no `\r\n`.
    pub(crate) fn new(stamp: Stamp<'a>, texts: &'a [(CapSet, &'a str)]) -> Relay<'a> {
        let mask = texts.iter().fold(STAMPED, |mask, (needed, _)| mask.union(*needed));
        Relay { stamp, texts, mask, made: Vec::with_capacity(4) }
    }

    /// What a client with these capabilities reads.
    pub(crate) fn line(&mut self, caps: CapSet) -> Option<&SharedLine> {
        let key = caps.intersection(self.mask);
        let found = match self.made.iter().position(|(made, _)| *made == key) {
            Some(found) => found,
            None => {
                self.made.push((key, self.make(key)));
                self.made.len() - 1
            }
        };
        self.made[found].1.as_ref()
    }

    fn make(&self, caps: CapSet) -> Option<SharedLine> {
        let (_, text) = self.texts.iter().find(|(needed, _)| needed.difference(caps).is_empty())?;
        let mut line = String::with_capacity(text.len() + 128);
        self.stamp.write(caps, &mut line);
        line.push_str(text);
        line.push_str("\r\n");
        Some(Arc::from(line.into_bytes()))
    }
}
