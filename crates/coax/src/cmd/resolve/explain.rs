//! `--explain`: each step programs take, beside what DNS says, and where the two differ.
//!
//! Every fact carries its source: a file and line, getaddrinfo, or a name server. Programs that
//! get addresses DNS does not tell, or the other way round, are marked.
//!
//! The steps are retraced from the files; what programs get is asked, not guessed.

mod compare;
mod told;

use std::net::IpAddr;
use std::time::Duration;

use coax_dns::{Client, ResolvConf, Trust};
use coax_net::{
    HostsFile, Resolve, ResolveErrorKind, SystemResolver, Wanted, ascii_host_name, check_host_name,
    nss_hosts_line,
};
use schemars::JsonSchema;
use serde::Serialize;
use tokio::time::Instant;

use super::event::Cause;
use super::{Args, aliases, graver, names, programs, records};
use crate::failure::{Exit, Failure};
use crate::out::{Out, clean};
use compare::{Difference, differences};

/// Where the order of sources is written.
const NSSWITCH: &str = "/etc/nsswitch.conf";
/// What the GNU C library does without a `hosts:` line.
const DEFAULT_ORDER: [&str; 2] = ["files", "dns"];

/// What programs get for a name, what DNS says, and where each comes from.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct Explained {
    query: String,
    /// The sources the C library asks, in order, from the `hosts:` line.
    sources: Vec<String>,
    /// The line of /etc/nsswitch.conf; none when the built-in order holds.
    sources_line: Option<usize>,
    /// The lines of /etc/hosts that tell the name.
    hosts: Vec<HostsMatch>,
    /// The absolute names tried, in order: the name itself and the search list's completions.
    candidates: Vec<String>,
    ndots: usize,
    programs: Got,
    dns: Vec<Said>,
    /// Addresses that only one side has; empty when both agree.
    differences: Vec<Difference>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct HostsMatch {
    line: usize,
    address: IpAddr,
    names: Vec<String>,
}

/// What getaddrinfo gave.
#[derive(Debug, Serialize, JsonSchema)]
struct Got {
    canonical: Option<String>,
    addresses: Vec<IpAddr>,
    /// Why there are none.
    error: Option<String>,
    #[serde(skip)]
    exit: Option<Exit>,
}

/// What name servers say about one absolute name.
#[derive(Debug, Serialize, JsonSchema)]
struct Said {
    name: String,
    server: String,
    addresses: Vec<IpAddr>,
    /// Why there are none.
    error: Option<String>,
    /// No server could be brought to answer.
    #[serde(skip)]
    failed: bool,
}

pub(super) async fn run(args: &Args, out: &Out) -> Result<Exit, Failure> {
    let trust = Trust::with_files(&args.ca)
        .map_err(|error| Failure::new(Exit::Usage, error.to_string()))?;
    let mut conf = records::resolv_conf();
    if let Some(server) = &args.server {
        conf.servers = vec![server.clone()];
    }
    let client = Client::new(conf.servers.clone(), &trust, conf.limits());
    let steps = Steps { conf, client, wanted: args.wanted(), timeout: args.timeout };
    let mut exit = Exit::Done;
    for name in &args.names {
        check(name)?;
        let explained = steps.explain(name).await;
        out.report(&explained)?;
        exit = graver(exit, explained.programs.exit.unwrap_or(Exit::Done));
    }
    Ok(exit)
}

/// There are no steps to explain for an address, or for what cannot be a name.
fn check(name: &str) -> Result<(), Failure> {
    if names::address(name).is_some() {
        let message = format!("--explain is for names, and {name} is an address");
        return Err(Failure::new(Exit::Usage, message).hint(format!("coax resolve {name}")));
    }
    match check_host_name(name) {
        Err(ResolveErrorKind::Malformed(why)) => {
            let message = format!("cannot resolve {}: {why}", clean(name));
            Err(Failure::new(Cause::MalformedName.exit(), message))
        }
        _ => Ok(()),
    }
}

struct Steps {
    conf: ResolvConf,
    client: Client,
    wanted: Wanted,
    timeout: Option<Duration>,
}

impl Got {
    /// The system's resolver did not come to an answer.
    fn failed(&self) -> bool {
        self.exit.is_some_and(|exit| exit != Exit::No)
    }
}

impl Steps {
    async fn explain(&self, query: &str) -> Explained {
        let ascii = ascii_host_name(query).unwrap_or(query.into());
        let candidates = self.conf.candidates(&ascii);
        let (programs, dns) = tokio::join!(self.programs(query), self.dns(&candidates));
        let nsswitch = std::fs::read(NSSWITCH).unwrap_or_default();
        let (sources_line, sources) = order(&String::from_utf8_lossy(&nsswitch));
        let hosts = matches(&programs::hosts_file(), &ascii, self.wanted);
        let said: Vec<IpAddr> = dns.iter().flat_map(|said| said.addresses.clone()).collect();
        // A side that has no answer has said nothing that could differ.
        let unanswered = programs.failed() || dns.iter().any(|said| said.failed);
        let differences =
            if unanswered { Vec::new() } else { differences(&programs.addresses, &said) };
        Explained {
            query: query.to_owned(),
            sources,
            sources_line,
            hosts,
            candidates,
            ndots: self.conf.ndots,
            programs,
            dns,
            differences,
        }
    }

    async fn programs(&self, query: &str) -> Got {
        let resolver = programs::system(SystemResolver::default(), self.timeout);
        match resolver.resolve(query, self.wanted).await {
            Ok(found) => Got {
                canonical: found.canonical,
                addresses: found.addresses,
                error: None,
                exit: None,
            },
            Err(error) => {
                let exit = Some(exit_of(&error.kind));
                let error = Some(in_words(&error.kind));
                Got { canonical: None, addresses: Vec::new(), error, exit }
            }
        }
    }

    /// Asks for each name in turn until one has an address, as the C library does.
    async fn dns(&self, candidates: &[String]) -> Vec<Said> {
        let servers: Vec<_> = self.conf.servers.iter().map(ToString::to_string).collect();
        let end = self.timeout.map(|timeout| Instant::now() + timeout);
        let mut all = Vec::new();
        for name in candidates {
            let server = servers.join(", ");
            let (addresses, error) = match self.client.addresses(name, self.wanted, end).await {
                Ok(found) => (found.addresses, None),
                Err(kind) => (Vec::new(), Some(kind)),
            };
            let exit = error.as_ref().map(exit_of);
            let goes_on = exit == Some(Exit::No);
            let failed = exit.is_some() && !goes_on;
            let mut error = error.as_ref().map(in_words);
            if goes_on {
                let found = aliases::ask(&self.client, name, self.wanted, end).await;
                error = found.map(|(_, none)| none.reason().to_owned()).or(error);
            }
            all.push(Said { name: format!("{name}."), server, addresses, error, failed });
            if !goes_on {
                break;
            }
        }
        all
    }
}

fn order(nsswitch: &str) -> (Option<usize>, Vec<String>) {
    match nss_hosts_line(nsswitch) {
        Some((line, sources)) => (Some(line), sources.iter().map(ToString::to_string).collect()),
        None => (None, DEFAULT_ORDER.map(str::to_owned).to_vec()),
    }
}

fn matches(hosts: &HostsFile, query: &str, wanted: Wanted) -> Vec<HostsMatch> {
    let lines = hosts.lines_of_name(query).filter(|line| wanted.has(line.address));
    let found = lines.map(|line| HostsMatch {
        line: line.number,
        address: line.address,
        names: line.names.clone(),
    });
    found.collect()
}

fn exit_of(kind: &ResolveErrorKind) -> Exit {
    match kind {
        ResolveErrorKind::NoSuchName | ResolveErrorKind::NoAddress => Exit::No,
        ResolveErrorKind::Malformed(_) => Exit::Usage,
        ResolveErrorKind::TimedOut | ResolveErrorKind::Failed(_) => Exit::Network,
        ResolveErrorKind::Machine(_) => Exit::Machine,
    }
}

fn in_words(kind: &ResolveErrorKind) -> String {
    match kind {
        ResolveErrorKind::NoSuchName => "no such name".to_owned(),
        ResolveErrorKind::NoAddress => "the name exists but has no such address".to_owned(),
        ResolveErrorKind::TimedOut => "no answer in time".to_owned(),
        ResolveErrorKind::Malformed(why) => (*why).to_owned(),
        ResolveErrorKind::Failed(why) | ResolveErrorKind::Machine(why) => why.clone(),
    }
}
