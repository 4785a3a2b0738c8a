//! Through tinyproxy.

use std::path::Path;

use coax_fetch::{ClientOptions, FetchErrorKind as Kind, Proxies};
use testkit::{Program, Running, peer_or_skip, unused_port};

use crate::secure::{certificates, trusting};
use crate::{client, get, nginx, run, whole};

/// tinyproxy, which wants this user and password.
fn tinyproxy(folder: &Path) -> Option<(Running, u16)> {
    let tinyproxy = peer_or_skip("tinyproxy")?;
    let port = unused_port();
    let conf = format!(
        "Port {port}\nListen 127.0.0.1\nTimeout 30\nBasicAuth me secret\nLogLevel Info\nMaxClients 10\n"
    );
    std::fs::write(folder.join("tinyproxy.conf"), conf).unwrap();
    let start = Program::new(tinyproxy).args(["-d", "-c", "tinyproxy.conf"]).dir(folder);
    let server = start.start();
    server.expect_out("Accepting connections.");
    Some((server, port))
}

fn through(proxy: &str, folder: &Path) -> ClientOptions {
    ClientOptions { proxies: Proxies::all(proxy), ..trusting(folder.join("ca.pem")) }
}

#[test]
fn pages_come_through_a_proxy_in_the_clear_and_in_tls() {
    let Some(folder) = certificates() else { return };
    std::fs::write(folder.path().join("page"), "by proxy").unwrap();
    let block = "ssl_certificate good.pem; ssl_certificate_key good.key; root .;
        server { listen 127.0.0.1:PORT ssl http2; }";
    let Some((_secure, port)) = nginx(folder.path(), block) else { return };
    let plain = tempfile::tempdir().unwrap();
    std::fs::write(plain.path().join("page"), "by proxy").unwrap();
    let block = "server { listen 127.0.0.1:PORT; root .; }";
    let Some((_plain, plain)) = nginx(plain.path(), block) else { return };
    let Some((_proxy, proxy)) = tinyproxy(folder.path()) else { return };
    let urls = [format!("http://127.0.0.1:{plain}/page"), format!("https://127.0.0.1:{port}/page")];
    run(async {
        let named = format!("me:secret@127.0.0.1:{proxy}");
        for url in &urls {
            let response = client(through(&named, folder.path())).send(&get(url)).await.unwrap();
            let hop = &response.hops[0];
            assert_eq!(hop.proxy, Some(format!("http://127.0.0.1:{proxy}")));
            assert_eq!(hop.phases.tunnelled.is_some(), url.starts_with("https"));
            assert_eq!(whole(response).await.unwrap(), b"by proxy");
        }
        let unnamed = client(through(&format!("127.0.0.1:{proxy}"), folder.path()));
        assert_eq!(unnamed.send(&get(&urls[0])).await.unwrap().status, 407);
        let error = unnamed.send(&get(&urls[1])).await.unwrap_err();
        assert_eq!(error.kind(), Kind::Proxy);
        let why = "it wants a user and password (407), as in http://user:password@host:port";
        assert_eq!(error.cause(), format!("its proxy http://127.0.0.1:{proxy}: {why}"));
    });
}

#[test]
fn a_proxy_that_is_not_there_is_named() {
    let port = unused_port();
    let options = ClientOptions {
        proxies: Proxies::all(&format!("127.0.0.1:{port}")),
        ..ClientOptions::default()
    };
    let error = run(client(options).send(&get("http://example.invalid/"))).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    let proxy = format!("http://127.0.0.1:{port}");
    let why = format!("cannot connect to its proxy {proxy}: refused");
    assert_eq!(error.to_string(), format!("cannot fetch http://example.invalid/: {why}"));
}
