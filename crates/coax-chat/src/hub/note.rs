//! What is worth telling whoever runs the server.
//!
//! A note says who did what, from where and why. No note ever holds a password, and every text in
//! it may be a stranger's.
//!
//! Nothing here writes a log.

use super::client::Way;
use super::turn::Turn;
use super::{Effect, Time};

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// Somebody finished registering.
    CameIn {
        /// Who.
        who: Person,
        /// How they talk.
        way: Way,
        /// Whether the way is encrypted.
        secure: bool,
    },
    /// A connection is over.
    Left {
        /// Who.
        who: Person,
        /// Whether they had registered.
        registered: bool,
        /// What it was.
        cause: Cause,
        /// What others read about it.
        why: String,
        /// How long they were here, in milliseconds.
        after: u64,
    },
    /// An account was made.
    AccountMade(Person),
    /// An account is gone.
    AccountDropped(Person),
    /// An operator lets nobody sign in to an account, or lets them again.
    AccountSuspended {
        /// Who, and which account.
        who: Person,
        /// Whether nobody may.
        on: bool,
    },
    /// Somebody signed in to an account.
    SignedIn(Person),
    /// Somebody could not.
    NotSignedIn {
        /// Who; the account is the one that was named.
        who: Person,
        /// What they wanted.
        means: Means,
        /// How many seconds are to pass before the next attempt counts; 0 is none.
        wait: u64,
        /// Whether this is the first attempt after a while that has to wait.
        is_first: bool,
    },
    /// Somebody became an operator.
    Operator {
        /// Who.
        who: Person,
        /// The operator's name in the settings.
        name: String,
    },
    /// A mask is kept out from now on.
    KeptOut {
        /// Whom.
        mask: String,
        /// Who says so.
        by: Person,
        /// Why.
        why: String,
        /// None is for good.
        until: Option<Time>,
        /// How many were put out at once.
        put_out: usize,
    },
    /// A mask may come back.
    LetIn {
        /// Whom.
        mask: String,
        /// Who says so.
        by: Person,
    },
}

/// Who did it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Person {
    /// `*` before there is one.
    pub nick: String,
    /// Where from.
    pub address: String,
    /// The account, if there is one.
    pub account: Option<String>,
}

/// What somebody wanted to be, with a password or a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Means {
    /// An account's owner, by SASL.
    Sasl,
    /// An account's owner, by NickServ.
    NickServ,
    /// An operator.
    Oper,
    /// One who may come in, by PASS.
    Server,
    /// One who may enter a channel, by its key.
    Key,
    /// A gateway that says whom it brings, by WEBIRC.
    WebIrc,
}

impl Means {
    /// All there are.
    pub const ALL: [Means; 6] =
        [Means::Sasl, Means::NickServ, Means::Oper, Means::Server, Means::Key, Means::WebIrc];

    /// As metrics and logs call it.
    pub fn name(self) -> &'static str {
        match self {
            Means::Sasl => "sasl",
            Means::NickServ => "nickserv",
            Means::Oper => "oper",
            Means::Server => "server",
            Means::Key => "key",
            Means::WebIrc => "webirc",
        }
    }
}

/// Why a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// QUIT.
    Quit,
    /// The connection ended or broke.
    Lost,
    /// It did not read, and too much waited for it.
    SlowReader,
    /// It sent faster than it may.
    Flood,
    /// Nothing came from it, not even an answer.
    Silent,
    /// It took too long to register.
    Unregistered,
    /// An operator threw it out, or the owner of its nick.
    Killed,
    /// An operator keeps it out.
    KeptOut,
    /// It did not know the server's password.
    Password,
    /// It tried too many wrong passwords of accounts.
    Guessing,
    /// Too many come from its address.
    Crowd,
    /// The server ends.
    Stop,
}

impl Cause {
    /// All there are.
    pub const ALL: [Cause; 12] = [
        Cause::Quit,
        Cause::Lost,
        Cause::SlowReader,
        Cause::Flood,
        Cause::Silent,
        Cause::Unregistered,
        Cause::Killed,
        Cause::KeptOut,
        Cause::Password,
        Cause::Guessing,
        Cause::Crowd,
        Cause::Stop,
    ];

    /// As metrics and logs call it.
    pub fn name(self) -> &'static str {
        match self {
            Cause::Quit => "quit",
            Cause::Lost => "lost",
            Cause::SlowReader => "slow-reader",
            Cause::Flood => "flood",
            Cause::Silent => "ping-timeout",
            Cause::Unregistered => "registration-timeout",
            Cause::Killed => "killed",
            Cause::KeptOut => "kept-out",
            Cause::Password => "server-password",
            Cause::Guessing => "wrong-passwords",
            Cause::Crowd => "per-address",
            Cause::Stop => "stop",
        }
    }
}

impl Turn<'_> {
    pub(crate) fn note(&mut self, note: Note) {
        self.out.push(Effect::Note(Box::new(note)));
    }

    /// Whoever has the turn, for a note.
    pub(crate) fn person(&self) -> Person {
        let me = self.me();
        Person {
            nick: me.nick().to_owned(),
            address: me.origin.address.clone(),
            account: me.account.as_deref().map(str::to_owned),
        }
    }

    /// Whoever has the turn, and an account they speak of.
    pub(crate) fn person_about(&self, account: &str) -> Person {
        // A name may be as long as a line of IRC.
        let account = crate::verb::clipped(account, 64).to_owned();
        Person { account: Some(account), ..self.person() }
    }
}
