//! The server's mind: who is there, who may do what, who gets which line.
//!
//! One owner, one function: [`Hub::apply`] takes what happened and the time, and says what is to be
//! done. It never waits, looks at no clock, rolls no die and opens nothing, so the same inputs give
//! the same effects to the last byte, on this machine and on any other.
//!
//! Nothing here knows sockets, disks or how a password is hashed.

mod accounts;
mod channel;
mod channels;
mod check;
mod client;
mod clients;
mod cloak;
mod doubt;
mod effects;
mod face;
mod history;
mod host;
mod input;
mod kept;
mod label;
mod leave;
mod lives;
mod note;
pub(crate) mod once;
mod patience;
mod pattern;
pub(crate) mod reach;
mod registered;
mod registrations;
mod relay;
mod reply;
pub(crate) mod roster;
mod server_bans;
mod services;
mod since;
pub(crate) mod slow;
mod tick;
mod time;
mod turn;
pub(crate) mod welcome;

use std::collections::{BTreeMap, VecDeque};
use std::net::IpAddr;

use coax_irc::{Message, ParseError};

use crate::settings::Settings;
use crate::verb;

pub(crate) use accounts::{Accounts, new_account};
pub(crate) use channel::{Channel, ChannelId, Flags, ListEntry, MaskList, Rank, Topic};
pub(crate) use channels::Channels;
pub(crate) use client::{Client, Invitation, Name, Sasl, UserModes};
pub(crate) use clients::Clients;
pub(crate) use history::{Record, kept_name, person};
pub(crate) use host::{SHELF as HOSTS, is_host};
pub(crate) use kept::NOT_STORED;
pub(crate) use lives::{Lives, SHELF as LIVES};
pub(crate) use patience::SHELF as TRUSTED;
pub(crate) use pattern::Pattern;
pub(crate) use relay::{Relay, Stamp};
pub(crate) use server_bans::{ServerBan, to_keep};
pub(crate) use services::taken_for_a_service;
pub(crate) use since::{Since, anchored};
pub(crate) use turn::Turn;

pub(crate) use accounts::settings;
pub use accounts::{Known, is_suspended};
pub use client::{ClientId, Origin, Way};
pub(crate) use clients::{CASEMAPPING, fold, same};
pub(crate) use doubt::SHELF as CLOCK;
pub use effects::{Effect, Effects, SharedLine};
pub use history::Extra;
pub use input::{Answer, Input, Keep, Question, Ticket};
pub use note::{Cause, Means, Note, Person};
pub use server_bans::BanKind;
pub use time::Time;

/// All there is to know, and what to do about what happens.
#[derive(Debug)]
pub struct Hub {
    pub(crate) settings: Settings,
    pub(crate) clients: Clients,
    pub(crate) channels: Channels,
    pub(crate) accounts: Accounts,
    /// Whom the operators keep out, and whom they mute.
    pub(crate) server_bans: Vec<ServerBan>,
    /// The hosts that accounts show, by the folded name.
    pub(crate) hosts: BTreeMap<Box<str>, Box<str>>,
    /// The channels that go on when the server starts again.
    pub(crate) lives: Lives,
    /// Who was here: the latest last.
    pub(crate) past: VecDeque<Past>,
    /// Who watches a nick, by the folded nick.
    pub(crate) watchers: BTreeMap<Box<str>, Vec<ClientId>>,
    /// What is awaited, and by whom.
    pub(crate) awaited: BTreeMap<Ticket, turn::Awaited>,
    /// Whether the clock can be believed.
    doubt: doubt::Doubt,
    /// What is on its way to the disk.
    pub(crate) keeping: kept::Keeping,
    /// Who guessed secrets, and where they were got right.
    pub(crate) patience: patience::Patience,
    /// Who made accounts.
    pub(crate) registrations: registrations::Registrations,
    /// Lines that are not said twice.
    pub(crate) once: once::Once,
    /// What was counted so far.
    pub(crate) counts: Counts,
    /// Everyone is being told to go.
    stopping: bool,
    pub(crate) started: Time,
    /// Counts everything that needs a name of its own.
    pub(crate) serial: u64,
    /// For formatting one line; kept for its room.
    scratch: Vec<u8>,
}

/// What a session says of a client that does not read.
pub(crate) const SENDQ_EXCEEDED: &str = "SendQ exceeded";

/// An address as it stands in masks.
pub(crate) fn shown_address(address: IpAddr) -> String {
    let address = address.to_canonical().to_string();
    // A parameter of the protocol must not begin with a colon.
    if address.starts_with(':') { format!("0{address}") } else { address }
}

/// What a hub counted since it began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Messages to somebody or to a channel that were passed on.
    pub messages: u64,
    /// Clients they were passed on to, their senders not counted.
    pub deliveries: u64,
    /// Passwords by [`Means`]: right, wrong, not looked at.
    pub tries: [[u64; 3]; Means::ALL.len()],
}

/// A nick somebody had.
#[derive(Debug)]
pub(crate) struct Past {
    pub(crate) name: Name,
    pub(crate) realname: Box<str>,
    pub(crate) address: Box<str>,
    pub(crate) account: Option<std::sync::Arc<str>>,
    pub(crate) left: Time,
}

impl Hub {
    /// A server with nobody on it, at `now`.
    pub fn new(settings: Settings, now: Time) -> Hub {
        Hub {
            settings,
            clients: Clients::default(),
            channels: Channels::default(),
            accounts: Accounts::default(),
            server_bans: Vec::new(),
            hosts: BTreeMap::new(),
            lives: Lives::default(),
            past: VecDeque::new(),
            watchers: BTreeMap::new(),
            awaited: BTreeMap::new(),
            doubt: doubt::Doubt::default(),
            keeping: kept::Keeping::default(),
            patience: patience::Patience::default(),
            registrations: registrations::Registrations::default(),
            once: once::Once::default(),
            counts: Counts::default(),
            stopping: false,
            started: now,
            serial: 0,
            scratch: Vec::new(),
        }
    }

    /// Takes in what happened. What is to be done stands behind what `effects` already holds.
    pub fn apply(&mut self, now: Time, input: Input<'_>, effects: &mut Effects) {
        match input {
            Input::Arrive { client, origin } => self.arrive(now, client, origin, effects),
            Input::Line { client, line } => self.line(now, client, line, effects),
            Input::TooLong { client } => self.too_long(now, client, effects),
            Input::Gone { client, why } => self.gone(now, client, why, effects),
            Input::Tick => self.tick(now, effects),
            Input::Answer { ticket, answer } => self.answer(now, ticket, answer, effects),
            Input::Kept(keep) => self.is_kept(now, *keep, effects),
            Input::Reload(settings) => self.settings = *settings,
            Input::Stop { why } => self.stop(now, why, effects),
            Input::Notice { text } => self.tell_operators(now, text, effects),
        }
        self.keep_lives(effects);
    }

    /// Takes in what was kept on disk, before anybody arrives.
    pub fn recall(&mut self, known: Known) {
        known.accounts.into_iter().for_each(|account| self.accounts.insert(account));
        let bans = known.server_bans.iter();
        let bans = bans.filter_map(|(kind, mask, it)| ServerBan::read(*kind, mask, it));
        self.server_bans.extend(bans);
        let hosts = known.hosts.into_iter().filter_map(|(account, host)| {
            let host = String::from_utf8(host).ok().filter(|host| is_host(host))?;
            Some((account.into(), host.into()))
        });
        self.hosts.extend(hosts);
        self.lives.recall(known.lives);
        self.patience.recall(known.trusted);
        self.doubt = doubt::Doubt::begin(self.started, &known.clock, known.latest);
        known.channels.into_iter().for_each(|channel| self.channels.restore(channel));
    }

    /// What was counted so far.
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// How many channels there are.
    pub fn channel_count(&self) -> usize {
        self.channels.count()
    }

    /// How many accounts there are.
    pub fn account_count(&self) -> usize {
        self.accounts.count()
    }

    /// Everyone connected: how they talk, whether the way is encrypted, whether they registered,
    /// whether they are operators.
    pub fn everyone(&self) -> impl Iterator<Item = (Way, bool, bool, bool)> + '_ {
        self.clients.all().map(|who| {
            let client = self.clients.get(who);
            let origin = &client.origin;
            (origin.way, origin.secure, client.is_registered(), client.is_operator())
        })
    }

    /// How many clients are connected, registered or not.
    pub fn connected(&self) -> usize {
        self.clients.connected()
    }

    /// The settings in force.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn arrive(&mut self, now: Time, who: ClientId, mut origin: Origin, effects: &mut Effects) {
        if self.settings.cloak {
            origin.host = cloak::cloak(&origin.address, &self.settings.secret);
        }
        self.clients.arrive(who, origin, now);
        if self.is_crowded(who) {
            self.turn(now, who, effects)
                .close(Cause::Crowd, "Too many connections from your address");
        }
    }

    /// Whether a client is one too many from its address.
    pub(crate) fn is_crowded(&self, who: ClientId) -> bool {
        let address = &self.clients.get(who).origin.address;
        // A person at this machine is not one of many strangers behind one address, and a gateway
        // says later whom it brings.
        let one_of_ours = address.parse::<IpAddr>().map_or(true, |ip| {
            ip.is_loopback() || self.settings.webirc.iter().any(|gateway| gateway.from.has(ip))
        });
        !one_of_ours && self.clients.count_of_address(address) > self.settings.per_address
    }

    /// A gateway brought this client from another address.
    pub(crate) fn brought(&mut self, who: ClientId, address: IpAddr, secure: bool) {
        let address = shown_address(address);
        let host = if self.settings.cloak {
            cloak::cloak(&address, &self.settings.secret)
        } else {
            address.clone()
        };
        self.clients.brought(who, Origin { host, address, secure, ..Origin::default() });
    }

    fn line(&mut self, now: Time, who: ClientId, line: &[u8], effects: &mut Effects) {
        let Some(client) = self.clients.find_mut(who) else { return };
        client.heard = now;
        client.pinged = Time::default();
        if client.held {
            // The session broke its word; what else it would send is not to be trusted.
            self.turn(now, who, effects).close(Cause::Flood, "Excess flood");
            return;
        }
        let mut turn = self.turn(now, who, effects);
        match Message::parse(line) {
            Ok(message) => verb::dispatch(&mut turn, &message),
            Err(ParseError::Empty) => {}
            Err(_) => turn.reply(coax_irc::numeric::ERR_UNKNOWNCOMMAND, &["*", "Unknown command"]),
        }
    }

    fn too_long(&mut self, now: Time, who: ClientId, effects: &mut Effects) {
        if let Some(client) = self.clients.find_mut(who) {
            client.heard = now;
            let why = "Input line was too long";
            self.turn(now, who, effects).reply(coax_irc::numeric::ERR_INPUTTOOLONG, &[why]);
        }
    }

    fn gone(&mut self, now: Time, who: ClientId, why: &str, effects: &mut Effects) {
        if self.clients.find(who).is_some() {
            let cause = match why {
                _ if self.stopping => Cause::Stop,
                SENDQ_EXCEEDED => Cause::SlowReader,
                _ => Cause::Lost,
            };
            self.turn(now, who, effects).forget(cause, why);
        }
    }

    fn stop(&mut self, now: Time, why: &str, effects: &mut Effects) {
        self.stopping = true;
        self.keep_time_now(now, effects);
        for who in self.clients.all().collect::<Vec<_>>() {
            self.turn(now, who, effects).farewell(why);
        }
    }

    /// A notice to every operator.
    fn tell_operators(&mut self, now: Time, text: &str, effects: &mut Effects) {
        let server = self.settings.server_name.clone();
        let users = self.clients.users().filter(|(_, client)| client.is_operator());
        for who in users.map(|(who, _)| who).collect::<Vec<_>>() {
            let mut turn = self.turn(now, who, effects);
            let nick = turn.my_nick();
            turn.say_as(who, &server, "NOTICE", &[&nick, text]);
        }
    }

    pub(crate) fn turn<'h>(
        &'h mut self,
        now: Time,
        who: ClientId,
        out: &'h mut Effects,
    ) -> Turn<'h> {
        Turn { hub: self, out, now, who }
    }
}
