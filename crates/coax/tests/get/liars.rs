//! Servers that lie, and servers that never end.

use std::time::Duration;

use crate::{coax, names, serve};

/// Ten bytes; the first answer breaks off after five, and a request for the rest gets what the test
/// says.
const RESUMED: &str = r#"
s = listen()
status, headers = sys.argv[1], sys.argv[2:]
c, _ = s.accept()
asked(c)
answer(c, "200 OK", ['ETag: "a"', "Accept-Ranges: bytes"], b"01234", length=10)
c.close()
while True:
    c, _ = s.accept()
    said = asked(c)
    say("range" if "bytes=5-" in said and 'if-range: "a"' in said.lower() else said)
    if "range" in sys.argv and "bytes=" not in said:
        answer(c, "200 OK", [], b"abcdefghij")
    else:
        body = b"56789" if status.startswith("206") else b"abcdefghij"
        answer(c, status, [it for it in headers if it != "range"], body)
    c.close()
"#;

#[test]
fn a_part_that_does_not_fit_is_never_joined() {
    for (headers, words) in [
        (&["Content-Range: bytes 4-8/10"][..], "asked for bytes from 5 on it sends 4 to 8"),
        (&["Content-Range: bytes 5-10/*"], "it sends 5 to 10"),
        (&["Content-Range: bytes 5-8/10"], "a part has not the length that it says"),
        (&["Content-Range: lines 5-9/10"], "it sends a part and does not say which"),
        (&[], "it sends a part and does not say which"),
    ] {
        let args: Vec<_> = ["206 Part"].iter().chain(headers).copied().collect();
        let Some((server, url)) = serve(RESUMED, &args) else { return };
        let folder = tempfile::tempdir().unwrap();
        let program = coax(&["-o", "x", &url]).dir(folder.path());
        // It sends a part, too, where all was asked for.
        program.run().fails(4, "it sends a part, and was asked for all");
        server.expect_out("range\n");
        assert!(!names(folder.path()).contains(&"x".to_owned()), "{headers:?}");
        // What was printed cannot be fetched again.
        let Some((_server, url)) = serve(RESUMED, &args) else { return };
        coax(&[&url]).run().fails(4, words).prints("01234");
        // Where all can be had, all is.
        let args: Vec<_> = args.into_iter().chain(["range"]).collect();
        let folder = tempfile::tempdir().unwrap();
        let Some((_server, url)) = serve(RESUMED, &args) else { return };
        let outcome = coax(&["-o", "x", &url]).dir(folder.path()).run().exits(0);
        let told = outcome.err().contains("begins anew: ") && outcome.err().contains(words);
        assert!(told, "{}", outcome.shown());
        assert_eq!(std::fs::read(folder.path().join("x")).unwrap(), b"abcdefghij");
    }
}

#[test]
fn a_part_that_fits_is_joined() {
    let args = ["206 Part", "Content-Range: bytes 5-9/10", "ETag: \"a\""];
    let Some((_server, url)) = serve(RESUMED, &args) else { return };
    let folder = tempfile::tempdir().unwrap();
    coax(&["-o", "x", &url]).dir(folder.path()).run().exits(0);
    assert_eq!(std::fs::read(folder.path().join("x")).unwrap(), b"0123456789");
    let Some((_server, url)) = serve(RESUMED, &args) else { return };
    coax(&[&url]).run().exits(0).prints("0123456789");
}

#[test]
fn a_whole_answer_in_place_of_a_part_begins_anew() {
    for (tag, why) in [("ETag: \"a\"", "does not send parts"), ("ETag: \"b\"", "it has changed")] {
        let Some((_server, url)) = serve(RESUMED, &["200 OK", tag]) else { return };
        let folder = tempfile::tempdir().unwrap();
        let outcome = coax(&["-o", "x", &url]).dir(folder.path()).run().exits(0);
        assert!(outcome.err().contains(why), "{}", outcome.shown());
        assert_eq!(std::fs::read(folder.path().join("x")).unwrap(), b"abcdefghij");
    }
    // What went to stdout cannot be taken back.
    let Some((_server, url)) = serve(RESUMED, &["200 OK", "ETag: \"b\""]) else { return };
    coax(&[&url]).run().fails(3, "it has changed on the server; 5 bytes arrived").prints("01234");
}

#[test]
fn a_changed_part_begins_anew() {
    for headers in [
        ["Content-Range: bytes 5-9/10", "ETag: \"b\""],
        ["Content-Range: bytes 5-9/11", "ETag: \"a\""],
    ] {
        let script = RESUMED
            .replace("answer(c, status", "answer(c, status if 'bytes=5-' in said else '200 OK'");
        let Some((_server, url)) = serve(&script, &["206 Part", headers[0], headers[1]]) else {
            return;
        };
        let folder = tempfile::tempdir().unwrap();
        let outcome = coax(&["-o", "x", &url]).dir(folder.path()).run().exits(0);
        assert!(outcome.err().contains("begins anew: it has changed"), "{}", outcome.shown());
        assert_eq!(std::fs::read(folder.path().join("x")).unwrap(), b"56789");
    }
}

#[test]
fn a_length_that_is_too_long_is_noticed() {
    let script = r#"
s = listen()
while True:
    c, _ = s.accept()
    asked(c)
    answer(c, "200 OK", [], b"01234", length=10)
    c.close()
"#;
    let Some((_server, url)) = serve(script, &[]) else { return };
    let outcome = coax(&[&url]).run().exits(3).prints("01234");
    assert!(outcome.err().contains("5 bytes arrived"), "{}", outcome.shown());
    let folder = tempfile::tempdir().unwrap();
    coax(&["--retries", "2", "-o", "x", &url]).dir(folder.path()).run().exits(3);
    assert_eq!(names(folder.path()), [""; 0], "nothing of it can be gone on with");
}

#[test]
fn heads_without_end_are_refused() {
    let script = r#"
s = listen()
c, _ = s.accept()
asked(c)
c.sendall(b"HTTP/1.1 200 OK\r\n")
line = b"X-More: " + b"x" * 1000 + b"\r\n"
try:
    for _ in range(1000 * 1000):
        c.sendall(line)
    say("all of it")
except OSError:
    say("refused")
"#;
    let Some((server, url)) = serve(script, &[]) else { return };
    let outcome = coax(&["--retries", "0", &url]).run().exits(4).prints("");
    assert!(outcome.err().starts_with("coax: cannot fetch "), "{}", outcome.shown());
    server.wait().prints("refused\n");
}

#[test]
fn redirects_without_end_are_refused() {
    let script = r#"
s = listen()
number = 0
while True:
    c, _ = s.accept()
    asked(c)
    number += 1
    answer(c, "302 Found", ["Location: /%d" % number, "Connection: close"])
    c.close()
"#;
    let Some((_server, url)) = serve(script, &[]) else { return };
    coax(&[&url]).run().fails(4, "redirect");
    coax(&["--max-redirects", "3", &url]).run().fails(4, "redirect");
}

#[test]
fn a_bomb_goes_off_outside() {
    let script = r#"
import gzip, io
packed = gzip.compress(b"\0" * (200 << 20))
s = listen()
while True:
    c, _ = s.accept()
    asked(c)
    answer(c, "200 OK", ["Content-Encoding: gzip", "Connection: close"], packed)
    c.close()
"#;
    let Some((_server, url)) = serve(script, &[]) else { return };
    let outcome =
        coax(&["--max-size", "1M", &url]).deadline(Duration::from_secs(60)).run().exits(4);
    assert!(outcome.out().len() <= 1 << 20, "{} bytes", outcome.out().len());
    assert!(outcome.err().contains("1048576 bytes that are allowed"), "{}", outcome.shown());
    let folder = tempfile::tempdir().unwrap();
    let program = coax(&["--max-size", "100k", "-o", "x", &url]).dir(folder.path());
    program.run().fails(4, "more than the allowed 102400 bytes");
    assert_eq!(names(folder.path()), [""; 0]);
}
