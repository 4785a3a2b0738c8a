//! HTTP/2 servers that lie, refuse or leave.
//!
//! Nothing that Debian has does so on demand, so the server is made of h2 itself: what it is told
//! to do stands in each test.

use std::io;
use std::sync::Arc;

use bytes::Bytes;
use coax_fetch::http::{Response, Version};
use coax_fetch::{ClientOptions, FetchErrorKind as Kind, HttpVersion};
use h2::server::SendResponse;
use h2::{Reason, RecvStream};
use tokio::net::TcpListener;
use tokio::sync::Notify;

use crate::{client, get, run, whole};

type Asked = http::Request<RecvStream>;

fn options() -> ClientOptions {
    ClientOptions { http: HttpVersion::Http2, ..ClientOptions::default() }
}

/// Listens, and gives each request of the first `connections` connections to `answer`, with the
/// numbers of the connection and of the request. A connection ends when `answer` says false.
async fn server(
    connections: usize,
    answer: impl Fn(usize, usize, Asked, SendResponse<Bytes>) -> bool + Send + 'static,
) -> String {
    let listener = listener().await.unwrap();
    let root = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for connection in 0..connections {
            let (stream, _) = listener.accept().await.unwrap();
            let mut session = h2::server::handshake(stream).await.unwrap();
            let mut request = 0;
            while let Some(Ok((asked, respond))) = session.accept().await {
                if !answer(connection, request, asked, respond) {
                    // What was said still goes out.
                    session.graceful_shutdown();
                    let _ = session.accept().await;
                    break;
                }
                request += 1;
            }
        }
    });
    root
}

#[allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]
async fn listener() -> io::Result<TcpListener> {
    TcpListener::bind("127.0.0.1:0").await
}

fn hello(mut respond: SendResponse<Bytes>) -> bool {
    let mut body = respond.send_response(Response::new(()), false).unwrap();
    body.send_data("hello".into(), true).unwrap();
    true
}

#[test]
fn a_body_that_ends_early_is_an_error() {
    let internal = "unexpected internal error encountered";
    for (reset, why) in [
        (false, "cut short: 5 of 10 bytes came".to_owned()),
        (true, format!("it ended the request (5 of 10 bytes came): {internal}")),
    ] {
        run(async {
            let heard = Arc::new(Notify::new());
            let now = heard.clone();
            let root = server(1, move |_, _, _, mut respond| {
                let head = Response::builder().header("content-length", 10).body(()).unwrap();
                let mut body = respond.send_response(head, false).unwrap();
                body.send_data("hello".into(), false).unwrap();
                let now = now.clone();
                tokio::spawn(async move {
                    now.notified().await;
                    match reset {
                        true => body.send_reset(Reason::INTERNAL_ERROR),
                        false => body.send_data(Bytes::new(), true).unwrap(),
                    }
                });
                true
            })
            .await;
            let mut response = client(options()).send(&get(&root)).await.unwrap();
            assert_eq!((response.version, response.body.length()), (Version::HTTP_2, Some(10)));
            assert_eq!(response.body.chunk().await.unwrap(), Some("hello".into()));
            heard.notify_one();
            let error = whole(response).await.unwrap_err();
            assert_eq!((error.kind(), error.cause()), (Kind::CutShort, why.as_str()));
        });
    }
}

#[test]
fn a_request_that_is_refused_unseen_is_sent_again() {
    run(async {
        let root = server(9, |connection, _, _, mut respond| match connection {
            0 => {
                respond.send_reset(Reason::REFUSED_STREAM);
                true
            }
            _ => hello(respond),
        })
        .await;
        let mut request = get(&root);
        request.method = http::Method::POST;
        let response = client(options()).send(&request).await.unwrap();
        assert_eq!(response.hops.len(), 2);
        assert_eq!(whole(response).await.unwrap(), b"hello");
    });
}

#[test]
fn a_server_that_goes_away_is_left_for_a_new_connection() {
    run(async {
        // Each connection answers two requests, then says that it goes away.
        let root = server(9, |_, request, _, respond| hello(respond) && request < 1).await;
        let client = client(options());
        let mut reused = Vec::new();
        for _ in 0..6 {
            let response = client.send(&get(&root)).await.unwrap();
            reused.push(response.hops.last().unwrap().reused);
            assert_eq!(whole(response).await.unwrap(), b"hello");
        }
        assert_eq!(reused.iter().filter(|reused| !**reused).count(), 3, "{reused:?}");
    });
}

#[test]
fn a_host_that_the_caller_names_is_the_authority() {
    run(async {
        let root = server(1, |_, _, asked, respond| {
            assert_eq!(asked.uri().authority().map(|it| it.as_str()), Some("other.test"));
            assert!(!asked.headers().contains_key("host"));
            assert!(!asked.headers().contains_key("connection"));
            hello(respond)
        })
        .await;
        let mut request = get(&root);
        request.headers.insert("host", "other.test".parse().unwrap());
        request.headers.insert("connection", "close".parse().unwrap());
        let response = client(options()).send(&request).await.unwrap();
        assert_eq!(whole(response).await.unwrap(), b"hello");
    });
}

#[test]
fn headers_that_are_too_long_are_refused() {
    run(async {
        let root = server(1, |_, _, _, mut respond| {
            let long = "x".repeat(10_000);
            let mut head = Response::builder();
            for number in 0..40 {
                head = head.header(format!("x-{number}"), &long);
            }
            respond.send_response(head.body(()).unwrap(), true).unwrap();
            true
        })
        .await;
        let error = client(options()).send(&get(&root)).await.unwrap_err();
        // h2 does not tell it from other breaches.
        assert_eq!(error.kind(), Kind::Protocol, "{error}");
    });
}
