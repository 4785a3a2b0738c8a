//! What can happen to the hub.
//!
//! Whatever is not deterministic comes in here as a value: the time, a line, an answer.
//!
//! Nothing here is decided.

use coax_store::{
    AddFingerprint, AddNick, Conversation, Conversations, Entry, Hit, Kept, Page, Password, Put,
    Redact, Register, RemoveAccount, RemoveChannel, RemoveFingerprint, RenameChannel, SaveChannel,
    Search, SetPassword, SetSettings, Target,
};

use super::client::{ClientId, Origin};
use crate::settings::Settings;

/// One thing that happened.
#[derive(Debug)]
pub enum Input<'a> {
    /// Somebody connected.
    Arrive {
        /// The name it has from now on.
        client: ClientId,
        /// Where it is from.
        origin: Origin,
    },
    /// A client sent a line, here without its end. Not while it is held.
    Line {
        /// Who.
        client: ClientId,
        /// What.
        line: &'a [u8],
    },
    /// A client sent a line over the limits, and it was thrown away.
    TooLong {
        /// Who.
        client: ClientId,
    },
    /// A connection ended. The hub may have closed it; then this only frees its number.
    Gone {
        /// Who.
        client: ClientId,
        /// What others read about it.
        why: &'a str,
    },
    /// Time passed. Once a second is often enough.
    Tick,
    /// What was asked is known.
    Answer {
        /// Of which question.
        ticket: Ticket,
        /// What it is.
        answer: Answer,
    },
    /// Whoever owns the server changed something of an account, and it is on disk.
    Kept(Box<Keep>),
    /// The settings are different from now on.
    Reload(Box<Settings>),
    /// Something about the server that its operators should know.
    Notice {
        /// What they read.
        text: &'a str,
    },
    /// The server ends: everyone is told, and closed.
    Stop {
        /// What everyone reads.
        why: &'a str,
    },
}

/// Names a question until it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// What takes longer than the hub may wait, or is not the same each time.
#[derive(Clone, Debug)]
pub enum Question {
    /// Whether this password belongs to this hash. Without a hash the answer is no, as late.
    Verify {
        /// The password somebody gave.
        password: Box<[u8]>,
        /// PHC text.
        hash: Option<Box<str>>,
    },
    /// What to keep of this new password.
    Hash {
        /// The password.
        password: Box<[u8]>,
    },
    /// Bytes that nobody can guess.
    Draw,
    /// A page of a conversation.
    Page(Box<Page>),
    /// Which conversations somebody had.
    Conversations(Box<Conversations>),
    /// What is found by any of these.
    Search(Vec<Search>),
    /// One message.
    Message {
        /// Where it was said.
        target: Target,
        /// Which.
        msgid: String,
    },
    /// Whether this is on disk: asked with what is to be kept.
    Keep(Box<Keep>),
}

/// What came of a [`Question`].
#[derive(Debug)]
pub enum Answer {
    /// Whether it was the right password.
    Verified(bool),
    /// What to keep of it.
    Hashed(Box<Password>),
    /// The bytes.
    Drawn([u8; 18]),
    /// The page, oldest first.
    Page(Vec<Kept>),
    /// The conversations, in the order asked for.
    Conversations(Vec<Conversation>),
    /// What was found, in any order.
    Found(Vec<Hit>),
    /// The question means nothing, and why.
    Invalid(String),
    /// The message, if there is one.
    Message(Option<Box<Kept>>),
    /// It is on disk.
    Stored,
    /// Something with that name is there already.
    Exists,
    /// Nothing with that name is there.
    Missing,
    /// It could not be found out.
    Failed,
}

/// Something to be kept on disk.
#[derive(Clone, Debug)]
pub enum Keep {
    /// A message or an event.
    Entry(Entry),
    /// A new account.
    Account(Register),
    /// An account's new password.
    Password(SetPassword),
    /// What an account may do.
    Settings(SetSettings),
    /// An account has one more nick.
    Nick(AddNick),
    /// An account has one more certificate.
    Certificate(AddFingerprint),
    /// An account has one certificate less.
    NoCertificate(RemoveFingerprint),
    /// An account is gone.
    NoAccount(RemoveAccount),
    /// A registered channel as it is now.
    Channel(SaveChannel),
    /// A message is taken back.
    Redact(Redact),
    /// A registered channel has another name.
    ChannelName(RenameChannel),
    /// Something small that the server wants back.
    Shelf(Put),
    /// A channel is no longer registered.
    NoChannel(RemoveChannel),
}
