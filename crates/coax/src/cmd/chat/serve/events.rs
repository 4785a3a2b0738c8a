//! What the server tells, as events: one for each kind of thing that happens.
//!
//! A person reads a line with its time on stderr; what only somebody who looks for it wants needs
//! `-v`. Text of strangers stands in quotes, cleaned, in a pipe as well: a log is read in a terminal
//! some day.
//!
//! Nothing here holds a password, nor knows when it is told.

use std::net::IpAddr;

use coax_chat::gate::Refusal;
use coax_chat::hub::{Note, Person};
use coax_chat::memory::News;
use coax_chat::serve::Told;
use schemars::JsonSchema;
use serde::Serialize;

use super::ban::ChatBan;
use crate::out::{Human, Out, Report, clean};

/// Tells all that happened.
pub(super) fn tell(told: Told, file: &str, out: &Out) {
    // A reader of events that left is no reason to end a chat.
    let _ = match told {
        Told::Connected { address, way, secure } => out.report(&ChatConnected {
            address: address.map(|address| address.to_string()),
            protocol: way.name(),
            tls: secure,
        }),
        Told::Refused { address, why } => out.report(&ChatRefused::of(address, why)),
        Told::Note(note) => return self::note(note, out),
        Told::Reloaded(changes) => out.report(&ChatReload {
            changed: changes.now.clone(),
            for_newcomers: changes.for_newcomers.clone(),
            at_restart: changes.at_restart.clone(),
            told: format!("read the settings again: {changes}"),
            ..ChatReload::default()
        }),
        Told::NotReloaded(error) => {
            let colon = if error.place.is_some() { ":" } else { ": " };
            let hint = error.hint.as_ref().map(|hint| format!("\nhint: {hint}"));
            out.report(&ChatReload {
                error: Some(error.message.clone()),
                line: error.place.map(|(line, _)| line as u64),
                column: error.place.map(|(_, column)| column as u64),
                told: format!(
                    "kept the old settings: {file}{colon}{error}{}",
                    hint.unwrap_or_default()
                ),
                ..ChatReload::default()
            })
        }
        Told::Certificate { fingerprint, renewed } => {
            out.report(&ChatCertificate { fingerprint: Some(fingerprint), renewed, error: None })
        }
        Told::NoCertificate(why) => {
            out.report(&ChatCertificate { fingerprint: None, renewed: false, error: Some(why) })
        }
        Told::Memory(news) => out.report(&ChatStore::of(&news)),
        Told::ClockDoubted(ahead) => out.report(&ChatTrouble { message: doubted(ahead) }),
        Told::ClockJumped(jump) => out.report(&ChatTrouble { message: jumped(jump) }),
        Told::Forgot(entries) => out.report(&ChatForgot { entries }),
        Told::NotForgotten(why) => {
            let message = format!("cannot forget what is too old: {why}");
            out.report(&ChatTrouble { message })
        }
        Told::Stopping { why, connected } => {
            out.report(&ChatStopping { why, connected: connected as u64 })
        }
        Told::UnnamedProxy(address) => out.report(&ChatTrouble { message: unnamed(address) }),
        Told::NotClosed(message) | Told::CannotAccept(message) => {
            out.report(&ChatTrouble { message })
        }
        _ => Ok(()),
    };
}

fn doubted(ahead: u64) -> String {
    let days = ahead / DAY;
    format!(
        "this machine's clock is {days} days ahead of when a server last ran here: for a day nothing \
         is forgotten by it"
    )
}

fn unnamed(proxy: Option<IpAddr>) -> String {
    let from = proxy.map_or_else(|| "a Unix socket".to_owned(), |it| it.to_string());
    let name = proxy.map_or_else(|| "127.0.0.1".to_owned(), |it| it.to_string());
    format!(
        "a web proxy at {from} brings people and is not named, so all of them have its address: \
         listen.http-proxies = [\"{name}\"]"
    )
}

fn note(note: Note, out: &Out) {
    let account = |change, who: Person| {
        let Person { nick, address, account } = who;
        ChatAccount { change, account: account.unwrap_or_default(), nick, address }
    };
    let _ = match note {
        Note::CameIn { who, way, secure } => {
            let Person { nick, address, account } = who;
            let protocol = way.name();
            out.report(&ChatRegistered { nick, address, account, protocol, tls: secure })
        }
        Note::Left { who, registered, cause, why, after } => {
            let Person { nick, address, account } = who;
            let seconds = after as f64 / 1000.0;
            let reason = cause.name();
            let message = why;
            out.report(&ChatLeft { nick, address, account, registered, reason, message, seconds })
        }
        Note::AccountMade(who) => out.report(&account("made", who)),
        Note::AccountDropped(who) => out.report(&account("dropped", who)),
        Note::AccountSuspended { who, on } => {
            out.report(&account(if on { "suspended" } else { "resumed" }, who))
        }
        Note::SignedIn(who) => out.report(&account("signed-in", who)),
        Note::NotSignedIn { who, means, wait, is_first } => {
            let Person { nick, address, account } = who;
            let (account, means) = (account.unwrap_or_default(), means.name());
            out.report(&ChatPassword { account, means, nick, address, wait, first_wait: is_first })
        }
        Note::Operator { who, name } => {
            let Person { nick, address, account } = who;
            out.report(&ChatOperator { name, nick, address, account })
        }
        Note::BanAdded { kind, mask, by, why, until, met } => {
            out.report(&ChatBan::added(kind, mask, by, why, until).met(met))
        }
        Note::BanRemoved { kind, mask, by } => out.report(&ChatBan::removed(kind, mask, by)),
        _ => Ok(()),
    };
}

/// In milliseconds.
const DAY: u64 = 24 * 60 * 60 * 1000;

fn jumped(jump: Option<i64>) -> String {
    let Some(jump) = jump else {
        return "this machine's clock agrees with the chat's time again".to_owned();
    };
    let days = jump.unsigned_abs() / DAY;
    let way = if jump > 0 { "ahead" } else { "back" };
    format!(
        "this machine's clock jumped {days} days {way}: the chat goes on with its own time; \
         SIGHUP, a restart or a day takes over the new one"
    )
}

/// A line of the log.
pub(super) fn said(text: impl AsRef<str>) -> Human {
    Human::Talk(dated(text.as_ref()))
}

/// A line of the log for those who look for it.
fn detail(text: impl AsRef<str>) -> Human {
    Human::Detail(dated(text.as_ref()))
}

fn dated(text: &str) -> String {
    format!("{:.0} {text}", jiff::Timestamp::now())
}

/// A stranger's text.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", clean(text).replace('"', "\\\""))
}

/// ` as ada` where there is an account of another name.
fn signed_in_as(account: &Option<String>, nick: &str) -> String {
    let account = account.as_ref().filter(|account| *account != nick);
    account.map(|account| format!(" as {account}")).unwrap_or_default()
}

/// The chat server is up.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatStarted {
    pub(super) version: &'static str,
    /// Where what it knows is kept; null keeps nothing.
    pub(super) data: Option<String>,
    /// The file of its settings; null is none.
    pub(super) config: Option<String>,
    pub(super) accounts: u64,
    pub(super) channels: u64,
    /// From the start of the program until it listened.
    pub(super) seconds: f64,
}

impl Report for ChatStarted {
    const EVENT: &'static str = "chat-started";
    fn human(&self) -> Human {
        let place = match &self.data {
            Some(data) => format!("what is known is kept in {data}"),
            None => "nothing is kept".to_owned(),
        };
        said(format!("started: {place} (accounts: {}, channels: {})", self.accounts, self.channels))
    }
}

/// Somebody was let in to talk to the chat server.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatConnected {
    /// Null is a Unix socket.
    address: Option<String>,
    /// irc, websocket or plain
    protocol: &'static str,
    tls: bool,
}

impl Report for ChatConnected {
    const EVENT: &'static str = "chat-connected";
    fn human(&self) -> Human {
        let address = self.address.as_deref().unwrap_or("somebody here");
        let tls = if self.tls { " over TLS" } else { "" };
        detail(format!("{address} connected, speaks {}{tls}", self.protocol))
    }
}

/// Somebody was turned away at the door of the chat server.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatRefused {
    address: Option<String>,
    /// A stable word, as in the metrics.
    reason: &'static str,
    message: String,
}

impl ChatRefused {
    fn of(address: Option<std::net::SocketAddr>, why: Refusal) -> ChatRefused {
        let address = address.map(|address| address.to_string());
        ChatRefused { address, reason: why.name(), message: why.to_string() }
    }
}

impl Report for ChatRefused {
    const EVENT: &'static str = "chat-refused";
    fn human(&self) -> Human {
        let address = self.address.as_deref().unwrap_or("somebody here");
        detail(format!("{address} was turned away: {}", self.message))
    }
}

/// Somebody has a nick now and can talk.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatRegistered {
    nick: String,
    address: String,
    account: Option<String>,
    /// irc, websocket or plain
    protocol: &'static str,
    tls: bool,
}

impl Report for ChatRegistered {
    const EVENT: &'static str = "chat-registered";
    fn human(&self) -> Human {
        let account = signed_in_as(&self.account, &self.nick);
        let tls = if self.tls { " over TLS" } else { "" };
        let (nick, address) = (&self.nick, &self.address);
        detail(format!("{nick} came in{account} from {address} by {}{tls}", self.protocol))
    }
}

/// A connection to the chat server is over.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatLeft {
    /// `*` where there was none yet.
    nick: String,
    address: String,
    account: Option<String>,
    /// Whether it had registered.
    registered: bool,
    /// A stable word, as in the metrics.
    reason: &'static str,
    /// What others read.
    message: String,
    seconds: f64,
}

impl Report for ChatLeft {
    const EVENT: &'static str = "chat-left";
    fn human(&self) -> Human {
        let (nick, address) = (&self.nick, &self.address);
        let (reason, message) = (self.reason, quoted(&self.message));
        detail(format!(
            "{nick} from {address} left after {:.0} s: {reason}, {message}",
            self.seconds
        ))
    }
}

/// An account was made, dropped, or signed in to.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatAccount {
    /// made, dropped, suspended, resumed or signed-in
    change: &'static str,
    account: String,
    nick: String,
    address: String,
}

impl Report for ChatAccount {
    const EVENT: &'static str = "chat-account";
    fn human(&self) -> Human {
        let (account, nick, address) = (&self.account, &self.nick, &self.address);
        match self.change {
            "made" => said(format!("account {account} was made by {nick} from {address}")),
            "dropped" | "suspended" | "resumed" => {
                said(format!("account {account} was {} by {nick} from {address}", self.change))
            }
            _ => detail(format!("{nick} from {address} signed in to {account}")),
        }
    }
}

/// Somebody gave a wrong password, or one that came too soon after wrong ones.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatPassword {
    /// The account, the operator or the channel that was named.
    account: String,
    /// sasl, nickserv, oper, server, key or webirc
    means: &'static str,
    nick: String,
    address: String,
    /// Seconds until an attempt counts again; 0 is one that was looked at and was wrong.
    wait: u64,
    /// Whether it is the first one after a while that has to wait.
    first_wait: bool,
}

impl Report for ChatPassword {
    const EVENT: &'static str = "chat-password";
    fn human(&self) -> Human {
        let (nick, address, means) = (&self.nick, &self.address, self.means);
        let account = quoted(&self.account);
        match self.wait {
            0 => detail(format!("wrong password for {account} ({means}) by {nick} from {address}")),
            wait if self.first_wait => said(format!(
                "too many wrong passwords ({means}) from {address}, the last for {account} by {nick}: \
                 the next one counts in {wait} s"
            )),
            wait => detail(format!(
                "a password for {account} ({means}) by {nick} from {address} came {wait} s too early"
            )),
        }
    }
}

/// Somebody became an operator.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatOperator {
    /// The operator's name in the settings.
    name: String,
    nick: String,
    address: String,
    account: Option<String>,
}

impl Report for ChatOperator {
    const EVENT: &'static str = "chat-operator";
    fn human(&self) -> Human {
        let (nick, address, name) = (&self.nick, &self.address, quoted(&self.name));
        said(format!("{nick} from {address} is an operator now, by the name of {name}"))
    }
}

/// The settings of the chat server were read again, or could not be.
#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct ChatReload {
    /// Keys that count for everyone now.
    changed: Vec<&'static str>,
    /// Keys that count for those who come from now on.
    for_newcomers: Vec<&'static str>,
    /// Keys that count after a restart.
    at_restart: Vec<&'static str>,
    /// Why the old settings stay.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    column: Option<u64>,
    #[serde(skip)]
    told: String,
}

impl Report for ChatReload {
    const EVENT: &'static str = "chat-reload";
    fn human(&self) -> Human {
        said(&self.told)
    }
}

/// Who the chat server is for those who call with TLS.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatCertificate {
    /// The SHA-256 of the certificate, in hexadecimal; null where there is no new one.
    fingerprint: Option<String>,
    /// Whether it replaces another one.
    renewed: bool,
    /// Why there is no new one; an old one stays.
    error: Option<String>,
}

impl Report for ChatCertificate {
    const EVENT: &'static str = "chat-certificate";
    fn human(&self) -> Human {
        said(match (&self.fingerprint, &self.error) {
            (Some(print), _) if self.renewed => format!("the certificate is a new one: {print}"),
            (Some(print), _) => format!("TLS is spoken, with the certificate {print}"),
            (None, error) => {
                format!("no new certificate: {}", error.as_deref().unwrap_or("nobody knows why"))
            }
        })
    }
}

/// What is said is not kept on the disk any more, or is again; or what was kept cannot be read.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatStore {
    /// not-kept, kept-again, lost at the end, or not-read
    change: &'static str,
    error: Option<String>,
    hint: Option<&'static str>,
    /// How many changes were lost since the trouble began, once that is known.
    lost: Option<u64>,
    #[serde(skip)]
    told: String,
}

impl ChatStore {
    fn of(news: &News) -> ChatStore {
        let (change, error, lost) = match news {
            News::NotKept(error) => ("not-kept", Some(error.to_string()), None),
            News::KeptAgain(lost) => ("kept-again", None, Some(*lost)),
            News::Lost(lost) => ("lost", None, Some(*lost)),
            News::NotRead(error) => ("not-read", Some(error.to_string()), None),
        };
        ChatStore { change, error, hint: news.advice(), lost, told: news.to_string() }
    }
}

impl Report for ChatStore {
    const EVENT: &'static str = "chat-store";
    fn human(&self) -> Human {
        let hint = self.hint.map(|hint| format!("\nhint: {hint}"));
        said(format!("{}{}", self.told, hint.unwrap_or_default()))
    }
}

/// Messages and events of the chat are too old, or too many, and are gone.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatForgot {
    entries: u64,
}

impl Report for ChatForgot {
    const EVENT: &'static str = "chat-forgot";
    fn human(&self) -> Human {
        said(format!("forgot {} entries of the history", self.entries))
    }
}

/// The chat server ends, and tells everyone.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatStopping {
    why: String,
    /// How many are told.
    connected: u64,
}

impl Report for ChatStopping {
    const EVENT: &'static str = "chat-stopping";
    fn human(&self) -> Human {
        said(format!("the end; told to {} connected: {}", self.connected, quoted(&self.why)))
    }
}

/// Something this machine does not do for the chat server.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatTrouble {
    pub(super) message: String,
}

impl Report for ChatTrouble {
    const EVENT: &'static str = "chat-trouble";
    fn human(&self) -> Human {
        said(&self.message)
    }
}

#[cfg(test)]
mod tests {
    use super::{ChatLeft, ChatPassword};
    use crate::out::{Human, Report};

    fn line(report: &impl Report) -> String {
        match report.human() {
            Human::Talk(line) | Human::Detail(line) => line,
            Human::Answer(_) | Human::Silent => String::new(),
        }
    }

    #[test]
    fn what_strangers_write_cannot_move_a_cursor_or_make_a_line_of_its_own() {
        let left = ChatLeft {
            nick: "ada".into(),
            address: "::1".into(),
            account: None,
            registered: true,
            reason: "quit",
            message: "Quit: \x1b[2Jbye\u{202e}\" 2026".into(),
            seconds: 61.4,
        };
        let line_of = line(&left);
        assert!(
            line_of.ends_with(r#"left after 61 s: quit, "Quit: \u{1b}[2Jbye\u{202e}\" 2026""#),
            "{line_of}"
        );
        let password = ChatPassword {
            account: "a\x07".into(),
            means: "sasl",
            nick: "*".into(),
            address: "::1".into(),
            wait: 0,
            first_wait: false,
        };
        let line = line(&password);
        assert!(line.ends_with(r#"wrong password for "a\u{7}" (sasl) by * from ::1"#), "{line}");
    }
}
