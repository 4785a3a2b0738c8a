//! Asking name servers.
//!
//! A [`Client`] puts a [`Question`] to a [`Server`] over UDP, TCP, TLS or HTTPS and gives its
//! [`Answer`]; it also resolves names for [`coax_net::Resolve`]. [`ResolvConf`] says which servers
//! this machine asks.
//!
//! The hosts file and nsswitch are not read: what programs get is
//! [`coax_net::SystemResolver`]'s business.

mod answer;
mod chain;
mod client;
mod limits;
mod question;
mod record;
mod record_type;
mod resolv_conf;
mod resolver;
mod server;
mod sockets;
mod stream;
mod transfer;
mod trust;
mod udp;
mod wire;

pub use answer::{Answer, AskError, AskErrorKind, Status};
pub use chain::Chain;
pub use client::Client;
pub use limits::Limits;
pub use question::Question;
pub use record::{Part, Record, Soa, Value};
pub use record_type::{RecordType, UnknownRecordType};
pub use resolv_conf::ResolvConf;
pub use server::{Server, ServerError, ServerHost, Transport};
pub use trust::{Trust, TrustError, TrustSource};
pub use wire::Reply;
