//! `INVITE [<nick> <channel>]`
//!
//! Without words, the channels one was invited to.

use coax_irc::{CapSet, Capability as Cap, numeric as n};

use super::Words;
use crate::hub::reach::Whom;
use crate::hub::{ChannelId, ClientId, Flags, Invitation, Rank, Relay, Turn, same};

/// Invitations that are remembered for one user; an older one makes place.
const MOST: usize = 50;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    match (words.get(0), words.get(1)) {
        (None, _) => list(turn),
        (Some(_), None) => turn.reply(n::ERR_NEEDMOREPARAMS, &["INVITE", "Not enough parameters"]),
        (Some(nick), Some(channel)) => invite(turn, nick, channel),
    }
}

fn list(turn: &mut Turn<'_>) {
    let names = turn.me().invitations.iter().map(|it| it.channel.clone()).collect::<Vec<_>>();
    for name in names {
        turn.reply(n::RPL_INVITELIST, &[&name]);
    }
    turn.reply(n::RPL_ENDOFINVITELIST, &["End of /INVITE list"]);
}

fn invite(turn: &mut Turn<'_>, nick: &str, channel: &str) {
    let Some(they) = turn.hub.clients.named(nick) else {
        let nick = super::clipped(nick, 64);
        return turn.reply(n::ERR_NOSUCHNICK, &[nick, "No such nick"]);
    };
    let Some(id) = turn.channel_named(channel) else {
        let name = super::clipped(channel, 64);
        return turn.reply(n::ERR_NOSUCHCHANNEL, &[name, "No such channel"]);
    };
    let name = turn.channel(id).name.clone();
    let nick = turn.client(they).nick().to_owned();
    let Some(rank) = turn.my_rank(id) else {
        return turn.reply(n::ERR_NOTONCHANNEL, &[&name, "You are not on that channel"]);
    };
    let closed = turn.channel(id).flags.has(Flags::INVITE_ONLY);
    if closed && !rank.at_least(Rank::HALFOP) {
        return turn.reply(n::ERR_CHANOPRIVSNEEDED, &[&name, "You are not a channel operator"]);
    }
    if turn.rank_in(id, they).is_some() {
        return turn.reply(n::ERR_USERONCHANNEL, &[&nick, &name, "is already on channel"]);
    }
    if rank.at_least(Rank::HALFOP) {
        remember(turn, id, they);
    }
    turn.reply(n::RPL_INVITING, &[&nick, &name]);
    tell(turn, id, they);
}

/// An invitation opens the door only when it comes from somebody who may open it.
fn remember(turn: &mut Turn<'_>, id: ChannelId, they: ClientId) {
    let channel = turn.channel(id);
    let invitation = Invitation { channel: channel.name.clone(), created: channel.created };
    let theirs = &mut turn.hub.clients.get_mut(they).invitations;
    theirs.retain(|it| !same(&it.channel, &invitation.channel));
    if theirs.len() == MOST {
        theirs.remove(0);
    }
    theirs.push(invitation);
}

fn tell(turn: &mut Turn<'_>, id: ChannelId, they: ClientId) {
    let (they_are, name) = (turn.client(they), turn.channel(id).name.clone());
    let line = format!(":{} INVITE {} {name}", turn.me().name.mask(), they_are.nick());
    let away = they_are.away.clone().map(|why| (they_are.nick().to_owned(), why));
    let account = turn.me().account.clone();
    let stamp = turn.stamp(account.as_deref());
    let texts = [(CapSet::NONE, &*line)];
    turn.tell(they, &mut Relay::new(stamp, &texts));
    let texts = [(CapSet::of(&[Cap::InviteNotify]), &*line)];
    turn.tell_channel(id, Whom::OthersFrom(Rank::HALFOP), &mut Relay::new(stamp, &texts));
    if let Some((nick, why)) = away {
        turn.reply(n::RPL_AWAY, &[&nick, &why]);
    }
}
