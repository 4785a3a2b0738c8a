//! `PART <channel>{,<channel>} [:<why>]`

use coax_irc::CapSet;

use super::Words;
use crate::hub::reach::Whom;
use crate::hub::{ChannelId, Record, Relay, Stamp, Turn};
use coax_irc::numeric as n;
use coax_store::Kind;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let why = words.get(1).map(|why| super::user::clipped(why, 300));
    for name in words[0].split(',').filter(|name| !name.is_empty()) {
        match turn.channel_named(name) {
            Some(id) if turn.my_rank(id).is_some() => part(turn, id, why),
            Some(_) => turn.reply(n::ERR_NOTONCHANNEL, &[name, "You are not on that channel"]),
            None => {
                let name = super::user::clipped(name, 64);
                turn.reply(n::ERR_NOSUCHCHANNEL, &[name, "No such channel"]);
            }
        }
    }
}

/// `JOIN 0`: leaves every channel.
pub(super) fn all(turn: &mut Turn<'_>) {
    for id in turn.me().channels.iter().map(|it| it.channel).collect::<Vec<_>>() {
        part(turn, id, None);
    }
}

fn part(turn: &mut Turn<'_>, id: ChannelId, given: Option<&str>) {
    let why = given.map(|why| format!(" :{why}")).unwrap_or_default();
    let line = format!(":{} PART {}{why}", turn.me().name.mask(), turn.channel(id).name);
    let account = turn.me().account.clone();
    let (msgid, name) = (turn.new_msgid(), turn.channel(id).name.clone());
    let record = Record {
        kind: Kind::Part,
        msgid: &msgid,
        target: &name,
        text: given.unwrap_or_default(),
        ..Record::EVENT
    };
    turn.record(id, &record);
    let stamp = Stamp { msgid: Some(&msgid), ..turn.stamp(account.as_deref()) };
    let texts = [(CapSet::NONE, &*line)];
    turn.tell_channel(id, Whom::All, &mut Relay::new(stamp, &texts));
    turn.hub.channels.leave(&mut turn.hub.clients, id, turn.who);
}
