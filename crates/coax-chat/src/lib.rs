//! The chat server: everyone in one channel, whatever they speak.
//!
//! The [`hub`] is the server's whole mind: who is there, who may do what, who gets which line. It
//! is a value with one function, [`Hub::apply`], and does nothing itself. [`session`] gives it what
//! clients send and carries out what it says; the [`gate`] finds out what a caller speaks, and
//! [`Serve`] accepts them all. Each IRC command is one file under `verb/`. [`credentials`] are how
//! someone proves whose account is theirs.
//!
//! Nothing here prints or exits.

mod certificate;
pub mod credentials;
mod forgetting;
pub mod gate;
pub mod hub;
pub mod memory;
pub mod metrics;
pub mod orders;
pub mod serve;
pub mod session;
pub mod settings;
pub mod switchboard;
mod thread;
mod verb;

pub use certificate::Certificate;
pub use hub::Hub;
pub use memory::Memory;
pub use serve::Serve;
pub use settings::Settings;
