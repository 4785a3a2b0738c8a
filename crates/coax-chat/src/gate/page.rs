//! The page: what a browser gets on the port where everyone else gets the chat.
//!
//! A handful of files that are part of the program, the WebSocket that the page talks through,
//! `/health`, and `/metrics` for callers of this machine. Nothing else is there, and nothing is ever
//! written. The page may load and run only what this server sends (Content Security Policy Level 3).
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

use super::goodbye::{Lent, goodbye};
use super::origin::{is_ours, may_open};
use super::websocket::{self, Subprotocol};
use super::{Caller, Gate, House, Line, Refusal, Way};
use crate::session::pace::Pace;
use crate::settings::Network;

/// The most bytes of a request's head; more is answered with 431.
const HEAD: usize = 16 * 1024;
/// The longest a connection may go on asking: a caller that never reads would stay for ever.
const LONGEST: Duration = Duration::from_secs(300);
/// Nothing but the files below, a WebSocket to this very server, and no way to make markup of text.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; \
    connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; \
    require-trusted-types-for 'script'; trusted-types 'none'";

type Reply = Response<Full<Bytes>>;

/// The files of the page: path, type, content.
const FILES: [(&str, &str, &[u8]); 16] = [
    ("/", "text/html; charset=utf-8", include_bytes!("../../web/index.html")),
    ("/style.css", "text/css; charset=utf-8", include_bytes!("../../web/style.css")),
    ("/icon.svg", "image/svg+xml", include_bytes!("../../web/icon.svg")),
    ("/app.js", SCRIPT, include_bytes!("../../web/app.js")),
    ("/commands.js", SCRIPT, include_bytes!("../../web/commands.js")),
    ("/compose.js", SCRIPT, include_bytes!("../../web/compose.js")),
    ("/dialogs.js", SCRIPT, include_bytes!("../../web/dialogs.js")),
    ("/heard.js", SCRIPT, include_bytes!("../../web/heard.js")),
    ("/kept.js", SCRIPT, include_bytes!("../../web/kept.js")),
    ("/link.js", SCRIPT, include_bytes!("../../web/link.js")),
    ("/log.js", SCRIPT, include_bytes!("../../web/log.js")),
    ("/message.js", SCRIPT, include_bytes!("../../web/message.js")),
    ("/model.js", SCRIPT, include_bytes!("../../web/model.js")),
    ("/room.js", SCRIPT, include_bytes!("../../web/room.js")),
    ("/text.js", SCRIPT, include_bytes!("../../web/text.js")),
    ("/view.js", SCRIPT, include_bytes!("../../web/view.js")),
];
const SCRIPT: &str = "text/javascript; charset=utf-8";
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
    let seen_as = SeenAs { caller, passed_on: is_passed_on(request.headers()) };
    // By TLS, a browser has the certificate to say who this is.
    let is_named_by_host = !seen_as.passed_on && (is_here(caller) || !caller.secure);
    let settings = gate.settings();
    if is_named_by_host && !is_ours(&asked_for(&request), &settings.origins, &settings.names) {
        let why = "this server is not called that; listen.hosts has the names it is called by, \
                   listen.origins the sites it stands behind\n";
        return refused(StatusCode::MISDIRECTED_REQUEST, why);
    }
    if !head && is_upgrade(request.headers()) {
        return open(gate.clone(), caller, request);
    }
    let mut reply = found(gate, seen_as, request.uri().path());
    if head {
        let length = HeaderValue::from(reply.body().size_hint().lower());
        reply.headers_mut().insert(header::CONTENT_LENGTH, length);
        *reply.body_mut() = Full::default();
    }
    reply
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

fn found<H: House + 'static>(gate: &Gate<H>, asks: SeenAs<'_>, path: &str) -> Reply {
    let file =
        FILES.iter().find(|(name, ..)| *name == path || (*name == "/" && path == "/index.html"));
    match (path, file) {
        (_, Some(&(_, kind, content))) => page(kind, content),
        ("/health", _) => plain(StatusCode::OK, "ok\n"),
        ("/metrics", _) if may_measure(&asks, &gate.settings().metrics) => {
            reply(StatusCode::OK, METRICS, gate.house.metrics().into())
        }
        ("/metrics", _) => {
            let text = "measurements are for this machine; listen.metrics lets others see them\n";
            plain(StatusCode::FORBIDDEN, text)
        }
        _ => plain(StatusCode::NOT_FOUND, "there is nothing here; the chat is at /\n"),
    }
}

/// Who asks, as far as it can be told.
struct SeenAs<'a> {
    caller: &'a Caller,
    /// A proxy of HTTP stands between, so the address is not that of whoever asks.
    passed_on: bool,
}

fn is_passed_on(headers: &HeaderMap) -> bool {
    let names = [header::FORWARDED.as_str(), header::VIA.as_str(), "x-forwarded-for", "x-real-ip"];
    names.iter().any(|name| headers.contains_key(*name))
}

/// This machine may, and whoever the settings name.
fn may_measure(asks: &SeenAs<'_>, allowed: &[Network]) -> bool {
    let address = asks.caller.address.map(|address| address.ip().to_canonical());
    let named = |address| allowed.iter().any(|network| network.has(address));
    match asks.passed_on {
        true => allowed.contains(&Network::All),
        false => is_here(asks.caller) || address.is_some_and(named),
    }
}

/// Whether somebody calls from this machine.
fn is_here(caller: &Caller) -> bool {
    caller.address.is_none_or(|address| address.ip().to_canonical().is_loopback())
}

fn page(kind: &'static str, content: &'static [u8]) -> Reply {
    let mut reply = reply(StatusCode::OK, kind, Bytes::from_static(content));
    for (name, value) in [
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CACHE_CONTROL, "no-cache"),
    ] {
        reply.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    reply
}

fn plain(status: StatusCode, text: impl Into<Bytes>) -> Reply {
    reply(status, "text/plain; charset=utf-8", text.into())
}

fn reply(status: StatusCode, kind: &'static str, content: Bytes) -> Reply {
    let mut reply = Response::new(Full::new(content));
    *reply.status_mut() = status;
    let headers = reply.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    reply
}

fn is_upgrade(headers: &HeaderMap) -> bool {
    has_word(headers, &header::UPGRADE, "websocket")
        && has_word(headers, &header::CONNECTION, "upgrade")
}

fn has_word(headers: &HeaderMap, name: &header::HeaderName, word: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(word))
}

/// The server's half of the WebSocket handshake (RFC 6455 §4.2).
fn open<H: House + 'static>(
    gate: Rc<Gate<H>>,
    caller: &Caller,
    mut request: Request<Incoming>,
) -> Reply {
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
    if !may_open(text(header::ORIGIN), text(header::HOST), &gate.settings().origins) {
        return plain(StatusCode::FORBIDDEN, "this page may not open a WebSocket here\n");
    }
    let offered = text(header::SEC_WEBSOCKET_PROTOCOL).unwrap_or_default();
    let chosen = Subprotocol::choose(offered);
    let accept = derive_accept_key(key.as_bytes());
    let caller = Caller { way: Way::WebSocket, ..caller.clone() };
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
    use super::{SeenAs, may_measure};
    use crate::gate::{Caller, Way};
    use crate::settings::Network;

    #[test]
    fn measurements_are_for_this_machine_and_those_who_are_named() {
        let ours = [Network::read("10.0.0.0/8").unwrap()];
        for (from, passed_on, allowed, expected) in [
            (Some("127.0.0.1:9"), false, &[][..], true),
            (Some("[::1]:9"), false, &[], true),
            (None, false, &[], true),
            (Some("10.1.2.3:9"), false, &[], false),
            (Some("10.1.2.3:9"), false, &ours, true),
            (Some("[::ffff:10.1.2.3]:9"), false, &ours, true),
            (Some("192.0.2.1:9"), false, &ours, false),
            // A web server on this machine that passes on what strangers ask.
            (Some("127.0.0.1:9"), true, &[], false),
            (Some("10.1.2.3:9"), true, &ours, false),
            (Some("192.0.2.1:9"), true, &[Network::All], true),
        ] {
            let address = from.map(|from| from.parse().unwrap());
            let caller = Caller { address, secure: false, certificate: None, way: Way::Irc };
            let asks = SeenAs { caller: &caller, passed_on };
            assert_eq!(may_measure(&asks, allowed), expected, "{from:?} {passed_on}");
        }
    }
}
