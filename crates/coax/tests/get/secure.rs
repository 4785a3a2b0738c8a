//! TLS, and HTTP/2 in it.

use std::fs;

use testkit::{Program, peer_or_skip};

use crate::{Nginx, coax, event, noise};

/// An authority, and of it a certificate for localhost and 127.0.0.1, one that has expired, and one
/// for somebody else.
const CERTIFICATES: &str = "
set -e
name=subjectAltName=DNS:localhost,IP:127.0.0.1
new() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$1 -keyout $1.key \"${@:2}\"; }
new ca -x509 -days 9 -out ca.pem
new good -addext $name -out good.csr
openssl x509 -req -in good.csr -CA ca.pem -CAkey ca.key -days 9 -copy_extensions copy -out good.pem
new old -addext $name -out old.csr
openssl x509 -req -in old.csr -CA ca.pem -CAkey ca.key -not_before 20200101000000Z -not_after 20200102000000Z -copy_extensions copy -out old.pem ||
openssl x509 -req -in old.csr -CA ca.pem -CAkey ca.key -days -1 -copy_extensions copy -out old.pem
new other -addext subjectAltName=DNS:other.test -out other.csr
openssl x509 -req -in other.csr -CA ca.pem -CAkey ca.key -days 9 -copy_extensions copy -out other.pem
";

/// A folder with all of them. `None` where there is no openssl.
pub(crate) fn certificates() -> Option<tempfile::TempDir> {
    peer_or_skip("openssl")?;
    let place = tempfile::tempdir().unwrap();
    Program::shell(CERTIFICATES, ["certificates"]).dir(place.path()).run().exits(0);
    Some(place)
}

#[test]
fn a_file_comes_in_tls_over_both_versions() {
    let Some(place) = certificates() else { return };
    let bytes = noise(1, 20_000_000);
    let Some(nginx) = Nginx::secure(&[("x", &bytes)], place.path(), "good") else { return };
    let authority = place.path().join("ca.pem").display().to_string();
    let folder = tempfile::tempdir().unwrap();
    for (flag, version) in [("--http2", "HTTP/2.0"), ("--http1.1", "HTTP/1.1")] {
        let url = format!("https://localhost:{}/x", nginx.port);
        let args = ["--json", "--cacert", &authority, flag, "-o", "x", &url];
        let report = event(&coax(&args).dir(folder.path()).run().exits(0), "fetch");
        assert_eq!(report["version"], version);
        assert!(fs::read(folder.path().join("x")).unwrap() == bytes);
    }
    // Each stream of HTTP/2 is limited by itself, so more of them help as more connections do.
    let url = format!("https://localhost:{}/slow/x", nginx.port);
    let args = ["--json", "--cacert", &authority, "-o", "x", &url];
    event(&coax(&args).dir(folder.path()).run().exits(0), "fetch");
    assert!(fs::read(folder.path().join("x")).unwrap() == bytes);
}

#[test]
fn each_wrong_certificate_has_its_line() {
    let Some(place) = certificates() else { return };
    let authority = place.path().join("ca.pem").display().to_string();
    for (name, known, words) in [
        ("old", true, "its certificate has expired"),
        ("other", true, "its certificate is for another name"),
        ("good", false, "nobody this machine trusts signed its certificate"),
    ] {
        let Some(nginx) = Nginx::secure(&[("x", b"page")], place.path(), name) else { return };
        let url = format!("https://localhost:{}/x", nginx.port);
        let known: &[&str] = if known { &["--cacert", &authority] } else { &[] };
        coax(known).arg(&url).run().fails(4, words).prints("");
        coax(&["--insecure", &url]).run().exits(0).prints("page");
    }
}
