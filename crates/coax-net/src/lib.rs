//! Sockets: the Berkeley calls, and what stands on them.
//!
//! [`Socket`] is the calls themselves, blocking, with an [`Address`] for every name. [`Resolve`]
//! turns names into addresses, [`Dial`] connects to the best of them. Every error names the call, the place and the cause in words a
//! person can act on.
//!
//! Nothing here prints, exits, or knows what the bytes mean.

#![allow(clippy::disallowed_methods, reason = "this is the crate that opens sockets")]

mod address;
mod cause;
mod dial;
mod resolve;
mod socket;
mod trace;

pub use address::Address;
pub use cause::cause_in_words;
pub use dial::{Attempt, AttemptOutcome, Dial, DialError, DialErrorKind, DialReport, Dialed};
pub use resolve::{
    Addresses, HostsFile, HostsLine, NssSource, Resolve, ResolveError, ResolveErrorKind,
    SystemResolver, Wanted, check_host_name, nss_hosts_line,
};
pub use socket::{
    ConnectOutcome, Family, Keepalive, Kind, Protocol, Shutdown, Socket, SocketError,
    SocketErrorKind,
};
