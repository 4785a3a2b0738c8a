//! Registered channels: what a channel is when nobody is in it.
//!
//! A channel is saved whole and read whole, all of them when the server starts. Founder and access
//! belong to accounts that exist: they follow a rename, and an account that goes takes its access
//! with it.
//!
//! Nothing here knows what a mode or a level means.

mod change;
mod read;

pub use change::{RemoveChannel, RenameChannel, SaveChannel};

use crate::accounts::Name;

/// A channel that was registered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Channel {
    /// Its name, which is unique.
    pub name: Name,
    /// The key of the account it belongs to.
    pub founder: Option<String>,
    /// Milliseconds since 1970.
    pub registered: i64,
    /// What it is about.
    pub topic: Option<Topic>,
    /// As the caller writes them.
    pub modes: String,
    /// JSON, opaque here.
    pub settings: String,
    /// Who may do what. Sorted by account.
    pub access: Vec<Access>,
    /// Bans, exceptions and the like. Sorted by list and mask.
    pub masks: Vec<Mask>,
}

/// What a channel is about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Topic {
    /// The topic.
    pub text: String,
    /// Who set it.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub time: i64,
}

/// What an account may do in a channel.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Access {
    /// The key of the account.
    pub account: String,
    /// As the caller writes it.
    pub level: String,
}

/// A mask in one of a channel's lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mask {
    /// Which list: the mode's letter.
    pub list: String,
    /// Whom it is about.
    pub mask: String,
    /// Who set it.
    pub by: String,
    /// When, in milliseconds since 1970.
    pub time: i64,
}
