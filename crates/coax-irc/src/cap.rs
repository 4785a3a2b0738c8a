//! Capabilities: what a client and a server agreed to speak beyond the old protocol.
//!
//! All names are here; which of them a server offers, with which values, is its [`Offer`]. A request
//! is taken whole or refused whole.
//!
//! Nothing here knows what a capability changes.

use std::fmt;

use crate::pack;

macro_rules! capabilities {
    ($($(#[doc = $doc:literal])+ $name:ident = $text:literal,)+) => {
        /// A capability by name. IRCv3 *capability-negotiation* and the specification named.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum Capability {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Capability {
            /// Every one, in the order of this list.
            pub const ALL: &[Capability] = &[$(Capability::$name,)+];

            /// The name in CAP.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Capability::$name => $text,)+
                }
            }
        }
    };
}

capabilities! {
    /// Others' accounts as they change. *account-notify*
    AccountNotify = "account-notify",
    /// The account of who speaks. *account-tag*
    AccountTag = "account-tag",
    /// Others' absence as it changes. *away-notify*
    AwayNotify = "away-notify",
    /// Lines that belong together. *batch*
    Batch = "batch",
    /// Capabilities that come and go. *capability-negotiation*
    CapNotify = "cap-notify",
    /// Others' users and hosts as they change. *chghost*
    Chghost = "chghost",
    /// One's own messages, as others see them. *echo-message*
    EchoMessage = "echo-message",
    /// Accounts and real names in JOIN. *extended-join*
    ExtendedJoin = "extended-join",
    /// More about those that are monitored. *extended-monitor*
    ExtendedMonitor = "extended-monitor",
    /// Invitations of others. *invite-notify*
    InviteNotify = "invite-notify",
    /// Replies that say what they reply to. *labeled-response*
    LabeledResponse = "labeled-response",
    /// Any tags, and TAGMSG. *message-tags*
    MessageTags = "message-tags",
    /// Every prefix of a member. *multi-prefix*
    MultiPrefix = "multi-prefix",
    /// Signing in. *sasl*
    Sasl = "sasl",
    /// When a message was sent. *server-time*
    ServerTime = "server-time",
    /// A real name that changes. *setname*
    Setname = "setname",
    /// FAIL, WARN and NOTE. *standard-replies*
    StandardReplies = "standard-replies",
    /// TLS or nothing, from now on. Told, never requested. *sts*
    Sts = "sts",
    /// Whole sources in NAMES. *userhost-in-names*
    UserhostInNames = "userhost-in-names",
    /// REGISTER and VERIFY. *draft/account-registration*
    AccountRegistration = "draft/account-registration",
    /// RENAME. *draft/channel-rename*
    ChannelRename = "draft/channel-rename",
    /// History on request. *draft/chathistory*
    Chathistory = "draft/chathistory",
    /// More than messages in history. *draft/chathistory*
    EventPlayback = "draft/event-playback",
    /// ISUPPORT before registration, and in a batch. *draft/extended-isupport*
    ExtendedIsupport = "draft/extended-isupport",
    /// REDACT. *draft/message-redaction*
    MessageRedaction = "draft/message-redaction",
    /// METADATA. *draft/metadata-2*
    Metadata2 = "draft/metadata-2",
    /// METADATA, as it is now. *draft/metadata-3*
    Metadata3 = "draft/metadata-3",
    /// One message of several lines. *draft/multiline*
    Multiline = "draft/multiline",
    /// JOIN without NAMES. *draft/no-implicit-names*
    NoImplicitNames = "draft/no-implicit-names",
    /// AWAY before registration. *draft/pre-away*
    PreAway = "draft/pre-away",
    /// How far one has read, on all devices. *draft/read-marker*
    ReadMarker = "draft/read-marker",
    /// A line that is sent again is said once. Ours: decision 0039.
    Once = "coax.chat/once",
    /// SEARCH. *soju.im/search*
    Search = "soju.im/search",
}

impl Capability {
    /// The capability of that name, which is compared letter by letter.
    pub fn named(name: &[u8]) -> Option<Capability> {
        Capability::ALL.iter().copied().find(|it| it.name().as_bytes() == name)
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Some of the capabilities, in eight bytes.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct CapSet(u64);

impl CapSet {
    /// None of them.
    pub const NONE: CapSet = CapSet(0);

    /// These, known when compiled.
    pub const fn of(these: &[Capability]) -> CapSet {
        let (mut bits, mut at) = (0, 0);
        while at < these.len() {
            bits |= 1 << these[at] as u8;
            at += 1;
        }
        CapSet(bits)
    }

    /// This set with one more.
    #[must_use]
    pub const fn with(self, capability: Capability) -> CapSet {
        CapSet(self.0 | 1 << capability as u8)
    }

    /// This set without one.
    #[must_use]
    pub const fn without(self, capability: Capability) -> CapSet {
        CapSet(self.0 & !(1 << capability as u8))
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: CapSet) -> CapSet {
        CapSet(self.0 | other.0)
    }

    /// What is in both: with a fixed set, the key for a line that was written once for many.
    #[must_use]
    pub const fn intersection(self, other: CapSet) -> CapSet {
        CapSet(self.0 & other.0)
    }

    /// What is here and not in the other.
    #[must_use]
    pub const fn difference(self, other: CapSet) -> CapSet {
        CapSet(self.0 & !other.0)
    }

    /// Whether one is in it.
    pub const fn has(self, capability: Capability) -> bool {
        self.0 & (1 << capability as u8) != 0
    }

    /// Whether none is in it.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Those in it, in the order of [`Capability::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Capability> {
        Capability::ALL.iter().copied().filter(move |it| self.has(*it))
    }
}

impl FromIterator<Capability> for CapSet {
    fn from_iter<I: IntoIterator<Item = Capability>>(these: I) -> CapSet {
        these.into_iter().fold(CapSet::NONE, CapSet::with)
    }
}

impl fmt::Debug for CapSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.iter()).finish()
    }
}

/// What a server offers: capabilities, some with a value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Offer {
    set: CapSet,
    values: Vec<(Capability, String)>,
}

impl Offer {
    /// An offer of these, none with a value.
    pub const fn new(set: CapSet) -> Offer {
        Offer { set, values: Vec::new() }
    }

    /// Adds one with its value, as in `sasl=PLAIN,EXTERNAL`. A new value replaces the old.
    #[must_use]
    pub fn with(mut self, capability: Capability, value: impl Into<String>) -> Offer {
        self.values.retain(|(it, _)| *it != capability);
        self.values.push((capability, value.into()));
        self.set = self.set.with(capability);
        self
    }

    /// What is offered.
    pub const fn set(&self) -> CapSet {
        self.set
    }

    /// The value of one.
    pub fn value(&self, capability: Capability) -> Option<&str> {
        self.values.iter().find(|(it, _)| *it == capability).map(|(_, value)| value.as_str())
    }

    /// The words of CAP LS. A client of version 302 or later sees values; an older one sees neither
    /// them nor STS, which means nothing without one.
    pub fn words(&self, version: u16) -> Vec<String> {
        let with_values = version >= 302;
        let shown = self.set.iter().filter(|it| with_values || *it != Capability::Sts);
        shown
            .map(|it| match self.value(it) {
                Some(value) if with_values && !value.is_empty() => format!("{it}={value}"),
                _ => it.to_string(),
            })
            .collect()
    }

    /// The last parameters of the lines that answer CAP LS, each of at most `room` bytes. All but
    /// the last line carry a `*` before it. A client older than 302 understands one line alone,
    /// so it gets no second: what finds no room there is left out.
    pub fn lines(&self, version: u16, room: usize) -> Vec<Vec<u8>> {
        let mut lines = pack(self.words(version), b' ', room, usize::MAX);
        if version < 302 {
            lines.truncate(1);
        }
        if lines.is_empty() {
            lines.push(Vec::new());
        }
        lines
    }
}

/// What a CAP REQ would change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CapRequest {
    /// To turn on.
    pub on: CapSet,
    /// To turn off: those with a `-`.
    pub off: CapSet,
}

/// A CAP REQ names what nobody offers: it is refused whole, with CAP NAK and its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownCapability;

impl CapRequest {
    /// Reads the last parameter of CAP REQ. Of two words about one capability the last counts.
    pub fn parse(words: &[u8], offered: CapSet) -> Result<CapRequest, UnknownCapability> {
        let mut request = CapRequest::default();
        for word in words.split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
            let (off, name) = match word.strip_prefix(b"-") {
                Some(name) => (true, name),
                None => (false, word),
            };
            let known = Capability::named(name).filter(|it| offered.has(*it));
            let capability = known.ok_or(UnknownCapability)?;
            let (into, from) = match off {
                true => (&mut request.off, &mut request.on),
                false => (&mut request.on, &mut request.off),
            };
            *into = into.with(capability);
            *from = from.without(capability);
        }
        Ok(request)
    }

    /// The capabilities of a client after the change.
    pub const fn applied_to(self, before: CapSet) -> CapSet {
        before.union(self.on).difference(self.off)
    }
}

impl fmt::Display for UnknownCapability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a capability is requested that is not offered")
    }
}

impl std::error::Error for UnknownCapability {}

#[cfg(test)]
mod tests {
    use super::{CapRequest, CapSet, Capability as Cap, Offer, UnknownCapability};

    const OFFERED: CapSet = CapSet::of(&[Cap::Batch, Cap::Sasl, Cap::Setname]);

    #[test]
    fn every_capability_has_its_own_bit_and_name() {
        assert!(Cap::ALL.len() <= 64);
        for (at, it) in Cap::ALL.iter().enumerate() {
            assert_eq!(*it as usize, at);
            assert_eq!(Cap::named(it.name().as_bytes()), Some(*it));
        }
        let all: CapSet = Cap::ALL.iter().copied().collect();
        assert_eq!(all.iter().count(), Cap::ALL.len());
    }

    #[test]
    fn a_request_turns_on_and_off() {
        let request = CapRequest::parse(b" sasl  -batch ", OFFERED).unwrap();
        let after = request.applied_to(CapSet::of(&[Cap::Batch]));
        assert_eq!(after, CapSet::of(&[Cap::Sasl]));
        let both = CapRequest::parse(b"sasl -sasl", OFFERED).unwrap();
        assert_eq!(both.applied_to(OFFERED), OFFERED.without(Cap::Sasl));
    }

    #[test]
    fn a_request_with_one_unknown_word_is_refused_whole() {
        for words in ["sasl nonsense", "away-notify", "sasl=PLAIN", "--sasl", "-", "SASL"] {
            assert_eq!(
                CapRequest::parse(words.as_bytes(), OFFERED),
                Err(UnknownCapability),
                "{words}"
            );
        }
    }

    #[test]
    fn values_are_for_clients_of_302() {
        let offer = Offer::new(OFFERED).with(Cap::Sasl, "PLAIN").with(Cap::Sts, "port=6697");
        assert_eq!(offer.words(302), ["batch", "sasl=PLAIN", "setname", "sts=port=6697"]);
        assert_eq!(offer.words(301), ["batch", "sasl", "setname"]);
        assert_eq!(offer.lines(302, 20), [&b"batch sasl=PLAIN"[..], b"setname", b"sts=port=6697"]);
        assert_eq!(Offer::default().lines(302, 20), [b""]);
    }
}
