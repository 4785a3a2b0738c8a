//! What can be set, with a default for everything.
//!
//! Every key stands once, in `keys`, with its default and what it means: the file is read by that
//! table, and the commented default is printed from it. A key nobody knows is an error that says
//! which one was probably meant.
//!
//! Nothing here reads a file.

mod changes;
mod file;
mod keys;
mod network;

use std::collections::BTreeMap;
use std::fmt;
use std::net::IpAddr;
use std::path::PathBuf;

pub use changes::Changes;
pub use file::{commented_default, nearest};
pub use network::Network;

use crate::gate::CallerHeader;

/// Who may become an operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Operator {
    /// The name in OPER.
    pub name: String,
    /// The password, or its hash (`$argon2id$…`).
    pub password: String,
}

/// A gateway that brings people and says whom by WEBIRC.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gateway {
    /// Where it calls from.
    pub from: Network,
    /// What it has to know.
    pub password: String,
}

/// The settings of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is explained where it is read, in keys")]
pub struct Settings {
    pub server_name: String,
    pub network: String,
    pub description: String,
    pub services_name: String,
    pub password: Option<String>,
    pub motd: Vec<String>,
    pub data: Option<PathBuf>,
    pub listen: Vec<String>,
    pub certificate: Option<PathBuf>,
    pub certificate_key: Option<PathBuf>,
    pub proxies: Vec<IpAddr>,
    pub hosts: Vec<String>,
    pub http_proxies: Vec<Network>,
    pub http_proxies_header: CallerHeader,
    pub web_path: String,
    pub webirc: Vec<Gateway>,
    pub origins: Vec<String>,
    pub default_channel: String,
    pub operators: Vec<Operator>,
    pub registration_seconds: u64,
    pub ping_seconds: u64,
    pub ping_grace_seconds: u64,
    pub cloak: bool,
    pub per_address: u32,
    pub per_account: u32,
    pub metrics: Vec<Network>,
    pub sts: bool,
    pub sts_duration: u64,
    pub sts_port: u16,
    pub wrong_passwords: u32,
    pub sendq: usize,
    pub flood_burst: u32,
    pub flood_per_second: u32,
    pub nick_length: usize,
    pub user_length: usize,
    pub channel_length: usize,
    pub topic_length: usize,
    pub kick_length: usize,
    pub away_length: usize,
    pub realname_length: usize,
    pub key_length: usize,
    pub channels: usize,
    pub monitor: usize,
    pub list_entries: usize,
    pub modes: String,
    pub register: bool,
    pub accounts_per_address: u32,
    pub register_before_connect: bool,
    pub email_required: bool,
    pub password_length: usize,
    pub password_memory: u32,
    pub password_passes: u32,
    pub reserve_nicks: bool,
    pub history: bool,
    pub history_page: usize,
    pub history_ack_disk: bool,
    pub history_days: u64,
    pub history_megabytes: u64,
    pub history_channels: BTreeMap<String, u64>,
    /// Chosen anew at each start, so that message names never repeat. Not in the file.
    pub boot: u32,
    /// What decoys are made of, the same at each start. Not in the file.
    pub secret: [u8; 32],
    /// What the file says and the defaults do not, key by key, to be compared.
    given: BTreeMap<&'static str, String>,
}

impl Default for Settings {
    fn default() -> Settings {
        file::default()
    }
}

impl Settings {
    /// Reads a file's text over the defaults.
    pub fn parse(text: &str) -> Result<Settings, SettingsError> {
        file::parse(text)
    }

    /// Which keys of the file another reading changed.
    pub fn changes_to(&self, new: &Settings) -> Changes {
        Changes::of(self, new)
    }
}

/// What is wrong with the settings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsError {
    /// The line and the column in the file, from 1, where it is in one place.
    pub place: Option<(usize, usize)>,
    /// What, in one line.
    pub message: String,
    /// What to write instead.
    pub hint: Option<String>,
}

impl fmt::Display for SettingsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.place {
            Some((line, column)) => write!(f, "{line}:{column}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

impl std::error::Error for SettingsError {}
