//! Having a proxy join two connections (CONNECT, RFC 9110 §9.3.6).
//!
//! The proxy is told host and port, and its own login if it has one; nothing of the request.
//!
//! Nothing here knows what goes through afterwards.

use coax_net::Stream;
use http::header::{HOST, HeaderValue, PROXY_AUTHORIZATION, USER_AGENT};
use http::{HeaderMap, Method, StatusCode};

use super::Making;
use crate::error::{FetchErrorKind, Trouble};
use crate::h1::{self, Wire};
use crate::io::Io;
use crate::origin::Origin;
use crate::proxies::Proxy;

impl Making<'_> {
    /// `stream`, which leads to `proxy`, now leads to `origin`.
    pub(super) async fn tunnel(
        &self,
        stream: Stream,
        proxy: &Proxy,
        origin: &Origin,
    ) -> Result<Stream, Trouble> {
        let target = format!("{}:{}", origin.host, origin.port);
        let out = h1::encode(&Method::CONNECT, &target, &self.headers(&target, proxy)?);
        let peer = stream.peer().clone();
        let mut wire = Wire::new(Io::Plain(stream), peer);
        let longest = self.shared.options.max_head;
        let limits = h1::Limits { longest, idle: self.shared.options.timeout };
        let asking = h1::exchange(&mut wire, &out, &Method::CONNECT, limits, || ());
        let named = |why: &str| format!("its proxy {}: {why}", proxy.origin);
        let answered = self.in_time(asking, &named("no answer in time")).await?;
        let head = answered
            .map_err(|no_head| Trouble { why: named(&no_head.trouble.why), ..no_head.trouble })?;
        if !head.status.is_success() {
            let why = named(&refusal(head.status, proxy));
            return Err(Trouble::new(FetchErrorKind::Proxy, why));
        }
        match wire.into_io() {
            Some(Io::Plain(stream)) => Ok(stream),
            _ => Err(Trouble::protocol(named("it speaks before the server can"))),
        }
    }

    fn headers(&self, target: &str, proxy: &Proxy) -> Result<HeaderMap, Trouble> {
        let text = |text: &str| {
            let bad = || Trouble::new(FetchErrorKind::Invalid, "a header cannot hold such text");
            HeaderValue::from_str(text).map_err(|_| bad())
        };
        let mut headers = HeaderMap::new();
        headers.insert(HOST, text(target)?);
        headers.insert(USER_AGENT, text(&self.shared.options.user_agent)?);
        if let Some(user) = &proxy.user {
            headers.insert(PROXY_AUTHORIZATION, user.basic());
        }
        Ok(headers)
    }
}

fn refusal(status: StatusCode, proxy: &Proxy) -> String {
    match (status, &proxy.user) {
        (StatusCode::PROXY_AUTHENTICATION_REQUIRED, None) => {
            "it wants a user and password (407), as in http://user:password@host:port".to_owned()
        }
        (StatusCode::PROXY_AUTHENTICATION_REQUIRED, Some(_)) => {
            "it does not take this user and password (407)".to_owned()
        }
        _ => format!("it opens no way there (status {})", status.as_u16()),
    }
}
