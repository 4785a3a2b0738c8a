//! Which ports answer: fast, and right.
//!
//! A [`Plan`] says what to ask, a [`Scan`] asks it, and of every port comes one [`Verdict`] with
//! its reason. A port about which this machine could not find out is *inconclusive*, never closed.
//!
//! Where many hosts have many ports each, who is there is found out on the way: a [`Host`] gave a
//! sign of life, the others are silent, and are asked only if that is wanted ([`Hosts`]).
//!
//! [`Identify`] asks an open port what it is.
//!
//! Nothing here prints or resolves a name. Only SYN scans need a privilege.

mod ask;
mod discover;
mod engine;
mod flight;
mod host;
mod identify;
mod ledger;
mod neighbours;
mod pace;
mod payload;
mod plan;
mod questions;
mod recheck;
mod tally;
mod tarpit;
mod verdict;
mod worker;

pub use engine::{Heard, Scan, ScanError, raise_descriptor_limit};
pub use host::{Host, Sign};
pub use identify::{
    BANNER_LIMIT, Certificate, Hearing, Identify, Identity, Product, Recognised, TlsIdentity,
    is_recognisable, product_parts, recognise, recognise_answer, recognise_reply, within_tls,
};
pub use ledger::Checkpoint;
pub use plan::{HostGroup, Hosts, Limits, Order, Plan, Rest, TcpProbe, Tell};
pub use recheck::Rationed;
pub use tally::Tally;
pub use verdict::{Reason, State, Verdict};
