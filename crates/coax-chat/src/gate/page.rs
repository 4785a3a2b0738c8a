//! The page: what a browser gets on the port where everyone else gets the chat.
//!
//! A handful of files that are part of the program, the WebSocket that the page talks through,
//! `/health`, and `/metrics` for callers of this machine. Nothing else is there, and nothing is ever
//! written. `/websocket` says in words why a WebSocket would not be opened, which a browser does not
//! tell its page. The page may load and run only what this server sends (Content Security Policy Level 3).
//!
//! Nothing here knows IRC; the WebSocket carries it in [`super::websocket`].

use std::cell::RefCell;
use std::convert::Infallible;
use std::io;
use std::rc::Rc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{self, HeaderValue};
use hyper::{
    HeaderMap, Method, Request, Response, StatusCode, body::Body, body::Incoming,
    server::conn::http1,
};
use hyper::{service::service_fn, upgrade};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::files::{File, has_word};
use super::forwarded::{self, is_passed_on};
use super::goodbye::{Lent, goodbye};
use super::origin::{is_ours, may_open};
use super::websocket::{self, Subprotocol};
use super::{Caller, Gate, House, Line, Refusal, Settings, Way};
use crate::session::pace::Pace;
use crate::settings::Network;

/// The most bytes of a request's head; more is answered with 431.
const HEAD: usize = 16 * 1024;
/// Unnamed proxies that the log is told of.
const PROXIES_NOTICED: usize = 16;
/// The longest a connection may go on asking: a caller that never reads would stay for ever.
const LONGEST: Duration = Duration::from_secs(300);
pub(super) type Reply = Response<Full<Bytes>>;

/// The text format of Prometheus.
const METRICS: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Answers requests on `line` until it is closed, idle too long, or a WebSocket.
pub(super) async fn serve<H: House + 'static>(
    gate: Rc<Gate<H>>,
    caller: Caller,
    line: Line,
) -> io::Result<()> {
    let deadline = gate.settings().deadline;
    // Requests on one connection come one after the other, so it is free when the next one comes.
    let pace = Rc::new(RefCell::new(Some(Pace::new(gate.settings().flood))));
    let service = service_fn(move |request| {
        let reply = answer(&gate, &caller, request);
        gate.house.answered(reply.status().as_u16());
        let kept = pace.clone();
        async move {
            let pace = kept.borrow_mut().take();
            if let Some(mut pace) = pace {
                pace.spend(1);
                pace.ready().await;
                *kept.borrow_mut() = Some(pace);
            }
            Ok::<_, Infallible>(reply)
        }
    });
    let (lent, owner) = Lent::new(line);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(deadline)
        .max_buf_size(HEAD)
        .serve_connection(TokioIo::new(lent), service)
        .with_upgrades();
    let served = timeout(LONGEST, connection).await;
    // A WebSocket has taken it over, or it is to be closed.
    if let Some(mut line) = owner.back() {
        goodbye(&mut line).await;
    }
    served?.map_err(|_| Refusal::Http.into())
}

fn answer<H: House + 'static>(
    gate: &Rc<Gate<H>>,
    caller: &Caller,
    request: Request<Incoming>,
) -> Reply {
    let head = request.method() == Method::HEAD;
    if request.headers().get_all(header::HOST).iter().count() > 1 {
        return refused(StatusCode::BAD_REQUEST, "a request names one host\n");
    }
    if !request.body().is_end_stream() {
        return refused(StatusCode::BAD_REQUEST, "a request with a body has no place here\n");
    }
    if !head && request.method() != Method::GET {
        return refused(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here\n");
    }
    let settings = gate.settings();
    let passed_on = is_passed_on(request.headers(), request.version());
    let from = caller;
    let caller = &gate.behind_proxy(from, &settings, request.headers());
    let seen_as = SeenAs { caller, passed_on, is_known: caller.address != from.address };
    // By TLS, a browser has the certificate to say who this is.
    let is_named_by_host = !passed_on && (is_here(from) || !from.secure);
    if is_named_by_host && !is_ours(&asked_for(&request), &settings.origins, &settings.names) {
        let why = "this server is not called that; listen.hosts has the names it is called by, \
                   listen.origins the sites it stands behind\n";
        return refused(StatusCode::MISDIRECTED_REQUEST, why);
    }
    if !head && is_upgrade(request.headers()) {
        return open(gate.clone(), &seen_as, request);
    }
    let mut reply = found(gate, &seen_as, &request);
    if head {
        let length = HeaderValue::from(reply.body().size_hint().lower());
        reply.headers_mut().insert(header::CONTENT_LENGTH, length);
        *reply.body_mut() = Full::default();
    }
    reply
}

impl<H: House + 'static> Gate<H> {
    /// The caller itself, where a named proxy brings it.
    fn behind_proxy(&self, caller: &Caller, settings: &Settings, headers: &HeaderMap) -> Caller {
        let (proxies, header) = (&settings.http_proxies, settings.http_proxies_header);
        let brought = forwarded::caller(headers, caller.address, proxies, header);
        Caller { address: brought.or(caller.address), ..caller.clone() }
    }

    /// Somebody came through a proxy that the settings do not name, and looks like the proxy.
    fn notice_proxy(&self, caller: &Caller, settings: &Settings) {
        let address = caller.address.map(|address| address.ip().to_canonical());
        let is_named = forwarded::is_named(caller.address, &settings.http_proxies);
        let mut noticed = self.noticed.borrow_mut();
        if !is_named && noticed.len() < PROXIES_NOTICED && noticed.insert(address) {
            self.house.unnamed_proxy(address);
        }
    }
}

/// What the caller thinks this server is called; empty where it does not say.
fn asked_for(request: &Request<Incoming>) -> String {
    let host = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    let authority = request.uri().authority().map(|authority| authority.as_str());
    authority.or(host).unwrap_or_default().to_owned()
}

/// Nothing of this caller is read any more: what follows could be taken for a request that it is not.
fn refused(status: StatusCode, text: &'static str) -> Reply {
    let mut reply = plain(status, text);
    let headers = reply.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
    reply
}

fn found<H: House + 'static>(
    gate: &Gate<H>,
    asks: &SeenAs<'_>,
    request: &Request<Incoming>,
) -> Reply {
    let settings = gate.settings();
    let path = request.uri().path();
    // A proxy may have left the prefix in place or taken it away.
    let path = match path.strip_prefix(&*settings.web_path) {
        Some("") if !settings.web_path.is_empty() => return moved(&settings.web_path),
        Some(rest) if rest.starts_with('/') => rest,
        _ => path,
    };
    match (path, File::at(path)) {
        (_, Some(file)) => file.answer(request.headers()),
        ("/health", _) => plain(StatusCode::OK, "ok\n"),
        ("/websocket", _) => would_open(request, asks, &settings),
        ("/metrics", _) if may_measure(asks, &settings.metrics) => {
            reply(StatusCode::OK, METRICS, gate.house.metrics().into())
        }
        ("/metrics", _) => {
            let text = "measurements are for this machine; listen.metrics lets others see them\n";
            plain(StatusCode::FORBIDDEN, text)
        }
        _ => plain(StatusCode::NOT_FOUND, "there is nothing here; the chat is at /\n"),
    }
}

/// The files are found beside the page only where its address ends with a slash.
fn moved(path: &str) -> Reply {
    let mut reply = plain(StatusCode::PERMANENT_REDIRECT, "the chat is one slash further\n");
    let last = path.rsplit('/').next().unwrap_or_default();
    // Relative, since only the proxy knows what comes before.
    if let Ok(place) = HeaderValue::from_str(&format!("{last}/")) {
        reply.headers_mut().insert(header::LOCATION, place);
    }
    reply
}

/// Who asks, as far as it can be told.
struct SeenAs<'a> {
    caller: &'a Caller,
    /// A proxy of HTTP stands between.
    passed_on: bool,
    /// The settings name it, and it said who asks; otherwise the address is the proxy's.
    is_known: bool,
}

/// This machine may, and whoever the settings name.
fn may_measure(asks: &SeenAs<'_>, allowed: &[Network]) -> bool {
    let address = asks.caller.address.map(|address| address.ip().to_canonical());
    let named = |address| allowed.iter().any(|network| network.has(address));
    if asks.passed_on && !asks.is_known {
        return allowed.contains(&Network::All);
    }
    !asks.passed_on && is_here(asks.caller) || address.is_some_and(named)
}

/// Whether somebody calls from this machine.
fn is_here(caller: &Caller) -> bool {
    caller.address.is_none_or(|address| address.ip().to_canonical().is_loopback())
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Reply {
    reply(status, "text/plain; charset=utf-8", text.into())
}

pub(super) fn reply(status: StatusCode, kind: &'static str, content: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(content));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    let names =
        |name, wanted: &str| has_word(headers, &name, |word| word.eq_ignore_ascii_case(wanted));
    names(header::UPGRADE, "websocket") && names(header::CONNECTION, "upgrade")
}

/// Why a page of `origin` may open no WebSocket, if it may not.
fn why_not(
    origin: Option<&str>,
    asks: &SeenAs<'_>,
    host: &str,
    allowed: &[String],
) -> Option<String> {
    let site = origin.and_then(|origin| origin.split_once("://")).map(|(_, site)| site);
    // A named proxy may leave out the port that it listens on, as nginx does in $host.
    let bare = site.and_then(|site| site.rsplit_once(':')).map(|(name, _)| name);
    let host = if asks.is_known && bare == Some(host) { site.unwrap_or(host) } else { host };
    if may_open(origin, Some(host).filter(|host| !host.is_empty()), allowed) {
        return None;
    }
    let origin = origin.unwrap_or_default().escape_default();
    let found = match host {
        "" => "the request names no host".to_owned(),
        host => format!("the request asks for {}", host.escape_default()),
    };
    Some(format!(
        "a page of {origin} may not open a WebSocket here: {found}. A web server in front should \
         pass the name on (nginx: proxy_set_header Host $http_host), or listen.origins should have \
         \"{origin}\"\n"
    ))
}

/// Says what a WebSocket of `?origin=` would be told, to a page that cannot see it.
fn would_open(request: &Request<Incoming>, asks: &SeenAs<'_>, settings: &Settings) -> Reply {
    let query = request.uri().query().unwrap_or_default();
    let origin =
        query.strip_prefix("origin=").map(|origin| origin.replace("%3A", ":").replace("%2F", "/"));
    match why_not(origin.as_deref(), asks, &asked_for(request), &settings.origins) {
        Some(why) => plain(StatusCode::FORBIDDEN, why),
        None => plain(StatusCode::OK, "ok\n"),
    }
}

/// The server's half of the WebSocket handshake (RFC 6455 §4.2).
fn open<H: House + 'static>(
    gate: Rc<Gate<H>>,
    asks: &SeenAs<'_>,
    mut request: Request<Incoming>,
) -> Reply {
    let settings = gate.settings();
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (Some(key), Some("13")) =
        (text(header::SEC_WEBSOCKET_KEY), text(header::SEC_WEBSOCKET_VERSION))
    else {
        let mut reply =
            plain(StatusCode::UPGRADE_REQUIRED, "WebSocket version 13 is spoken here\n");
        reply.headers_mut().insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        return reply;
    };
    if let Some(why) = why_not(text(header::ORIGIN), asks, &asked_for(&request), &settings.origins)
    {
        gate.house.turned_away(asks.caller.address, Refusal::Origin);
        return plain(StatusCode::FORBIDDEN, why);
    }
    if asks.passed_on && !asks.is_known {
        gate.notice_proxy(asks.caller, &settings);
    }
    let offered = text(header::SEC_WEBSOCKET_PROTOCOL).unwrap_or_default();
    let chosen = Subprotocol::choose(offered);
    let accept = derive_accept_key(key.as_bytes());
    let caller = Caller { way: Way::WebSocket, ..asks.caller.clone() };
    let upgrade = upgrade::on(&mut request);
    tokio::task::spawn_local(async move {
        if let Ok(socket) = upgrade.await {
            let carried = chosen.map_or(Subprotocol::Text, |(carried, _)| carried);
            let relay = gate.relays.begin();
            let pace = Pace::new(gate.settings().flood);
            let line = websocket::carry(TokioIo::new(socket), carried, pace, relay).await;
            gate.house.welcome(caller, line);
        }
    });
    switching(&accept, chosen.map(|(_, name)| name))
}

fn switching(accept: &str, subprotocol: Option<&'static str>) -> Reply {
    let mut reply = Response::new(Full::default());
    *reply.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = reply.headers_mut();
    headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
    if let Ok(accept) = HeaderValue::from_str(accept) {
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
    }
    if let Some(name) = subprotocol {
        headers.insert(header::SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(name));
    }
    reply
}

#[cfg(test)]
mod tests {
    use super::{SeenAs, may_measure, why_not};
    use crate::gate::{Caller, Way};
    use crate::settings::Network;

    #[test]
    fn a_page_reads_why_its_websocket_does_not_open() {
        let caller = Caller { address: None, secure: false, certificate: None, way: Way::Irc };
        let straight = SeenAs { caller: &caller, passed_on: false, is_known: false };
        let brought = SeenAs { caller: &caller, passed_on: true, is_known: true };
        let why = |asks, host| why_not(Some("https://chat.example:8443"), asks, host, &[]);
        assert_eq!(why(&straight, "chat.example:8443"), None);
        assert_eq!(why(&brought, "chat.example"), None, "nginx's $host has no port");
        let other = why(&straight, "chat.example").unwrap();
        assert!(
            other.contains("https://chat.example:8443 may not") && other.contains("$http_host")
        );
        assert!(why(&brought, "").unwrap().contains("names no host"));
        assert!(why(&brought, "127.0.0.1:6667").unwrap().contains("asks for 127.0.0.1:6667"));
    }

    #[test]
    fn measurements_are_for_this_machine_and_those_who_are_named() {
        let ours = [Network::read("10.0.0.0/8").unwrap()];
        const STRAIGHT: (bool, bool) = (false, false);
        const UNNAMED: (bool, bool) = (true, false);
        const NAMED: (bool, bool) = (true, true);
        for (from, (passed_on, is_known), allowed, expected) in [
            (Some("127.0.0.1:9"), STRAIGHT, &[][..], true),
            (Some("[::1]:9"), STRAIGHT, &[], true),
            (None, STRAIGHT, &[], true),
            (Some("10.1.2.3:9"), STRAIGHT, &[], false),
            (Some("10.1.2.3:9"), STRAIGHT, &ours, true),
            (Some("[::ffff:10.1.2.3]:9"), STRAIGHT, &ours, true),
            (Some("192.0.2.1:9"), STRAIGHT, &ours, false),
            // A web server on this machine that passes on what strangers ask.
            (Some("127.0.0.1:9"), UNNAMED, &[], false),
            (Some("10.1.2.3:9"), UNNAMED, &ours, false),
            (Some("192.0.2.1:9"), UNNAMED, &[Network::All], true),
            // One that says who asks.
            (Some("10.1.2.3:9"), NAMED, &ours, true),
            (Some("192.0.2.1:9"), NAMED, &ours, false),
            (Some("127.0.0.1:9"), NAMED, &[], false),
        ] {
            let address = from.map(|from| from.parse().unwrap());
            let caller = Caller { address, secure: false, certificate: None, way: Way::Irc };
            let asks = SeenAs { caller: &caller, passed_on, is_known };
            assert_eq!(may_measure(&asks, allowed), expected, "{from:?} {passed_on}");
        }
    }
}
