//! The chat's memory on disk: accounts, history, search.
//!
//! A [`Store`] is a folder with one SQLite file. One thread writes: a [`Change`] sent to it is
//! queued at once or refused at once, and its receipt says when it is on disk, where no power cut
//! takes it back. A [`Reader`] answers questions meanwhile, from any thread.
//!
//! ```
//! use coax_store::{Entry, Kind, Page, Slice, Store, Target};
//!
//! let store = Store::in_memory()?;
//! let lobby = Target::channel("#lobby");
//! let place = store.apply(Entry {
//!     target: lobby.clone(),
//!     time: 1_700_000_000_000,
//!     msgid: "m1".to_owned(),
//!     kind: Kind::Message,
//!     sender: "ada!ada@host".to_owned(),
//!     account: None,
//!     text: "hello, world".to_owned(),
//!     tags: Vec::new(),
//! })?;
//! let page = Page { target: lobby, slice: Slice::Latest, limit: 50, events: false };
//! assert_eq!(store.reader().page(&page)?[0].place(), place);
//! # Ok::<(), coax_store::StoreError>(())
//! ```
//!
//! Nothing here knows IRC but when two names are one, nor sockets, passwords or what time it is: plain
//! values in, plain values out.

mod accounts;
mod backup;
mod channels;
mod desk;
mod entry;
mod error;
mod export;
mod folder;
mod history;
mod reader;
mod retention;
mod schema;
mod search;
mod shelf;
mod store;
mod writer;

pub use accounts::{
    Account, AddFingerprint, AddNick, Name, Password, Register, RemoveAccount, RemoveFingerprint,
    RemoveNick, RenameAccount, Scram, Seen, SetPassword, SetSettings,
};
pub use backup::Progress;
pub use channels::{Access, Channel, Mask, RemoveChannel, RenameChannel, SaveChannel, Topic};
pub use entry::{Entry, Kept, Kind, Place, Target};
pub use error::{StoreError, StoreErrorKind};
pub use export::Export;
pub use history::{Anchor, Conversation, Conversations, Import, Page, Redact, Slice};
pub use reader::Reader;
pub use retention::{Figures, Keep, Pruned, Retention};
pub use schema::Upgrade;
pub use search::{Hit, Search};
pub use shelf::Put;
pub use store::{Options, Store};
pub use writer::Change;
