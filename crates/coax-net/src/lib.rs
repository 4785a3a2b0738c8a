//! Sockets: the Berkeley calls, and what stands on them.
//!
//! [`Resolve`] turns names into addresses. Every error names the call, the place and the cause in
//! words a person can act on.
//!
//! Nothing here prints, exits, or knows what the bytes mean.

mod cause;
mod interface;
mod resolve;

pub use cause::cause_in_words;
pub use interface::{Interface, interfaces, source_towards};
pub use resolve::{
    Addresses, HostsFile, HostsLine, NssSource, Resolve, ResolveError, ResolveErrorKind,
    SystemResolver, Wanted, check_host_name, nss_hosts_line,
};
