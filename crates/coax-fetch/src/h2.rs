//! HTTP/2 over one connection (RFC 9113), as many requests at a time as the server allows.
//!
//! A session is cloned for each request, and its connection ends with the last of them. A server
//! that refuses a request unseen, or goes away before it, has not heard it. Each body is bounded by
//! its window: a reader that does not read stops its own sender.
//!
//! Nothing here knows how the connection was made, or when a session should be left.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use coax_net::Address;
use h2::client::{Builder, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use http::header::{CONNECTION, HOST, TRANSFER_ENCODING, UPGRADE};
use http::{HeaderMap, HeaderName, Method, Request, Response, Uri, Version};
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::error::{FetchErrorKind, Trouble};
use crate::h1::NoHead;
use crate::io::Io;
use crate::patience::{Patience, out_of};
use crate::pool::Home;

/// What one body may send ahead of its reader: 50 MB a second over a way of 80 ms.
const STREAM_WINDOW: u32 = 4 << 20;
/// For all bodies of a connection together, so for sixteen that nobody reads.
const WINDOW: u32 = 64 << 20;
/// Fewer, larger frames cost less.
const FRAME: u32 = 64 << 10;

/// An open connection that takes requests.
#[derive(Clone, Debug)]
pub(crate) struct Session {
    send: SendRequest<Bytes>,
    peer: Address,
    /// What moves its bytes, to see whether it still does.
    moving: AbortHandle,
    /// Tells sessions apart, so that a dead one is forgotten and not its successor.
    pub(crate) number: u64,
}

/// A body that arrives among others.
#[derive(Debug)]
pub(crate) struct Incoming {
    stream: RecvStream,
    arrived: u64,
    length: Option<u64>,
    failed: Option<Trouble>,
    ended: bool,
    /// Where it came from: to be asked in HTTP/1.1 if this breaks.
    home: Home,
}

/// Headers that say how HTTP/1.1 is sent (RFC 9113 §8.2.2), and the one that is `:authority`.
const OF_HTTP1: [HeaderName; 6] = [
    CONNECTION,
    HOST,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

impl Session {
    /// Agrees on HTTP/2 over `io`. What moves its bytes is a task of its own, which ends with the
    /// last session and the last body.
    pub(crate) async fn begin(
        io: Io,
        peer: Address,
        number: u64,
        longest_head: usize,
    ) -> Result<Session, Trouble> {
        let begun = Builder::new()
            .initial_window_size(STREAM_WINDOW)
            .initial_connection_window_size(WINDOW)
            .max_frame_size(FRAME)
            .max_header_list_size(u32::try_from(longest_head).unwrap_or(u32::MAX))
            .enable_push(false)
            .handshake(io)
            .await;
        let (send, connection) = begun.map_err(|error| in_words(&error, "before it answered"))?;
        let moving = tokio::spawn(async move {
            // Whoever waits for an answer or a body hears of an error there.
            let _ = connection.await;
        });
        Ok(Session { send, peer, number, moving: moving.abort_handle() })
    }

    /// The other end.
    pub(crate) fn peer(&self) -> &Address {
        &self.peer
    }

    /// Sends a request and gives the head of its answer.
    pub(crate) async fn exchange(
        self,
        request: Request<()>,
        body: Option<Bytes>,
        idle: Duration,
    ) -> Result<Response<RecvStream>, NoHead> {
        let mut patience = Patience::new(idle);
        let full = timeout(idle, self.send.ready()).await;
        let full = full.map_err(|_| NoHead::final_one(out_of(idle, "no room for a request")))?;
        let mut send = full.map_err(|error| no_head(&error))?;
        let mut body = body.unwrap_or_default();
        let (mut answer, mut stream) =
            send.send_request(request, body.is_empty()).map_err(|error| no_head(&error))?;
        stream.reserve_capacity(body.len());
        poll_fn(|context| {
            // A server may answer before it has everything; what is left is not sent then.
            if let Poll::Ready(answer) = Pin::new(&mut answer).poll(context) {
                return Poll::Ready(answer.map_err(|error| no_head(&error)));
            }
            while send_some(&mut stream, &mut body, context).is_ready() {
                patience.renew();
            }
            patience.poll(context, "no answer").map(|trouble| Err(NoHead::final_one(trouble)))
        })
        .await
    }

    /// Whether its connection has ended.
    pub(crate) fn is_over(&self) -> bool {
        self.moving.is_finished()
    }
}

/// Sends what the server has room for; ready if some went out.
fn send_some(
    stream: &mut SendStream<Bytes>,
    body: &mut Bytes,
    context: &mut Context<'_>,
) -> Poll<()> {
    if body.is_empty() {
        return Poll::Pending;
    }
    match ready!(stream.poll_capacity(context)) {
        Some(Ok(room)) if room > 0 => {
            let piece = body.split_to(room.min(body.len()));
            // What fails here fails the answer, too.
            let _ = stream.send_data(piece, body.is_empty());
            Poll::Ready(())
        }
        Some(Ok(_)) => Poll::Ready(()),
        Some(Err(_)) | None => {
            body.clear();
            Poll::Pending
        }
    }
}

/// The request as HTTP/2 has it.
pub(crate) fn request(method: &Method, uri: Uri, headers: &HeaderMap) -> Request<()> {
    let mut request = Request::new(());
    *request.method_mut() = method.clone();
    *request.uri_mut() = uri;
    *request.version_mut() = Version::HTTP_2;
    *request.headers_mut() = headers.clone();
    for name in OF_HTTP1 {
        request.headers_mut().remove(name);
    }
    request
}

impl Incoming {
    pub(crate) fn new(stream: RecvStream, length: Option<u64>, home: Home) -> Incoming {
        let ended = stream.is_end_stream();
        Incoming { stream, arrived: 0, length, failed: None, ended, home }
    }

    /// The next piece; `None` once all has come. Safe to cancel.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, Trouble> {
        if let Some(trouble) = &self.failed {
            return Err(trouble.clone());
        }
        while !self.ended {
            let failed = match self.stream.data().await {
                Some(Ok(piece)) => {
                    self.arrived += piece.len() as u64;
                    // The stream may have ended meanwhile, and then nobody needs the room.
                    let _ = self.stream.flow_control().release_capacity(piece.len());
                    if piece.is_empty() {
                        continue;
                    }
                    return Ok(Some(piece));
                }
                Some(Err(error)) => {
                    if !error.is_io() {
                        self.home.pool.use_http1(&self.home.route);
                    }
                    self.cut_short(&error)
                }
                None => {
                    self.ended = true;
                    continue;
                }
            };
            self.failed = Some(failed.clone());
            return Err(failed);
        }
        Ok(None)
    }

    fn cut_short(&self, error: &h2::Error) -> Trouble {
        let arrived = self.arrived;
        let came = match self.length {
            Some(length) => format!("{arrived} of {length} bytes came"),
            None => format!("{arrived} bytes came, and no end"),
        };
        // An end that comes too early is found by h2, which blames the stream for it.
        let early = error.is_library() && error.reason() == Some(Reason::PROTOCOL_ERROR);
        match (early, error.is_io()) {
            (true, _) if self.length.is_some() => {
                Trouble::new(FetchErrorKind::CutShort, format!("cut short: {came}"))
            }
            (_, true) => in_words(error, &format!("in the middle: {came}")),
            _ => {
                Trouble { kind: FetchErrorKind::CutShort, ..in_words(error, &format!("({came})")) }
            }
        }
    }
}

/// Why no head came, and whether the server has even seen the request.
fn no_head(error: &h2::Error) -> NoHead {
    let wants_http1 = error.reason() == Some(Reason::HTTP_1_1_REQUIRED);
    let refused = wants_http1 || error.reason() == Some(Reason::REFUSED_STREAM);
    // A server that goes away has not seen requests behind the last it names (RFC 9113 §6.8), and
    // only those fail for it. A connection that is closed may have been so before.
    let unheard = refused || error.is_go_away() || error.is_io();
    let trouble = in_words(error, "before it answered");
    NoHead { trouble, unheard, refused, of_http2: true, wants_http1 }
}

fn in_words(error: &h2::Error, when: &str) -> Trouble {
    if let Some(io) = error.get_io() {
        return Trouble::broken(io, when);
    }
    let reason = error.reason().unwrap_or(Reason::PROTOCOL_ERROR);
    let what = reason.description();
    let (kind, who) = match error.is_remote() {
        true => (FetchErrorKind::Reset, "it ended the request"),
        false => (FetchErrorKind::Protocol, "it breaks HTTP/2"),
    };
    Trouble::new(kind, format!("{who} {when}: {what}"))
}
