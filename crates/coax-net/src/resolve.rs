//! Turning a host name into addresses.
//!
//! Who answers is the implementor's business: the system's resolver, or a name server. A caller's
//! deadline always holds, whatever the implementor is waiting for.
//!
//! Address literals and zone ids never come here: they need no resolving.

mod hosts;
mod name;
mod nsswitch;
mod system;

pub use hosts::{HostsFile, HostsLine};
pub use name::{ascii_host_name, check_host_name, unicode_host_name};
pub use nsswitch::{NssSource, nss_hosts_line};
pub use system::SystemResolver;

use std::fmt;
use std::future::Future;
use std::net::IpAddr;
use std::pin::Pin;

/// Which address families are wanted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wanted {
    /// IPv4 and IPv6.
    #[default]
    Both,
    /// IPv4 alone.
    V4,
    /// IPv6 alone.
    V6,
}

impl Wanted {
    /// Whether `address` is of a wanted family.
    pub fn has(self, address: IpAddr) -> bool {
        match self {
            Wanted::Both => true,
            Wanted::V4 => address.is_ipv4(),
            Wanted::V6 => address.is_ipv6(),
        }
    }
}

/// What a name resolved to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// The name the resolver ended at, where it says.
    pub canonical: Option<String>,
    /// In the resolver's order (RFC 6724 for the system's), without repeats.
    pub addresses: Vec<IpAddr>,
}

/// Why a name has no addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolveError {
    /// The name asked for.
    pub name: String,
    /// What kind of no it is.
    pub kind: ResolveErrorKind,
}

/// The kinds of no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveErrorKind {
    /// The name does not exist.
    NoSuchName,
    /// The name exists and has no address of the wanted family.
    NoAddress,
    /// No answer before the deadline.
    TimedOut,
    /// The name cannot be a host name: says why.
    Malformed(&'static str),
    /// The resolver failed, in words; trying again is reasonable.
    Failed(String),
    /// This machine has no thread for it, in words.
    Machine(String),
}

impl fmt::Display for ResolveError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot resolve {}: ", self.name)?;
        match &self.kind {
            ResolveErrorKind::NoSuchName => f.write_str("no such name"),
            ResolveErrorKind::NoAddress => f.write_str("the name exists but has no such address"),
            ResolveErrorKind::TimedOut => f.write_str("no answer in time"),
            ResolveErrorKind::Malformed(why) => f.write_str(why),
            ResolveErrorKind::Failed(why) | ResolveErrorKind::Machine(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for ResolveError {}

/// Turns names into addresses. Dropping the future abandons the question.
pub trait Resolve: Send + Sync {
    /// The addresses of `name`, which is never an address literal.
    fn resolve<'a>(
        &'a self,
        name: &'a str,
        wanted: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>>;
}
