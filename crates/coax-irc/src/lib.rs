//! The IRC line with its vocabulary, as values.
//!
//! [`Framer`] cuts what arrives into lines, [`Message`] reads one, [`Line`] writes one. The other
//! modules are the words in them: numerics, capabilities, modes, masks, names, times.
//!
//! Nothing here does I/O, reads a clock or rolls a die. Bytes are bytes: a line need not be UTF-8.

mod budget;
mod cap;
mod casemap;
mod framer;
mod message;
mod pack;
mod source;
mod tag;
mod write;

pub use budget::{LineBudget, TooLong};
pub use cap::{CapRequest, CapSet, Capability, Offer, UnknownCapability};
pub use casemap::{Casemapping, Folded};
pub use framer::Framer;
pub use message::{INLINE_PARAMS, Message, Params, ParseError};
pub use pack::pack;
pub use source::Source;
pub use tag::{Tag, Tags, escape_into, unescape};
pub use write::{Fit, Line, ParamLine, SourcedLine, cut};
