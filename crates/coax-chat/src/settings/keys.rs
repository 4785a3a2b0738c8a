//! The table of every key: its name, its default, what it means.
//!
//! The default is written as in the file, and read by the same code. A new key is a new entry here
//! and a new field beside it.
//!
//! Nothing here knows what a setting is for.

use std::collections::BTreeMap;
use std::path::PathBuf;

use toml::Value;

use super::{Gateway, Network, Operator, Settings};
use crate::gate::CallerHeader;

/// One key.
pub(super) struct Key {
    /// `section.key`.
    pub(super) name: &'static str,
    /// As in the file.
    pub(super) default: &'static str,
    pub(super) about: &'static str,
    pub(super) read: fn(&mut Settings, &Value) -> Result<(), &'static str>,
}

/// A key that holds text.
macro_rules! text {
    ($field:ident) => {
        |settings, value| {
            settings.$field = value.as_str().ok_or("is text in quotes")?.to_owned();
            Ok(())
        }
    };
}

/// A key that holds a whole number.
macro_rules! number {
    ($field:ident) => {
        |settings, value| {
            let number = value.as_integer().and_then(|number| number.try_into().ok());
            settings.$field = number.ok_or("is a whole number, 0 or more")?;
            Ok(())
        }
    };
}

/// A key that is on or off.
macro_rules! switch {
    ($field:ident) => {
        |settings, value| {
            settings.$field = value.as_bool().ok_or("is true or false")?;
            Ok(())
        }
    };
}

/// A key that holds several texts.
macro_rules! texts {
    ($field:ident) => {
        |settings, value| {
            settings.$field = strings(value).ok_or("is a list of texts: [\"…\", \"…\"]")?;
            Ok(())
        }
    };
}

pub(super) const KEYS: &[Key] = &[
    Key {
        name: "server.name",
        default: "\"coax.chat\"",
        about: "What the server calls itself: a name with a dot in it.",
        read: text!(server_name),
    },
    Key {
        name: "server.network",
        default: "\"coax\"",
        about: "What clients show as the name of the network.",
        read: text!(network),
    },
    Key {
        name: "server.description",
        default: "\"a chat for everyone\"",
        about: "What LINKS and WHOIS say about the server.",
        read: text!(description),
    },
    Key {
        name: "server.services-name",
        default: "\"services\"",
        about: "The host that NickServ and ChanServ speak from, and their line in LINKS.",
        read: text!(services_name),
    },
    Key {
        name: "server.password",
        default: "\"\"",
        about: "What everyone must give with PASS; empty asks for nothing.",
        read: |settings, value| {
            let text = value.as_str().ok_or("is text in quotes")?;
            settings.password = Some(text.to_owned()).filter(|text| !text.is_empty());
            Ok(())
        },
    },
    Key {
        name: "server.motd",
        default: "[]",
        about: "What everyone reads on arrival, line by line.",
        read: texts!(motd),
    },
    Key {
        name: "server.default-channel",
        default: "\"#lobby\"",
        about: "Where those go who name no channel.",
        read: text!(default_channel),
    },
    Key {
        name: "server.cloak",
        default: "false",
        about: "Whether others see a made-up host instead of an address.",
        read: switch!(cloak),
    },
    Key {
        name: "server.data",
        default: "\"\"",
        about: "The folder of accounts and history; empty is the usual one. --data replaces it.",
        read: |settings, value| {
            let text = value.as_str().ok_or("is the path of a folder, in quotes")?;
            settings.data = Some(PathBuf::from(text)).filter(|_| !text.is_empty());
            Ok(())
        },
    },
    Key {
        name: "listen.endpoints",
        default: "[\"localhost:6667\", \"localhost:8667\"]",
        about: "Where to listen, each for everyone; browsers refuse 6667. \":8667\" is every address; --listen replaces these.",
        read: texts!(listen),
    },
    Key {
        name: "listen.certificate",
        default: "\"\"",
        about: "The certificate for TLS, a PEM file; empty makes one and keeps it in the data folder.",
        read: |settings, value| path(&mut settings.certificate, value),
    },
    Key {
        name: "listen.certificate-key",
        default: "\"\"",
        about: "The key to that certificate, a PEM file.",
        read: |settings, value| path(&mut settings.certificate_key, value),
    },
    Key {
        name: "listen.proxies",
        default: "[]",
        about: "Addresses that bring callers and say whom by the PROXY protocol, 1 or 2.",
        read: |settings, value| {
            let addresses = strings(value).ok_or("is a list of addresses: [\"10.0.0.1\"]")?;
            let addresses = addresses.iter().map(|text| text.parse()).collect::<Result<_, _>>();
            settings.proxies = addresses.map_err(|_| "is a list of addresses: [\"10.0.0.1\"]")?;
            Ok(())
        },
    },
    Key {
        name: "listen.hosts",
        default: "[]",
        about: "Names by which browsers find the page, beside addresses, server.name and local names: [\"chat.example\"].",
        read: texts!(hosts),
    },
    Key {
        name: "listen.http-proxies",
        default: "[]",
        about: "Web proxies (nginx) that say in a header whom they bring: [\"127.0.0.1\", \"10.0.0.0/8\"].",
        read: |settings, value| {
            settings.http_proxies = networks(value).ok_or(NETWORKS)?;
            Ok(())
        },
    },
    Key {
        name: "listen.http-proxies-header",
        default: "\"x-forwarded-for\"",
        about: "The header in which they write it: this, \"forwarded\" or \"x-real-ip\". No other is believed.",
        read: |settings, value| {
            let header = value.as_str().and_then(CallerHeader::named);
            let why = "is \"x-forwarded-for\", \"forwarded\" or \"x-real-ip\"";
            settings.http_proxies_header = header.ok_or(why)?;
            Ok(())
        },
    },
    Key {
        name: "listen.path",
        default: "\"/\"",
        about: "The path under which a web proxy has the page, if it passes it on as it is: \"/chat/\".",
        read: |settings, value| {
            let path = value.as_str().filter(|path| path.starts_with('/'));
            let path = path.ok_or("is a path that begins with /")?;
            path.trim_end_matches('/').clone_into(&mut settings.web_path);
            Ok(())
        },
    },
    Key {
        name: "listen.webirc",
        default: "{}",
        about: "Gateways that say by WEBIRC whom they bring, each with its password: { \"10.0.0.1\" = \"…\" }.",
        read: |settings, value| {
            settings.webirc = gateways(value).ok_or("is a table of \"address\" = \"password\"")?;
            Ok(())
        },
    },
    Key {
        name: "listen.origins",
        default: "[]",
        about: "Other sites whose pages may open a WebSocket: [\"https://chat.example\"].",
        read: texts!(origins),
    },
    Key {
        name: "listen.metrics",
        default: "[]",
        about: "Who else may read /metrics: addresses, networks (10.0.0.0/8) or \"*\"; this machine may.",
        read: |settings, value| {
            settings.metrics = networks(value).ok_or(NETWORKS)?;
            Ok(())
        },
    },
    Key {
        name: "listen.sts",
        default: "false",
        about: "Whether IRC clients are told to come by TLS alone (IRCv3 sts); only with a certificate of one's own.",
        read: switch!(sts),
    },
    Key {
        name: "listen.sts-duration",
        default: "2592000",
        about: "Seconds for which they remember it; 0 takes it back.",
        read: number!(sts_duration),
    },
    Key {
        name: "listen.sts-port",
        default: "0",
        about: "The port where they find TLS; 0 is the first one listened on, which speaks both.",
        read: number!(sts_port),
    },
    Key {
        name: "limits.registration-seconds",
        default: "60",
        about: "How long a connection may take to say who it is.",
        read: number!(registration_seconds),
    },
    Key {
        name: "limits.ping-seconds",
        default: "90",
        about: "After so much silence a client is asked whether it is still there.",
        read: number!(ping_seconds),
    },
    Key {
        name: "limits.ping-grace-seconds",
        default: "60",
        about: "How long it may take to answer that.",
        read: number!(ping_grace_seconds),
    },
    Key {
        name: "limits.per-address",
        default: "100",
        about: "Connections from one address (IPv6: one /64) at the same time; this machine's own are not counted.",
        read: number!(per_address),
    },
    Key {
        name: "limits.per-account",
        default: "20",
        about: "Connections signed in to one account at the same time; 0 is no limit.",
        read: number!(per_account),
    },
    Key {
        name: "limits.sendq",
        default: "1048576",
        about: "Bytes that may wait for a client that reads slowly; with more it is dropped.",
        read: number!(sendq),
    },
    Key {
        name: "limits.flood-burst",
        default: "40",
        about: "Commands a client may send at once; 0 switches flood control off.",
        read: number!(flood_burst),
    },
    Key {
        name: "limits.flood-per-second",
        default: "10",
        about: "Commands it may send each second after that; more are read later.",
        read: number!(flood_per_second),
    },
    Key {
        name: "limits.nick-length",
        default: "32",
        about: "Characters of a nick.",
        read: number!(nick_length),
    },
    Key {
        name: "limits.user-length",
        default: "20",
        about: "Characters of a user name.",
        read: number!(user_length),
    },
    Key {
        name: "limits.channel-length",
        default: "64",
        about: "Bytes of a channel's name, # included.",
        read: number!(channel_length),
    },
    Key {
        name: "limits.topic-length",
        default: "390",
        about: "Bytes of a topic.",
        read: number!(topic_length),
    },
    Key {
        name: "limits.kick-length",
        default: "390",
        about: "Bytes of the reason of a KICK.",
        read: number!(kick_length),
    },
    Key {
        name: "limits.away-length",
        default: "200",
        about: "Bytes of an away message.",
        read: number!(away_length),
    },
    Key {
        name: "limits.realname-length",
        default: "150",
        about: "Bytes of a real name.",
        read: number!(realname_length),
    },
    Key {
        name: "limits.key-length",
        default: "32",
        about: "Bytes of a channel's key.",
        read: number!(key_length),
    },
    Key {
        name: "limits.channels",
        default: "100",
        about: "Channels a client may be in at once.",
        read: number!(channels),
    },
    Key {
        name: "limits.monitor",
        default: "100",
        about: "Nicks a client may watch with MONITOR.",
        read: number!(monitor),
    },
    Key {
        name: "limits.list-entries",
        default: "100",
        about: "Bans, exceptions and invite exceptions a channel may have together.",
        read: number!(list_entries),
    },
    Key {
        name: "channels.modes",
        default: "\"nt\"",
        about: "The modes of a new channel.",
        read: text!(modes),
    },
    Key {
        name: "accounts.register",
        default: "true",
        about: "Whether people may register accounts themselves.",
        read: switch!(register),
    },
    Key {
        name: "accounts.per-address",
        default: "20",
        about: "Accounts that people at one address (IPv6: one /64) may register in an hour; 0 is no limit.",
        read: number!(accounts_per_address),
    },
    Key {
        name: "accounts.register-before-connect",
        default: "true",
        about: "Whether they may before they are in.",
        read: switch!(register_before_connect),
    },
    Key {
        name: "accounts.email-required",
        default: "false",
        about: "Whether an account needs an address of e-mail. Nothing is sent to it.",
        read: switch!(email_required),
    },
    Key {
        name: "accounts.reserve-nicks",
        default: "true",
        about: "Whether an account's nicks are for those who signed in to it.",
        read: switch!(reserve_nicks),
    },
    Key {
        name: "accounts.password-length",
        default: "6",
        about: "Fewer letters are no password.",
        read: number!(password_length),
    },
    Key {
        name: "accounts.wrong-passwords",
        default: "5",
        about: "Wrong passwords for one account from one address, or thrice as many from there, before one waits; 0: never.",
        read: number!(wrong_passwords),
    },
    Key {
        name: "accounts.password-memory",
        default: "19456",
        about: "KiB that one check of a password takes (Argon2id).",
        read: number!(password_memory),
    },
    Key {
        name: "accounts.password-passes",
        default: "2",
        about: "How often a check of a password goes through them.",
        read: number!(password_passes),
    },
    Key {
        name: "history.keep",
        default: "true",
        about: "Whether what is said is kept. Of a channel nobody registered, it is shown until all left.",
        read: switch!(history),
    },
    Key {
        name: "history.page",
        default: "100",
        about: "Messages that a client gets at once from the history.",
        read: number!(history_page),
    },
    Key {
        name: "history.ack",
        default: "\"memory\"",
        about: "\"disk\": who says something reads their own message once it is safe on disk, or that it \
                is not.",
        read: |settings, value| {
            settings.history_ack_disk = match value.as_str() {
                Some("disk") => true,
                Some("memory") => false,
                _ => return Err("is \"memory\" or \"disk\""),
            };
            Ok(())
        },
    },
    Key {
        name: "history.days",
        default: "0",
        about: "Days after which what was said is forgotten; 0 keeps it for ever.",
        read: number!(history_days),
    },
    Key {
        name: "history.megabytes",
        default: "0",
        about: "Megabytes of disk, with more the oldest is forgotten; 0 is no limit.",
        read: number!(history_megabytes),
    },
    Key {
        name: "history.channels",
        default: "{}",
        about: "Channels that are kept for other than that many days: { \"#log\" = 7, \"#minutes\" = 0 }.",
        read: |settings, value| {
            let days = days(value).ok_or("is a table of \"#channel\" = days")?;
            settings.history_channels = days;
            Ok(())
        },
    },
    Key {
        name: "operators",
        default: "{}",
        about: "Who may become an operator with OPER: name = \"password\", or its argon2id hash.",
        read: |settings, value| {
            settings.operators =
                operators(value).ok_or("is a table of name = \"password\", each name one word")?;
            Ok(())
        },
    },
];

fn path(place: &mut Option<PathBuf>, value: &Value) -> Result<(), &'static str> {
    let text = value.as_str().ok_or("is the path of a file, in quotes")?;
    *place = Some(PathBuf::from(text)).filter(|_| !text.is_empty());
    Ok(())
}

const NETWORKS: &str = "is a list of addresses and networks: [\"10.0.0.0/8\"]";

fn networks(value: &Value) -> Option<Vec<Network>> {
    strings(value)?.iter().map(|text| Network::read(text)).collect()
}

fn gateways(value: &Value) -> Option<Vec<Gateway>> {
    let one = |(from, password): (&String, &Value)| {
        let password = password.as_str().filter(|password| !password.is_empty())?.to_owned();
        Some(Gateway { from: Network::read(from)?, password })
    };
    value.as_table()?.iter().map(one).collect()
}

fn strings(value: &Value) -> Option<Vec<String>> {
    let texts = value.as_array()?.iter();
    texts.map(|text| Some(text.as_str()?.to_owned())).collect()
}

fn days(value: &Value) -> Option<BTreeMap<String, u64>> {
    let one = |(name, days): (&String, &Value)| {
        let days = u64::try_from(days.as_integer()?).ok()?;
        name.starts_with('#').then(|| (name.clone(), days))
    };
    value.as_table()?.iter().map(one).collect()
}

fn operators(value: &Value) -> Option<Vec<Operator>> {
    let one = |(name, password): (&String, &Value)| {
        is_word(name).then(|| {
            Some(Operator { name: name.clone(), password: password.as_str()?.to_owned() })
        })?
    };
    value.as_table()?.iter().map(one).collect()
}

/// What OPER can name.
fn is_word(name: &str) -> bool {
    let fits = |letter: char| !letter.is_whitespace() && !letter.is_control();
    (1..=64).contains(&name.len()) && !name.starts_with(':') && name.chars().all(fits)
}

/// What a setting is before its default is read.
#[expect(clippy::too_many_lines, reason = "one line for each setting")]
pub(super) fn empty() -> Settings {
    Settings {
        server_name: String::new(),
        network: String::new(),
        description: String::new(),
        services_name: String::new(),
        password: None,
        motd: Vec::new(),
        data: None,
        listen: Vec::new(),
        certificate: None,
        certificate_key: None,
        proxies: Vec::new(),
        hosts: Vec::new(),
        http_proxies: Vec::new(),
        http_proxies_header: CallerHeader::default(),
        web_path: String::new(),
        webirc: Vec::new(),
        origins: Vec::new(),
        default_channel: String::new(),
        operators: Vec::new(),
        registration_seconds: 0,
        ping_seconds: 0,
        ping_grace_seconds: 0,
        cloak: false,
        per_address: 0,
        per_account: 0,
        metrics: Vec::new(),
        sts: false,
        sts_duration: 0,
        sts_port: 0,
        wrong_passwords: 0,
        sendq: 0,
        flood_burst: 0,
        flood_per_second: 0,
        nick_length: 0,
        user_length: 0,
        channel_length: 0,
        topic_length: 0,
        kick_length: 0,
        away_length: 0,
        realname_length: 0,
        key_length: 0,
        channels: 0,
        monitor: 0,
        list_entries: 0,
        modes: String::new(),
        register: false,
        accounts_per_address: 0,
        register_before_connect: false,
        email_required: false,
        password_length: 0,
        password_memory: 0,
        password_passes: 0,
        reserve_nicks: false,
        history: false,
        history_page: 0,
        history_ack_disk: false,
        history_days: 0,
        history_megabytes: 0,
        history_channels: BTreeMap::new(),
        boot: 0,
        secret: [0; 32],
        given: std::collections::BTreeMap::new(),
    }
}
