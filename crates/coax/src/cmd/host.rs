//! `coax host`: this machine's names, its addresses by interface, and the one others would see.
//!
//! The address others see is the one the kernel would send from; finding it sends nothing. What
//! is not known is said to be unknown, never guessed.
//!
//! Interfaces come from the kernel, the full name from the system's resolver.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use coax_net::{
    Interface, Resolve, ResolveErrorKind, SystemResolver, Wanted, interfaces, source_towards,
};
use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::EXIT_STATUS;
use crate::failure::{Exit, Failure};
use crate::out::{Human, Out, Report, clean};
use crate::{duration, runtime};

const EXAMPLES: &str = "\
EXAMPLES
    coax host
    coax host --json | jq -r '.interfaces[].addresses[].address'";

/// Stands for everywhere else, RFC 5737 and RFC 3849: routed like any address, owned by nobody.
const ELSEWHERE_V4: Ipv4Addr = Ipv4Addr::new(192, 0, 2, 1);
const ELSEWHERE_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 1);
/// The name is a detail here; a dead resolver must not hold back the rest.
const PATIENCE: Duration = Duration::from_secs(2);

/// Show this machine's names and addresses, and which one others see
#[derive(clap::Args, Debug)]
#[command(after_long_help = format!("{EXAMPLES}\n\n{EXIT_STATUS}"))]
pub(crate) struct Args {}

/// This machine.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct HostReport {
    name: String,
    /// The name with its domain, as the resolver tells it.
    full_name: Option<String>,
    /// The address packets to elsewhere are sent from; none without a route.
    outside_ipv4: Option<Ipv4Addr>,
    outside_ipv6: Option<Ipv6Addr>,
    interfaces: Vec<InterfaceReport>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct InterfaceReport {
    name: String,
    index: u32,
    up: bool,
    loopback: bool,
    mac: Option<String>,
    addresses: Vec<AddressReport>,
}

#[derive(Debug, Serialize, JsonSchema)]
struct AddressReport {
    address: IpAddr,
    /// Length of the network's prefix in bits.
    prefix: u8,
}

pub(crate) fn run(_: &Args, out: &Out) -> Result<(), Failure> {
    let interfaces = interfaces().map_err(|error| {
        let why = coax_net::cause_in_words(&error);
        Failure::new(Exit::Machine, format!("cannot list the interfaces: {why}"))
    })?;
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    out.report(&HostReport {
        full_name: full_name(&name, out)?,
        outside_ipv4: match source_towards(ELSEWHERE_V4.into()) {
            Ok(Some(IpAddr::V4(address))) => Some(address),
            _ => None,
        },
        outside_ipv6: match source_towards(ELSEWHERE_V6.into()) {
            Ok(Some(IpAddr::V6(address))) => Some(address),
            _ => None,
        },
        interfaces: interfaces.into_iter().map(InterfaceReport::new).collect(),
        name,
    })
}

/// The canonical name of this machine's own name.
fn full_name(name: &str, out: &Out) -> Result<Option<String>, Failure> {
    let resolver = SystemResolver::new(1).deadline(PATIENCE);
    runtime::run(async {
        let found = resolver.resolve(name, Wanted::Both).await;
        let late = found.as_ref().is_err_and(|error| error.kind == ResolveErrorKind::TimedOut);
        if late && !out.is_json() {
            let limit = duration::words(PATIENCE);
            out.talk(&format!("coax: no full name of {} was found in {limit}", clean(name)));
        }
        Ok(found.ok().and_then(|found| found.canonical))
    })
}

impl InterfaceReport {
    fn new(interface: Interface) -> InterfaceReport {
        let hex = |bytes: [u8; 6]| bytes.map(|byte| format!("{byte:02x}")).join(":");
        let addresses = interface.addresses.into_iter();
        InterfaceReport {
            name: interface.name,
            index: interface.index,
            up: interface.up,
            loopback: interface.loopback,
            mac: interface.mac.map(hex),
            addresses: addresses
                .map(|(address, prefix)| AddressReport { address, prefix })
                .collect(),
        }
    }

    fn text(&self) -> String {
        let mut words = vec![clean(&self.name).into_owned(), format!("index {}", self.index)];
        words.push(if self.up { "up" } else { "down" }.to_owned());
        words.extend(self.loopback.then(|| "loopback".to_owned()));
        words.extend(self.mac.as_ref().map(|mac| format!("mac {mac}")));
        let mut lines = vec![words.join("  ")];
        lines.extend(self.addresses.iter().map(|one| format!("  {}/{}", one.address, one.prefix)));
        lines.join("\n")
    }
}

impl Report for HostReport {
    const EVENT: &'static str = "host";
    fn human(&self) -> Human {
        let full_name = self.full_name.as_deref().unwrap_or("not known to the resolver");
        let outside = |address: Option<String>| address.unwrap_or("none: no route".to_owned());
        let mut lines = vec![
            clean(&self.name).into_owned(),
            format!("  full name     {}", clean(full_name)),
            format!("  outside IPv4  {}", outside(self.outside_ipv4.map(|one| one.to_string()))),
            format!("  outside IPv6  {}", outside(self.outside_ipv6.map(|one| one.to_string()))),
        ];
        lines.extend(self.interfaces.iter().map(InterfaceReport::text));
        Human::Answer(lines.join("\n"))
    }
}
