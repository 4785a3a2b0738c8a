//! nginx, Python's server, and a Unix socket.

use coax_fetch::http::Method;
use coax_fetch::{ClientOptions, Request};
use coax_net::Address;
use testkit::{Program, peer_or_skip, unused_port};

use crate::{client, get, nginx, run, whole};

#[test]
fn pages_come_as_they_are_coded_or_not_and_in_part() {
    let folder = tempfile::tempdir().unwrap();
    let page = "a page of words, ".repeat(1000);
    std::fs::write(folder.path().join("page.txt"), &page).unwrap();
    let block = "gzip on; gzip_types text/plain; types { text/plain txt; }
        server { listen 127.0.0.1:PORT; root .; }";
    let Some((_server, port)) = nginx(folder.path(), block) else { return };
    let url = format!("http://127.0.0.1:{port}/page.txt");
    run(async {
        let client = client(ClientOptions::default());
        let response = client.send(&get(&url)).await.unwrap();
        assert!(!response.headers.contains_key("content-encoding"));
        assert_eq!(response.body.length(), Some(page.len() as u64));
        assert_eq!(whole(response).await.unwrap(), page.as_bytes());

        let decoding = Request { decode: true, ..get(&url) };
        let response = client.send(&decoding).await.unwrap();
        assert_eq!(response.headers["content-encoding"], "gzip");
        assert_eq!(whole(response).await.unwrap(), page.as_bytes());

        let mut part = decoding;
        part.headers.insert("range", "bytes=2-5".parse().unwrap());
        let response = client.send(&part).await.unwrap();
        assert_eq!((response.status.as_u16(), response.hops[0].reused), (206, true));
        assert_eq!(whole(response).await.unwrap(), b"page");

        let response = client.send(&Request { method: Method::HEAD, ..get(&url) }).await.unwrap();
        assert_eq!(response.headers["content-length"], page.len().to_string());
        assert_eq!(whole(response).await.unwrap(), b"");

        let response = client.send(&get(&format!("{url}x"))).await.unwrap();
        assert_eq!(response.status, 404);
    });
}

#[test]
fn a_unix_socket_stands_for_every_host() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("page"), "by socket").unwrap();
    let block = "server { listen unix:web.sock; server_name named; root .; }";
    let socket = folder.path().join("web.sock");
    let block = block.replace("web.sock", &socket.display().to_string());
    let Some((_server, _)) = nginx(folder.path(), &block) else { return };
    let endpoint = format!("unix:{}", socket.display()).parse().unwrap();
    let options = ClientOptions { unix: Some(endpoint), ..ClientOptions::default() };
    run(async {
        let response = client(options).send(&get("http://named/page")).await.unwrap();
        assert!(matches!(response.hops[0].peer, Some(Address::Unix(_))));
        assert_eq!(whole(response).await.unwrap(), b"by socket");
    });
}

#[test]
fn pythons_server_of_files_is_understood() {
    let Some(python) = peer_or_skip("python3") else { return };
    let folder = tempfile::tempdir().unwrap();
    let page: Vec<u8> = (0..=255).cycle().take(1_000_000).collect();
    std::fs::write(folder.path().join("page"), &page).unwrap();
    let port = unused_port();
    let words = ["-u", "-m", "http.server", &port.to_string(), "--bind", "127.0.0.1"];
    let server = Program::new(python).args(words).dir(folder.path()).start();
    server.expect_out("Serving HTTP");
    run(async {
        let url = format!("http://localhost:{port}/page");
        let client = client(ClientOptions::default());
        for _ in 0..2 {
            let response = client.send(&get(&url)).await.unwrap();
            // HTTP/1.0, so each page has its connection.
            assert!(!response.hops[0].reused);
            assert!(response.hops[0].phases.named < response.hops[0].phases.connected);
            assert_eq!(whole(response).await.unwrap(), page);
        }
    });
}
