//! What is asked for.
//!
//! A request is plain data and can be sent any number of times.
//!
//! Nothing here knows how it is written on the wire.

use std::fmt;

use bytes::Bytes;
use http::{HeaderMap, Method};
use url::Url;

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, HEAD, POST …
    pub method: Method,
    /// `http` or `https`. A user and password in it are sent as `user` would be.
    pub url: Url,
    /// The network card that a link-local IPv6 address in `url` is on.
    pub zone: Option<String>,
    /// Sent besides, or instead of, those every request has: Host, User-Agent, Accept,
    /// Accept-Encoding, Authorization, Content-Length.
    pub headers: HeaderMap,
    /// Sent after the head, with its length.
    pub body: Option<Bytes>,
    /// Sent as Basic authentication (RFC 7617), to the URL's own origin alone.
    pub user: Option<Credentials>,
    /// Offers gzip, deflate, br and zstd, and decodes what comes so. Not for a request with a Range.
    pub decode: bool,
    /// More bytes of body than this, decoded, are an error.
    pub limit: Option<u64>,
}

/// A user and a password.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Credentials {
    /// Who.
    pub user: String,
    /// The secret.
    pub password: String,
}

impl Request {
    /// A GET of `url` as it stands on the server, undecoded.
    pub fn get(url: Url) -> Request {
        Request {
            method: Method::GET,
            url,
            zone: None,
            headers: HeaderMap::new(),
            body: None,
            user: None,
            decode: false,
            limit: None,
        }
    }
}

/// A password is not for logs.
impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Credentials").field("user", &self.user).finish_non_exhaustive()
    }
}
