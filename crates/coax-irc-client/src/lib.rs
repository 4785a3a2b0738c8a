//! A well-behaved IRC client, as a state machine: lines in, lines out.
//!
//! [`Session`] comes in and stays in: capabilities, names, signing in, PING. [`Talk`] translates
//! between what people type or read and IRC.
//!
//! Nothing here opens a connection, reads a clock or prints.

mod scram;
mod session;
mod talk;

pub use session::{Identity, Session, Step};
pub use talk::{Said, SaidKind, Talk, Turned};
