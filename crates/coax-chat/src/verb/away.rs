//! `AWAY [:<why>]`
//!
//! Before registration too (*draft/pre-away*), where `*` is a client nobody looks at.

use coax_irc::{Capability as Cap, numeric as n};

use super::Words;
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let why = words.get(0).filter(|why| *why != "*");
    let room = turn.hub.settings.away_length;
    let why = why.map(|why| Box::from(super::clipped(why, room)));
    let changed = turn.me().away != why;
    turn.me_mut().away = why;
    if !turn.me().is_registered() {
        return;
    }
    match turn.me().away {
        Some(_) => turn.reply(n::RPL_NOWAWAY, &["You have been marked as being away"]),
        None => turn.reply(n::RPL_UNAWAY, &["You are no longer marked as being away"]),
    }
    if changed {
        let me = turn.me();
        let why = me.away.as_ref().map(|why| format!(" :{why}")).unwrap_or_default();
        let line = format!(":{} AWAY{why}", me.name.mask());
        turn.announce(Cap::AwayNotify, false, &line);
    }
}
