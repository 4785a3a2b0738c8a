//! What ports are called, both ways round.
//!
//! The IANA registry is embedded as text and searched where it lies, so a table costs nothing to
//! make; the first search by name makes an index of names. What the machine's `/etc/services` says stands before it: a name found there means the
//! port found there. Names are compared without regard to case.
//!
//! Nothing here reads a file; the machine's text is handed in.

mod iana;
mod machine;
mod names;

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;

use crate::near::nearest;

/// The transport a service is registered for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Protocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
    /// DCCP.
    Dccp,
}

impl Protocol {
    /// Every protocol the registry knows.
    pub const ALL: [Protocol; 4] = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp, Protocol::Dccp];

    /// `tcp`, as `/etc/services` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Protocol::Tcp => "tcp",
            Protocol::Udp => "udp",
            Protocol::Sctp => "sctp",
            Protocol::Dccp => "dccp",
        }
    }

    /// The protocol called `name`, in any case.
    pub fn from_name(name: &str) -> Option<Protocol> {
        Protocol::ALL.into_iter().find(|protocol| protocol.name().eq_ignore_ascii_case(name))
    }
}

impl fmt::Display for Protocol {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// One row of the table: a service at one port of one protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// The name it is listed under first.
    pub name: Cow<'static, str>,
    /// Its port.
    pub port: u16,
    /// Its transport.
    pub protocol: Protocol,
    /// What it is; may be empty.
    pub description: Cow<'static, str>,
    /// Its other names.
    pub aliases: Vec<Cow<'static, str>>,
}

impl Service {
    /// The name and every alias.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.name).chain(&self.aliases).map(Cow::as_ref)
    }

    /// Whether it is called `name`, in any case.
    pub fn is_called(&self, name: &str) -> bool {
        self.names().any(|own| own.eq_ignore_ascii_case(name))
    }
}

/// Service names and ports, both directions.
#[derive(Clone, Debug, Default)]
pub struct ServiceTable {
    /// What `/etc/services` says, sorted by port.
    machine: Vec<Service>,
}

impl ServiceTable {
    /// The IANA registry, embedded; costs nothing to make.
    pub fn iana() -> ServiceTable {
        ServiceTable::default()
    }

    /// The IANA registry with the machine's `/etc/services` on top, which wins. Lines that make no
    /// sense are skipped, as the C library does.
    pub fn with_machine(etc_services: &str) -> ServiceTable {
        let mut machine = machine::read(etc_services);
        machine.sort_by_key(|service| service.port);
        ServiceTable { machine }
    }

    /// Every service at `port`, of one protocol or of all: the machine's first, then IANA's.
    pub fn by_port(&self, port: u16, protocol: Option<Protocol>) -> Vec<Service> {
        let wanted = |service: &Service| protocol.is_none_or(|only| only == service.protocol);
        let mut found: Vec<Service> =
            self.machine_at(port).iter().filter(|s| wanted(s)).cloned().collect();
        for row in iana::from(port).take_while(|row| row.port == port) {
            for service in row.services().filter(wanted) {
                self.add(service, &mut found);
            }
        }
        found.sort_by_key(|service| service.protocol);
        found
    }

    /// Every service called `name`, of one protocol or of all, in the order of their ports.
    pub fn by_name(&self, name: &str, protocol: Option<Protocol>) -> Vec<Service> {
        let mut ports: BTreeSet<u16> = names::called(name).map(|row| row.port).collect();
        ports.extend(self.machine.iter().filter(|s| s.is_called(name)).map(|s| s.port));
        ports
            .into_iter()
            .flat_map(|port| self.by_port(port, protocol))
            .filter(|service| service.is_called(name))
            .collect()
    }

    /// The port of every service with a name that `fits` whatever its case, of one protocol or of
    /// all. Some ports may come twice.
    pub(crate) fn ports_fitting(
        &self,
        fits: impl Fn(&str) -> bool,
        protocol: Option<Protocol>,
    ) -> Vec<u16> {
        let wanted = |own| protocol.is_none_or(|only| only == own);
        let registry = names::all().filter(|name| fits(name.text)).filter(|name| {
            let mut protocols = Protocol::ALL.into_iter().filter(|own| name.is_for(*own));
            protocols.any(|own| wanted(own) && !self.means_another_port(name.text, name.port, own))
        });
        let machine = self.machine.iter().filter(|service| wanted(service.protocol));
        let machine = machine.filter(|service| service.names().any(&fits));
        registry.map(|name| name.port).chain(machine.map(|service| service.port)).collect()
    }

    /// The lowest port called `name`.
    pub fn port_of(&self, name: &str, protocol: Protocol) -> Option<u16> {
        let here = |service: &&Service| service.protocol == protocol && service.is_called(name);
        match self.machine.iter().find(here) {
            Some(service) => Some(service.port),
            None => names::called(name).find(|row| row.is_for(protocol)).map(|row| row.port),
        }
    }

    /// A known name that `name` is probably a slip of; among equals the one with the lowest port.
    pub fn similar(&self, name: &str, protocol: Option<Protocol>) -> Option<String> {
        let registry = names::all().filter(|own| protocol.is_none_or(|only| own.is_for(only)));
        let machine = self.machine.iter();
        let machine = machine
            .filter(|service| protocol.is_none_or(|only| only == service.protocol))
            .flat_map(Service::names);
        nearest(name, registry.map(|own| own.text).chain(machine)).map(str::to_owned)
    }

    /// The whole table in the order of ports, then protocols.
    pub fn all(&self) -> impl Iterator<Item = Service> {
        let mut ports: BTreeSet<u16> = iana::from(0).map(|row| row.port).collect();
        ports.extend(self.machine.iter().map(|service| service.port));
        ports.into_iter().flat_map(|port| self.by_port(port, None))
    }

    fn machine_at(&self, port: u16) -> &[Service] {
        let start = self.machine.partition_point(|service| service.port < port);
        let end = self.machine.partition_point(|service| service.port <= port);
        &self.machine[start..end]
    }

    /// Adds IANA's row to what the machine says about the same port: to the row it shares a name
    /// with, or as one of its own, without names that mean another port on this machine.
    fn add(&self, service: Service, found: &mut Vec<Service>) {
        let names: Vec<Cow<'static, str>> = std::iter::once(service.name)
            .chain(service.aliases)
            .filter(|name| !self.means_another_port(name, service.port, service.protocol))
            .collect();
        let kin = found.iter_mut().find(|own| {
            own.protocol == service.protocol && names.iter().any(|name| own.is_called(name))
        });
        let mut names = names.into_iter();
        if let Some(own) = kin {
            for name in names {
                if !own.is_called(&name) {
                    own.aliases.push(name);
                }
            }
            if !service.description.is_empty() {
                own.description = service.description;
            }
        } else if let Some(name) = names.next() {
            found.push(Service { name, aliases: names.collect(), ..service });
        }
    }

    fn means_another_port(&self, name: &str, port: u16, protocol: Protocol) -> bool {
        let mut meant = self
            .machine
            .iter()
            .filter(|service| service.protocol == protocol && service.is_called(name))
            .peekable();
        meant.peek().is_some() && meant.all(|service| service.port != port)
    }
}

/// Every port the registry has a name for, in order, once for each row.
pub(crate) fn registered(protocol: Protocol) -> impl Iterator<Item = u16> {
    iana::from(0).filter(move |row| row.is_for(protocol)).map(|row| row.port)
}

#[cfg(test)]
mod tests;
