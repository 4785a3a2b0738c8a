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

use http::Method;

use crate::error::{FetchErrorKind, Trouble};

pub(crate) use head::{Head, encode, length_of};
pub(crate) use incoming::Incoming;
pub(crate) use wire::{Io, Wire};

/// Why no head came.
#[derive(Debug)]
pub(crate) struct NoHead {
    pub(crate) trouble: Trouble,
    /// Nothing at all was answered: the connection may have been closed before the request.
    pub(crate) unheard: bool,
}

/// Sends `out` and gives the final head that is answered. What follows the head stays in `wire`.
pub(crate) async fn exchange(
    wire: &mut Wire,
    out: &[u8],
    method: &Method,
    longest: usize,
    on_first_byte: impl FnOnce(),
) -> Result<Head, NoHead> {
    let unsent = wire.send_until_answered(out).await.map_err(|error| NoHead {
        trouble: Trouble::broken(&error, "before it answered"),
        unheard: true,
    })?;
    if wire.held().is_empty() {
        let closed = Trouble::new(FetchErrorKind::Reset, "closed without an answer");
        return Err(NoHead { trouble: closed, unheard: true });
    }
    on_first_byte();
    let heard = |trouble| NoHead { trouble, unheard: false };
    loop {
        let mut head = next_head(wire, method, longest).await.map_err(heard)?;
        if head.is_interim() {
            continue;
        }
        // What was not sent now would be taken for the next request.
        head.reusable &= !unsent;
        return Ok(head);
    }
}

/// Reads one head.
async fn next_head(wire: &mut Wire, method: &Method, longest: usize) -> Result<Head, Trouble> {
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
        let more = wire.fill().await;
        match more.map_err(|error| Trouble::broken(&error, "while it sent its headers"))? {
            0 => {
                let why = "closed in the middle of its headers";
                return Err(Trouble::new(FetchErrorKind::CutShort, why));
            }
            _ => continue,
        }
    }
}
