//! TLS, and HTTP/2 in it.

use std::fs;

use testkit::certificates;

use crate::{Nginx, coax, event, noise};

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
