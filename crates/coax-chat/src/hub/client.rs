//! A client as the hub knows it.
//!
//! What is rarely there is behind a pointer, so that an idle client stays small: a server holds
//! ten thousand of them.
//!
//! Nothing here knows how the client is connected.

use std::sync::Arc;

use coax_irc::SaslPieces;

use super::channel::ChannelId;
use super::label::Labelled;
use super::time::Time;
use crate::credentials::Exchange;

/// A client's place among all clients. The session layer gives them out, low numbers first, and
/// gives one again only after [`super::Input::Gone`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientId(pub u32);

impl ClientId {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// How somebody talks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// IRC.
    #[default]
    Irc,
    /// IRC over a WebSocket, as the page does.
    WebSocket,
    /// Lines of text.
    Plain,
}

impl Way {
    /// All there are.
    pub const ALL: [Way; 3] = [Way::Irc, Way::WebSocket, Way::Plain];

    /// As metrics and logs call it.
    pub fn name(self) -> &'static str {
        match self {
            Way::Irc => "irc",
            Way::WebSocket => "websocket",
            Way::Plain => "plain",
        }
    }
}

/// Where a client comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// What stands after the `@` in its mask: an address, or a cloak.
    pub host: String,
    /// The address itself, for operators and bans.
    pub address: String,
    /// Whether the way is encrypted.
    pub secure: bool,
    /// The SHA-256 of the certificate it showed, in hexadecimal.
    pub certificate: Option<String>,
    /// How it talks.
    pub way: Way,
}

/// The modes of a user: `+i`, `+o` and so on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UserModes(u8);

impl UserModes {
    /// Each mode with its letter, as they are listed.
    pub(crate) const ALL: [(char, UserModes); 5] = [
        ('B', UserModes::BOT),
        ('i', UserModes::INVISIBLE),
        ('o', UserModes::OPERATOR),
        ('R', UserModes::REGISTERED_ONLY),
        ('w', UserModes::WALLOPS),
    ];
    pub(crate) const INVISIBLE: UserModes = UserModes(1);
    pub(crate) const OPERATOR: UserModes = UserModes(2);
    pub(crate) const WALLOPS: UserModes = UserModes(4);
    pub(crate) const BOT: UserModes = UserModes(8);
    pub(crate) const REGISTERED_ONLY: UserModes = UserModes(16);

    pub(crate) fn of(letter: char) -> Option<UserModes> {
        UserModes::ALL.iter().find(|(known, _)| *known == letter).map(|(_, mode)| *mode)
    }

    pub(crate) fn has(self, mode: UserModes) -> bool {
        self.0 & mode.0 != 0
    }

    pub(crate) fn set(&mut self, mode: UserModes, on: bool) {
        match on {
            true => self.0 |= mode.0,
            false => self.0 &= !mode.0,
        }
    }

    /// `+io`.
    pub(crate) fn letters(self) -> String {
        let on = UserModes::ALL.iter().filter(|(_, mode)| self.has(*mode));
        std::iter::once('+').chain(on.map(|(letter, _)| *letter)).collect()
    }
}

/// What is known of a client that has not finished registering.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    pub(crate) user: Option<Box<str>>,
    pub(crate) password: Option<Box<str>>,
    /// Between CAP LS or REQ and CAP END.
    pub(crate) negotiating: bool,
}

/// Nick, user and host in one piece: `nick!user@host`.
#[derive(Clone, Debug)]
pub(crate) struct Name {
    mask: Arc<str>,
    nick: u16,
    user: u16,
}

impl Name {
    pub(crate) fn new(nick: &str, user: &str, host: &str) -> Name {
        let mask = Arc::from(format!("{nick}!{user}@{host}"));
        // The settings bound both; what is longer was refused.
        let length = |text: &str| u16::try_from(text.len()).unwrap_or(u16::MAX);
        Name { mask, nick: length(nick), user: length(user) }
    }

    /// `nick!user@host`.
    pub(crate) fn mask(&self) -> &Arc<str> {
        &self.mask
    }

    pub(crate) fn nick(&self) -> &str {
        &self.mask[..usize::from(self.nick)]
    }

    pub(crate) fn user(&self) -> &str {
        let start = usize::from(self.nick) + 1;
        &self.mask[start..start + usize::from(self.user)]
    }

    pub(crate) fn host(&self) -> &str {
        &self.mask[usize::from(self.nick) + usize::from(self.user) + 2..]
    }
}

/// A client's place in a channel.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Membership {
    pub(crate) channel: ChannelId,
    /// Where it stands among the channel's members.
    pub(crate) at: u32,
}

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) name: Name,
    pub(crate) realname: Box<str>,
    pub(crate) account: Option<Arc<str>>,
    pub(crate) away: Option<Box<str>>,
    pub(crate) modes: UserModes,
    pub(crate) channels: Vec<Membership>,
    pub(crate) origin: Box<Origin>,
    /// When it arrived.
    pub(crate) since: Time,
    /// When it last said something to somebody.
    pub(crate) spoke: Time,
    /// None once it is registered.
    pub(crate) registration: Option<Box<Registration>>,
    /// The nicks it watches, as they were written.
    pub(crate) watches: Vec<Box<str>>,
    /// The version of capability negotiation it knows, such as 302.
    pub(crate) cap_version: u16,
    /// An answer is awaited before its next command.
    pub(crate) held: bool,
    /// The labelled command that waits for it.
    pub(crate) labelled: Option<Box<Labelled>>,
    /// When it was asked whether it is still there; zero when it need not be.
    pub(crate) pinged: Time,
    /// When something last came from it.
    pub(crate) heard: Time,
    /// An attempt to sign in that is not over.
    pub(crate) sasl: Option<Box<Sasl>>,
    /// How often an attempt failed.
    pub(crate) sasl_failures: u8,
    /// Channels it may enter although they are closed, the latest last.
    pub(crate) invitations: Vec<Invitation>,
}

/// An attempt to sign in.
#[derive(Debug)]
pub(crate) struct Sasl {
    pub(crate) exchange: Exchange,
    pub(crate) pieces: SaslPieces,
    /// Whose password it is about, once that is known.
    pub(crate) account: Option<Box<str>>,
}

/// That a client may enter a channel.
#[derive(Debug)]
pub(crate) struct Invitation {
    pub(crate) channel: std::sync::Arc<str>,
    /// When that channel was made: a new one of the same name is another channel.
    pub(crate) created: Time,
}

impl Client {
    pub(crate) fn new(origin: Origin, now: Time) -> Client {
        Client {
            name: Name::new("*", "*", &origin.host),
            realname: Box::default(),
            account: None,
            away: None,
            modes: UserModes::default(),
            channels: Vec::new(),
            origin: Box::new(origin),
            since: now,
            spoke: now,
            registration: Some(Box::default()),
            watches: Vec::new(),
            cap_version: 0,
            held: false,
            labelled: None,
            pinged: Time::default(),
            heard: now,
            sasl: None,
            sasl_failures: 0,
            invitations: Vec::new(),
        }
    }

    pub(crate) fn nick(&self) -> &str {
        self.name.nick()
    }

    pub(crate) fn is_registered(&self) -> bool {
        self.registration.is_none()
    }

    pub(crate) fn is_operator(&self) -> bool {
        self.modes.has(UserModes::OPERATOR)
    }

    /// JOIN as *extended-join* has it, and as it is without.
    pub(crate) fn join_lines(&self, channel: &str) -> [String; 2] {
        let account = self.account.as_deref().unwrap_or("*");
        let plain = format!(":{} JOIN {channel}", self.name.mask());
        [format!("{plain} {account} :{}", self.realname), plain]
    }

    pub(crate) fn rename(&mut self, nick: &str) {
        self.name = Name::new(nick, self.name.user(), self.name.host());
    }
}
