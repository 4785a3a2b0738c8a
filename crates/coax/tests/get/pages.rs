//! Pages to stdout, headers, times.

use std::fs;
use std::time::Instant;

use testkit::{Program, peer_or_skip, python};

use crate::{Nginx, coax, event, events, names, noise, serve};

#[test]
fn a_page_goes_to_stdout_and_nothing_else_does() {
    let page = noise(1, 300_000);
    let Some(nginx) = Nginx::start(&[("x", &page)]) else { return };
    let outcome = coax(&[&nginx.url("x")]).run().exits(0).prints(&page);
    assert_eq!(outcome.err(), "");
    coax(&[&nginx.url("moved/x"), "-v"]).run().exits(0).prints(&page);
    // Without a scheme, as people type it.
    coax(&[&format!("127.0.0.1:{}/x", nginx.port)]).run().exits(0).prints(&page);
}

#[test]
fn a_packed_page_is_unpacked_and_a_file_is_not_asked_for_packed() {
    let page = "words and words ".repeat(5000);
    let Some(nginx) = Nginx::start(&[("x", page.as_bytes())]) else { return };
    coax(&[&nginx.url("packed/x")]).run().exits(0).prints(&page);
    let folder = tempfile::tempdir().unwrap();
    coax(&["-O", &nginx.url("packed/x")]).dir(folder.path()).run().exits(0).prints("x\n");
    assert_eq!(fs::read_to_string(folder.path().join("x")).unwrap(), page);
}

#[test]
fn a_status_becomes_an_exit_code() {
    let Some(nginx) = Nginx::start(&[]) else { return };
    let outcome = coax(&[&nginx.url("nowhere")]).run();
    let words =
        format!("coax: cannot fetch {}: the server says 404 Not Found", nginx.url("nowhere"));
    outcome.fails(1, &words).prints("");
    let outcome = coax(&["--any-status", &nginx.url("nowhere")]).run().exits(0);
    assert!(outcome.out().contains("404 Not Found"), "{}", outcome.shown());
    let script = r#"
s = listen()
for status in ["500 Oops", "503 Busy", "429 Slowly"]:
    c, _ = s.accept()
    asked(c)
    answer(c, status, ["Connection: close"])
"#;
    let Some((_server, url)) = serve(script, &[]) else { return };
    for status in ["500", "503", "429"] {
        coax(&["--retries", "0", &url]).run().fails(3, status);
    }
}

#[test]
fn a_server_that_is_busy_is_asked_again_when_it_wants() {
    let script = r#"
s = listen()
for status, headers in [("503 Busy", ["Retry-After: 1"]), ("200 OK", [])]:
    c, _ = s.accept()
    asked(c)
    answer(c, status, headers + ["Connection: close"], b"page")
"#;
    let Some((_server, url)) = serve(script, &[]) else { return };
    let begun = Instant::now();
    coax(&[&url]).run().exits(0).prints("page");
    assert!(begun.elapsed().as_millis() >= 1000, "it was asked to wait a second");
}

#[test]
fn a_reader_that_leaves_is_no_failure() {
    let Some(nginx) = Nginx::start(&[("x", &noise(2, 20_000_000))]) else { return };
    let line = r#""$0" get "$1" | head -c 5 | wc -c; echo "${PIPESTATUS[0]}""#;
    let args = [env!("CARGO_BIN_EXE_coax").to_owned(), nginx.url("x")];
    let outcome = Program::shell(line, &args).run().exits(0).prints("5\n0\n");
    assert_eq!(outcome.err(), "");
}

#[test]
fn headers_alone() {
    let Some(nginx) = Nginx::start(&[("x", b"12345")]) else { return };
    let outcome = coax(&["-I", &nginx.url("x")]).run().exits(0);
    assert!(outcome.out().starts_with("HTTP/1.1 200 OK\n"), "{}", outcome.shown());
    assert!(outcome.out().contains("\ncontent-length: 5\n"), "{}", outcome.shown());
    let report = event(&coax(&["-I", "--json", &nginx.url("x")]).run().exits(0), "fetch");
    let headers = report["headers"].as_array().unwrap();
    assert!(headers.contains(&serde_json::json!(["content-length", "5"])), "{report}");
    coax(&["-I", &nginx.url("nowhere")]).run().exits(1);
}

#[test]
fn what_is_sent_is_what_was_said() {
    let script = r#"
s = listen()
for _ in range(2):
    c, _ = s.accept()
    said = asked(c)
    if "Content-Length: 8" in said and not said.endswith("name=ada"):
        said += c.recv(100).decode()
    answer(c, "200 OK", ["Connection: close"], said.encode())
"#;
    let Some((_server, url)) = serve(script, &[]) else { return };
    let said = coax(&["-H", "X-Mine: yes", "-d", "name=ada", "-u", "ada:secret", &url]).run();
    let said = said.exits(0).out().to_lowercase();
    for words in [
        "post /x http/1.1\r\n",
        "\r\nx-mine: yes\r\n",
        "\r\ncontent-type: application/x-www-form-urlencoded\r\n",
        "\r\nauthorization: basic ywrhonnly3jlda==\r\n",
        "\r\n\r\nname=ada",
    ] {
        assert!(said.contains(words), "{words} in {said}");
    }
    let said = coax(&["-X", "DELETE", &url]).run().exits(0).out();
    assert!(said.starts_with("DELETE /x HTTP/1.1\r\n"), "{said}");
}

#[test]
fn every_hop_has_its_row() {
    let Some(nginx) = Nginx::start(&[("x", b"12345")]) else { return };
    let url = nginx.url("moved/x");
    let outcome = coax(&["--timing", &url]).run().exits(0).prints("12345");
    let rows = format!("1 GET {url}: 302, 127.0.0.1:{}\n", nginx.port);
    assert!(outcome.err().starts_with(&rows), "{}", outcome.shown());
    assert!(outcome.err().contains(&format!("\n2 GET {}: 200", nginx.url("x"))));
    let folder = tempfile::tempdir().unwrap();
    let outcome = coax(&["--timing", "--json", "-O", &url]).dir(folder.path()).run().exits(0);
    let hops: Vec<_> = events(&outcome).into_iter().filter(|it| it["event"] == "hop").collect();
    assert_eq!(hops.len(), 2, "{}", outcome.shown());
    assert!(hops[0]["connect_ms"].is_number() && hops[0]["tls_ms"].is_null(), "{}", hops[0]);
    assert_eq!((&hops[1]["status"], &hops[1]["bytes"]), (&200.into(), &5.into()));
}

#[test]
fn a_limit_holds() {
    let Some(nginx) = Nginx::start(&[("x", &noise(3, 300_000))]) else { return };
    let begun = Instant::now();
    coax(&["--limit-rate", "300k", &nginx.url("x")]).run().exits(0).prints(noise(3, 300_000));
    assert!(begun.elapsed().as_millis() >= 800, "{:?}", begun.elapsed());
}

#[test]
fn a_unix_socket_serves_as_well() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("app.sock");
    let script = r#"
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(4)
ready("ready")
c, _ = s.accept()
said = asked(c)
answer(c, "200 OK", ["Connection: close"], said.split("\r\n")[0].encode())
"#;
    let Some(server) = python(&format!("{}\n{script}", crate::HTTP), [&path]) else { return };
    server.expect_err("ready");
    let via = path.display().to_string();
    coax(&["--via", &via, "http://localhost/info"]).run().exits(0).prints("GET /info HTTP/1.1");
}

#[test]
fn pythons_server_serves() {
    let Some(python) = peer_or_skip("python3") else { return };
    let (page, folder) = (noise(4, 500_000), tempfile::tempdir().unwrap());
    fs::write(folder.path().join("x"), &page).unwrap();
    let line = "exec \"$0\" -u -m http.server --bind 127.0.0.1 0 >&2";
    let server = Program::shell(line, [python]).dir(folder.path()).start();
    let said = server.expect_part("Serving HTTP on 127.0.0.1 port ");
    let port: u16 = said.split(' ').next().unwrap().trim().parse().unwrap();
    let here = tempfile::tempdir().unwrap();
    let url = format!("http://127.0.0.1:{port}/x");
    coax(&["-O", &url]).dir(here.path()).run().exits(0);
    assert!(fs::read(here.path().join("x")).unwrap() == page);
    assert_eq!(names(here.path()), ["x"]);
}

#[test]
fn words_that_are_wrong_are_told_before_anything_is_fetched() {
    for (args, words) in [
        (&["http://h/a", "http://h/b"][..], "several URLs cannot all go to stdout"),
        (&["-o", "x", "http://h/a", "http://h/b"], "several URLs cannot all become one file"),
        (&["--json", "http://h/a"], "with --json stdout holds events"),
        (&["ftp://h/a"], "ftp:// is not fetched"),
        (&["http://"], "invalid URL"),
        (&["-H", "nothing", "http://h/"], "invalid header 'nothing'"),
        (&["--max-size", "big", "http://h/"], "a size is written like"),
        (&["-i", "/nowhere/urls"], "cannot read /nowhere/urls: no such file or directory"),
        (&[], "URL"),
    ] {
        coax(args).run().fails(2, words);
    }
}
