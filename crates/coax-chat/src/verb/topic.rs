//! `TOPIC <channel> [:<topic>]`
//!
//! Without a topic it is told; with an empty one it is cleared.

use coax_irc::CapSet;

use super::Words;
use crate::hub::reach::Whom;
use crate::hub::{ChannelId, Flags, Rank, Record, Relay, Stamp, Topic, Turn};
use coax_irc::numeric as n;
use coax_store::Kind;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let Some(id) = turn.channel_named(words[0]) else {
        let name = super::user::clipped(words[0], 64);
        return turn.reply(n::ERR_NOSUCHCHANNEL, &[name, "No such channel"]);
    };
    let (name, rank) = (turn.channel(id).name.clone(), turn.my_rank(id));
    if rank.is_none() {
        return turn.reply(n::ERR_NOTONCHANNEL, &[&name, "You are not on that channel"]);
    }
    let Some(text) = words.get_any(1) else { return show(turn, id) };
    let locked = turn.channel(id).flags.has(Flags::TOPIC_LOCK);
    if locked && !rank.is_some_and(|rank| rank.at_least(Rank::HALFOP)) {
        return turn.reply(n::ERR_CHANOPRIVSNEEDED, &[&name, "You are not a channel operator"]);
    }
    set(turn, id, super::user::clipped(text, turn.hub.settings.topic_length).to_owned());
}

fn set(turn: &mut Turn<'_>, id: ChannelId, text: String) {
    let (by, at) = (turn.my_mask(), turn.now);
    let line = format!(":{by} TOPIC {} :{text}", turn.channel(id).name);
    let msgid = turn.new_msgid();
    let name = turn.channel(id).name.clone();
    let record =
        Record { kind: Kind::Topic, msgid: &msgid, target: &name, text: &text, ..Record::EVENT };
    turn.record(id, &record);
    let channel = turn.hub.channels.get_mut(id);
    let topic = Topic { text: text.into(), by, at };
    channel.topic = Some(topic).filter(|topic| !topic.text.is_empty());
    let account = turn.me().account.clone();
    let stamp = Stamp { msgid: Some(&msgid), ..turn.stamp(account.as_deref()) };
    let texts = [(CapSet::NONE, &*line)];
    turn.tell_channel(id, Whom::All, &mut Relay::new(stamp, &texts));
    turn.save_channel(id, "TOPIC");
}

/// Tells the topic to whoever has the turn.
pub(super) fn show(turn: &mut Turn<'_>, id: ChannelId) {
    let channel = turn.channel(id);
    let name = channel.name.clone();
    let Some(Topic { text, by, at }) = channel.topic.clone() else {
        return turn.reply(n::RPL_NOTOPIC, &[&name, "No topic is set"]);
    };
    turn.reply(n::RPL_TOPIC, &[&name, &text]);
    turn.reply(n::RPL_TOPICWHOTIME, &[&name, &by, &at.seconds().to_string()]);
}
