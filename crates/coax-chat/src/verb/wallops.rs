//! `WALLOPS :<text>`: to everyone with `+w`, by operators.

use coax_irc::CapSet;

use super::Words;
use crate::hub::{Relay, Turn, UserModes};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let line = format!(":{} WALLOPS :{}", turn.me().name.mask(), super::clipped(words[0], 350));
    let texts = [(CapSet::NONE, &*line)];
    let mut relay = Relay::new(turn.stamp(None), &texts);
    let listening = turn.hub.clients.users().filter(|(_, it)| it.modes.has(UserModes::WALLOPS));
    for who in listening.map(|(who, _)| who).collect::<Vec<_>>() {
        turn.tell(who, &mut relay);
    }
}
