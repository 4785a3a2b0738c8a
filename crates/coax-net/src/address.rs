//! A socket's name: what it is bound or connected to.
//!
//! Every name can be printed, whatever bytes are in it, and goes to the system and back unchanged
//! (an IPv6 address keeps its scope).
//!
//! Nothing here resolves a host name or opens a socket.

use std::ffi::OsStr;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, SocketAddrV6};
use std::os::unix::ffi::OsStrExt;

use coax_addr::UnixName;
use nix::net::if_::if_indextoname;
use rustix::net::{AddressFamily, SocketAddrAny, SocketAddrUnix};

/// The address of a socket, of any family.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Address {
    /// An IPv4 or IPv6 address and a port.
    Ip(SocketAddr),
    /// A path or an abstract name.
    Unix(UnixName),
    /// A Unix socket without a name. Binding to it makes Linux choose an abstract one.
    Unnamed,
}

impl Address {
    /// The port, where there is one.
    pub fn port(&self) -> Option<u16> {
        match self {
            Address::Ip(address) => Some(address.port()),
            Address::Unix(_) | Address::Unnamed => None,
        }
    }

    /// The IP address, where there is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Address::Ip(address) => Some(address.ip()),
            Address::Unix(_) | Address::Unnamed => None,
        }
    }

    /// As the system wants it. Fails for a Unix name that is too long or has a NUL in its path.
    pub(crate) fn to_system(&self) -> io::Result<SocketAddrAny> {
        Ok(match self {
            Address::Ip(address) => (*address).into(),
            Address::Unix(UnixName::Path(path)) => SocketAddrUnix::new(path.as_path())?.into(),
            Address::Unix(UnixName::Abstract(name)) => {
                SocketAddrUnix::new_abstract_name(name)?.into()
            }
            Address::Unnamed => SocketAddrUnix::new_unnamed().into(),
        })
    }

    /// As the system said it.
    pub(crate) fn from_system(address: &socket2::SockAddr) -> Address {
        if let Some(ip) = address.as_socket() {
            return Address::Ip(ip);
        }
        if let Some(path) = address.as_pathname() {
            return Address::Unix(UnixName::Path(path.to_owned()));
        }
        match address.as_abstract_namespace() {
            Some(name) => Address::Unix(UnixName::Abstract(name.to_owned())),
            None => Address::Unnamed,
        }
    }

    /// As the system said it while receiving: the calls that need no `unsafe` there come from
    /// another crate.
    pub(crate) fn from_sender(address: Option<SocketAddrAny>) -> Address {
        let Some(address) = address else { return Address::Unnamed };
        match address.address_family() {
            AddressFamily::INET | AddressFamily::INET6 => {
                SocketAddr::try_from(address).map_or(Address::Unnamed, Address::Ip)
            }
            // rustix panics at a path that fills `sun_path` to its last byte, and a stranger can
            // have one. Such a sender stays without a name and cannot be answered.
            AddressFamily::UNIX if address.addr_len() <= SUN_LEN_MAX => {
                SocketAddrUnix::try_from(address).map_or(Address::Unnamed, |name| unix(&name))
            }
            _ => Address::Unnamed,
        }
    }
}

/// A `sockaddr_un`: the family's two bytes and a path of 108.
const SUN_LEN_MAX: u32 = 110;

fn unix(name: &SocketAddrUnix) -> Address {
    if let Some(path) = name.path_bytes() {
        return Address::Unix(UnixName::Path(OsStr::from_bytes(path).into()));
    }
    match name.abstract_name() {
        Some(bytes) => Address::Unix(UnixName::Abstract(bytes.to_owned())),
        None => Address::Unnamed,
    }
}

impl From<SocketAddr> for Address {
    fn from(address: SocketAddr) -> Address {
        Address::Ip(address)
    }
}

impl From<UnixName> for Address {
    fn from(name: UnixName) -> Address {
        Address::Unix(name)
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Address::Ip(SocketAddr::V6(address)) if address.scope_id() != 0 => zoned(f, address),
            Address::Ip(address) => address.fmt(f),
            Address::Unix(UnixName::Path(path)) => escaped(f, path.as_os_str().as_bytes()),
            Address::Unix(UnixName::Abstract(name)) => {
                f.write_str("@")?;
                escaped(f, name)
            }
            Address::Unnamed => f.write_str("unnamed"),
        }
    }
}

/// `[fe80::1%eth0]:80`: the interface's name where this machine knows it, else its index.
fn zoned(f: &mut fmt::Formatter<'_>, address: &SocketAddrV6) -> fmt::Result {
    let (ip, scope, port) = (address.ip(), address.scope_id(), address.port());
    match if_indextoname(scope) {
        Ok(name) if !name.is_empty() => write!(f, "[{ip}%{}]:{port}", name.to_string_lossy()),
        _ => write!(f, "[{ip}%{scope}]:{port}"),
    }
}

/// Control characters and what is not UTF-8 as `\xNN`.
fn escaped(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character.is_control() {
                true => write!(f, "\\x{:02x}", u32::from(character))?,
                false => write!(f, "{character}")?,
            }
        }
        for byte in chunk.invalid() {
            write!(f, "\\x{byte:02x}")?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv6Addr;

    fn ip(text: &str) -> Address {
        Address::Ip(text.parse().unwrap())
    }

    fn path(text: &str) -> Address {
        Address::Unix(UnixName::Path(text.into()))
    }

    fn abstract_name(bytes: &[u8]) -> Address {
        Address::Unix(UnixName::Abstract(bytes.to_owned()))
    }

    fn link_local(scope: u32) -> Address {
        let ip = Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 1);
        Address::Ip(SocketAddrV6::new(ip, 80, 0, scope).into())
    }

    #[test]
    fn each_kind_of_name_has_its_text() {
        let table = [
            (ip("127.0.0.1:80"), "127.0.0.1:80"),
            (ip("[::1]:80"), "[::1]:80"),
            (link_local(1), "[fe80::1%lo]:80"),
            (link_local(u32::MAX), "[fe80::1%4294967295]:80"),
            (link_local(0), "[fe80::1]:80"),
            (path("/tmp/x.sock"), "/tmp/x.sock"),
            (abstract_name(b"coax"), "@coax"),
            (abstract_name(b"a\0b\xff\x1b"), "@a\\x00b\\xff\\x1b"),
            (abstract_name("é".as_bytes()), "@é"),
            (Address::Unnamed, "unnamed"),
        ];
        for (address, text) in table {
            assert_eq!(address.to_string(), text);
        }
    }

    #[test]
    fn a_name_that_does_not_fit_is_refused() {
        assert!(path(&"x".repeat(109)).to_system().is_err());
        assert!(path("a\0b").to_system().is_err());
        assert!(abstract_name(&[b'x'; 108]).to_system().is_err());
    }
}
