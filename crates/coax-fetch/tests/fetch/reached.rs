//! Reaching a server, or not.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use coax_fetch::{ClientOptions, FetchErrorKind as Kind, HopOutcome};
use coax_net::{Addresses, Resolve, ResolveError, ResolveErrorKind, Wanted};
use testkit::{python, unused_port};

use crate::{client, get, page, run, whole};

/// Every name is this machine, first over IPv6, or does not exist.
struct Names {
    exist: bool,
}

impl Resolve for Names {
    fn resolve<'a>(
        &'a self,
        name: &'a str,
        _: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
        let addresses = vec![IpAddr::V6(Ipv6Addr::LOCALHOST), IpAddr::V4(Ipv4Addr::LOCALHOST)];
        let kind = ResolveErrorKind::NoSuchName;
        Box::pin(async move {
            match self.exist {
                true => Ok(Addresses { canonical: None, addresses }),
                false => Err(ResolveError { name: name.to_owned(), kind }),
            }
        })
    }
}

fn with_names(exist: bool) -> ClientOptions {
    ClientOptions { resolver: Arc::new(Names { exist }), ..ClientOptions::default() }
}

const HELLO: &str = r#"
s = listen(host=sys.argv[1])
c, _ = s.accept()
said = c.recv(65536).decode()
c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello")
say([line for line in said.split("\r\n") if line.startswith("host: ")][0])
c.recv(1)
"#;

#[test]
fn a_page_comes_over_either_family() {
    for (host, written) in [("127.0.0.1", "127.0.0.1"), ("::1", "[::1]")] {
        let Some(server) = python(HELLO, [host]) else { return };
        let port = server.port();
        assert_eq!(run(page(&format!("http://{written}:{port}/"))).unwrap(), b"hello");
        server.expect_out(&format!("host: {written}:{port}\n"));
    }
}

#[test]
fn every_address_of_a_name_is_tried() {
    let Some(server) = python(HELLO, ["127.0.0.1"]) else { return };
    let url = format!("http://server.test:{}/", server.port());
    run(async {
        let response = client(with_names(true)).send(&get(&url)).await.unwrap();
        let hop = &response.hops[0];
        assert_eq!(hop.peer.as_ref().and_then(coax_net::Address::port), Some(server.port()));
        assert!(hop.phases.named.is_some() && hop.phases.named <= hop.phases.connected);
        assert_eq!(whole(response).await.unwrap(), b"hello");
    });
}

#[test]
fn who_is_not_reached_is_named_with_each_cause() {
    let port = unused_port();
    let url = format!("http://server.test:{port}/");
    let error = run(client(with_names(true)).send(&get(&url))).unwrap_err();
    assert_eq!(error.kind(), Kind::Refused);
    let why = "refused by ::1 and 127.0.0.1";
    assert_eq!(error.to_string(), format!("cannot fetch {url}: {why}"));
    assert_eq!(error.hops()[0].outcome, HopOutcome::Failed(why.to_owned()));

    let error = run(client(with_names(false)).send(&get("http://none.test/"))).unwrap_err();
    assert_eq!(error.kind(), Kind::Name);
    assert_eq!(error.to_string(), "cannot fetch http://none.test/: no such name");

    let error = run(page("ftp://server.test/")).unwrap_err();
    let why = "cannot fetch ftp://server.test/: only http and https are spoken here, not ftp";
    assert_eq!((error.kind(), error.to_string().as_str()), (Kind::Invalid, why));
}

#[test]
fn a_handshake_that_is_not_answered_has_a_deadline() {
    let script = r#"
s = listen()
c, _ = s.accept()
while c.recv(65536):
    pass
"#;
    let Some(server) = python(script, [""; 0]) else { return };
    let url = format!("https://{}/", server.listening());
    let options = ClientOptions { timeout: Duration::from_millis(100), ..ClientOptions::default() };
    let error = run(client(options).send(&get(&url))).unwrap_err();
    let why = "it does not answer the TLS handshake";
    assert_eq!((error.kind(), error.cause()), (Kind::Timeout, why));
    assert!(error.hops()[0].phases.connected.is_some());
    assert!(error.hops()[0].phases.secured.is_none());
}
