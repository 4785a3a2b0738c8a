//! `LINKS [[<server>] <mask>]`
//!
//! There is one server. Its services have a name of their own, and a line of their own, so that
//! who reads where they speak from finds it here.

use coax_irc::{Mask, numeric as n};

use super::Words;
use crate::hub::{CASEMAPPING, Turn};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let settings = &turn.hub.settings;
    let (server, services) = (settings.server_name.clone(), settings.services_name.clone());
    let mask = words.get(1).or(words.get(0)).unwrap_or("*");
    let asked = Mask::of_text(mask.as_bytes(), CASEMAPPING);
    for (name, about) in [
        (&server, format!("0 {}", settings.description)),
        (&services, "1 NickServ and ChanServ, part of the server".to_owned()),
    ] {
        if asked.matches(CASEMAPPING.fold(name.as_bytes()).as_bytes()) {
            turn.reply(n::RPL_LINKS, &[name, &server, &about]);
        }
    }
    turn.reply(n::RPL_ENDOFLINKS, &[super::clipped(mask, 64), "End of /LINKS list"]);
}
