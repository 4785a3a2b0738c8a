//! A channel: its members, its modes, its lists.
//!
//! Members stand in one dense row, so that telling all of them is one walk over memory; a client
//! knows where it stands in the row of each of its channels.
//!
//! Nothing here sends anything.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::client::ClientId;
use super::pattern::Pattern;
use super::roster::Roster;
use super::slow::Slow;
use super::time::Time;

/// A channel's place among all channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct ChannelId(pub(crate) u32);

/// What a member may do: founder to voiced, as bits, so that more is greater.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Rank(u8);

impl Rank {
    pub(crate) const VOICE: Rank = Rank(1);
    pub(crate) const HALFOP: Rank = Rank(2);
    pub(crate) const OP: Rank = Rank(4);
    pub(crate) const ADMIN: Rank = Rank(8);
    pub(crate) const FOUNDER: Rank = Rank(16);

    /// Mode letter, prefix and rank, the highest first.
    pub(crate) const ALL: [(char, char, Rank); 5] = [
        ('q', '~', Rank::FOUNDER),
        ('a', '&', Rank::ADMIN),
        ('o', '@', Rank::OP),
        ('h', '%', Rank::HALFOP),
        ('v', '+', Rank::VOICE),
    ];

    pub(crate) fn of_letter(letter: char) -> Option<Rank> {
        Rank::ALL.iter().find(|(known, ..)| *known == letter).map(|(_, _, rank)| *rank)
    }

    pub(crate) fn of_prefix(prefix: char) -> Option<Rank> {
        Rank::ALL.iter().find(|(_, known, _)| *known == prefix).map(|(_, _, rank)| *rank)
    }

    /// Whether it is this rank or a higher one.
    pub(crate) fn at_least(self, rank: Rank) -> bool {
        self.0 >= rank.0
    }

    pub(crate) fn has(self, rank: Rank) -> bool {
        self.0 & rank.0 != 0
    }

    /// Whether it may throw out a member of that rank: operators each other, half-operators only
    /// those below them.
    pub(crate) fn outranks(self, other: Rank) -> bool {
        let highest = |rank: Rank| if rank.0 == 0 { 0 } else { 1 << rank.0.ilog2() };
        let (mine, theirs) = (highest(self), highest(other));
        mine > theirs || (mine == theirs && self.at_least(Rank::OP))
    }

    pub(crate) fn set(&mut self, rank: Rank, on: bool) {
        match on {
            true => self.0 |= rank.0,
            false => self.0 &= !rank.0,
        }
    }

    /// The modes that give a member this rank: `+ov ada ada`.
    pub(crate) fn granted(self, nick: &str) -> Option<String> {
        let held = Rank::ALL.iter().filter(|(.., rank)| self.has(*rank));
        let letters = held.map(|(letter, ..)| *letter).collect::<String>();
        let nicks = vec![nick; letters.len()].join(" ");
        (!letters.is_empty()).then(|| format!("+{letters} {nicks}"))
    }

    /// The highest prefix, or all of them.
    pub(crate) fn prefixes(self, all: bool) -> impl Iterator<Item = char> {
        let held = Rank::ALL.iter().filter(move |(.., rank)| self.has(*rank));
        held.map(|(_, prefix, _)| *prefix).take(if all { Rank::ALL.len() } else { 1 })
    }
}

/// A client in a channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Member {
    pub(crate) client: ClientId,
    pub(crate) rank: Rank,
}

/// The modes that are on or off.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Flags(u16);

impl Flags {
    pub(crate) const NO_CTCP: Flags = Flags(1);
    pub(crate) const INVITE_ONLY: Flags = Flags(2);
    pub(crate) const MODERATED: Flags = Flags(4);
    pub(crate) const REGISTERED_SPEAK: Flags = Flags(8);
    pub(crate) const NO_EXTERNAL: Flags = Flags(16);
    pub(crate) const REGISTERED_ONLY: Flags = Flags(32);
    pub(crate) const SECRET: Flags = Flags(64);
    pub(crate) const TOPIC_LOCK: Flags = Flags(128);

    /// Each with its letter, as they are listed.
    pub(crate) const ALL: [(char, Flags); 8] = [
        ('C', Flags::NO_CTCP),
        ('M', Flags::REGISTERED_SPEAK),
        ('R', Flags::REGISTERED_ONLY),
        ('i', Flags::INVITE_ONLY),
        ('m', Flags::MODERATED),
        ('n', Flags::NO_EXTERNAL),
        ('s', Flags::SECRET),
        ('t', Flags::TOPIC_LOCK),
    ];

    pub(crate) fn of_letter(letter: char) -> Option<Flags> {
        Flags::ALL.iter().find(|(known, _)| *known == letter).map(|(_, flag)| *flag)
    }

    pub(crate) fn has(self, flag: Flags) -> bool {
        self.0 & flag.0 != 0
    }

    pub(crate) fn set(&mut self, flag: Flags, on: bool) {
        match on {
            true => self.0 |= flag.0,
            false => self.0 &= !flag.0,
        }
    }
}

/// What a channel says it is about.
#[derive(Clone, Debug)]
pub(crate) struct Topic {
    pub(crate) text: Box<str>,
    /// `nick!user@host` of who set it.
    pub(crate) by: Arc<str>,
    pub(crate) at: Time,
}

/// One entry of a ban, exception or invite-exception list.
#[derive(Clone, Debug)]
pub(crate) struct ListEntry {
    pub(crate) pattern: Pattern,
    pub(crate) by: Arc<str>,
    pub(crate) at: Time,
}

/// The three lists of masks a channel keeps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MaskList {
    Ban,
    Exception,
    Invite,
}

impl MaskList {
    pub(crate) fn of_letter(letter: char) -> Option<MaskList> {
        match letter {
            'b' => Some(MaskList::Ban),
            'e' => Some(MaskList::Exception),
            'I' => Some(MaskList::Invite),
            _ => None,
        }
    }
}

/// A channel.
#[derive(Debug)]
pub(crate) struct Channel {
    pub(crate) name: Arc<str>,
    /// Since when there is a channel of this name, this time.
    pub(crate) created: Time,
    /// No message of this channel has an earlier name.
    pub(crate) first: Box<str>,
    pub(crate) members: Vec<Member>,
    /// What NAMES says of the members.
    pub(crate) roster: Roster,
    pub(crate) flags: Flags,
    pub(crate) key: Option<Box<str>>,
    pub(crate) limit: Option<u32>,
    pub(crate) slow: Slow,
    pub(crate) topic: Option<Topic>,
    lists: [Vec<ListEntry>; 3],
    /// The account that owns it, when it is registered.
    pub(crate) founder: Option<Arc<str>>,
    /// The rank that other accounts get when they come in, by the folded name.
    pub(crate) access: BTreeMap<Box<str>, Rank>,
}

impl Channel {
    pub(crate) fn new(name: &str, flags: Flags, now: Time, first: &str) -> Channel {
        Channel {
            name: Arc::from(name),
            created: now,
            first: first.into(),
            members: Vec::new(),
            roster: Roster::default(),
            flags,
            key: None,
            limit: None,
            slow: Slow::default(),
            topic: None,
            lists: Default::default(),
            founder: None,
            access: BTreeMap::new(),
        }
    }

    pub(crate) fn list(&self, list: MaskList) -> &Vec<ListEntry> {
        &self.lists[list as usize]
    }

    pub(crate) fn list_mut(&mut self, list: MaskList) -> &mut Vec<ListEntry> {
        &mut self.lists[list as usize]
    }

    /// How many entries all lists have together.
    pub(crate) fn listed(&self) -> usize {
        self.lists.iter().map(Vec::len).sum()
    }

    /// `+nt`, with parameters; the key only for those who may see it.
    pub(crate) fn modes(&self, with_key: bool) -> Vec<String> {
        let mut letters = String::from("+");
        let mut params = Vec::new();
        letters.extend(Flags::ALL.iter().filter(|(_, f)| self.flags.has(*f)).map(|(l, _)| *l));
        if let Some(key) = &self.key {
            letters.push('k');
            params.push(if with_key { key.to_string() } else { "*".to_owned() });
        }
        if let Some(limit) = self.limit {
            letters.push('l');
            params.push(limit.to_string());
        }
        if let Some(seconds) = self.slow.seconds {
            letters.push('W');
            params.push(seconds.to_string());
        }
        params.insert(0, letters);
        params
    }
}
