//! Using a connection again, and asking again.

use coax_fetch::http::Method;
use coax_fetch::{ClientOptions, FetchErrorKind as Kind, Request};
use testkit::python;

use crate::{client, get, run, teller, whole};

const OK: &str = r"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";

#[test]
fn a_connection_is_used_again_and_one_that_was_closed_is_not() {
    let Some((_server, root)) = teller(&[&format!("{OK}|{OK}"), OK]) else { return };
    run(async {
        let client = client(ClientOptions::default());
        let mut reused = Vec::new();
        for _ in 0..3 {
            let response = client.send(&get(&root)).await.unwrap();
            reused.push(response.hops.last().unwrap().reused);
            assert_eq!(whole(response).await.unwrap(), b"ok");
        }
        assert_eq!(reused, [false, true, false]);
    });
}

/// Reads the second request before it closes: only then it is sure that the client had to find out.
const CLOSES_UNDER_THE_SECOND: &str = r#"
s = listen()
def read(c):
    head = b""
    while b"\r\n\r\n" not in head:
        head += c.recv(65536)
for asked in (2, 1):
    c, _ = s.accept()
    read(c)
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    if asked == 2:
        read(c)
    c.close()
"#;

#[test]
fn a_request_that_was_not_heard_is_sent_again_where_that_is_safe() {
    for (method, repeated) in [(Method::GET, true), (Method::POST, false)] {
        let Some(server) = python(CLOSES_UNDER_THE_SECOND, [""; 0]) else { return };
        let url = format!("http://{}/", server.listening());
        let client = client(ClientOptions::default());
        run(async {
            whole(client.send(&get(&url)).await.unwrap()).await.unwrap();
            let second = client.send(&Request { method, ..get(&url) }).await;
            match second {
                Ok(response) => {
                    assert!(repeated);
                    assert_eq!(response.hops.len(), 2);
                    assert_eq!(whole(response).await.unwrap(), b"ok");
                }
                Err(error) => {
                    assert!(!repeated, "{error}");
                    assert_eq!(error.kind(), Kind::Reset);
                    assert_eq!(error.hops().len(), 1);
                }
            }
        });
    }
}

#[test]
fn a_body_that_is_dropped_closes_its_connection() {
    let script = r#"
s = listen()
c, _ = s.accept()
c.recv(65536)
c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
try:
    while c.send(b"x" * 65536):
        pass
except OSError:
    pass
say("left")
"#;
    let Some(server) = python(script, [""; 0]) else { return };
    let url = format!("http://{}/", server.listening());
    run(async {
        let mut response = client(ClientOptions::default()).send(&get(&url)).await.unwrap();
        assert!(response.body.chunk().await.unwrap().is_some());
    });
    server.expect_out("left\n");
}

#[test]
fn a_request_that_is_dropped_closes_its_connection() {
    let script = r#"
s = listen()
c, _ = s.accept()
c.recv(65536)
say("asked")
say("left" if c.recv(1) == b"" else "stayed")
"#;
    let Some(server) = python(script, [""; 0]) else { return };
    let request = get(&format!("http://{}/", server.listening()));
    run(async {
        let client = client(ClientOptions::default());
        let sending = {
            let client = client.clone();
            tokio::spawn(async move { client.send(&request).await.map(|_| ()) })
        };
        let asked = tokio::task::spawn_blocking(move || {
            server.expect_out("asked\n");
            server
        });
        let server = asked.await.unwrap();
        sending.abort();
        assert!(sending.await.unwrap_err().is_cancelled());
        // The client is still there, so only what it dropped is closed.
        server.expect_out("left\n");
        drop(client);
    });
}
