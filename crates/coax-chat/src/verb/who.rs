//! `WHO [<channel, nick or mask> [o][%<fields>[,<token>]]]`
//!
//! With `%`, the fields asked for alone (WHOX). A mask is compared with nicks, and does not find
//! those who are invisible unless they share a channel.

use coax_irc::{Mask, numeric as n};

use super::Words;
use crate::hub::{CASEMAPPING, ChannelId, Client, ClientId, Flags, Turn, UserModes};

/// Users a mask may find; whoever wants more asks more precisely.
const MOST: usize = 1000;

/// In which order WHOX has its fields.
const FIELDS: &str = "tcuihsnfdlaor";

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let asked = words.get(0).unwrap_or("*");
    let options = words.get(1).unwrap_or_default();
    let (filter, fields) = options.split_once('%').unwrap_or((options, ""));
    let whox = options.contains('%').then(|| fields.split_once(',').unwrap_or((fields, "")));
    let found = find(turn, asked);
    for (who, channel) in found {
        if filter.contains('o') && !turn.client(who).is_operator() {
            continue;
        }
        match whox {
            Some((fields, token)) => special(turn, who, channel, fields, token),
            None => plain(turn, who, channel),
        }
    }
    turn.reply(n::RPL_ENDOFWHO, &[super::clipped(asked, 128), "End of WHO list"]);
}

/// Whom it is about, each with the channel to show.
fn find(turn: &Turn<'_>, asked: &str) -> Vec<(ClientId, Option<ChannelId>)> {
    if asked.starts_with('#') {
        let Some(id) = turn.hub.channels.named(asked) else { return Vec::new() };
        let inside = turn.my_rank(id).is_some();
        if !inside && turn.channel(id).flags.has(Flags::SECRET) && !turn.me().is_operator() {
            return Vec::new();
        }
        let members = turn.channel(id).members.iter().map(|member| member.client);
        let hidden = |who: &ClientId| turn.client(*who).modes.has(UserModes::INVISIBLE);
        let seen = members.filter(|who| inside || !hidden(who));
        return seen.map(|who| (who, Some(id))).collect();
    }
    if let Some(who) = turn.hub.clients.named(asked) {
        return vec![(who, turn.shared_channel(who))];
    }
    let mask = Mask::of_text(asked.as_bytes(), CASEMAPPING);
    let users = turn.hub.clients.users();
    let fits = |they: &Client| {
        let nick = CASEMAPPING.fold(they.nick().as_bytes());
        mask.matches(nick.as_bytes())
    };
    let found =
        users.filter(|(_, they)| fits(they)).map(|(who, _)| (who, turn.shared_channel(who)));
    let seen = found.filter(|(who, shared)| {
        shared.is_some() || *who == turn.who || !turn.client(*who).modes.has(UserModes::INVISIBLE)
    });
    seen.take(MOST).collect()
}

impl Turn<'_> {
    /// A channel both are in; the first of theirs.
    pub(crate) fn shared_channel(&self, who: ClientId) -> Option<ChannelId> {
        let theirs = self.client(who).channels.iter().map(|it| it.channel);
        theirs.filter(|id| self.my_rank(*id).is_some()).min_by_key(|id| &self.channel(*id).name)
    }
}

/// `H` here or `G` gone, `*` operator, prefixes, `B` bot.
fn flags(turn: &Turn<'_>, who: ClientId, channel: Option<ChannelId>) -> String {
    let they = turn.client(who);
    let mut flags = String::from(if they.away.is_some() { "G" } else { "H" });
    if they.is_operator() {
        flags.push('*');
    }
    let rank = channel.and_then(|id| turn.rank_in(id, who)).unwrap_or_default();
    flags.extend(rank.prefixes(turn.i_have(coax_irc::Capability::MultiPrefix)));
    if they.modes.has(UserModes::BOT) {
        flags.push('B');
    }
    flags
}

fn name_of(turn: &Turn<'_>, channel: Option<ChannelId>) -> String {
    channel.map_or_else(|| "*".to_owned(), |id| turn.channel(id).name.to_string())
}

fn plain(turn: &mut Turn<'_>, who: ClientId, channel: Option<ChannelId>) {
    let (flags, channel) = (flags(turn, who, channel), name_of(turn, channel));
    let they = turn.client(who);
    let (name, realname) = (they.name.clone(), format!("0 {}", they.realname));
    let server = turn.hub.settings.server_name.clone();
    let words = [&*channel, name.user(), name.host(), &server, name.nick(), &flags, &realname];
    turn.reply(n::RPL_WHOREPLY, &words);
}

fn special(
    turn: &mut Turn<'_>,
    who: ClientId,
    channel: Option<ChannelId>,
    fields: &str,
    token: &str,
) {
    let asked = FIELDS.chars().filter(|field| fields.contains(*field));
    let values = asked.map(|field| value(turn, who, channel, field, token)).collect::<Vec<_>>();
    let words = values.iter().map(String::as_str).collect::<Vec<_>>();
    turn.reply(n::RPL_WHOSPCRPL, &words);
}

fn value(
    turn: &Turn<'_>,
    who: ClientId,
    channel: Option<ChannelId>,
    field: char,
    token: &str,
) -> String {
    let they = turn.client(who);
    let sees = turn.me().is_operator() || who == turn.who;
    match field {
        't' => super::clipped(token, 3).to_owned(),
        'c' => name_of(turn, channel),
        'u' => they.name.user().to_owned(),
        'i' if sees => they.origin.address.clone(),
        'i' => "255.255.255.255".to_owned(),
        'h' => they.name.host().to_owned(),
        's' => turn.hub.settings.server_name.clone(),
        'n' => they.nick().to_owned(),
        'f' => flags(turn, who, channel),
        'd' => "0".to_owned(),
        'l' => (turn.now.since(they.spoke) / 1000).to_string(),
        'a' => they.account.as_deref().unwrap_or("0").to_owned(),
        'o' => "n/a".to_owned(),
        _ => they.realname.to_string(),
    }
}
