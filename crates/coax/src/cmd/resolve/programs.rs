//! What programs get: the system's resolver, with the aliases the hosts file tells.
//!
//! A name gives its canonical name, aliases and addresses; an address gives the same triple the
//! other way round, as `gethostbyaddr` does.
//!
//! What DNS says is not asked here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use coax_net::{
    HostsFile, Resolve, ResolveError, ResolveErrorKind, SystemResolver, Wanted, ascii_host_name,
    unicode_host_name,
};

use tokio::time::Instant;

use super::aliases::Aliases;
use super::event::{Cause, Resolved, Style, Unresolved};
use super::names;

/// More threads would only queue in the C library and at the name server.
const MOST_THREADS: usize = 64;

/// How the system is asked.
#[derive(Debug)]
pub(super) struct Programs {
    resolver: SystemResolver,
    wanted: Wanted,
    style: Style,
    /// Tells the names between; none where names are many or values alone are wanted.
    between: Option<Aliases>,
}

impl Programs {
    pub(super) fn new(
        parallel: usize,
        timeout: Option<Duration>,
        wanted: Wanted,
        style: Style,
    ) -> Programs {
        let resolver = system(SystemResolver::new(parallel.min(MOST_THREADS)), timeout);
        let between = (style == Style::Full).then(|| Aliases::new(wanted, timeout));
        Programs { resolver, wanted, style, between }
    }

    /// What a program gets for `query`.
    pub(super) async fn look_up(&self, query: &str) -> Result<Resolved, Unresolved> {
        let started = Instant::now();
        let found = match (names::address(query), special(query)) {
            (Some(address), _) => self.reverse(query, address).await,
            (None, Some(addresses)) => self.without_a_name(query, addresses),
            (None, None) => self.forward(query).await,
        };
        found.map(|resolved| Resolved {
            elapsed_ms: started.elapsed().as_secs_f64() * 1e3,
            style: self.style,
            ..resolved
        })
    }

    async fn forward(&self, query: &str) -> Result<Resolved, Unresolved> {
        if query == "." {
            let why = "it is the root of all names, which has records alone (-t NS)";
            let (name, kind) = (query.to_owned(), ResolveErrorKind::Malformed(why));
            return Err(unresolved(query, &ResolveError { name, kind }, ""));
        }
        let started = Instant::now();
        let found = self.resolver.resolve(query, self.wanted).await;
        let ascii = ascii_host_name(query).unwrap_or(query.into());
        let found = match found {
            Ok(found) => found,
            Err(error) => return Err(self.not_found(query, &ascii, &error, started).await),
        };
        let canonical = found.canonical.as_deref();
        let mut aliases = aliases(&ascii, canonical, &found.addresses, &hosts_file());
        if let (Some(last), false) = (canonical, aliases.is_empty()) {
            self.add_between(&mut aliases, &ascii, last, started).await;
        }
        Ok(Resolved {
            unicode: unicode_host_name(&ascii).filter(|text| text != query),
            aliases,
            ascii: Some(ascii.into_owned()).filter(|ascii| ascii != query),
            name: found.canonical,
            addresses: found.addresses,
            ..Resolved::of(query)
        })
    }

    /// The names that DNS leads through on the way to `last`.
    async fn add_between(
        &self,
        aliases: &mut Vec<String>,
        name: &str,
        last: &str,
        started: Instant,
    ) {
        let Some(between) = &self.between else { return };
        let Some((names, _)) = between.of(name, started).await else { return };
        let bare = |name: &String| name.strip_suffix('.').unwrap_or(name).to_owned();
        let names: Vec<_> = names.iter().map(bare).collect();
        // The hosts file, or another source, may have led elsewhere.
        if names.last().is_some_and(|name| name.eq_ignore_ascii_case(last)) {
            let known = |name: &&String| aliases.iter().any(|one| one.eq_ignore_ascii_case(name));
            let new: Vec<_> = names[1..names.len() - 1].iter().filter(|one| !known(one)).collect();
            aliases.extend(new.into_iter().cloned());
        }
    }

    /// Why there is no address; where aliases lead nowhere, they are told.
    async fn not_found(
        &self,
        query: &str,
        ascii: &str,
        error: &ResolveError,
        started: Instant,
    ) -> Unresolved {
        let mut told = unresolved(query, error, "no such name");
        let is_no = matches!(told.cause, Cause::NoSuchName | Cause::NoSuchRecord);
        if let Some(between) = self.between.as_ref().filter(|_| is_no)
            && let Some((names, none)) = between.of(ascii, started).await
        {
            (told.reason, told.aliases) = (none.reason().to_owned(), names);
        }
        told
    }

    /// Words that stand for addresses without a name service being asked.
    fn without_a_name(
        &self,
        query: &str,
        mut addresses: Vec<IpAddr>,
    ) -> Result<Resolved, Unresolved> {
        addresses.retain(|address| self.wanted.has(*address));
        if addresses.is_empty() {
            let (name, kind) = (query.to_owned(), ResolveErrorKind::NoAddress);
            return Err(unresolved(query, &ResolveError { name, kind }, ""));
        }
        Ok(Resolved { addresses, ..Resolved::of(query) })
    }

    async fn reverse(&self, query: &str, address: IpAddr) -> Result<Resolved, Unresolved> {
        let name = self.resolver.reverse(address).await;
        let name = name.map_err(|error| unresolved(query, &error, "the address has no name"))?;
        let hosts = hosts_file();
        let same_host = hosts.lines_of_address(address).filter(|line| line.names.contains(&name));
        let mut aliases: Vec<String> = Vec::new();
        for other in same_host.flat_map(|line| &line.names) {
            if *other != name && !aliases.contains(other) {
                aliases.push(other.clone());
            }
        }
        let (unicode, addresses) = (unicode_host_name(&name), vec![address]);
        let name = Some(name);
        Ok(Resolved { unicode, name, aliases, addresses, reverse: true, ..Resolved::of(query) })
    }
}

impl Resolved {
    fn of(query: &str) -> Resolved {
        Resolved { query: query.to_owned(), ..Resolved::default() }
    }
}

/// What the calls of sockets take in place of a name: nothing is every address of this machine.
fn special(query: &str) -> Option<Vec<IpAddr>> {
    match query {
        "" | "*" => Some(vec![Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]),
        "<broadcast>" => Some(vec![Ipv4Addr::BROADCAST.into()]),
        _ => None,
    }
}

/// The system's resolver, with its own limits unless there are others.
pub(super) fn system(resolver: SystemResolver, timeout: Option<Duration>) -> SystemResolver {
    match timeout {
        Some(timeout) => resolver.deadline(timeout),
        None => resolver,
    }
}

/// The hosts file as it is now; a machine without one has no such names.
pub(super) fn hosts_file() -> HostsFile {
    let bytes = std::fs::read(HostsFile::PATH).unwrap_or_default();
    HostsFile::parse(&String::from_utf8_lossy(&bytes))
}

/// The other names of a host: those beside it in the hosts file, and the name asked for when the
/// answer is a different one. A short name that the search list completed is no alias.
fn aliases(
    query: &str,
    canonical: Option<&str>,
    addresses: &[IpAddr],
    hosts: &HostsFile,
) -> Vec<String> {
    let canonical = canonical.unwrap_or(query);
    let asked = query.strip_suffix('.').unwrap_or(query);
    let mut aliases: Vec<String> = Vec::new();
    let completed = canonical.strip_prefix(asked).is_some_and(|rest| rest.starts_with('.'));
    let beside = hosts.lines_of_name(asked).filter(|line| addresses.contains(&line.address));
    let beside = beside.flat_map(|line| line.names.iter().map(String::as_str));
    for name in (!completed).then_some(asked).into_iter().chain(beside) {
        let known = aliases.iter().any(|one| one.eq_ignore_ascii_case(name));
        if !known && !name.eq_ignore_ascii_case(canonical) {
            aliases.push(name.to_owned());
        }
    }
    aliases
}

pub(crate) fn unresolved(query: &str, error: &ResolveError, none: &str) -> Unresolved {
    let (cause, reason) = match &error.kind {
        ResolveErrorKind::NoSuchName => (Cause::NoSuchName, none.to_owned()),
        ResolveErrorKind::NoAddress => {
            (Cause::NoSuchRecord, "the name exists but has no such address".to_owned())
        }
        ResolveErrorKind::TimedOut => (Cause::Timeout, "no answer in time".to_owned()),
        ResolveErrorKind::Malformed(why) => (Cause::MalformedName, (*why).to_owned()),
        ResolveErrorKind::Failed(why) => (Cause::ServerFailed, why.clone()),
        ResolveErrorKind::Machine(why) => (Cause::Machine, why.clone()),
    };
    let (query, aliases) = (query.to_owned(), Vec::new());
    Unresolved { query, record_type: None, cause, reason, aliases, line: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_are_the_other_names_of_the_same_host() {
        let hosts = HostsFile::parse("10.0.0.2 printer.lan printer lp\n10.0.0.9 printer.lan old");
        let ip: IpAddr = "10.0.0.2".parse().unwrap();
        for (query, canonical, expected) in [
            ("printer", "printer.lan", &["printer", "lp"][..]),
            ("lp", "printer.lan", &["lp", "printer"]),
            ("printer.lan", "printer.lan", &["printer", "lp"]),
            ("www.example.", "host.example", &["www.example"]),
            ("db", "db.corp.example", &[]),
            ("Host.example", "host.example", &[]),
        ] {
            assert_eq!(aliases(query, Some(canonical), &[ip], &hosts), expected, "{query}");
        }
    }
}
