//! Whom an entry of a list is about.
//!
//! A mask of `nick!user@host`, `$a:account`, or `$m:` before a mask, which silences and does not keep
//! out. A mask is compared with the host a user shows, with the one it came with, and with
//! its address.
//!
//! Nothing here knows what being listed means.

use coax_irc::{ExtbanSyntax, Mask};

use super::channel::{ChannelId, MaskList};
use super::client::{Client, ClientId};
use super::clients::{CASEMAPPING, same};
use super::turn::Turn;

/// How extended bans are written.
pub(crate) const EXTBAN: ExtbanSyntax<'static> =
    ExtbanSyntax { prefix: Some(b'$'), names: &["a", "m", "account", "mute"] };

/// Most bytes of a mask: three of the longest fit on a line.
const LONGEST: usize = 150;

/// Whom it is about.
#[derive(Clone, Debug)]
enum Kind {
    Source(Mask),
    Account(Mask),
    Mute(Mask),
    /// Anyone who signed in.
    SignedIn,
}

/// One entry, ready to be compared.
#[derive(Clone, Debug)]
pub(crate) struct Pattern {
    text: Box<str>,
    kind: Kind,
    negated: bool,
}

impl Pattern {
    /// Reads what somebody wrote; none when it means nothing.
    pub(crate) fn read(written: &str) -> Option<Pattern> {
        if written.len() > LONGEST || written.starts_with(':') {
            return None;
        }
        let Some(extban) = EXTBAN.read(written.as_bytes()) else {
            let mask = Mask::of_source(written.as_bytes(), CASEMAPPING);
            let text = String::from_utf8_lossy(mask.text()).into();
            return Some(Pattern { text, kind: Kind::Source(mask), negated: false });
        };
        let kind = match (extban.name, extban.argument) {
            ("a" | "account", None | Some(b"")) => Kind::SignedIn,
            ("a" | "account", Some(name)) => Kind::Account(Mask::of_text(name, CASEMAPPING)),
            (_, Some(mask)) => Kind::Mute(Mask::of_source(mask, CASEMAPPING)),
            (_, None) => return None,
        };
        Some(Pattern { text: written.into(), kind, negated: extban.negated })
    }

    /// As lists show it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }

    fn is_mute(&self) -> bool {
        matches!(self.kind, Kind::Mute(_))
    }

    pub(crate) fn is_about(&self, client: &Client) -> bool {
        let about = match &self.kind {
            Kind::Source(mask) | Kind::Mute(mask) => sources(client).any(|it| matches(mask, &it)),
            Kind::Account(mask) => client.account.as_deref().is_some_and(|it| matches(mask, it)),
            Kind::SignedIn => client.account.is_some(),
        };
        about != self.negated
    }
}

fn matches(mask: &Mask, text: &str) -> bool {
    mask.matches(CASEMAPPING.fold(text.as_bytes()).as_bytes())
}

/// The mask with the host that is shown, with the one that was shown at first, and with the address,
/// where they differ.
fn sources(client: &Client) -> impl Iterator<Item = String> + '_ {
    let (name, origin) = (&client.name, &client.origin);
    let with = |host: &str| format!("{}!{}@{host}", name.nick(), name.user());
    let first = (origin.host != name.host()).then(|| with(&origin.host));
    let real = (origin.address != name.host() && origin.address != origin.host)
        .then(|| with(&origin.address));
    std::iter::once(name.mask().to_string()).chain(first).chain(real)
}

impl Turn<'_> {
    /// Whether a list of the channel names the client.
    pub(crate) fn is_listed(&self, id: ChannelId, list: MaskList, who: ClientId) -> bool {
        let client = self.client(who);
        self.channel(id).list(list).iter().any(|entry| entry.pattern.is_about(client))
    }

    /// Whether it is kept out.
    pub(crate) fn is_banned(&self, id: ChannelId, who: ClientId) -> bool {
        self.is_denied(id, who, false)
    }

    /// Whether it is silenced.
    pub(crate) fn is_muted(&self, id: ChannelId, who: ClientId) -> bool {
        self.is_denied(id, who, true)
    }

    fn is_denied(&self, id: ChannelId, who: ClientId, mute: bool) -> bool {
        let client = self.client(who);
        let denied = |list| {
            let entries = self.channel(id).list(list).iter();
            let mut entries = entries.map(|entry| &entry.pattern);
            entries.any(|pattern| pattern.is_mute() == mute && pattern.is_about(client))
        };
        denied(MaskList::Ban) && !self.is_listed(id, MaskList::Exception, who)
    }

    /// Whether whoever has the turn was asked in.
    pub(crate) fn is_invited(&self, id: ChannelId) -> bool {
        let channel = self.channel(id);
        let asked = |it: &super::Invitation| {
            it.created == channel.created && same(&it.channel, &channel.name)
        };
        self.me().invitations.iter().any(asked)
    }
}
