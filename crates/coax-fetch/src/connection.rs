//! An open connection that speaks one HTTP or the other.
//!
//! Both are asked in the same way, and both answer with the same head.
//!
//! Nothing here is kept for later: see the pool.

use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use coax_net::{Address, PacketCount};
use http::header::{HOST, HeaderValue};
use http::{HeaderMap, Method, Uri};
use url::Url;

use crate::error::{FetchErrorKind, Trouble};
use crate::h1::{self, NoHead, Wire};
use crate::h2::{self, Session};
use crate::pool::Home;
use crate::response::Answer;

/// Pieces of a body that nobody reads: the page of a redirect has one.
const PASSED_OVER: usize = 4;

/// An open connection.
#[derive(Debug)]
pub(crate) enum Connection {
    One(Wire),
    Two(Session),
}

/// A request as both are given it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asking<'a> {
    pub(crate) method: &'a Method,
    pub(crate) url: &'a Url,
    pub(crate) headers: &'a HeaderMap,
    pub(crate) body: Option<&'a Bytes>,
    /// Whether the whole URL is told, as to a proxy (RFC 9112 §3.2.2).
    pub(crate) absolute: bool,
    /// Bytes that the answer's head may have.
    pub(crate) longest_head: usize,
    /// How long the server may stand still.
    pub(crate) idle: Duration,
}

/// A body that arrives.
#[derive(Debug)]
pub(crate) enum Incoming {
    One(Box<h1::Incoming>),
    Two(Box<h2::Incoming>),
}

impl Connection {
    /// The other end.
    pub(crate) fn peer(&self) -> &Address {
        match self {
            Connection::One(wire) => wire.peer(),
            Connection::Two(session) => session.peer(),
        }
    }

    /// Which session it is, if it is shared.
    pub(crate) fn session_number(&self) -> Option<u64> {
        match self {
            Connection::One(_) => None,
            Connection::Two(session) => Some(session.number),
        }
    }

    /// Asks, and gives the head that is answered. `home` takes the connection afterwards.
    pub(crate) async fn ask(
        self,
        asking: Asking<'_>,
        home: Home,
        on_first_byte: impl FnOnce(),
    ) -> Result<Answer, NoHead> {
        match self {
            Connection::One(wire) => one(wire, asking, home, on_first_byte).await,
            Connection::Two(session) => {
                let answer = two(session, asking, home).await?;
                on_first_byte();
                Ok(answer)
            }
        }
    }
}

async fn one(
    mut wire: Wire,
    asking: Asking<'_>,
    home: Home,
    on_first_byte: impl FnOnce(),
) -> Result<Answer, NoHead> {
    let method = asking.method;
    let limits = h1::Limits { longest: asking.longest_head, idle: asking.idle };
    let mut out = h1::encode(method, asking.target(), asking.headers);
    out.extend_from_slice(asking.body.map(Bytes::as_ref).unwrap_or_default());
    let head = h1::exchange(&mut wire, &out, method, limits, on_first_byte).await?;
    let length = head.length();
    let home = head.reusable.then_some(home);
    Ok(Answer {
        status: head.status,
        version: head.version,
        headers: head.headers,
        length,
        incoming: Incoming::One(Box::new(h1::Incoming::new(wire, head.framing, home))),
    })
}

async fn two(session: Session, asking: Asking<'_>, home: Home) -> Result<Answer, NoHead> {
    let uri = asking.uri().map_err(NoHead::final_one)?;
    let request = h2::request(asking.method, uri, asking.headers);
    let answer = session.exchange(request, asking.body.cloned(), asking.idle).await?;
    let (head, stream) = answer.into_parts();
    let bodiless = asking.method == Method::HEAD || stream.is_end_stream();
    let length = match bodiless {
        true => Some(0),
        false => h1::length(&head.headers).map_err(NoHead::final_one)?,
    };
    Ok(Answer {
        status: head.status,
        version: head.version,
        headers: head.headers,
        length,
        incoming: Incoming::Two(Box::new(h2::Incoming::new(stream, length, home))),
    })
}

impl<'a> Asking<'a> {
    fn target(&self) -> &'a str {
        match self.absolute {
            true => &self.url[..url::Position::AfterQuery],
            false => &self.url[url::Position::BeforePath..url::Position::AfterQuery],
        }
    }

    /// As HTTP/2 has it: the caller's Host, if there is one, is its authority (RFC 9113 §8.3.1).
    fn uri(&self) -> Result<Uri, Trouble> {
        let authority = self.headers.get(HOST).map_or(&[][..], HeaderValue::as_bytes);
        let uri = Uri::builder()
            .scheme(self.url.scheme())
            .authority(authority)
            .path_and_query(&self.url[url::Position::BeforePath..url::Position::AfterQuery])
            .build();
        uri.map_err(|_| Trouble::new(FetchErrorKind::Invalid, "HTTP/2 has no such URL or Host"))
    }
}

impl Incoming {
    /// The next piece; `None` once all has come. Safe to cancel.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Trouble> {
        match self {
            Incoming::One(incoming) => incoming.chunk().await,
            Incoming::Two(incoming) => incoming.chunk().await,
        }
    }

    /// Whether all of it has arrived already, as far as that is seen at a glance.
    pub(crate) fn is_here(&self) -> bool {
        match self {
            Incoming::One(incoming) => incoming.is_here(),
            Incoming::Two(_) => false,
        }
    }

    /// Counts the packets of a connection of its own.
    pub(crate) fn arrivals(&self) -> Option<PacketCount> {
        match self {
            Incoming::One(incoming) => incoming.arrivals(),
            Incoming::Two(_) => None,
        }
    }

    /// Takes what has arrived already, without waiting: the rest of a small body frees its
    /// connection for the next request.
    pub(crate) fn pass_over(&mut self) {
        let mut context = Context::from_waker(Waker::noop());
        for _ in 0..PASSED_OVER {
            let mut next = std::pin::pin!(self.chunk());
            match next.as_mut().poll(&mut context) {
                Poll::Ready(Ok(Some(_))) => {}
                _ => return,
            }
        }
    }
}
