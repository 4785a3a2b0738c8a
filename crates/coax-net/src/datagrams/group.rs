//! Joining multicast groups: the one the host is, and the one the options name.
//!
//! A group is joined on each socket of its family, on the interface the endpoint says.
//!
//! Nothing here opens a socket.

use std::net::{IpAddr, SocketAddr};

use coax_addr::Endpoint;

use crate::listen::ListenError;
use crate::{Address, Socket, scope_of};

/// Joins the group that the host is, and the one the options name, on each socket of its family.
pub(super) fn join(sockets: &[(Socket, Address)], endpoint: &Endpoint) -> Result<(), ListenError> {
    for (group, interface) in groups(sockets, endpoint)? {
        let mut joined = false;
        for (socket, bound) in sockets {
            if group.is_multicast() && bound.ip().is_some_and(|ip| ip.is_ipv6() == group.is_ipv6())
            {
                socket.join_multicast(group, interface)?;
                joined = true;
            }
        }
        if !joined {
            return Err(ListenError::NoGroup(group));
        }
    }
    Ok(())
}

/// Each group to join, and the interface to hear it on; 0 lets the system choose.
fn groups(
    sockets: &[(Socket, Address)],
    endpoint: &Endpoint,
) -> Result<Vec<(IpAddr, u32)>, ListenError> {
    let interface = match &endpoint.options.interface {
        Some(name) => index_of(name)?,
        None => 0,
    };
    // A host that is a group was bound as it is, with its zone.
    let bound = sockets.iter().filter_map(|(_, address)| match address {
        Address::Ip(SocketAddr::V6(bound)) if bound.scope_id() != 0 => {
            Some((IpAddr::V6(*bound.ip()), bound.scope_id()))
        }
        address => address.ip().map(|ip| (ip, interface)),
    });
    let hosts = bound.filter(|(ip, _)| ip.is_multicast());
    Ok(hosts.chain(endpoint.options.join.map(|group| (group, interface))).collect())
}

fn index_of(name: &str) -> Result<u32, ListenError> {
    scope_of(name).ok_or_else(|| ListenError::NoInterface(name.to_owned()))
}
