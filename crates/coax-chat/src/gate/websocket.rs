//! IRC over a WebSocket: a message is a line without its end (IRCv3 "WebSocket").
//!
//! Both subprotocols are spoken: `text.ircv3.net`, where what is not UTF-8 is replaced, and
//! `binary.ircv3.net`, where bytes are bytes. Frames that lie, or are longer than a line of IRC may
//! be, end the connection (RFC 6455 §7.1.7).
//!
//! The handshake is HTTP and stands in [`super::page`].

use std::io;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex, split};
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

use super::goodbye::goodbye;
use super::relays::Relay;
use super::{Duplex, Line};
use crate::session::pace::Pace;

/// What is held between the two sides.
const HELD: usize = 8192;
/// A line of IRC with all the tags it may have (IRCv3 "Message Tags": 8191 and 512), and some room.
const LONGEST: usize = 9216;
/// How long a page may refuse to read.
const STALLED: Duration = Duration::from_secs(60);

/// How lines are carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Subprotocol {
    Text,
    Binary,
}

impl Subprotocol {
    /// The first of those offered that is known, with its name.
    pub(super) fn choose(offered: &str) -> Option<(Self, &'static str)> {
        offered.split(',').find_map(|name| match name.trim() {
            "text.ircv3.net" => Some((Self::Text, "text.ircv3.net")),
            "binary.ircv3.net" => Some((Self::Binary, "binary.ircv3.net")),
            _ => None,
        })
    }

    fn message(self, line: &[u8]) -> Message {
        match self {
            Self::Binary => Message::binary(line.to_vec()),
            Self::Text => {
                Message::Text(Utf8Bytes::from(String::from_utf8_lossy(line).into_owned()))
            }
        }
    }
}

/// Carries lines over `socket`, whose handshake is done; returns the side that speaks IRC.
pub(super) async fn carry<S: Duplex + 'static>(
    socket: S,
    as_: Subprotocol,
    pace: Pace,
    at_work: Relay,
) -> Line {
    let config = WebSocketConfig::default()
        .read_buffer_size(4096)
        .write_buffer_size(0)
        .max_write_buffer_size(1 << 20)
        .max_message_size(Some(LONGEST))
        .max_frame_size(Some(LONGEST));
    let socket = WebSocketStream::from_raw_socket(socket, Role::Server, Some(config)).await;
    let (ours, theirs) = duplex(HELD);
    tokio::task::spawn_local(async move {
        relay(socket, ours, as_, pace, &at_work).await;
    });
    Box::new(theirs)
}

/// Relays until either side ends, and closes the WebSocket with the reason.
async fn relay<S: Duplex>(
    mut socket: WebSocketStream<S>,
    hub: DuplexStream,
    as_: Subprotocol,
    pace: Pace,
    at_work: &Relay,
) {
    let code = match exchange(&mut socket, hub, as_, pace).await {
        Ok(()) if at_work.is_leaving() => CloseCode::Away,
        Ok(()) => CloseCode::Normal,
        Err(Error::Capacity(_)) => CloseCode::Size,
        Err(Error::Utf8(_)) => CloseCode::Invalid,
        Err(Error::Protocol(_) | Error::AttackAttempt) => CloseCode::Protocol,
        Err(_) => return,
    };
    let frame = CloseFrame { code, reason: Utf8Bytes::default() };
    // Closed already by the page, perhaps; the goodbye is the socket's own.
    let _ = stalled(socket.close(Some(frame))).await;
    goodbye(socket.get_mut()).await;
}

/// The two directions wait for different things, so that neither can hold up the other: a page is
/// not read while the hub takes nothing, but it is written to.
async fn exchange<S: Duplex>(
    socket: &mut WebSocketStream<S>,
    hub: DuplexStream,
    as_: Subprotocol,
    mut pace: Pace,
) -> Result<(), Error> {
    let (mut hub, mut to_hub) = split(hub);
    let (mut said, mut heard) = (Vec::new(), Vec::new());
    loop {
        let spent = pace.is_spent();
        tokio::select! {
            message = socket.next(), if heard.is_empty() && !spent => match message {
                // A ping is a frame as well, and is answered.
                Some(message) => {
                    pace.spend(1);
                    hear(&message?, &mut heard);
                }
                None => return Ok(()),
            },
            () = pace.ready(), if spent => {}
            written = to_hub.write(&heard), if !heard.is_empty() => {
                heard.drain(..written?);
            }
            read = hub.read_buf(&mut said) => match read? {
                0 => return Ok(()),
                _ => tell(socket, &mut said, as_).await?,
            },
        }
    }
}

/// One message from the page. Ends of lines within it are ends of lines.
fn hear(message: &Message, heard: &mut Vec<u8>) {
    let bytes = match message {
        Message::Text(text) => text.as_bytes(),
        Message::Binary(bytes) => bytes,
        _ => return,
    };
    heard.extend_from_slice(bytes);
    heard.extend_from_slice(b"\r\n");
}

async fn tell<S: Duplex>(
    socket: &mut WebSocketStream<S>,
    said: &mut Vec<u8>,
    as_: Subprotocol,
) -> Result<(), Error> {
    while let Some(end) = said.iter().position(|&byte| byte == b'\n') {
        let line = said.drain(..=end).collect::<Vec<_>>();
        stalled(socket.feed(as_.message(line.trim_ascii_end()))).await?;
    }
    stalled(socket.flush()).await
}

async fn stalled<T>(sending: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    timeout(STALLED, sending)
        .await
        .unwrap_or_else(|_| Err(Error::Io(io::ErrorKind::TimedOut.into())))
}
