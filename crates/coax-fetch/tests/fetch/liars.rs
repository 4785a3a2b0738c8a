//! Servers that say one thing and do another.

use std::time::Duration;

use coax_fetch::{ClientOptions, FetchErrorKind as Kind};
use testkit::python;

use crate::{client, get, page, run, teller, whole};

/// What the answer comes to: the page, or the kind and cause of its error.
#[track_caller]
fn comes_to(answer: &str, expected: Result<&str, (Kind, &str)>) {
    let Some((_server, root)) = teller(&[answer]) else { return };
    let found = run(page(&root)).map_err(|error| (error.kind(), error.cause().to_owned()));
    let found = found.map(|page| String::from_utf8(page).unwrap());
    let expected = expected.map(str::to_owned).map_err(|(kind, why)| (kind, why.to_owned()));
    assert_eq!(found, expected, "{answer}");
}

#[test]
fn a_body_that_is_cut_is_an_error_wherever_it_is_cut() {
    fn cut(why: &str) -> Result<&str, (Kind, &str)> {
        Err((Kind::CutShort, why))
    }
    comes_to(
        r"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        cut("cut short: 3 of 5 bytes came"),
    );
    comes_to(r"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", cut("cut short: 0 of 5 bytes came"));
    let chunked = r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    for (sent, arrived) in [
        ("", 0),
        ("5", 0),
        (r"5\r\nhel", 3),
        (r"5\r\nhello", 5),
        (r"5\r\nhello\r\n", 5),
        (r"5\r\nhello\r\n0\r\n", 5),
    ] {
        let why = format!("cut short: {arrived} bytes came, and no end");
        comes_to(&format!("{chunked}{sent}"), cut(&why));
    }
    comes_to(r"HTTP/1.1 200 OK\r\nContent-Le", cut("closed in the middle of its headers"));
}

#[test]
fn more_than_was_promised_is_not_the_body() {
    let surplus = r"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello, world|never";
    let Some((server, root)) =
        teller(&[surplus, r"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"])
    else {
        return;
    };
    run(async {
        let client = client(ClientOptions::default());
        let first = client.send(&get(&root)).await.unwrap();
        assert_eq!(whole(first).await.unwrap(), b"hello");
        // The connection has more in it, so the next request must not go there.
        let second = client.send(&get(&root)).await.unwrap();
        assert!(!second.hops[0].reused);
        assert_eq!(whole(second).await.unwrap(), b"ok");
    });
    server.expect_out("told all");
}

#[test]
fn bodies_of_every_framing_arrive() {
    comes_to(r"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", Ok("hello"));
    comes_to(r"HTTP/1.0 200 OK\r\n\r\nhello", Ok("hello"));
    comes_to(r"HTTP/1.1 200 OK\nConnection: close\n\nhello", Ok("hello"));
    comes_to(
        r"HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\ncontent-length: 5\r\n\r\nhello",
        Ok("hello"),
    );
    let chunked = r"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n";
    comes_to(&format!(r"{chunked}5;a=b\r\nhello\r\n00\r\nTrailer: x\r\n\r\n"), Ok("hello"));
    comes_to(&format!(r"{chunked}0\r\n\r\n"), Ok(""));
    comes_to(r"HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n", Ok(""));
    comes_to(
        r"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
        Ok("ok"),
    );
    comes_to(r"\r\nHTTP/1.1 200 OK\r\nX: a\r\n b\r\nContent-Length: 2\r\n\r\nok", Ok("ok"));
}

#[test]
fn what_is_not_http_is_said_to_be_something_else() {
    let broken = |why| Err((Kind::Protocol, why));
    comes_to(
        r"SSH-2.0-OpenSSH_9.2\r\n",
        broken("what it answers is not HTTP: it begins with 'SSH-2.0-OpenSSH_9.2'"),
    );
    comes_to(r"\x15\x03\x01\x00\x02", broken("what it answers is TLS; write https://"));
    comes_to(
        r"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
        broken("it names two different Content-Lengths"),
    );
    comes_to(
        r"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        broken("its Content-Length is not a length: '-5'"),
    );
    comes_to(
        r"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
        broken("it sends with a transfer coding that was not asked for"),
    );
    let chunked = r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    comes_to(&format!(r"{chunked}x\r\n"), broken("its body is malformed: a chunk has no size"));
    comes_to(
        &format!(r"{chunked}5\r\nhello!\r\n"),
        broken("its body is malformed: a chunk is longer than it says"),
    );
    comes_to(
        &format!(r"{chunked}fffffffffffffffff\r\n"),
        broken("its body is malformed: a chunk's size is too large"),
    );
    comes_to("", Err((Kind::Reset, "closed without an answer")));
}

#[test]
fn headers_without_end_are_refused_early() {
    let script = r#"
s = listen()
c, _ = s.accept()
c.recv(65536)
sent = c.send(b"HTTP/1.1 200 OK\r\n")
line = b"X-Long: " + b"x" * 1000 + b"\r\n"
try:
    for _ in range(1 << 20):
        c.sendall(line)
        sent += len(line)
except OSError:
    pass
say("sent", "little" if sent < 16 << 20 else "much")
"#;
    let Some(server) = python(script, [""; 0]) else { return };
    let error = run(page(&format!("http://{}/", server.listening()))).unwrap_err();
    assert_eq!(
        (error.kind(), error.cause()),
        (Kind::TooLarge, "its headers are longer than 256 KiB")
    );
    server.expect_out("sent little\n");
}

/// Long enough for a busy machine to say what it has to say.
const PATIENCE: Duration = Duration::from_secs(3);

#[test]
fn a_server_that_falls_silent_is_given_up() {
    let script = r#"
s = listen()
c, _ = s.accept()
c.recv(65536)
c.sendall(sys.argv[1].encode())
c.recv(1)
"#;
    let options = ClientOptions { idle: PATIENCE, ..ClientOptions::default() };
    let given_up = async |said: &str, why: &str| {
        let Some(server) = python(script, [said]) else { return };
        let url = format!("http://{}/", server.listening());
        let error = match client(options.clone()).send(&get(&url)).await {
            Ok(response) => whole(response).await.unwrap_err(),
            Err(error) => error,
        };
        assert_eq!((error.kind(), error.cause()), (Kind::Timeout, why));
        assert!(error.peer().is_some());
    };
    run(async {
        tokio::join!(
            given_up("", "no answer in 3 s"),
            given_up("HTTP/1.1 200 OK\r\n", "no end of its headers in 3 s"),
            given_up("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", "no more of it in 3 s"),
        )
    });
}

#[test]
fn an_answer_before_the_end_of_the_request_is_heard() {
    let script = r#"
s = listen()
c, _ = s.accept()
c.recv(1000)
c.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 2\r\n\r\nno")
c.recv(1)
sys.stdin.read()
"#;
    let Some(server) = python(script, [""; 0]) else { return };
    let mut request = get(&format!("http://{}/", server.listening()));
    request.method = http::Method::POST;
    request.body = Some(vec![0; 64 << 20].into());
    run(async {
        let response = client(ClientOptions::default()).send(&request).await.unwrap();
        assert_eq!(response.status, 413);
        assert_eq!(whole(response).await.unwrap(), b"no");
    });
}

#[test]
fn a_limit_holds_for_what_comes_out() {
    let script = r#"
import gzip, io
s = listen()
page = gzip.compress(b"\0" * (64 << 20))
for _ in range(2):
    c, _ = s.accept()
    c.recv(65536)
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(page))
    try:
        c.sendall(page)
    except OSError:
        pass
    c.close()
"#;
    let Some(server) = python(script, [""; 0]) else { return };
    let mut request = get(&format!("http://{}/", server.listening()));
    request.decode = true;
    run(async {
        let response = client(ClientOptions::default()).send(&request).await.unwrap();
        assert!(response.body.is_decoded() && response.body.length().is_none());
        assert_eq!(whole(response).await.unwrap().len(), 64 << 20);
        request.limit = Some(1 << 20);
        let mut response = client(ClientOptions::default()).send(&request).await.unwrap();
        let mut arrived = 0;
        let error = loop {
            match response.body.chunk().await {
                Ok(piece) => arrived += piece.expect("it is too long").len(),
                Err(error) => break error,
            }
        };
        assert!(arrived <= 1 << 20, "{arrived}");
        let why = "it is longer than the 1048576 bytes that are allowed";
        assert_eq!((error.kind(), error.cause()), (Kind::TooLarge, why));
    });
}

#[test]
fn a_length_over_the_limit_is_refused_before_the_body() {
    let Some((_server, root)) = teller(&[r"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\n"]) else {
        return;
    };
    let mut request = get(&root);
    request.limit = Some(10);
    let error = run(client(ClientOptions::default()).send(&request)).unwrap_err();
    assert_eq!(error.kind(), Kind::TooLarge);
}
