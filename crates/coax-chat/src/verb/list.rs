//! `LIST [<channel, mask or condition>{,…}]`
//!
//! Conditions: `>5` and `<5` members, `C>10` and `C<10` made more or less than so many minutes ago,
//! `T>10` and `T<10` with a topic set then, `*rust*` and `!*rust*` by name.

use coax_irc::{Mask, numeric as n};

use super::Words;
use crate::hub::{CASEMAPPING, Channel, Flags, Time, Turn};

/// One word of the command.
enum Wanted {
    /// Fewer (true) or more members.
    Members(bool, usize),
    /// Made later (true) or earlier than this.
    Created(bool, Time),
    /// Topic set later (true) or earlier than this.
    Topic(bool, Time),
    /// Names that match (true) or do not.
    Name(bool, Mask),
}

impl Wanted {
    fn read(word: &str, now: Time) -> Option<Wanted> {
        let ago = |minutes: &str| {
            let minutes = minutes.parse::<u64>().ok()?;
            Some(Time(now.0.saturating_sub(minutes.saturating_mul(60_000))))
        };
        let (letter, rest) = match word.as_bytes() {
            [b'C' | b'c' | b'T' | b't', b'<' | b'>', ..] => (word.as_bytes()[0], &word[1..]),
            _ => (0, word),
        };
        Some(match (letter | 32, rest.strip_prefix('<'), rest.strip_prefix('>')) {
            (b'c', Some(minutes), _) => Wanted::Created(true, ago(minutes)?),
            (b'c', _, Some(minutes)) => Wanted::Created(false, ago(minutes)?),
            (b't', Some(minutes), _) => Wanted::Topic(true, ago(minutes)?),
            (b't', _, Some(minutes)) => Wanted::Topic(false, ago(minutes)?),
            (_, Some(count), _) => Wanted::Members(true, count.parse().ok()?),
            (_, _, Some(count)) => Wanted::Members(false, count.parse().ok()?),
            _ => match rest.strip_prefix('!') {
                Some(mask) => Wanted::Name(false, Mask::of_text(mask.as_bytes(), CASEMAPPING)),
                None => Wanted::Name(true, Mask::of_text(rest.as_bytes(), CASEMAPPING)),
            },
        })
    }

    fn takes(&self, channel: &Channel) -> bool {
        match self {
            Wanted::Members(true, count) => channel.members.len() < *count,
            Wanted::Members(false, count) => channel.members.len() > *count,
            Wanted::Created(later, at) => (channel.created > *at) == *later,
            Wanted::Topic(later, at) => {
                channel.topic.as_ref().is_some_and(|topic| (topic.at > *at) == *later)
            }
            Wanted::Name(wanted, mask) => {
                mask.matches(CASEMAPPING.fold(channel.name.as_bytes()).as_bytes()) == *wanted
            }
        }
    }
}

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    let now = turn.now;
    let asked = words.get(0).unwrap_or_default().split(',').filter(|word| !word.is_empty());
    let wanted = asked.filter_map(|word| Wanted::read(word, now)).collect::<Vec<_>>();
    // Names are alternatives, everything else must be so.
    let (names, rest): (Vec<_>, Vec<_>) =
        wanted.iter().partition(|it| matches!(it, Wanted::Name(true, _)));
    let seen = turn.hub.channels.all().filter(|(id, channel)| {
        let secret = channel.flags.has(Flags::SECRET);
        !secret || turn.my_rank(*id).is_some() || turn.me().is_operator()
    });
    let listed = seen.map(|(_, channel)| channel).filter(|channel| {
        rest.iter().all(|it| it.takes(channel))
            && (names.is_empty() || names.iter().any(|it| it.takes(channel)))
    });
    let rows = listed.map(|channel| {
        let topic = channel.topic.as_ref().map(|topic| topic.text.to_string());
        (channel.name.clone(), channel.members.len().to_string(), topic.unwrap_or_default())
    });
    let rows = rows.collect::<Vec<_>>();
    turn.reply(n::RPL_LISTSTART, &["Channel", "Users  Name"]);
    for (name, count, topic) in &rows {
        turn.reply(n::RPL_LIST, &[name, count, topic]);
    }
    turn.reply(n::RPL_LISTEND, &["End of /LIST"]);
}
