//! `RENAME <channel> <new name> [:<why>]`
//!
//! By the channel's operators. Whoever does not know the command sees everyone leave one channel and
//! join another. IRCv3 *draft/channel-rename*.

use coax_irc::{CapSet, Capability as Cap, check_channel, numeric as n};
use coax_store::{Name, RenameChannel};

use super::Words;
use crate::hub::{ChannelId, ClientId, Keep, Rank, Relay, Turn, fold};

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let (old, new) = (words[0], words[1]);
    let Some(id) = turn.channel_named(old) else {
        return turn.reply(n::ERR_NOSUCHCHANNEL, &[super::clipped(old, 64), "No such channel"]);
    };
    let name = turn.channel(id).name.clone();
    match turn.my_rank(id) {
        None => return turn.reply(n::ERR_NOTONCHANNEL, &[&name, "You are not on that channel"]),
        Some(rank) if rank.at_least(Rank::OP) => {}
        Some(_) => {
            let why = "You are not a channel operator";
            return turn.reply(n::ERR_CHANOPRIVSNEEDED, &[&name, why]);
        }
    }
    let shown = super::clipped(new, 64);
    if check_channel(new.as_bytes(), turn.hub.settings.channel_length).is_err() {
        return turn.fail(
            "RENAME",
            "CANNOT_RENAME",
            &[&name, shown],
            "No channel can be called so",
        );
    }
    if turn.hub.channels.named(new).is_some_and(|found| found != id) {
        return turn.fail(
            "RENAME",
            "CHANNEL_NAME_IN_USE",
            &[&name, shown],
            "There is such a channel",
        );
    }
    let why = super::clipped(words.get(2).unwrap_or_default(), 200).to_owned();
    rename(turn, id, &name, new, &why);
}

fn rename(turn: &mut Turn<'_>, id: ChannelId, old: &str, new: &str, why: &str) {
    let first = turn.new_msgid();
    turn.hub.channels.rename(id, new, turn.now, &first);
    if turn.channel(id).founder.is_some() {
        let name = Name::new(&*fold(new), new);
        turn.keep(Keep::ChannelName(RenameChannel { key: fold(old).into(), name }));
        turn.save_channel(id, "RENAME");
    }
    let mask = turn.my_mask();
    let line = format!(":{mask} RENAME {old} {new} :{why}");
    let texts = [(CapSet::of(&[Cap::ChannelRename]), &*line)];
    let mut relay = Relay::new(turn.stamp(None), &texts);
    let members = turn.channel(id).members.iter().map(|member| member.client);
    for who in members.collect::<Vec<_>>() {
        match turn.hub.clients.caps(who).has(Cap::ChannelRename) {
            true => turn.tell(who, &mut relay),
            false => pretend(turn, id, who, old, new, why),
        }
    }
}

/// For those who do not know the command: out of one, into the other.
fn pretend(turn: &mut Turn<'_>, id: ChannelId, who: ClientId, old: &str, new: &str, why: &str) {
    let they = turn.client(who);
    let mask = they.name.mask().clone();
    let part = format!(":{mask} PART {old} :{why}");
    let [extended, join] = they.join_lines(new);
    let stamp = turn.stamp(None);
    let texts = [(CapSet::NONE, &*part)];
    turn.tell(who, &mut Relay::new(stamp, &texts));
    let texts = [(CapSet::of(&[Cap::ExtendedJoin]), &*extended), (CapSet::NONE, &*join)];
    turn.tell(who, &mut Relay::new(stamp, &texts));
    let mut theirs = turn.hub.turn(turn.now, who, turn.out);
    if theirs.channel(id).topic.is_some() {
        super::topic::show(&mut theirs, id);
    }
    super::names::show(&mut theirs, id);
}
