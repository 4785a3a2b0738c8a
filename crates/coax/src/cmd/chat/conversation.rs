//! Which conversation is meant: `lobby`, `'#lobby'`, or two names, `ada,bob`.
//!
//! A shell takes a bare `#lobby` for a comment, so the sign may be left out. Somebody without an
//! account is kept as `~nick`; who types the nick alone means them as well.
//!
//! Nothing here reads what was said.

use coax_chat::settings::nearest;
use coax_irc::Casemapping;
use coax_store::{Conversation, Reader, Target};
use schemars::JsonSchema;
use serde::Serialize;

use super::entry::{clock, moment};
use super::folder::stored;
use crate::failure::{Exit, Failure};
use crate::out::{Human, Report};

/// A conversation that is kept.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ConversationReport {
    /// The channel; absent for the talk of two.
    #[serde(skip_serializing_if = "Option::is_none")]
    channel: Option<String>,
    /// The two, by account, or ~nick for somebody without one.
    #[serde(skip_serializing_if = "Option::is_none")]
    between: Option<[String; 2]>,
    /// When the last entry was, RFC 3339.
    latest: String,
    #[serde(skip)]
    shown: String,
}

impl Report for ConversationReport {
    const EVENT: &'static str = "conversation";
    fn human(&self) -> Human {
        Human::Answer(self.shown.clone())
    }
}

impl ConversationReport {
    pub(super) fn new(it: &Conversation) -> ConversationReport {
        let latest = moment(it.latest.time);
        let (channel, between) = names(&it.target);
        let shown = format!("{}  {}", clock(latest), shown(&it.target));
        ConversationReport { channel, between, latest: latest.to_string(), shown }
    }
}

/// A channel by its name, or two people.
pub(super) fn names(target: &Target) -> (Option<String>, Option<[String; 2]>) {
    match target {
        Target::Channel(name) => (Some(name.clone()), None),
        Target::Private(one, other) => (None, Some([one.clone(), other.clone()])),
    }
}

/// As it is shown, and as it can be typed.
pub(super) fn shown(target: &Target) -> String {
    match target {
        Target::Channel(name) => name.clone(),
        Target::Private(one, other) => format!("{one},{other}"),
    }
}

/// The conversations that `words` name and that are kept.
pub(super) fn find(reader: &Reader, words: &str) -> Result<Vec<Target>, Failure> {
    let meant = meant(words);
    let kept = reader.all_conversations().map_err(|error| stored(&error))?;
    let is_meant = |it: &&Conversation| meant.iter().any(|one| same(one, &it.target));
    let found = kept.iter().filter(is_meant).map(|it| it.target.clone()).collect::<Vec<_>>();
    if !found.is_empty() {
        return Ok(found);
    }
    let what = meant.first().map(shown).unwrap_or_default();
    let channels = kept.iter().filter_map(|it| match &it.target {
        Target::Channel(name) => Some(name.as_str()),
        Target::Private(..) => None,
    });
    let hint = match nearest(&what, channels) {
        Some(name) => format!("did you mean {}?", name.trim_start_matches('#')),
        None => "coax chat history lists what there is".to_owned(),
    };
    Err(Failure::new(Exit::No, format!("nothing is kept of {what}")).hint(hint))
}

/// The order of two people says nothing.
fn same(one: &Target, other: &Target) -> bool {
    match (one, other) {
        (Target::Private(a, b), Target::Private(c, d)) => (a, b) == (c, d) || (a, b) == (d, c),
        (one, other) => one == other,
    }
}

fn meant(words: &str) -> Vec<Target> {
    let words = Casemapping::Rfc7613.fold_text(words);
    let Some((one, other)) = words.split_once(',').filter(|_| !words.starts_with('#')) else {
        let sign = if words.starts_with('#') { "" } else { "#" };
        return vec![Target::Channel(format!("{sign}{words}"))];
    };
    let pairs = keys(one).into_iter().flat_map(|one| {
        let others = keys(other).into_iter();
        others.map(move |other| Target::private(&*one, other))
    });
    pairs.collect()
}

/// An account, or somebody without one.
fn keys(name: &str) -> Vec<String> {
    match name.starts_with('~') {
        true => vec![name.to_owned()],
        false => vec![name.to_owned(), format!("~{name}")],
    }
}

#[cfg(test)]
mod tests {
    use super::meant;
    use coax_store::Target;

    #[test]
    fn a_channel_needs_no_sign_and_no_case() {
        for words in ["#Lobby", "lobby", "LOBBY"] {
            assert_eq!(meant(words), [Target::channel("#lobby")]);
        }
        assert_eq!(meant("#a,b"), [Target::channel("#a,b")]);
    }

    #[test]
    fn two_names_are_their_talk_with_accounts_and_without() {
        let found = meant("Ada,~bob");
        assert_eq!(found, [Target::private("ada", "~bob"), Target::private("~ada", "~bob")]);
        assert_eq!(meant("ada,bob").len(), 4);
    }
}
