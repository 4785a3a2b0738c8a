//! From what a person named to the addresses to try.
//!
//! An address literal is itself, a name is resolved, nothing or `*` is this machine. A zone becomes
//! the index of its interface, or a clear error.
//!
//! Nothing here orders the addresses or tries them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV6};

use coax_addr::Host;

use super::attempt::Setup;
use super::error::Trouble;
use crate::resolve::{Resolve, Wanted};
use crate::scope_of;

const V6_HERE: IpAddr = IpAddr::V6(Ipv6Addr::LOCALHOST);
/// Nobody refuses a datagram before it is sent, so the first address is the one; most datagram
/// servers that hear one family alone hear IPv4.
const V4_HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// A host and a port to reach.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target<'a> {
    pub(super) host: &'a Host,
    pub(super) port: u16,
}

impl Target<'_> {
    pub(super) fn is_name(&self) -> bool {
        matches!(self.host, Host::Name(_))
    }

    /// Every address of the wanted families, in the resolver's order; never empty.
    pub(super) async fn addresses(
        &self,
        resolver: &dyn Resolve,
        wanted: Wanted,
        setup: &Setup,
    ) -> Result<Vec<SocketAddr>, Trouble> {
        let scope = setup.interface.unwrap_or(0);
        let ips = match self.host {
            Host::Zoned { address, zone } => {
                let to = SocketAddrV6::new(*address, self.port, 0, interface_index(zone)?);
                return only_wanted(vec![to.into()], wanted);
            }
            Host::Name(name) => {
                resolver.resolve(name, wanted).await.map_err(Trouble::Resolve)?.addresses
            }
            Host::Ip(ip) => vec![ip.to_canonical()],
            Host::Any if setup.is_datagram() => vec![V4_HERE, V6_HERE],
            Host::Any => vec![V6_HERE, V4_HERE],
        };
        let scoped = ips.into_iter().map(|ip| with_scope(ip, self.port, scope)).collect();
        only_wanted(scoped, wanted)
    }
}

/// Only addresses that mean nothing without an interface get one.
fn with_scope(ip: IpAddr, port: u16, scope: u32) -> SocketAddr {
    match ip {
        IpAddr::V6(v6) if v6.is_unicast_link_local() || v6.is_multicast() => {
            SocketAddrV6::new(v6, port, 0, scope).into()
        }
        _ => SocketAddr::new(ip, port),
    }
}

fn only_wanted(mut addresses: Vec<SocketAddr>, wanted: Wanted) -> Result<Vec<SocketAddr>, Trouble> {
    addresses.retain(|address| match wanted {
        Wanted::Both => true,
        Wanted::V4 => address.is_ipv4(),
        Wanted::V6 => address.is_ipv6(),
    });
    match addresses.is_empty() {
        false => Ok(addresses),
        true => Err(Trouble::Invalid(match wanted {
            Wanted::V4 => "only IPv4 is wanted, and it has no IPv4 address".into(),
            Wanted::V6 => "only IPv6 is wanted, and it has no IPv6 address".into(),
            Wanted::Both => "it has no address".into(),
        })),
    }
}

/// The index of an interface given by name or index.
pub(super) fn interface_index(zone: &str) -> Result<u32, Trouble> {
    scope_of(zone)
        .ok_or_else(|| Trouble::Invalid(format!("this machine has no interface named {zone}")))
}
