//! `WEBIRC <password> <gateway> <host> <address> [:<options>]`
//!
//! A web gateway says whom it brings, before anything else. The client is that person from then on:
//! its address, its host, its share of the limits. IRCv3 *webirc*. The password alone is not enough,
//! the gateway has to call from an address that the settings name. The host it tells is not believed,
//! since nobody checked it.

use std::net::IpAddr;

use super::Words;
use crate::hub::welcome::same;
use crate::hub::{Cause, Means, Turn};
use coax_irc::numeric as n;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    if turn.me().is_registered() {
        return turn.reply(n::ERR_ALREADYREGISTERED, &["You have registered already"]);
    }
    let from = turn.me().origin.address.parse::<IpAddr>().ok();
    let gateways = turn.hub.settings.webirc.iter();
    let named = gateways.filter(|it| from.is_some_and(|from| it.from.has(from)));
    let passwords = named.map(|it| it.password.clone()).collect::<Vec<_>>();
    if passwords.is_empty() {
        return turn.close(Cause::Password, "You are no gateway of this server");
    }
    let gateway = super::clipped(words[1], 64);
    if let Err(wait) = turn.may_try(Means::WebIrc, gateway) {
        let why = format!("Too many wrong passwords: try again in {wait} s");
        return turn.close(Cause::Guessing, &why);
    }
    if !passwords.iter().any(|password| same(password, words[0])) {
        turn.tried_wrongly(Means::WebIrc, gateway);
        return turn.close(Cause::Password, "Wrong password of a gateway");
    }
    turn.tried_rightly(Means::WebIrc, gateway);
    // An address that begins with a colon was taken for the last word: its first colon is lost, and the
    // options are still behind it. Careful gateways write 0 before it.
    let (address, options) = words[3].split_once(' ').unwrap_or((words[3], ""));
    let Ok(address) = address.parse().or_else(|_| format!(":{address}").parse()) else {
        return turn.close(Cause::Password, "WEBIRC names no address");
    };
    // Only where nobody can read along between the gateway and this server.
    let me = &turn.me().origin;
    let closed = me.secure || from.is_some_and(|from| from.is_loopback());
    let told = words.get(4).unwrap_or(options).trim_start_matches(':');
    let secure = closed && told.split(' ').any(|option| option == "secure");
    turn.hub.brought(turn.who, address, secure);
    if turn.hub.is_crowded(turn.who) {
        turn.close(Cause::Crowd, "Too many connections from your address");
    }
}
