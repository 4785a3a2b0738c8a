//! The IRC line with its vocabulary, as values.
//!
//! [`Framer`] cuts what arrives into lines, [`Message`] reads one, [`Line`] writes one. The other
//! modules are the words in them: numerics, capabilities, modes, masks, names, times.
//!
//! Nothing here does I/O, reads a clock or rolls a die. Bytes are bytes: a line need not be UTF-8.

mod authenticate;
mod budget;
mod cap;
mod casemap;
mod ctcp;
mod framer;
mod isupport;
mod mask;
mod message;
mod mode;
mod name;
pub mod numeric;
mod pack;
mod source;
mod tag;
mod time;
mod write;

pub use authenticate::{SaslPiece, SaslPieceError, SaslPieces, sasl_pieces};
pub use budget::{LineBudget, TooLong};
pub use cap::{CapRequest, CapSet, Capability, Offer, UnknownCapability};
pub use casemap::{Casemapping, Folded};
pub use ctcp::Ctcp;
pub use framer::Framer;
pub use isupport::{Isupport, IsupportToken};
pub use mask::{Extban, ExtbanSyntax, Mask, glob};
pub use message::{INLINE_PARAMS, Message, Params, ParseError};
pub use mode::{ModeChange, ModeItem, ModeKind, ModeLetters, ModeTable, Rank, Sign, render_modes};
pub use name::{
    NameError, check_channel, check_nick, check_user, is_hostname, is_unseen, skeleton,
};
pub use numeric::Numeric;
pub use pack::pack;
pub use source::Source;
pub use tag::{Tag, Tags, escape_into, unescape};
pub use time::{format_time, parse_time};
pub use write::{Fit, Line, ParamLine, SourcedLine, cut};
