//! A channel's modes.
//!
//! Every change is judged alone: what may be done is done, what may not is said, and the members
//! are told once of all that changed.

use coax_irc::{CapSet, ModeChange, ModeItem, Numeric, Sign, numeric as n, render_modes};

use super::CHANNEL;
use crate::hub::reach::Whom;
use crate::hub::{
    ChannelId, Flags, ListEntry, MaskList, Pattern, Rank, Record, Relay, Stamp, Turn,
};
use coax_store::Kind;

/// Changes with arguments that one command may make.
const MOST: usize = 20;

pub(super) fn run(turn: &mut Turn<'_>, id: ChannelId, words: &[&str]) {
    let Some((letters, arguments)) = words.split_first().filter(|(it, _)| !it.is_empty()) else {
        return show(turn, id);
    };
    change(turn, id, letters, arguments, false);
}

/// Changes modes for an operator of the server, who needs no rank.
pub(in crate::verb) fn overrule(turn: &mut Turn<'_>, id: ChannelId, words: &[&str]) {
    if let Some((letters, arguments)) = words.split_first() {
        change(turn, id, letters, arguments, true);
    }
    if turn.my_rank(id).is_none() {
        // Whoever is outside sees nothing else of it.
        show(turn, id);
    }
}

fn change(turn: &mut Turn<'_>, id: ChannelId, letters: &str, arguments: &[&str], overrules: bool) {
    let arguments = arguments.iter().map(|argument| argument.as_bytes());
    let items = CHANNEL.read(letters.as_bytes(), arguments);
    let mut change = Change { turn, id, done: Vec::new(), refused: false, overrules };
    for item in items.take(MOST) {
        change.item(item);
    }
    let done = std::mem::take(&mut change.done);
    if !done.is_empty() {
        tell_all(turn, id, &done);
        turn.save_channel(id, "MODE");
    }
}

fn show(turn: &mut Turn<'_>, id: ChannelId) {
    let inside = turn.my_rank(id).is_some();
    let channel = turn.channel(id);
    let (name, created) = (channel.name.clone(), channel.created.seconds().to_string());
    let modes = channel.modes(inside || turn.me().is_operator());
    let mut words = vec![&*name];
    words.extend(modes.iter().map(String::as_str));
    turn.reply(n::RPL_CHANNELMODEIS, &words);
    turn.reply(n::RPL_CREATIONTIME, &[&name, &created]);
}

/// One command on its way.
struct Change<'t, 'h> {
    turn: &'t mut Turn<'h>,
    id: ChannelId,
    done: Vec<(Sign, u8, Option<String>)>,
    /// It was said already that a rank is missing.
    refused: bool,
    /// No rank is needed.
    overrules: bool,
}

impl Change<'_, '_> {
    fn item(&mut self, item: ModeItem<'_>) {
        match item {
            ModeItem::Change(change) => self.change(change),
            ModeItem::ListQuery { letter } => self.list(letter),
            ModeItem::MissingArgument { sign: Sign::Plus, letter } => {
                let letter = char::from(letter).to_string();
                self.refuse_argument(&letter, "*", "It needs an argument");
            }
            ModeItem::MissingArgument { .. } => {}
            ModeItem::Unknown { letter } => {
                let letter = String::from_utf8_lossy(letter);
                self.turn.reply(n::ERR_UNKNOWNMODE, &[&letter, "is unknown mode char to me"]);
            }
        }
    }

    fn change(&mut self, change: ModeChange<'_>) {
        let letter = char::from(change.letter);
        let on = change.sign == Sign::Plus;
        let argument = change.argument.and_then(|argument| std::str::from_utf8(argument).ok());
        if let Some(rank) = Rank::of_letter(letter) {
            return self.rank(change.sign, rank, argument.unwrap_or_default());
        }
        if !self.may(Rank::HALFOP) {
            return;
        }
        let changed = match (MaskList::of_letter(letter), Flags::of_letter(letter), argument) {
            (Some(list), _, Some(mask)) => return self.mask(change.sign, list, mask),
            (_, Some(flag), _) => self.flag(flag, on),
            (.., argument) if letter == 'k' => return self.key(change.sign, argument),
            (.., argument) => return self.limit(change.sign, argument),
        };
        if changed {
            self.done(change.sign, change.letter, None);
        }
    }

    fn done(&mut self, sign: Sign, letter: u8, argument: Option<String>) {
        self.done.push((sign, letter, argument));
    }

    /// Whether whoever has the turn has this rank; if not, it is said once.
    fn may(&mut self, least: Rank) -> bool {
        let rank = self.turn.my_rank(self.id);
        if self.overrules || rank.is_some_and(|rank| rank.at_least(least)) {
            return true;
        }
        if !std::mem::replace(&mut self.refused, true) {
            let why = "You are not a channel operator";
            self.refuse(n::ERR_CHANOPRIVSNEEDED, why);
        }
        false
    }

    fn refuse(&mut self, numeric: Numeric, why: &str) {
        let name = self.turn.channel(self.id).name.clone();
        self.turn.reply(numeric, &[&name, why]);
    }

    fn refuse_argument(&mut self, letter: &str, argument: &str, why: &str) {
        let name = self.turn.channel(self.id).name.clone();
        let argument = crate::verb::clipped(argument, 64);
        self.turn.reply(n::ERR_INVALIDMODEPARAM, &[&name, letter, argument, why]);
    }

    fn flag(&mut self, flag: Flags, on: bool) -> bool {
        let flags = &mut self.turn.hub.channels.get_mut(self.id).flags;
        let changed = flags.has(flag) != on;
        flags.set(flag, on);
        changed
    }

    fn key(&mut self, sign: Sign, key: Option<&str>) {
        let most = self.turn.hub.settings.key_length;
        let channel = self.turn.hub.channels.get_mut(self.id);
        let (before, key) = (channel.key.take(), key.unwrap_or_default());
        if sign == Sign::Minus {
            if before.is_some() {
                // The key itself is no longer a secret worth telling.
                self.done(sign, b'k', Some("*".to_owned()));
            }
            return;
        }
        if key.is_empty() || key.len() > most || key.starts_with(':') || key.contains([' ', ',']) {
            channel.key = before;
            return self.refuse(n::ERR_INVALIDKEY, "Key is not well-formed");
        }
        channel.key = Some(key.into());
        if before.as_deref() != Some(key) {
            self.done(sign, b'k', Some(key.to_owned()));
        }
    }

    fn limit(&mut self, sign: Sign, limit: Option<&str>) {
        let wanted = limit.unwrap_or_default();
        let limit = wanted.parse::<u32>().ok().filter(|limit| *limit > 0);
        let channel = self.turn.hub.channels.get_mut(self.id);
        match (sign, limit) {
            (Sign::Minus, _) => {
                if channel.limit.take().is_some() {
                    self.done(sign, b'l', None);
                }
            }
            (Sign::Plus, Some(limit)) => {
                if channel.limit.replace(limit) != Some(limit) {
                    self.done(sign, b'l', Some(limit.to_string()));
                }
            }
            (Sign::Plus, None) => self.refuse_argument("l", wanted, "A limit is a number from 1"),
        }
    }

    fn mask(&mut self, sign: Sign, list: MaskList, written: &str) {
        let letter = b"beI"[list as usize];
        let Some(pattern) = Pattern::read(written) else {
            let letter = char::from(letter).to_string();
            return self.refuse_argument(&letter, written, "That is no mask");
        };
        let most = self.turn.hub.settings.list_entries;
        let (by, at) = (self.turn.my_mask(), self.turn.now);
        let channel = self.turn.hub.channels.get_mut(self.id);
        let full = channel.listed() >= most;
        let entries = channel.list_mut(list);
        let same = |entry: &ListEntry| crate::hub::same(entry.pattern.text(), pattern.text());
        let text = pattern.text().to_owned();
        match (sign, entries.iter().position(same)) {
            (Sign::Plus, None) if full => {
                let name = self.turn.channel(self.id).name.clone();
                let words = [&*name, &text, "The channel's lists are full"];
                return self.turn.reply(n::ERR_BANLISTFULL, &words);
            }
            (Sign::Plus, None) => entries.push(ListEntry { pattern, by, at }),
            (Sign::Minus, Some(found)) => drop(entries.remove(found)),
            _ => return,
        }
        self.done(sign, letter, Some(text));
    }

    fn list(&mut self, letter: u8) {
        let Some(list) = MaskList::of_letter(char::from(letter)) else { return };
        let (entry, end, what) = match list {
            MaskList::Ban => (n::RPL_BANLIST, n::RPL_ENDOFBANLIST, "End of channel ban list"),
            MaskList::Exception => {
                (n::RPL_EXCEPTLIST, n::RPL_ENDOFEXCEPTLIST, "End of channel exception list")
            }
            MaskList::Invite => {
                (n::RPL_INVEXLIST, n::RPL_ENDOFINVEXLIST, "End of channel invite list")
            }
        };
        let channel = self.turn.channel(self.id);
        let (name, entries) = (channel.name.clone(), channel.list(list).clone());
        for ListEntry { pattern, by, at } in &entries {
            let at = at.seconds().to_string();
            self.turn.reply(entry, &[&name, pattern.text(), by, &at]);
        }
        self.turn.reply(end, &[&name, what]);
    }

    fn rank(&mut self, sign: Sign, rank: Rank, nick: &str) {
        // Half-operators give voice; founders and admins make their like; operators the rest.
        let needed = match rank {
            Rank::VOICE => Rank::HALFOP,
            Rank::FOUNDER => Rank::FOUNDER,
            Rank::ADMIN => Rank::ADMIN,
            _ => Rank::OP,
        };
        let Some(they) = self.turn.hub.clients.named(nick) else {
            let nick = crate::verb::clipped(nick, 64);
            return self.turn.reply(n::ERR_NOSUCHNICK, &[nick, "No such nick"]);
        };
        let gives_up = they == self.turn.who && sign == Sign::Minus;
        if !gives_up && !self.may(needed) {
            return;
        }
        let (clients, id) = (&self.turn.hub.clients, self.id);
        let Some(theirs) = self.turn.hub.channels.rank_mut(clients, id, they) else {
            let name = self.turn.channel(self.id).name.clone();
            let words = [nick, &name, "They are not on that channel"];
            return self.turn.reply(n::ERR_USERNOTINCHANNEL, &words);
        };
        let on = sign == Sign::Plus;
        if theirs.has(rank) != on {
            theirs.set(rank, on);
            let letter = Rank::ALL.iter().find(|(.., it)| *it == rank).map(|(letter, ..)| *letter);
            let nick = self.turn.client(they).nick().to_owned();
            self.done(sign, letter.map_or(b'v', |letter| letter as u8), Some(nick));
        }
    }
}

fn tell_all(turn: &mut Turn<'_>, id: ChannelId, done: &[(Sign, u8, Option<String>)]) {
    let changes = done.iter().map(|(sign, letter, argument)| ModeChange {
        sign: *sign,
        letter: *letter,
        argument: argument.as_deref().map(str::as_bytes),
    });
    let (mask, name) = (turn.my_mask(), turn.channel(id).name.clone());
    let room = 500_usize.saturating_sub(mask.len() + name.len());
    for words in render_modes(changes, MOST, room) {
        tell(turn, id, None, &String::from_utf8_lossy(&words));
    }
}

/// Tells the members of a change of modes, and keeps it. Without `by` it is of whoever has the turn.
pub(crate) fn tell(turn: &mut Turn<'_>, id: ChannelId, by: Option<&str>, text: &str) {
    let (name, mask, msgid) = (turn.channel(id).name.clone(), turn.my_mask(), turn.new_msgid());
    let line = format!(":{} MODE {name} {text}", by.unwrap_or(&mask));
    let (kind, msgid) = (Kind::Mode, &*msgid);
    turn.record(id, &Record { kind, msgid, target: &name, text, by, ..Record::EVENT });
    let account = turn.me().account.clone().filter(|_| by.is_none());
    let mine = turn.stamp(account.as_deref());
    let stamp = Stamp { msgid: Some(msgid), bot: mine.bot && by.is_none(), ..mine };
    let texts = [(CapSet::NONE, &*line)];
    turn.tell_channel(id, Whom::All, &mut Relay::new(stamp, &texts));
}
