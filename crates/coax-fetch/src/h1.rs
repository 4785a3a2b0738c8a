//! HTTP/1.1 over one connection (RFC 9112), a request at a time.
//!
//! The request is written while the answer is listened for, since a server may answer, and close,
//! before it has read everything. Interim answers (1xx) are passed over. A head has a longest length.
//!
//! Nothing here knows how the connection was made, or what the answer means.

mod chunked;
mod head;
mod incoming;
mod wire;

use std::time::Duration;

use http::Method;
use tokio::time::timeout;

use crate::error::{FetchErrorKind, Trouble};
use crate::patience::{Patience, out_of};

pub(crate) use head::{Head, encode, length};
pub(crate) use incoming::Incoming;
pub(crate) use wire::Wire;

/// Why no head came.
#[derive(Debug)]
pub(crate) struct NoHead {
    pub(crate) trouble: Trouble,
    /// Nothing at all was answered: the connection may have been closed before the request.
    pub(crate) unheard: bool,
    /// The server says that it did nothing.
    pub(crate) refused: bool,
    /// It was asked for in HTTP/2, and that is what failed.
    pub(crate) of_http2: bool,
    /// The server says that it must be asked for in HTTP/1.1.
    pub(crate) wants_http1: bool,
}

/// What an answer may take.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// Bytes of its head.
    pub(crate) longest: usize,
    /// Time without a byte.
    pub(crate) idle: Duration,
}

impl NoHead {
    /// The server may have heard it.
    pub(crate) fn final_one(trouble: Trouble) -> NoHead {
        NoHead { trouble, unheard: false, refused: false, of_http2: false, wants_http1: false }
    }

    fn unheard(trouble: Trouble) -> NoHead {
        NoHead { unheard: true, ..NoHead::final_one(trouble) }
    }
}

/// Sends `out` and gives the final head that is answered. What follows the head stays in `wire`.
pub(crate) async fn exchange(
    wire: &mut Wire,
    out: &[u8],
    method: &Method,
    limits: Limits,
    on_first_byte: impl FnOnce(),
) -> Result<Head, NoHead> {
    let mut patience = Patience::new(limits.idle);
    let sent = wire.send_until_answered(out, &mut patience).await;
    let unsent = sent
        .map_err(NoHead::final_one)?
        .map_err(|error| NoHead::unheard(Trouble::broken(&error, "before it answered")))?;
    if wire.held().is_empty() {
        let closed = Trouble::new(FetchErrorKind::Reset, "closed without an answer");
        return Err(NoHead::unheard(closed));
    }
    on_first_byte();
    loop {
        let mut head = next_head(wire, method, limits).await.map_err(NoHead::final_one)?;
        if head.is_interim() {
            continue;
        }
        // What was not sent now would be taken for the next request.
        head.reusable &= !unsent;
        return Ok(head);
    }
}

/// Reads one head.
async fn next_head(wire: &mut Wire, method: &Method, limits: Limits) -> Result<Head, Trouble> {
    let Limits { longest, idle } = limits;
    let mut searched = 0;
    loop {
        let held = wire.held();
        if !head::may_be_http(held) {
            return Err(Trouble::protocol(head::no_http(held)));
        }
        if let Some(end) = head::end(held, searched).filter(|end| *end <= longest) {
            return Head::parse(&wire.take(end), method);
        }
        if held.len() >= longest {
            let why = format!("its headers are longer than {} KiB", longest >> 10);
            return Err(Trouble::new(FetchErrorKind::TooLarge, why));
        }
        searched = held.len();
        let more = timeout(idle, wire.fill()).await;
        let more = more.map_err(|_| out_of(idle, "no end of its headers"))?;
        match more.map_err(|error| Trouble::broken(&error, "while it sent its headers"))? {
            0 => {
                let why = "closed in the middle of its headers";
                return Err(Trouble::new(FetchErrorKind::CutShort, why));
            }
            _ => continue,
        }
    }
}
