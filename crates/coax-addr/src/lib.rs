//! Text that names a place on the network, as values.
//!
//! One grammar serves every verb: an [`Endpoint`] is where to connect or listen, a [`PortSet`]
//! is which ports, a [`Target`] is which hosts, a [`ServiceTable`] knows what the ports are called.
//!
//! Nothing here does I/O, reads a clock or rolls a die: names stay names until someone resolves
//! them.

mod endpoint;
mod near;
mod order;
mod ports;
mod runs;
mod service;
mod targets;
#[cfg(feature = "url")]
mod url_parts;

pub use endpoint::{
    Endpoint, EndpointError, EndpointErrorKind, Host, Options, Place, Transport, UnixKind, UnixName,
};
pub use near::{shown, without_password};
pub use order::Permutation;
pub use ports::{PortSet, PortSetError, ProtocolPorts};
pub use service::{Protocol, Service, ServiceTable};
pub use targets::{
    AddressRange, AddressSet, Octets, Target, TargetError, TargetErrorKind, TargetSet,
};
#[cfg(feature = "url")]
pub use url_parts::{PortOrigin, QueryPair, UrlError, UrlParts};
