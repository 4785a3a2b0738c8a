//! `LINKS [[<server>] <mask>]`
//!
//! There is one server, so the list has one line.

use coax_irc::numeric as n;

use super::Words;
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let server = turn.hub.settings.server_name.clone();
    let mask = words.get(1).or(words.get(0)).unwrap_or("*");
    let shown = coax_irc::Mask::of_text(mask.as_bytes(), crate::hub::CASEMAPPING);
    if shown.matches(crate::hub::CASEMAPPING.fold(server.as_bytes()).as_bytes()) {
        let about = format!("0 {}", turn.hub.settings.description);
        turn.reply(n::RPL_LINKS, &[&server, &server, &about]);
    }
    turn.reply(n::RPL_ENDOFLINKS, &[super::clipped(mask, 64), "End of /LINKS list"]);
}
