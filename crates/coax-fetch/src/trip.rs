//! From a request to its answer: connections tried, redirects followed.
//!
//! Every try is written down as a hop. A request goes out a second time only where that cannot do a
//! thing twice: on an old connection that was closed before it was heard.
//!
//! Nothing here reads a body.

use http::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_LENGTH, HOST, HeaderValue, USER_AGENT};
use http::{HeaderMap, Method};
use tokio::time::{Instant, timeout};
use url::Url;

use crate::body::{About, Body};
use crate::client::Shared;
use crate::connect::{Clock, connect};
use crate::error::{FetchError, FetchErrorKind, Trouble};
use crate::h1::{self, Head, Incoming, Wire};
use crate::origin::Origin;
use crate::pool::Home;
use crate::request::Request;
use crate::response::{Hop, HopOutcome, Phases, Response};
use crate::route::Route;

/// Sends `request` until there is a final answer.
pub(crate) async fn send(shared: &Shared, request: &Request) -> Result<Response, FetchError> {
    let mut trip = Trip { shared, request, clock: Clock(Instant::now()), hops: Vec::new() };
    let mut url = request.url.clone();
    url.set_fragment(None);
    match trip.ask(&url).await {
        Ok((head, wire, route)) => Ok(trip.response(url, head, wire, route)),
        Err(trouble) => {
            let peer = trip.hops.last().and_then(|hop| hop.peer.clone());
            Err(FetchError::new(&url, trouble).by(peer).after(trip.hops))
        }
    }
}

struct Trip<'a> {
    shared: &'a Shared,
    request: &'a Request,
    clock: Clock,
    hops: Vec<Hop>,
}

impl Trip<'_> {
    async fn ask(&mut self, url: &Url) -> Result<(Head, Wire, Route), Trouble> {
        let origin = Origin::of(url)?;
        let headers = self.headers(&origin)?;
        let route = Route::Direct(origin);
        let target = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let mut out = h1::encode(&self.request.method, target, &headers);
        out.extend_from_slice(self.request.body.as_deref().unwrap_or_default());
        let mut kept = self.shared.pool.take(&route);
        loop {
            let reused = kept.is_some();
            let mut hop = self.hop(url, reused);
            let asked = self.try_once(&route, kept.take(), &out, &mut hop).await;
            let outcome = match &asked {
                Ok((head, _)) => HopOutcome::Status(head.status),
                Err(no_head) => HopOutcome::Failed(no_head.trouble.why.clone()),
            };
            self.hops.push(Hop { outcome, ..hop });
            match asked {
                Ok((head, wire)) => return Ok((head, wire, route)),
                Err(no_head) if no_head.unheard && reused && self.may_repeat() => {}
                Err(no_head) => return Err(no_head.trouble),
            }
        }
    }

    /// RFC 9110 §9.2.2: to ask twice is to ask once.
    fn may_repeat(&self) -> bool {
        self.request.method.is_idempotent()
    }

    fn hop(&self, url: &Url, reused: bool) -> Hop {
        Hop {
            url: url.clone(),
            method: self.request.method.clone(),
            peer: None,
            proxy: None,
            reused,
            phases: Phases { started: self.clock.now(), ..Phases::default() },
            outcome: HopOutcome::Failed(String::new()),
        }
    }

    async fn try_once(
        &self,
        route: &Route,
        kept: Option<Wire>,
        out: &[u8],
        hop: &mut Hop,
    ) -> Result<(Head, Wire), h1::NoHead> {
        let not_connected = |trouble| h1::NoHead { trouble, unheard: false };
        let mut wire = match kept {
            Some(wire) => wire,
            None => connect(self.shared, route, self.clock, hop).await.map_err(not_connected)?,
        };
        hop.peer = Some(wire.peer().clone());
        let (clock, first) = (self.clock, &mut hop.phases.first_byte);
        let options = &self.shared.options;
        let answered = h1::exchange(&mut wire, out, &self.request.method, options.max_head, || {
            *first = Some(clock.now());
        });
        let silent = || {
            let why = format!("no answer in {} s", options.idle.as_secs());
            not_connected(Trouble::new(FetchErrorKind::Timeout, why))
        };
        let head = timeout(options.idle, answered).await.map_err(|_| silent())??;
        Ok((head, wire))
    }

    fn headers(&self, origin: &Origin) -> Result<HeaderMap, Trouble> {
        let text = |text: &str| {
            let bad = || Trouble::new(FetchErrorKind::Invalid, "a header cannot hold such text");
            HeaderValue::from_str(text).map_err(|_| bad())
        };
        let mut headers = HeaderMap::new();
        headers.insert(HOST, text(&origin.authority())?);
        headers.insert(USER_AGENT, text(&self.shared.options.user_agent)?);
        headers.insert(ACCEPT, HeaderValue::from_static("*/*"));
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(body) = &self.request.body {
            headers.insert(CONTENT_LENGTH, body.len().into());
        } else if matches!(self.request.method, Method::POST | Method::PUT) {
            headers.insert(CONTENT_LENGTH, 0.into());
        }
        for name in self.request.headers.keys() {
            headers.remove(name);
            for value in self.request.headers.get_all(name) {
                headers.append(name, value.clone());
            }
        }
        Ok(headers)
    }

    fn response(self, url: Url, head: Head, wire: Wire, route: Route) -> Response {
        let about = About { url: url.clone(), peer: wire.peer().clone() };
        let home = Home { pool: self.shared.pool.clone(), route };
        let length = h1::length_of(&head);
        let source = Incoming::new(wire, head.framing, head.reusable.then_some(home));
        Response {
            url,
            status: head.status,
            version: head.version,
            headers: head.headers,
            body: Body::new(source, length, self.shared.options.idle, about),
            hops: self.hops,
        }
    }
}
