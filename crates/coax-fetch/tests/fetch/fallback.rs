//! HTTP/2 that was agreed on and does not work: what HTTP/1.1 can bring is brought.
//!
//! The server speaks TLS, and just enough of HTTP/2 to fail in each way that is seen.

use coax_fetch::http::{Method, Version};
use coax_fetch::{ClientOptions, HttpVersion};
use coax_net::TlsOptions;
use testkit::{Running, certificates, python};

use crate::{client, get, run, whole};

/// In HTTP/2 it does what the second argument says; in HTTP/1.1 it answers.
const BROKEN: &str = r#"
import ssl
folder, mode = sys.argv[1:]
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(folder + "/good.pem", folder + "/good.key")
context.set_alpn_protocols(["h2", "http/1.1"])
def frame(kind, flags, stream, body=b""):
    return len(body).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + body
def exactly(c, count):
    got = b""
    while len(got) < count:
        more = c.recv(count - len(got))
        if not more:
            raise OSError
        got += more
    return got
def two(c):
    if mode == "not HTTP/2":
        c.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        return c.recv(65536)
    if mode == "closed at once":
        return
    exactly(c, 24)
    c.sendall(frame(4, 0, 0))
    while True:
        head = exactly(c, 9)
        kind, stream = head[3], int.from_bytes(head[5:], "big")
        exactly(c, int.from_bytes(head[:3], "big"))
        if kind != 1:
            continue
        say("asked in HTTP/2")
        if mode == "goes away":
            c.sendall(frame(7, 0, 0, bytes(8)))
            return
        if mode == "goes away with an error":
            c.sendall(frame(7, 0, 0, bytes(4) + b"\0\0\0\x02"))
            return
        if mode == "wants HTTP/1.1":
            c.sendall(frame(3, 0, stream, b"\0\0\0\x0d"))
        if mode == "refuses":
            c.sendall(frame(3, 0, stream, b"\0\0\0\x07"))
        if mode == "breaks the rules":
            c.sendall(frame(0, 0, 0, b"data of no stream"))
        if mode == "closes":
            return
def one(c):
    while True:
        head = b""
        while b"\r\n\r\n" not in head:
            more = c.recv(65536)
            if not more:
                return
            head += more
        say("asked in HTTP/1.1")
        c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
def serve(c):
    try:
        c = context.wrap_socket(c, server_side=True)
        (two if c.selected_alpn_protocol() == "h2" else one)(c)
        c.close()
    except OSError:
        pass
s = listen()
while True:
    c, _ = s.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
"#;

fn server(folder: &std::path::Path, mode: &str) -> Option<(Running, String)> {
    let server = python(BROKEN, [folder.as_os_str(), mode.as_ref()])?;
    let url = format!("https://{}/", server.listening());
    Some((server, url))
}

fn options(folder: &std::path::Path) -> ClientOptions {
    ClientOptions {
        tls: TlsOptions { authorities: vec![folder.join("ca.pem")], ..TlsOptions::default() },
        ..ClientOptions::default()
    }
}

#[test]
fn what_http_2_cannot_bring_http_1_does() {
    let Some(folder) = certificates() else { return };
    for mode in [
        "not HTTP/2",
        "closed at once",
        "goes away",
        "goes away with an error",
        "wants HTTP/1.1",
        "refuses",
        "breaks the rules",
        "closes",
    ] {
        let Some((server, url)) = server(folder.path(), mode) else { return };
        run(async {
            let client = client(options(folder.path()));
            for again in [false, true] {
                let response = client.send(&get(&url)).await;
                let response = response.unwrap_or_else(|error| panic!("{mode}: {error}"));
                assert_eq!(response.version, Version::HTTP_11, "{mode}");
                // What was found out once is not found out again.
                assert!(!again || response.hops.len() == 1, "{mode}: {:?}", response.hops);
                assert_eq!(whole(response).await.unwrap(), b"hello");
            }
        });
        server.expect_out("asked in HTTP/1.1\n");
    }
}

#[test]
fn what_may_have_been_done_is_not_asked_again() {
    let Some(folder) = certificates() else { return };
    for (mode, again) in [("wants HTTP/1.1", true), ("refuses", true), ("breaks the rules", false)]
    {
        let Some((_server, url)) = server(folder.path(), mode) else { return };
        let mut request = get(&url);
        request.method = Method::POST;
        let sent = run(async { client(options(folder.path())).send(&request).await });
        assert_eq!(sent.is_ok(), again, "{mode}");
    }
}

#[test]
fn who_wants_http_2_alone_hears_that_it_does_not_work() {
    let Some(folder) = certificates() else { return };
    let Some((_server, url)) = server(folder.path(), "wants HTTP/1.1") else { return };
    let options = ClientOptions { http: HttpVersion::Http2, ..options(folder.path()) };
    run(async { client(options).send(&get(&url)).await.unwrap_err() });
}
