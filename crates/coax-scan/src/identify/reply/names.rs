//! Answers about names: DNS, multicast DNS, NetBIOS.
//!
//! A name is skipped, never followed, so no pointer can lead in a circle.
//!
//! Nothing here resolves anything.

use super::{Recognised, known, named, same_id};
use crate::identify::cursor::Cursor;
use crate::identify::text::title;

pub(in crate::identify) fn domain(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    // An id is two bytes, so what was asked must be a question too.
    let fits = asked.len() > 12 && same_id(asked, answer);
    fits.then(|| dns(answer))?
}

/// RFC 6762 §6.7 and §18.1: the id may come back, or zero.
pub(in crate::identify) fn multicast(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    known(dns(answer).is_some(), "mdns")
}

/// An answer (RFC 1035 §4.1), and the first text in it, which is the version if that was asked.
pub(in crate::identify) fn dns(answer: &[u8]) -> Option<Recognised> {
    let mut rest = Cursor(answer);
    let (_id, flags) = (rest.short()?, rest.short()?);
    let (questions, answers) = (rest.short()?, rest.short()?);
    rest.take(4)?;
    let is_answer = flags & 0x8000 != 0 && flags & 0x7800 == 0 && questions <= 1;
    let mut product = || {
        if questions == 1 {
            skip_name(&mut rest)?;
            rest.take(4)?;
        }
        (answers > 0).then(|| first_text(rest))?
    };
    is_answer.then(|| named("domain", product()))?
}

fn first_text(mut rest: Cursor<'_>) -> Option<String> {
    skip_name(&mut rest)?;
    let (kind, _class, _ttl, _length) =
        (rest.short()?, rest.short()?, rest.take(4)?, rest.short()?);
    let length = rest.byte()?;
    (kind == 16).then(|| title(rest.take(length.into())?))?
}

/// Labels up to the root or a pointer (RFC 1035 §4.1.4); where the pointer leads does not matter.
fn skip_name(rest: &mut Cursor<'_>) -> Option<()> {
    loop {
        match rest.byte()? {
            0 => return Some(()),
            0xC0.. => return rest.byte().map(drop),
            label => rest.take(label.into())?,
        };
    }
}

/// A node status response; the first name is the machine's (RFC 1002 §4.2.18).
pub(in crate::identify) fn netbios(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let mut rest = Cursor(answer);
    let (_id, flags) = (rest.short()?, rest.short()?);
    let fits = same_id(asked, answer) && flags & 0xF800 == 0x8000;
    let mut product = || {
        rest.take(8)?;
        skip_name(&mut rest)?;
        rest.take(10)?;
        (rest.byte()? > 0).then(|| title(rest.take(15)?))?
    };
    fits.then(|| named("netbios-ns", product()))?
}
