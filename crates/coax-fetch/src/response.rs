//! What was answered, and how it came about.
//!
//! Each connection tried and each redirect followed is a hop, and all its times are counted from
//! the moment the request was sent off, so hops can be drawn below each other.
//!
//! Nothing here knows when the body ended: its reader does.

use std::time::Duration;

use coax_net::Address;
use http::{HeaderMap, Method, StatusCode, Version};
use url::Url;

use crate::body::Body;
use crate::connection::Incoming;

/// What was answered.
#[derive(Debug)]
pub struct Response {
    /// Who answered, after all redirects; without user and password.
    pub url: Url,
    /// The status, final and not 1xx.
    pub status: StatusCode,
    /// HTTP/1.0, 1.1 or 2.
    pub version: Version,
    /// As the server sent them.
    pub headers: HeaderMap,
    /// What follows the head.
    pub body: Body,
    /// Every attempt and redirect, this answer's being the last.
    pub hops: Vec<Hop>,
}

impl Response {
    /// Its head as HTTP/1.1 writes it, with an empty line at the end: version, status, headers.
    pub fn head(&self) -> Vec<u8> {
        let mut text = format!("{:?} {}\r\n", self.version, self.status).into_bytes();
        for (name, value) in &self.headers {
            for part in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
                text.extend_from_slice(part);
            }
        }
        text.extend_from_slice(b"\r\n");
        text
    }
}

/// The head of an answer, and what follows it, whichever HTTP it came by.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) length: Option<u64>,
    pub(crate) incoming: Incoming,
}

/// One request over one connection.
#[derive(Clone, Debug)]
pub struct Hop {
    /// What was asked for; without user and password.
    pub url: Url,
    /// How it was asked for.
    pub method: Method,
    /// Who was connected to: the server, or the proxy before it.
    pub peer: Option<Address>,
    /// The proxy, as `http://host:port`.
    pub proxy: Option<String>,
    /// Whether an open connection was used again.
    pub reused: bool,
    /// When each phase was over.
    pub phases: Phases,
    /// Whether the server asked, in TLS, for a certificate of this client, which has none.
    pub certificate_wanted: bool,
    /// What came of it.
    pub outcome: HopOutcome,
    /// What was sent, if the client was asked to remember it; logins and cookies are marked as
    /// sensitive.
    pub sent: HeaderMap,
    /// What was answered, if the client was asked to remember it.
    pub answered: HeaderMap,
}

/// When each phase of a hop was over, counted from the moment the request was sent off. A phase
/// that did not take place has no time: a reused connection has no name, connect or TLS.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Phases {
    /// The hop began.
    pub started: Duration,
    /// The name was resolved.
    pub named: Option<Duration>,
    /// The connection stood; through a proxy, to the proxy.
    pub connected: Option<Duration>,
    /// A proxy had opened its tunnel.
    pub tunnelled: Option<Duration>,
    /// TLS was agreed on.
    pub secured: Option<Duration>,
    /// The first byte of the answer was there.
    pub first_byte: Option<Duration>,
}

/// What came of a hop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HopOutcome {
    /// An answer.
    Status(StatusCode),
    /// Nothing: says why.
    Failed(String),
}
