//! `LUSERS`
//!
//! How many are here. Connections that have not registered are counted apart.

use coax_irc::numeric as n;

use super::Words;
use crate::hub::{Turn, UserModes};

pub(super) fn run(turn: &mut Turn<'_>, _: &Words<'_>) {
    lusers(turn);
}

pub(crate) fn lusers(turn: &mut Turn<'_>) {
    let clients = &turn.hub.clients;
    let count = |wanted| clients.users().filter(|(_, it)| it.modes.has(wanted)).count();
    let (invisible, operators) = (count(UserModes::INVISIBLE), count(UserModes::OPERATOR));
    let (users, most) = (clients.registered_count(), clients.most());
    let unknown = clients.connected() - users;
    let channels = turn.hub.channels.count();
    let visible = users - invisible;
    let text = format!("There are {visible} users and {invisible} invisible on 1 server(s)");
    turn.reply(n::RPL_LUSERCLIENT, &[&text]);
    turn.reply(n::RPL_LUSEROP, &[&operators.to_string(), "IRC operators online"]);
    turn.reply(n::RPL_LUSERUNKNOWN, &[&unknown.to_string(), "unregistered connections"]);
    turn.reply(n::RPL_LUSERCHANNELS, &[&channels.to_string(), "channels formed"]);
    turn.reply(n::RPL_LUSERME, &[&format!("I have {users} clients and 0 servers")]);
    let (now, peak) = (users.to_string(), most.to_string());
    let text = format!("Current local users {users}, max {most}");
    turn.reply(n::RPL_LOCALUSERS, &[&now, &peak, &text]);
    let text = format!("Current global users {users}, max {most}");
    turn.reply(n::RPL_GLOBALUSERS, &[&now, &peak, &text]);
}
