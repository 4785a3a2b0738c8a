//! TLS: whom to believe, and HTTP/2 within.

use std::path::{Path, PathBuf};

use coax_fetch::http::{Method, Version};
use coax_fetch::{ClientOptions, FetchErrorKind as Kind, HttpVersion, Request};
use coax_net::TlsOptions;
use tempfile::TempDir;
use testkit::{Program, Running, peer_or_skip, python, unused_port};

use crate::{client, get, nginx, run, whole};

/// An authority, and of it a certificate for 127.0.0.1, one that has expired, and one for another
/// name.
const CERTIFICATES: &str = "
set -e
new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout $1.key \"${@:2}\"; }
leaf() { new $1 -subj /CN=leaf -addext subjectAltName=$2 -addext basicConstraints=CA:false -out $1.csr; }
sign() { openssl x509 -req -in $1.csr -CA ca.pem -CAkey ca.key -copy_extensions copy -out $1.pem \"${@:2}\"; }
new ca -x509 -days 9 -subj /CN=ca -out ca.pem
leaf good IP:127.0.0.1; sign good -days 9
leaf other DNS:other.test; sign other -days 9
leaf old IP:127.0.0.1
sign old -not_before 20200101000000Z -not_after 20200102000000Z || sign old -days -1
";

pub(crate) fn certificates() -> Option<TempDir> {
    peer_or_skip("openssl")?;
    let folder = tempfile::tempdir().unwrap();
    Program::shell(CERTIFICATES, ["certificates"]).dir(folder.path()).run().exits(0);
    Some(folder)
}

/// nginx that shows the certificate `name`, and speaks HTTP/2 if `also` says so.
fn server(folder: &Path, name: &str, also: &str) -> Option<(Running, String)> {
    std::fs::write(folder.join("page"), "in secret").unwrap();
    let block = format!(
        "server {{ listen 127.0.0.1:PORT ssl {also}; root .; ssl_certificate {name}.pem;
           ssl_certificate_key {name}.key; location /put {{ return 200 got; }} }}"
    );
    let (server, port) = nginx(folder, &block)?;
    Some((server, format!("https://127.0.0.1:{port}/page")))
}

/// Options that trust the certificates in this file.
pub(crate) fn trusting(authority: PathBuf) -> ClientOptions {
    let tls = TlsOptions { authorities: vec![authority], ..TlsOptions::default() };
    ClientOptions { tls, ..ClientOptions::default() }
}

fn believing(folder: &Path) -> ClientOptions {
    trusting(folder.join("ca.pem"))
}

#[test]
fn each_reason_not_to_believe_has_its_line() {
    let Some(folder) = certificates() else { return };
    let knowing = believing(folder.path());
    for (name, options, why) in [
        ("old", &knowing, "its certificate has expired"),
        ("other", &knowing, "its certificate is for another name"),
        ("good", &ClientOptions::default(), "nobody this machine trusts signed its certificate"),
    ] {
        let Some((_server, url)) = server(folder.path(), name, "") else { return };
        run(async {
            let error = client(options.clone()).send(&get(&url)).await.unwrap_err();
            assert_eq!(error.kind(), Kind::Certificate);
            assert_eq!(error.to_string(), format!("cannot fetch {url}: {why}"));
            let tls = TlsOptions { insecure: true, ..TlsOptions::default() };
            let insecure = ClientOptions { tls, ..options.clone() };
            let response = client(insecure).send(&get(&url)).await.unwrap();
            assert_eq!(whole(response).await.unwrap(), b"in secret");
        });
    }
}

#[test]
fn the_newest_http_that_both_speak_is_spoken() {
    let Some(folder) = certificates() else { return };
    for (also, http, version) in [
        ("http2", HttpVersion::Auto, Some(Version::HTTP_2)),
        ("http2", HttpVersion::Http1, Some(Version::HTTP_11)),
        ("http2", HttpVersion::Http2, Some(Version::HTTP_2)),
        ("", HttpVersion::Auto, Some(Version::HTTP_11)),
        ("", HttpVersion::Http2, None),
    ] {
        let Some((_server, url)) = server(folder.path(), "good", also) else { return };
        let options = ClientOptions { http, ..believing(folder.path()) };
        run(async {
            match (client(options).send(&get(&url)).await, version) {
                (Ok(response), Some(version)) => {
                    assert_eq!(response.version, version);
                    assert_eq!(response.body.length(), Some(9));
                    let phases = response.hops[0].phases;
                    assert!(
                        phases.connected < phases.secured && phases.secured < phases.first_byte
                    );
                    assert_eq!(whole(response).await.unwrap(), b"in secret");
                }
                (Err(error), None) => assert_eq!(error.kind(), Kind::Protocol, "{error}"),
                (other, _) => panic!("{other:?}"),
            }
        });
    }
}

#[test]
fn a_request_with_a_large_body_goes_out_whole() {
    let Some(folder) = certificates() else { return };
    let Some((_server, url)) = server(folder.path(), "good", "http2") else { return };
    for http in [HttpVersion::Http1, HttpVersion::Http2] {
        let options = ClientOptions { http, ..believing(folder.path()) };
        let mut request = Request { method: Method::POST, ..get(&url.replace("page", "put")) };
        request.body = Some(vec![7; 8 << 20].into());
        run(async {
            let response = client(options).send(&request).await.unwrap();
            assert_eq!(response.status, 200);
            assert_eq!(whole(response).await.unwrap(), b"got");
        });
    }
}

#[test]
fn openssl_s_server_is_understood() {
    let Some(folder) = certificates() else { return };
    let openssl = peer_or_skip("openssl").unwrap();
    let port = unused_port();
    let words = format!("s_server -accept 127.0.0.1:{port} -cert good.pem -key good.key -www");
    let server = Program::new(openssl).args(words.split(' ')).dir(folder.path()).start();
    server.expect_out("ACCEPT");
    run(async {
        let url = format!("https://127.0.0.1:{port}/");
        let response = client(believing(folder.path())).send(&get(&url)).await.unwrap();
        let page = String::from_utf8(whole(response).await.unwrap()).unwrap();
        assert!(page.contains("s_server") && page.contains("Cipher"), "{page}");
    });
}

#[test]
fn an_end_without_the_goodbye_of_tls_is_no_end() {
    let Some(folder) = certificates() else { return };
    let script = r#"
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain(sys.argv[1] + "/good.pem", sys.argv[1] + "/good.key")
s = listen()
for goodbye in (True, False):
    c = context.wrap_socket(s.accept()[0], server_side=True)
    c.recv(65536)
    c.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello")
    try:
        c.unwrap() if goodbye else c.close()
    except OSError:
        pass
    c.close()
"#;
    let Some(server) = python(script, [folder.path()]) else { return };
    let url = format!("https://{}/", server.listening());
    run(async {
        let client = client(believing(folder.path()));
        assert_eq!(whole(client.send(&get(&url)).await.unwrap()).await.unwrap(), b"hello");
        let error = whole(client.send(&get(&url)).await.unwrap()).await.unwrap_err();
        let why = "closed without the goodbye of TLS in the middle: 5 bytes came, and no end";
        assert_eq!((error.kind(), error.cause()), (Kind::CutShort, why));
    });
}

#[test]
fn authorities_that_cannot_be_read_are_named() {
    let Some(folder) = certificates() else { return };
    let Some((_server, url)) = server(folder.path(), "good", "") else { return };
    let options = trusting(folder.path().join("none.pem"));
    let error = run(client(options).send(&get(&url))).unwrap_err();
    assert_eq!(error.kind(), Kind::Local);
    let why = format!(
        "cannot use the authorities in {}/none.pem: no such file or directory",
        folder.path().display()
    );
    assert_eq!(error.cause(), why);
}

/// Many at once, over one connection, past the thousand requests that nginx grants it.
#[test]
fn many_pages_share_one_connection_and_outlive_it() {
    let Some(folder) = certificates() else { return };
    let Some((_server, url)) = server(folder.path(), "good", "http2") else { return };
    let client = client(believing(folder.path()));
    run(async {
        let mut fetching = tokio::task::JoinSet::new();
        for _ in 0..50 {
            let (client, url) = (client.clone(), url.clone());
            fetching.spawn(async move {
                let mut connections = 0;
                for _ in 0..60 {
                    let response = client.send(&get(&url)).await.unwrap();
                    connections += response.hops.iter().filter(|hop| !hop.reused).count();
                    assert_eq!(whole(response).await.unwrap(), b"in secret");
                }
                connections
            });
        }
        let connections: usize = fetching.join_all().await.into_iter().sum();
        assert!((3..20).contains(&connections), "{connections}");
    });
}
