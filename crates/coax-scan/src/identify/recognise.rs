//! Which protocol a server speaks, from what it said and the question before it.
//!
//! The registry's entries are tried in their order; the first that finds its proof wins, so
//! the particular stand before the general. What could be two things is neither: a greeting of
//! `220 welcome` may be mail or files.
//!
//! Nothing here knows the port. Names are IANA's where it has one.

use super::protocol::{Heard, Protocol};
use super::registry;

/// What a server's words give away.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Recognised {
    /// The protocol, as IANA calls it where it has a name there.
    pub service: &'static str,
    /// What the program calls itself, with its version where it tells one.
    pub product: Option<String>,
    /// What else it tells, such as a version of the protocol.
    pub extra: Option<String>,
    /// What it calls its machine or its domain.
    pub host: Option<String>,
}

impl Recognised {
    pub(super) fn new(service: &'static str, product: Option<String>) -> Recognised {
        Recognised { service, product, ..Recognised::default() }
    }
}

/// No word is looked for further than this into what was said.
const LOOKED_AT: usize = 4096;

/// What `said`, the first that a server said over TCP, is the beginning of: its greeting. Takes time
/// in proportion to their number, and at most 4 KiB are looked at.
pub fn recognise(said: &[u8]) -> Option<Recognised> {
    recognise_answer(b"", said)
}

/// The same for an answer to the question `asked`. Some answers mean something only after their
/// question.
pub fn recognise_answer(asked: &[u8], said: &[u8]) -> Option<Recognised> {
    proven(asked, said).map(|(_, known)| known)
}

/// The protocol with it.
pub(super) fn proven(asked: &[u8], said: &[u8]) -> Option<(&'static Protocol, Recognised)> {
    let said = &said[..said.len().min(LOOKED_AT)];
    if said.is_empty() {
        return None;
    }
    let heard = Heard { asked, said };
    registry::all().find_map(|protocol| Some((protocol, protocol.proof(heard)?)))
}

#[cfg(test)]
mod tests;
