//! `coax wait https://…` and `tls://…`: a certificate has to be believed.

use std::path::Path;

use testkit::{Program, Running, certificates, peer_or_skip, python, unused_port};

use crate::{coax, waiting};

/// A web server of openssl's with this certificate.
fn serve(port: u16, name: &str, at: &Path) -> Running {
    let words = format!("s_server -accept 127.0.0.1:{port} -www -cert {name}.pem -key {name}.key");
    let server = Program::new("openssl").args(words.split(' ')).dir(at).start();
    server.expect_out("ACCEPT");
    server
}

#[test]
fn a_believed_server_is_ready_and_an_unbelieved_one_is_not() {
    let Some(place) = certificates() else { return };
    let authority = place.path().join("ca.pem");
    let port = unused_port();
    let urls = [format!("https://localhost:{port}/"), format!("tls://127.0.0.1:{port}")];
    let coming: Vec<_> = urls
        .iter()
        .map(|url| coax(&[url, "-v"]).env("SSL_CERT_FILE", &authority).start())
        .inspect(|coax| drop(coax.expect_line("waiting for ")))
        .collect();
    let _server = serve(port, "good", place.path());
    for coax in coming {
        coax.wait().exits(0);
    }
    for url in &urls {
        let why = "nobody this machine trusts signed its certificate";
        coax(&[url, "-v"]).start().expect_line(&format!("waiting for {url}: {why}"));
    }
}

#[test]
fn a_wrong_certificate_is_told_and_is_not_gone() {
    let Some(place) = certificates() else { return };
    let authority = place.path().join("ca.pem");
    for (name, words) in
        [("old", "its certificate has expired"), ("other", "its certificate is for another name")]
    {
        let port = unused_port();
        let _server = serve(port, name, place.path());
        let url = format!("https://127.0.0.1:{port}/");
        for (gone, to_be) in [(&[][..], ""), (&["--gone"], " to be gone")] {
            let coax = coax(&[&url, "-v"]).args(gone).env("SSL_CERT_FILE", &authority).start();
            coax.expect_line(&format!("waiting for {url}{to_be}: {words}"));
            assert!(coax.is_running());
        }
    }
}

#[test]
fn a_server_is_trusted_by_what_the_flags_say() {
    let Some(place) = certificates() else { return };
    let port = unused_port();
    let _server = serve(port, "self", place.path());
    let own = place.path().join("self.pem").display().to_string();
    for url in [format!("https://localhost:{port}/"), format!("tls://127.0.0.1:{port}")] {
        coax(&["--ca", &own, &url]).run().exits(0);
        coax(&["--insecure", &url]).run().exits(0);
    }
    let url = format!("tls://127.0.0.1:{port}");
    coax(&["--fingerprint", &"ab".repeat(32), &url, "-v"])
        .start()
        .expect_line(&format!("waiting for {url}: its certificate has another fingerprint"));
    let none = place.path().join("none.pem").display().to_string();
    coax(&["--ca", &none, &url]).run().fails(5, "no such file or directory");
    let plain = format!("127.0.0.1:{port}");
    coax(&["--insecure", &plain]).run().fails(2, "--insecure is for tls:// and https:// places");
}

#[test]
fn what_speaks_no_tls_is_told() {
    let Some(_) = peer_or_skip("python3") else { return };
    let port = unused_port();
    let url = format!("tls://127.0.0.1:{port}");
    let coax = waiting(&[&url]);
    let words = format!("-m http.server --bind 127.0.0.1 {port}");
    let _server = Program::new("python3").args(words.split(' ')).start();
    coax.expect_line(&format!("waiting for {url}: what it speaks is not TLS"));
}

/// A connection that ends without TLS's own goodbye is an error here.
const STRICT: &str = r#"
import ssl
context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
context.load_cert_chain("good.pem", "good.key")
s = listen()
c = context.wrap_socket(s.accept()[0], server_side=True, suppress_ragged_eofs=False)
say("ended with", c.recv(1))
"#;

#[test]
fn a_check_says_goodbye_in_tls_too() {
    let Some(place) = certificates() else { return };
    let script = format!("import os\nos.chdir({:?})\n{STRICT}", place.path());
    let Some(server) = python::<&str>(&script, []) else { return };
    let url = format!("tls://{}", server.listening());
    coax(&[&url]).env("SSL_CERT_FILE", place.path().join("ca.pem")).run().exits(0);
    server.wait().exits(0).prints("ended with b''\n");
}
