//! Which flag has an effect over which kind of endpoint; elsewhere it is refused.
//!
//! A flag that is taken and does nothing is a promise that is not kept, and for `--ipv4` or
//! `--source` a hole. Every flag of a verb that takes endpoints stands in the table; a test walks
//! the definitions and fails for one that does not.
//!
//! Whether two flags suit each other is for the verb to say.

use clap::parser::ValueSource;
use clap::{ArgMatches, Command, CommandFactory};
use coax_addr::{Endpoint, Place, Transport, UnixKind};

use super::Cli;
use crate::failure::{Exit, Failure};
use crate::services;

/// Kinds of endpoint, as bits.
type Kinds = u16;

const TCP: Kinds = 1;
const UDP: Kinds = 1 << 1;
const UNIX: Kinds = 1 << 2;
const UNIX_DGRAM: Kinds = 1 << 3;
const UNIX_SEQPACKET: Kinds = 1 << 4;
const TLS: Kinds = 1 << 5;
const HTTP: Kinds = 1 << 6;
const NAME: Kinds = 1 << 7;

const NAMES: [(Kinds, &str); 8] = [
    (TCP, "tcp"),
    (UDP, "udp"),
    (UNIX, "unix"),
    (UNIX_DGRAM, "unix-dgram"),
    (UNIX_SEQPACKET, "unix-seqpacket"),
    (TLS, "tls"),
    (HTTP, "http"),
    (NAME, "name"),
];

const ALL: Kinds = 0xff;
const SOCKETS: Kinds = TCP | UDP | UNIX | UNIX_DGRAM | UNIX_SEQPACKET;
const BY_NAME: Kinds = TCP | UDP | TLS | HTTP | NAME;
const CONNECTIONS: Kinds = TCP | UNIX | UNIX_SEQPACKET | TLS | HTTP;
const STREAMS: Kinds = TCP | UNIX | TLS;
const DATAGRAMS: Kinds = UDP | UNIX_DGRAM;

/// A flag, by the name it has in the definition, and where it has an effect.
type Effect = (&'static str, Kinds);

/// What every conversation has.
const SESSION: &[Effect] = &[
    ("idle", ALL),
    ("deadline", ALL),
    ("ack_timeout", TCP),
    ("on_eof", ALL),
    ("on_peer_close", CONNECTIONS),
    ("framing", ALL),
    ("crlf", ALL),
    ("send_only", ALL),
    ("recv_only", ALL),
    ("hex", ALL),
    ("read_size", STREAMS),
    ("output", ALL),
];

/// How a peer is reached. A time limit that is always kept has an effect everywhere.
const REACH: &[Effect] =
    &[("ipv4", BY_NAME), ("ipv6", BY_NAME), ("source", BY_NAME), ("timeout", ALL)];

const LISTEN: &[Effect] = &[
    ("ipv4", BY_NAME),
    ("ipv6", BY_NAME),
    ("keep_open", CONNECTIONS),
    ("max", CONNECTIONS),
    ("drop_after", CONNECTIONS),
    ("backlog", CONNECTIONS),
    ("timeout", CONNECTIONS),
    ("greet", CONNECTIONS),
    ("echo", ALL),
    ("broker", CONNECTIONS),
    ("exec", CONNECTIONS),
    ("count", DATAGRAMS),
    ("join", UDP),
];

const ASK: &[Effect] = &[
    ("wait", ALL),
    ("half_close", CONNECTIONS),
    ("greeting", CONNECTIONS),
    ("deadline", ALL),
    ("settle", STREAMS),
    ("framing", ALL),
    ("count", DATAGRAMS),
    ("expect", ALL),
];

/// Some of these are for one way of looking: the verb knows which, as it has places of its own.
const WAIT: &[Effect] = &[
    ("any", ALL),
    ("gone", ALL),
    ("timeout", ALL),
    ("look", ALL),
    ("status", ALL),
    ("expect", ALL),
    ("expect_header", ALL),
    ("send", ALL),
    ("authorities", ALL),
    ("fingerprint", ALL),
    ("insecure", ALL),
    ("certificate", ALL),
    ("key", ALL),
    ("ipv4", BY_NAME),
    ("ipv6", BY_NAME),
];

const STUB: &[Effect] = &[
    ("format", ALL),
    ("default", ALL),
    ("seed", ALL),
    ("require", ALL),
    ("record", ALL),
    ("replay", ALL),
    ("paced", ALL),
    ("framing", ALL),
    ("max_request", ALL),
    ("ipv4", BY_NAME),
    ("ipv6", BY_NAME),
    ("max", CONNECTIONS),
    ("idle", CONNECTIONS),
    ("deadline", ALL),
];

const CHAT_JOIN: &[Effect] = &[
    ("nick", ALL),
    ("account", ALL),
    ("password", ALL),
    ("once", ALL),
    ("commands", ALL),
    ("authorities", TLS),
    ("fingerprint", TLS),
    ("insecure", TLS),
    ("certificate", TLS),
    ("key", TLS),
];

/// Most flags of `get` are about a request. These are about the place of `--via`.
const GET: &[Effect] = &[("ipv4", BY_NAME), ("ipv6", BY_NAME)];

/// Each verb that takes endpoints: the words that call it, the kinds that it takes, its flags.
const VERBS: [(&str, Kinds, &[&[Effect]]); 7] = [
    ("connect", SOCKETS, &[REACH, SESSION]),
    ("listen", SOCKETS, &[LISTEN, SESSION]),
    ("ask", SOCKETS, &[REACH, ASK]),
    ("wait", ALL, &[WAIT]),
    ("stub", SOCKETS, &[STUB]),
    ("chat join", TCP | TLS | UNIX, &[REACH, CHAT_JOIN]),
    ("get", TCP | UNIX, &[GET]),
];

/// Refuses the first flag that has no effect over any of the endpoints.
pub(super) fn check(matches: &ArgMatches) -> Result<(), Failure> {
    let (name, command, matches) = verb(matches);
    let Some((_, taken, effects)) = VERBS.iter().find(|(verb, ..)| *verb == name) else {
        return Ok(());
    };
    let places = kinds(&name, matches);
    // What is no endpoint the verb itself explains.
    if places == 0 {
        return Ok(());
    }
    for (id, over) in effects.iter().copied().flatten() {
        let given = matches.try_contains_id(id).unwrap_or(false)
            && matches.value_source(id) == Some(ValueSource::CommandLine);
        if given && over & places == 0 {
            return Err(refusal(&flag(&command, id), over & taken, places));
        }
    }
    Ok(())
}

fn refusal(flag: &str, over: Kinds, places: Kinds) -> Failure {
    let text = format!("{flag} has no effect over {}: it is for {}", named(places), named(over));
    let failure = Failure::new(Exit::Usage, text);
    if over & UDP != 0 && over & !DATAGRAMS == 0 && places == TCP {
        return failure.hint("put udp:// before the address");
    }
    failure
}

fn named(kinds: Kinds) -> String {
    let named = NAMES.iter().filter(|(kind, _)| kinds & kind != 0).map(|(_, name)| *name);
    named.collect::<Vec<_>>().join(", ")
}

/// `--keep-open`.
fn flag(command: &Command, id: &str) -> String {
    let arg = command.get_arguments().find(|arg| arg.get_id() == id);
    arg.and_then(clap::Arg::get_long).map_or_else(|| id.to_owned(), |long| format!("--{long}"))
}

/// The words that call it, its definition, and what it was given.
fn verb(matches: &ArgMatches) -> (String, Command, &ArgMatches) {
    let (mut words, mut command, mut matches) = (Vec::new(), Cli::command(), matches);
    while let Some((word, below)) = matches.subcommand() {
        command = command.find_subcommand(word).cloned().unwrap_or(command);
        words.push(word);
        matches = below;
    }
    (words.join(" "), command, matches)
}

/// The kinds of all endpoints of a command line together.
fn kinds(verb: &str, matches: &ArgMatches) -> Kinds {
    let values = |id: &str| -> Vec<String> {
        let raw = matches.try_get_raw(id).ok().flatten();
        raw.into_iter().flatten().map(|value| value.to_string_lossy().into_owned()).collect()
    };
    let (first, second) = (values("endpoint"), values("port"));
    let all = |texts: &[String]| texts.iter().map(|text| kind(text)).fold(0, |all, one| all | one);
    match verb {
        // A place that is no endpoint may be anything.
        "wait" if values("endpoints").iter().any(|text| kind(text) == 0) => ALL,
        "wait" => all(&values("endpoints")),
        "stub" => {
            // With a recording, the first word is an endpoint, too.
            let first = if values("replay").is_empty() { Vec::new() } else { values("rules") };
            let places = [first, values("endpoints")].concat();
            if places.is_empty() { TCP } else { all(&places) }
        }
        "get" => all(&values("via")),
        "chat join" => values("place").first().map_or(0, |text| chat_kind(text)),
        _ => one(&first, &second),
    }
}

/// One endpoint, as one word or two.
fn one(first: &[String], second: &[String]) -> Kinds {
    match (first.first(), second.first()) {
        (Some(host), Some(port)) => {
            let endpoint = Endpoint::parse_words(host, port, &services::table());
            endpoint.map_or(0, |endpoint| kind_of(&endpoint))
        }
        (Some(text), None) => kind(text),
        (None, _) => 0,
    }
}

fn kind(text: &str) -> Kinds {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("http" | "https") => HTTP,
        Some("name") => NAME,
        _ => Endpoint::parse(text, &services::table()).map_or(0, |endpoint| kind_of(&endpoint)),
    }
}

/// `localhost/#lobby`: a port need not be there, and IRC has schemes of its own.
fn chat_kind(text: &str) -> Kinds {
    let server = text.split_once("/#").map_or(text, |(server, _)| server);
    match (server.split_once("://"), kind(server)) {
        (Some(("ircs" | "tls", _)), _) => TLS,
        (_, 0) => TCP,
        (_, kind) => kind,
    }
}

fn kind_of(endpoint: &Endpoint) -> Kinds {
    match &endpoint.place {
        Place::Net { transport: Transport::Tcp, .. } => TCP,
        Place::Net { transport: Transport::Udp, .. } => UDP,
        Place::Net { transport: Transport::Tls, .. } => TLS,
        Place::Unix { kind: UnixKind::Stream, .. } => UNIX,
        Place::Unix { kind: UnixKind::Dgram, .. } => UNIX_DGRAM,
        Place::Unix { kind: UnixKind::Seqpacket, .. } => UNIX_SEQPACKET,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A place of each kind, as each verb takes it.
    const PLACES: [(Kinds, &str); 8] = [
        (TCP, "localhost:9"),
        (UDP, "udp://localhost:9"),
        (UNIX, "/x"),
        (UNIX_DGRAM, "unix-dgram:/x"),
        (UNIX_SEQPACKET, "unix-seqpacket:@x"),
        (TLS, "tls://localhost:9"),
        (HTTP, "http://localhost:9/"),
        (NAME, "name://localhost"),
    ];

    fn definition(verb: &str) -> Command {
        let mut command = Cli::command();
        command.build();
        verb.split(' ').fold(command, |above, word| {
            above.find_subcommand(word).unwrap_or_else(|| panic!("no verb {verb}")).clone()
        })
    }

    fn flags(command: &Command) -> impl Iterator<Item = &clap::Arg> {
        let own = command.get_arguments().filter(|arg| !arg.is_positional());
        own.filter(|arg| !arg.is_global_set() && arg.get_id() != "help")
    }

    #[test]
    fn every_flag_of_a_verb_with_endpoints_says_where_it_has_an_effect() {
        for (verb, _, effects) in VERBS {
            let command = definition(verb);
            for arg in flags(&command).filter(|_| verb != "get") {
                let rows = effects.iter().copied().flatten();
                let rows = rows.filter(|(id, _)| arg.get_id() == *id).count();
                assert_eq!(rows, 1, "{verb}: {} stands {rows} times in the table", arg.get_id());
            }
            for (id, _) in effects.iter().copied().flatten() {
                let there = flags(&command).any(|arg| arg.get_id() == *id);
                assert!(there, "{verb} has no flag {id}");
            }
        }
    }

    #[test]
    fn every_verb_that_takes_an_endpoint_stands_in_the_table() {
        let named = |command: &Command| {
            command.get_arguments().any(|arg| {
                let names = arg.get_value_names().unwrap_or_default();
                arg.is_positional() && names.iter().any(|name| name.contains("ENDPOINT"))
            })
        };
        let mut command = Cli::command();
        command.build();
        for verb in command.get_subcommands().filter(|verb| named(verb)) {
            let there = VERBS.iter().any(|(name, ..)| *name == verb.get_name());
            assert!(there, "{} takes endpoints", verb.get_name());
        }
    }

    /// A value that the flag takes.
    fn value(arg: &clap::Arg) -> Option<&'static str> {
        let names = arg.get_value_names().filter(|_| arg.get_action().takes_values())?;
        Some(match (arg.get_id().as_str(), names[0].as_str()) {
            ("on_eof", _) => "close",
            ("on_peer_close", _) => "exit",
            ("format", _) => "csv",
            ("status", _) => "200",
            ("fingerprint", _) => {
                "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
            }
            (_, "HEADER") => "A: b",
            (_, "TIME") => "5s",
            (_, "N" | "BYTES" | "COUNT") => "3",
            (_, "ADDRESS") => "127.0.0.1",
            (_, "GROUP") => "239.1.2.3",
            ("framing", _) => "line",
            _ => "x",
        })
    }

    fn parsed(verb: &str, place: &str, arg: &clap::Arg) -> Result<(), Failure> {
        let mut words: Vec<String> = vec!["coax".to_owned()];
        words.extend(verb.split(' ').map(str::to_owned));
        match verb {
            "stub" => words.extend(["x.csv".to_owned(), place.to_owned()]),
            "ask" => words.extend([place.to_owned(), "hello".to_owned()]),
            "chat join" => words.push(format!("{place}/#lobby")),
            "get" => words.extend(["--via".to_owned(), place.to_owned(), "http://h/".to_owned()]),
            _ => words.push(place.to_owned()),
        }
        // A recording takes the place of the rules.
        match arg.get_id().as_str() {
            "paced" => words.extend(["--replay".to_owned(), "x".to_owned()]),
            "replay" => words.retain(|word| word != "x.csv"),
            _ => {}
        }
        if arg.get_id() == "paced" {
            words.retain(|word| word != "x.csv");
        }
        if arg.get_id() == "key" {
            words.extend(["--cert".to_owned(), "x".to_owned()]);
        }
        words.push(format!("--{}", arg.get_long().expect("every flag has a long name")));
        words.extend(value(arg).map(str::to_owned));
        let matches = Cli::command().try_get_matches_from(&words);
        check(&matches.unwrap_or_else(|error| panic!("{words:?}: {error}")))
    }

    #[test]
    fn a_flag_has_an_effect_over_an_endpoint_or_is_refused_in_one_line() {
        for (verb, taken, effects) in VERBS {
            let command = definition(verb);
            for (id, over) in effects.iter().copied().flatten() {
                let arg = flags(&command).find(|arg| arg.get_id() == *id).expect("a flag");
                for (kind, place) in PLACES.iter().filter(|(kind, _)| kind & taken != 0) {
                    let refused = parsed(verb, place, arg).err();
                    let told = refused.as_ref().map(|failure| failure.message.as_str());
                    assert_eq!(
                        refused.is_none(),
                        over & kind != 0,
                        "{verb} {place} {id}: {told:?}"
                    );
                    if let Some(failure) = &refused {
                        // A key goes with a certificate, which is refused before it.
                        let first = if *id == "key" { "certificate" } else { id };
                        let name = flag(&command, first);
                        assert_eq!(failure.exit, Exit::Usage);
                        assert!(failure.message.starts_with(&name), "{}", failure.message);
                        assert!(!failure.message.contains('\n'), "{}", failure.message);
                    }
                }
            }
        }
    }
}
