//! `coax url`: the parts of a URL, or of an endpoint.
//!
//! One part a line, and no password is ever shown. Text that can be an endpoint is one.
//!
//! Nothing here connects or looks up anything.

use std::borrow::Cow;

use coax_addr::{Endpoint, Host, Place, PortOrigin, QueryPair, ServiceTable, UnixName, UrlParts};
use coax_net::{ascii_host_name, unicode_host_name};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report, clean};
use crate::services;

const EXAMPLES: &str = "\
EXAMPLES
    coax url 'https://bob@example.com/a?q=socket%20calls#top'
    coax url ssh://git.example.com/repo         the port is implied: 22
    coax url 'udp://:5353?join=239.1.2.3'       an endpoint's parts
    coax url --json URL | jq -r .host

A password is never shown, only that there is one. User and query are decoded; path and fragment
stand as they are. An internationalised host is shown in both its forms.";

/// Show the parts of a URL
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Args {
    /// A URL, or an endpoint like tcp://HOST:PORT or unix:/PATH
    url: String,
}

/// The parts; what is not there is null.
#[derive(Default, Serialize, JsonSchema)]
pub(crate) struct UrlReport {
    scheme: String,
    user: Option<String>,
    /// Whether there is one. The password itself is never printed.
    password: bool,
    host: Option<String>,
    /// The host as people write it, where that is not how it is asked for.
    unicode_host: Option<String>,
    port: Option<u16>,
    /// False when the scheme implies the port.
    port_given: bool,
    path: Option<String>,
    /// What `exec:` runs.
    command: Option<String>,
    query: Vec<Pair>,
    fragment: Option<String>,
}

/// One `name=value` of the query, or one option of an endpoint.
#[derive(Serialize, JsonSchema)]
struct Pair {
    name: String,
    value: String,
    /// Both as they stand in a URL, nothing decoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<String>,
}

impl Report for UrlReport {
    const EVENT: &'static str = "url";
    fn human(&self) -> Human {
        let mut lines = Vec::new();
        let mut line = |part: &str, value: &str| {
            // One part, one line: whatever was decoded must not break it.
            let value = clean(value).replace('\n', "\\n").replace('\t', "\\t");
            lines.push(format!("{part:<10}{value}").trim_end().to_owned());
        };
        let mut part = |name: &str, value: &Option<String>| {
            if let Some(value) = value {
                line(name, value);
            }
        };
        part("scheme", &Some(self.scheme.clone()));
        part("user", &self.user);
        part("password", &self.password.then(|| "***".to_owned()));
        part("host", &self.host);
        part("unicode", &self.unicode_host);
        part("port", &self.port.map(|port| self.port_in_words(port)));
        part("path", &self.path);
        part("command", &self.command);
        for Pair { name, value, .. } in &self.query {
            part("query", &Some(format!("{name} = {value}")));
        }
        part("fragment", &self.fragment);
        Human::Answer(lines.join("\n"))
    }
}

impl UrlReport {
    fn port_in_words(&self, port: u16) -> String {
        match self.port_given {
            true => port.to_string(),
            false => format!("{port} (implied by {})", self.scheme),
        }
    }
}

pub(crate) fn run(args: Args, out: &Out) -> Result<(), Failure> {
    out.report(&read(&args.url, &services::table())?)
}

/// Endpoints first where the text says so: to a URL parser `localhost:80` is a scheme and a path.
fn read(text: &str, services: &ServiceTable) -> Result<UrlReport, Failure> {
    if is_endpoint_scheme(text) {
        return Ok(endpoint(&Endpoint::parse(text, services)?));
    }
    match (text.contains("://"), Endpoint::parse(text, services)) {
        (false, Ok(place)) if !has_scheme(text, "file") => Ok(endpoint(&place)),
        _ => UrlParts::parse(text, services)
            .map(UrlReport::from)
            .map_err(|error| Failure::new(Exit::Usage, error.to_string())),
    }
}

/// The host as resolvers know it; what cannot be encoded stays as it is.
fn asked_for(host: &Host) -> String {
    let text = host.to_string();
    ascii_host_name(&text).map_or(text.clone(), Cow::into_owned)
}

fn is_endpoint_scheme(text: &str) -> bool {
    const OURS: [&str; 8] =
        ["tcp", "udp", "tls", "unix", "unix-dgram", "unix-seqpacket", "stdio", "exec"];
    OURS.iter().any(|scheme| has_scheme(text, scheme))
}

fn has_scheme(text: &str, scheme: &str) -> bool {
    text.split_once(':').is_some_and(|(word, _)| word.eq_ignore_ascii_case(scheme))
}

impl From<UrlParts> for UrlReport {
    fn from(parts: UrlParts) -> UrlReport {
        UrlReport {
            scheme: parts.scheme,
            user: parts.user,
            password: parts.has_password,
            host: parts.host,
            unicode_host: parts.unicode_host,
            port: parts.port.map(|(port, _)| port),
            port_given: matches!(parts.port, Some((_, PortOrigin::Given))),
            path: Some(parts.path).filter(|path| !path.is_empty()),
            command: None,
            query: parts.query.into_iter().map(Pair::from).collect(),
            fragment: parts.fragment,
        }
    }
}

impl From<QueryPair> for Pair {
    fn from(QueryPair { name, value, raw }: QueryPair) -> Pair {
        Pair { name, value, raw: Some(raw) }
    }
}

fn endpoint(endpoint: &Endpoint) -> UrlReport {
    let query = endpoint.options.pairs();
    let query =
        query.map(|(name, value)| Pair { name: name.to_owned(), value, raw: None }).collect();
    let report = UrlReport { query, ..UrlReport::default() };
    match &endpoint.place {
        Place::Net { transport, host, port, path } => UrlReport {
            scheme: transport.scheme().to_owned(),
            host: Some(asked_for(host)),
            unicode_host: unicode_host_name(&asked_for(host)),
            port: Some(*port),
            port_given: true,
            path: Some(path.clone()).filter(|path| !path.is_empty()),
            ..report
        },
        Place::Unix { kind, name } => UrlReport {
            scheme: kind.scheme().to_owned(),
            path: Some(match name {
                UnixName::Path(path) => path.to_string_lossy().into_owned(),
                UnixName::Abstract(name) => format!("@{}", String::from_utf8_lossy(name)),
            }),
            ..report
        },
        Place::Stdio => UrlReport { scheme: "stdio".to_owned(), ..report },
        Place::Exec(command) => {
            UrlReport { scheme: "exec".to_owned(), command: Some(command.clone()), ..report }
        }
        Place::File(path) => UrlReport {
            scheme: "file".to_owned(),
            path: Some(path.to_string_lossy().into_owned()),
            ..report
        },
    }
}
