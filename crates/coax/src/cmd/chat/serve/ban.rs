//! The event of a ban of the whole server: KLINE and SHUN, and the end of both by hand.

use coax_chat::hub::{BanKind, Person, Time};
use schemars::JsonSchema;
use serde::Serialize;

use super::events::{quoted, said};
use crate::out::{Human, Report};

/// An operator of the chat keeps somebody out or mutes somebody, or no longer.
#[derive(Serialize, JsonSchema)]
pub(crate) struct ChatBan {
    /// added or removed
    change: &'static str,
    /// kline keeps out, shun mutes
    kind: &'static str,
    mask: String,
    /// The operator's nick.
    by: String,
    address: String,
    message: Option<String>,
    /// Null is for good.
    until: Option<String>,
    /// How many were put out at once.
    put_out: u64,
    /// How many were muted at once.
    muted: u64,
}

impl ChatBan {
    pub(super) fn added(
        kind: BanKind,
        mask: String,
        by: Person,
        why: String,
        until: Option<Time>,
    ) -> ChatBan {
        let until = until.map(|until| until.to_string());
        ChatBan { change: "added", message: Some(why), until, ..ChatBan::removed(kind, mask, by) }
    }

    pub(super) fn removed(kind: BanKind, mask: String, by: Person) -> ChatBan {
        let (kind, by, address) = (kind.name(), by.nick, by.address);
        let (change, message, until, put_out, muted) = ("removed", None, None, 0, 0);
        ChatBan { change, kind, mask, by, address, message, until, put_out, muted }
    }

    /// How many it met at once.
    pub(super) fn met(mut self, count: usize) -> ChatBan {
        let met = if self.mutes() { &mut self.muted } else { &mut self.put_out };
        *met = count as u64;
        self
    }

    fn mutes(&self) -> bool {
        self.kind == BanKind::Shun.name()
    }
}

impl Report for ChatBan {
    const EVENT: &'static str = "chat-ban";
    fn human(&self) -> Human {
        let (mask, by, address) = (quoted(&self.mask), &self.by, &self.address);
        let Some(message) = &self.message else {
            let may = if self.mutes() { "speak again" } else { "come back" };
            return said(format!("{mask} may {may}, says {by} from {address}"));
        };
        let until = match &self.until {
            Some(until) => format!("until {until}"),
            None => "for good".to_owned(),
        };
        let (is, met) = if self.mutes() { ("muted", "here now") } else { ("kept out", "put out") };
        let (why, count) = (quoted(message), self.put_out + self.muted);
        said(format!("{mask} is {is} {until}, says {by} from {address}: {why}; {met}: {count}"))
    }
}
