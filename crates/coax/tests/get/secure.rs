//! TLS, and HTTP/2 in it.

use std::fs;
use std::path::Path;

use testkit::{Program, Running, certificates};

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

/// A web server of openssl's that shows `name`, and its URL.
fn s_server(place: &Path, name: &str, more: &str) -> (Running, String) {
    let words =
        format!("s_server -accept 127.0.0.1:0 -www -cert {name}.pem -key {name}.key {more}");
    let server = Program::new("openssl").args(words.split_whitespace()).dir(place).start();
    server.expect_out("ACCEPT 127.0.0.1:");
    let port = server.out();
    let port = port.rsplit(':').next().unwrap().trim();
    (server, format!("https://localhost:{port}/"))
}

fn fingerprint(certificate: &Path) -> String {
    let words = ["x509", "-noout", "-fingerprint", "-sha256", "-in"];
    let told = Program::new("openssl").args(words).arg(certificate).run().out();
    told.trim().rsplit('=').next().unwrap().to_owned()
}

#[test]
fn a_certificate_that_is_given_is_trusted_itself() {
    let Some(place) = certificates() else { return };
    // One that signed itself as openssl does by default, and one whose issuer is not known.
    for name in ["self", "good"] {
        let (_server, url) = s_server(place.path(), name, "");
        let file = place.path().join(format!("{name}.pem")).display().to_string();
        coax(&["--ca", &file, &url]).run().exits(0);
        coax(&["--cacert", &file, &url]).run().exits(0);
        coax(&[&url]).env("SSL_CERT_FILE", &file).run().exits(0);
        let via = url.trim_start_matches("https://").trim_end_matches('/').to_owned();
        // The name still has to be right.
        let named = ["--ca", &file, "--via", &via, "https://other.test/"];
        coax(&named).run().fails(4, "its certificate is for another name");
    }
    let (_server, url) = s_server(place.path(), "past", "");
    let file = place.path().join("past.pem").display().to_string();
    let refused = coax(&["--ca", &file, &url]).run().fails(4, "its certificate has expired");
    assert!(!refused.err().contains("hint:"), "{}", refused.shown());
}

#[test]
fn a_server_is_trusted_by_its_fingerprint_and_no_other_is() {
    let Some(place) = certificates() else { return };
    let (_server, url) = s_server(place.path(), "past", "");
    let print = fingerprint(&place.path().join("past.pem"));
    for form in [print.clone(), print.to_lowercase().replace(':', "")] {
        coax(&["--fingerprint", &form, &url]).run().exits(0);
    }
    let refused = coax(&["--fingerprint", &"ab".repeat(32), &url]).run();
    let refused = refused.fails(4, "its certificate has another fingerprint");
    assert!(refused.err().contains(&print.to_lowercase().replace(':', "")), "{}", refused.err());
    coax(&["--fingerprint", "12", &url]).run().fails(2, "64 hexadecimal digits");
    coax(&["--fingerprint", &print, "--insecure", &url]).run().fails(2, "cannot be used with");
}

#[test]
fn advice_fits_the_reason() {
    let Some(place) = certificates() else { return };
    let authority = place.path().join("ca.pem").display().to_string();
    let hint = |name: &str, known: bool| {
        let (_server, url) = s_server(place.path(), name, "");
        let known: &[&str] = if known { &["--ca", &authority] } else { &[] };
        let err = coax(known).arg(&url).run().exits(4).err();
        err.lines().find_map(|line| line.strip_prefix("hint: ").map(str::to_owned))
    };
    assert!(hint("good", false).is_some_and(|hint| hint.contains("--ca FILE")));
    assert!(hint("self", false).is_some_and(|hint| hint.contains("--ca FILE")));
    assert!(hint("other", true).is_some_and(|hint| !hint.contains("--ca")));
    assert_eq!(hint("old", true), None);
}

#[test]
fn a_server_that_wants_a_certificate_says_so_and_gets_one() {
    let Some(place) = certificates() else { return };
    let at = |name: &str| place.path().join(name).display().to_string();
    let both =
        fs::read_to_string(at("self.pem")).unwrap() + &fs::read_to_string(at("self.key")).unwrap();
    fs::write(at("both.pem"), both).unwrap();
    for version in ["-tls1_2", "-tls1_3"] {
        let more = format!("-Verify 1 {version}");
        let (_server, url) = s_server(place.path(), "good", &more);
        let authority = at("ca.pem");
        let get = |flags: &[&str]| coax(&["--ca", &authority]).args(flags).arg(&url).run();
        let refused = get(&[]).fails(4, "it wants a certificate of its client, and got none");
        assert!(refused.err().contains("hint: --cert FILE --key FILE"), "{}", refused.err());
        get(&["--cert", &at("self.pem"), "--key", &at("self.key")]).exits(0);
        get(&["--cert", &at("both.pem")]).exits(0);
        get(&["--cert", &at("self.pem"), "--key", &at("good.key")])
            .fails(5, "does not belong to the certificate");
        get(&["--cert", &at("self.pem")]).fails(5, "it has no key in PEM");
        get(&["--key", &at("self.key")]).fails(2, "--cert");
    }
    // nginx asks in TLS, and refuses in HTTP.
    let tls = format!(
        "{}; ssl_verify_client on; ssl_client_certificate {}",
        at("good.key"),
        at("self.pem")
    );
    let Some(nginx) = Nginx::with(
        &[("x", b"page")],
        "ssl",
        &format!("ssl_certificate {}; ssl_certificate_key {tls};", at("good.pem")),
    ) else {
        return;
    };
    let url = format!("https://localhost:{}/x", nginx.port);
    let refused = coax(&["--ca", &at("ca.pem"), &url]).run();
    let refused = refused.fails(1, "400 Bad Request; it asked for a certificate of its client");
    assert!(refused.err().contains("hint: --cert FILE --key FILE"), "{}", refused.err());
    coax(&["--ca", &at("ca.pem"), "--cert", &at("both.pem"), &url]).run().exits(0).prints("page");
    let (_server, url) = s_server(place.path(), "good", "-Verify 1 -verify_return_error");
    let shown = ["--cert", &at("both.pem"), "--ca", &at("ca.pem"), &url];
    coax(&shown).run().fails(4, "it does not trust this client's certificate");
}
