//! `SETNAME :<real name>`

use coax_irc::Capability as Cap;

use super::Words;
use crate::hub::Turn;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let most = turn.hub.settings.realname_length;
    let realname = &*super::user::seen(words[0]);
    if realname.is_empty() || realname.len() > most {
        return turn.fail("SETNAME", "INVALID_REALNAME", &[], "Realname is not valid");
    }
    turn.me_mut().realname = realname.into();
    let line = format!(":{} SETNAME :{realname}", turn.me().name.mask());
    let echoed = turn.i_have(Cap::Setname);
    turn.announce(Cap::Setname, true, &line);
    if !echoed {
        let server = turn.hub.settings.server_name.clone();
        let nick = turn.my_nick();
        let text = format!("Your real name is now {realname}");
        turn.say_as(turn.who, &server, "NOTICE", &[&nick, &text]);
    }
}
