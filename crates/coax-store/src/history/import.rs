//! Keeping entries of another chat, in their order, behind all that is there.
//!
//! They are kept together or not at all. Their places are new; everything else is as it was there.

use super::Redact;
use crate::desk::Desk;
use crate::entry::Kept;
use crate::error::Fault;
use crate::writer::Change;

/// Entries that another store kept. None of their ids may be taken here.
#[derive(Clone, Debug)]
pub struct Import(pub Vec<Kept>);

impl Change for Import {
    type Outcome = ();

    fn make(&self, desk: &mut Desk) -> Result<(), Fault> {
        self.0.iter().try_for_each(|Kept { entry, redacted, .. }| {
            entry.make(desk)?;
            let Some(note) = redacted.clone() else { return Ok(()) };
            Redact { target: entry.target.clone(), msgid: entry.msgid.clone(), note }.make(desk)
        })
    }
}
