//! Codings that servers say, damage, or make up.

use crate::{coax, serve};

/// Sends a body with these headers, once for each connection; the body is Python.
fn server(headers: &str, body: &str) -> Option<(testkit::Running, String)> {
    let script = format!(
        "
import gzip
page = b'page ' * 100
s = listen()
while True:
    c, _ = s.accept()
    asked(c)
    c.sendall(b'HTTP/1.1 200 OK\\r\\nConnection: close\\r\\n' + {headers} + b'\\r\\n' + {body})
    c.close()
"
    );
    serve(&script, &[])
}

#[test]
fn a_coding_that_nobody_knows_is_left_and_told() {
    let page = "page ".repeat(100);
    for coding in ["utf-8", "none", "aws-chunked", "x, y"] {
        let headers = format!("b'Content-Encoding: {coding}\\r\\n'");
        let Some((_server, url)) = server(&headers, "page") else { return };
        let outcome = coax(&[&url]).run().exits(0).prints(&page);
        assert!(outcome.err().contains(&format!("the coding '{coding}'")), "{}", outcome.shown());
    }
}

#[test]
fn chunked_twice_is_chunked() {
    let body = "b'3\\r\\nabc\\r\\n0\\r\\n\\r\\n'";
    for headers in [
        "b'Transfer-Encoding: chunked\\r\\nTransfer-Encoding: chunked\\r\\n'",
        "b'Transfer-Encoding: chunked, chunked\\r\\n'",
    ] {
        let Some((_server, url)) = server(headers, body) else { return };
        coax(&[&url]).run().exits(0).prints("abc");
    }
}

#[test]
fn zeros_behind_gzip_are_nothing_and_damage_is_not_an_end() {
    let page = "page ".repeat(100);
    let headers = "b'Content-Encoding: gzip\\r\\n'";
    let Some((_server, url)) = server(headers, "gzip.compress(page) + bytes(600)") else { return };
    coax(&[&url]).run().exits(0).prints(&page);
    let damaged = "gzip.compress(page)[:-8] + bytes(8)";
    let Some((_server, url)) = server(headers, damaged) else { return };
    let outcome = coax(&[&url]).run().fails(4, "its gzip body is damaged");
    assert!(!outcome.err().contains("cut short"), "{}", outcome.shown());
    let Some((_server, url)) = server(headers, "gzip.compress(page)[:-3]") else { return };
    coax(&["--retries", "0", &url]).run().fails(3, "cut short");
}
