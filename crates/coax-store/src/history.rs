//! Keeping what was said, and turning pages in it.
//!
//! A page costs what it holds, however long the conversation is: it is cut out of an index by the
//! place where it begins. Talk and events have an index each and are merged here.
//!
//! Nothing here knows who may read what.

mod append;
mod conversations;
mod import;
mod page;
mod redact;
mod row;

pub use conversations::{Conversation, Conversations};
pub use import::Import;
pub use page::{Anchor, Page, Slice};
pub use redact::Redact;
pub(crate) use row::{COLUMNS, kept};
