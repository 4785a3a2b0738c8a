//! From a request to its answer: connections tried, redirects followed.
//!
//! Every try is written down as a hop. A request goes out a second time only where that cannot do a
//! thing twice: where the server has not heard it, or where asking twice is asking once.
//!
//! Nothing here reads a body.

mod headers;

use http::HeaderMap;
use tokio::time::Instant;

use crate::body::{About, Body};
use crate::client::{HttpVersion, Shared};
use crate::connect::{Clock, Making};
use crate::connection::{Asking, Connection};
use crate::decode::Decoding;
use crate::error::{FetchError, FetchErrorKind, Trouble};
use crate::h1::NoHead;
use crate::pool::Home;
use crate::redirect::{Ask, strip};
use crate::request::Request;
use crate::response::{Answer, Hop, HopOutcome, Phases, Response};
use crate::route::Route;

/// A server that closes each connection under each request will go on doing so.
const MOST_REPEATS: usize = 3;

/// Sends `request` until there is a final answer.
pub(crate) async fn send(shared: &Shared, request: &Request) -> Result<Response, FetchError> {
    let mut trip = Trip { shared, request, clock: Clock(Instant::now()), hops: Vec::new() };
    let mut url = request.url.clone();
    strip(&mut url);
    match trip.run(&mut url).await {
        Ok(response) => Ok(response),
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
    /// Follows redirects to the final answer; `url` is where it is.
    async fn run(&mut self, url: &mut url::Url) -> Result<Response, Trouble> {
        let options = &self.shared.options;
        let mut ask = Ask::first(&self.request.method, url, self.request.zone.as_deref())?;
        let (mut been, mut followed) = (Vec::new(), 0);
        loop {
            let mut answer = self.ask(&ask).await?;
            let told_new = self.shared.cookies.keep(&ask.origin, &ask.url, &answer.headers);
            let next = match options.max_redirects {
                0 => None,
                _ => ask.next(answer.status, &answer.headers, options.may_downgrade)?,
            };
            let Some(next) = next else { return self.response(ask, answer) };
            answer.incoming.pass_over();
            been.push(ask);
            if told_new {
                // With a cookie that it did not have, the same request is another.
                been.clear();
            }
            followed += 1;
            if let Some(again) = been.iter().position(|ask| *ask == next) {
                return Err(in_a_circle(&been[again..]));
            }
            if followed > options.max_redirects {
                let why = format!("more than {} redirects", options.max_redirects);
                return Err(Trouble::new(FetchErrorKind::Redirects, why));
            }
            url.clone_from(&next.url);
            ask = next;
        }
    }

    /// Asks until somebody answers.
    async fn ask(&mut self, ask: &Ask) -> Result<Answer, Trouble> {
        let route = Route::to(&ask.origin, &self.shared.options)?;
        let headers = self.headers(ask, &route)?;
        let asking = Asking {
            method: &ask.method,
            url: &ask.url,
            headers: &headers,
            body: self.request.body.as_ref().filter(|_| ask.with_body),
            absolute: route.forwards().is_some(),
            longest_head: self.shared.options.max_head,
            idle: self.shared.options.idle,
        };
        let mut repeats = 0;
        loop {
            let mut hop = self.hop(ask, &route);
            let answered = self.try_once(asking, &route, repeats > 0, &mut hop).await;
            let reused = hop.reused;
            if self.shared.options.remember_headers {
                hop.sent.clone_from(&headers);
                hop.answered = answered.as_ref().map(|it| it.headers.clone()).unwrap_or_default();
            }
            hop.outcome = match &answered {
                Ok(answer) => HopOutcome::Status(answer.status),
                Err(no_head) => HopOutcome::Failed(no_head.trouble.why.clone()),
            };
            self.hops.push(hop);
            match answered {
                Err(no_head) if repeats < MOST_REPEATS && no_head.may_repeat(asking, reused) => {
                    repeats += 1;
                }
                Err(no_head) if self.may_fall_back(&no_head, asking, &route) => {
                    self.shared.pool.use_http1(&route);
                }
                answered => return answered.map_err(|no_head| no_head.trouble),
            }
        }
    }

    async fn try_once(
        &self,
        asking: Asking<'_>,
        route: &Route,
        fresh: bool,
        hop: &mut Hop,
    ) -> Result<Answer, NoHead> {
        let connection = self.connection(route, fresh, hop).await.map_err(NoHead::final_one)?;
        hop.peer = Some(connection.peer().clone());
        let session = connection.session_number();
        let home = Home { pool: self.shared.pool.clone(), route: route.clone() };
        let (clock, first) = (self.clock, &mut hop.phases.first_byte);
        let answered = connection.ask(asking, home, || *first = Some(clock.now())).await;
        if let (Err(no_head), Some(number)) = (&answered, session)
            && no_head.is_of_the_connection()
        {
            self.shared.pool.forget(route, number);
        }
        answered
    }

    /// One that is open, or a new one.
    async fn connection(
        &self,
        route: &Route,
        fresh: bool,
        hop: &mut Hop,
    ) -> Result<Connection, Trouble> {
        let pool = &self.shared.pool;
        if let Some(open) = pool.take(route, fresh) {
            hop.reused = true;
            return Ok(open);
        }
        let door = pool.door(route);
        if !self.may_share(route) || door.is_open() {
            return self.new_connection(route, hop).await;
        }
        // Whoever is in front has a deadline.
        let guard = door.lock.lock().await;
        if let Some(open) = pool.take(route, fresh) {
            hop.reused = true;
            return Ok(open);
        }
        if door.is_open() {
            drop(guard);
            return self.new_connection(route, hop).await;
        }
        let made = self.new_connection(route, hop).await;
        door.set_open(!matches!(made, Ok(Connection::Two(_))));
        made
    }

    async fn new_connection(&self, route: &Route, hop: &mut Hop) -> Result<Connection, Trouble> {
        let made = Making::new(self.shared, self.clock, hop).connect(route).await;
        let auto = self.shared.options.http == HttpVersion::Auto;
        let made = match made {
            // Behind the handshake of TLS only HTTP/2 can fail.
            Err(_) if auto && route.is_secure() && hop.phases.secured.is_some() => {
                self.shared.pool.use_http1(route);
                Making::new(self.shared, self.clock, hop).connect(route).await?
            }
            made => made?,
        };
        if let Connection::Two(session) = &made {
            self.shared.pool.share(route, session);
        }
        Ok(made)
    }

    /// Whether to ask in HTTP/1.1 what HTTP/2 gave no answer to.
    fn may_fall_back(&self, no_head: &NoHead, asking: Asking<'_>, route: &Route) -> bool {
        let again = no_head.refused || asking.method.is_idempotent();
        let auto = self.shared.options.http == HttpVersion::Auto;
        auto && no_head.of_http2 && again && !self.shared.pool.is_http1(route)
    }

    fn may_share(&self, route: &Route) -> bool {
        match self.shared.options.http {
            HttpVersion::Auto => route.is_secure() && !self.shared.pool.is_http1(route),
            HttpVersion::Http1 => false,
            HttpVersion::Http2 => true,
        }
    }

    fn hop(&self, ask: &Ask, route: &Route) -> Hop {
        Hop {
            url: ask.url.clone(),
            method: ask.method.clone(),
            peer: None,
            proxy: route.proxy().map(|proxy| proxy.origin.to_string()),
            reused: false,
            phases: Phases { started: self.clock.now(), ..Phases::default() },
            certificate_wanted: false,
            outcome: HopOutcome::Failed(String::new()),
            sent: HeaderMap::new(),
            answered: HeaderMap::new(),
        }
    }

    fn response(&mut self, ask: Ask, answer: Answer) -> Result<Response, Trouble> {
        let peer = self.hops.last().and_then(|hop| hop.peer.clone());
        let about = About { url: ask.url.clone(), peer };
        let decoding = if self.decodes() && answer.length != Some(0) {
            Decoding::of(&answer.headers)
        } else {
            Decoding::Plain
        };
        let body = Body::new(answer.incoming, answer.length, decoding, about);
        let body = body.within(self.shared.options.idle, self.request.limit)?;
        Ok(Response {
            url: ask.url,
            status: answer.status,
            version: answer.version,
            headers: answer.headers,
            body,
            hops: std::mem::take(&mut self.hops),
        })
    }
}

fn in_a_circle(asks: &[Ask]) -> Trouble {
    let urls = asks.iter().chain(asks.first()).map(|ask| ask.url.as_str());
    let circle = urls.collect::<Vec<_>>().join(" → ");
    Trouble::new(FetchErrorKind::Redirects, format!("it redirects in a circle: {circle}"))
}

impl NoHead {
    /// Whether to ask again: the server has not heard it, or may hear it twice (RFC 9110 §9.2.2).
    fn may_repeat(&self, asking: Asking<'_>, reused: bool) -> bool {
        !self.wants_http1
            && (self.refused || (self.unheard && reused && asking.method.is_idempotent()))
    }

    /// Whether others would fare no better on the same connection.
    fn is_of_the_connection(&self) -> bool {
        self.unheard || self.trouble.kind == FetchErrorKind::Timeout
    }
}
