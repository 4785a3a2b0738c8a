//! `coax wait http://…`: the status is what counts.

use testkit::{Running, Wires, python};

use crate::{coax, events, waiting};

/// Answers each connection with the next status of the list, and says what was asked.
const STATUSES: &str = r#"
s = listen()
for status in sys.argv[1:]:
    c, _ = s.accept()
    asked = b""
    while b"\r\n\r\n" not in asked:
        asked += c.recv(4096)
    say(asked.decode())
    c.sendall(b"HTTP/1.1 " + status.encode() + b" Word\r\nContent-Length: 20000\r\n\r\n" + b"x" * 20000)
    say("ended with", c.recv(1))
"#;

fn serving(statuses: &[&str]) -> Option<(Running, String)> {
    let server = python(STATUSES, statuses)?;
    let place = format!("http://{}", server.listening());
    Some((server, place))
}

#[test]
fn a_server_that_is_not_ready_is_asked_again() {
    let Some((server, place)) = serving(&["503", "404", "200"]) else { return };
    let outcome = coax(&[&format!("{place}/health?deep=1#top"), "--json"]).run().exits(0);
    let events = events(&outcome);
    let reasons: Vec<_> = events.iter().filter_map(|event| event["reason"].as_str()).collect();
    let told =
        ["it answers with status 503", "it answers with status 404", "it answers with status 200"];
    assert_eq!(reasons, told, "{}", outcome.shown());
    assert_eq!((&events[2]["status"], &events[2]["attempts"]), (&200.into(), &3.into()));
    let said = server.wait().exits(0).out();
    let host = place.strip_prefix("http://").unwrap();
    assert!(said.starts_with("GET /health?deep=1 HTTP/1.1\r\n"), "{said}");
    assert!(said.contains(&format!("\r\nHost: {host}\r\n")), "{said}");
    // The rest of the answer was read, so the end is no reset.
    assert_eq!(said.matches("ended with b''").count(), 3, "{said}");
}

#[test]
fn a_status_can_be_chosen() {
    let Some((server, place)) = serving(&["200", "302", "418"]) else { return };
    coax(&[&place, "--status", "4xx"]).run().exits(0);
    server.wait().exits(0);
    let Some((server, place)) = serving(&["302"]) else { return };
    coax(&[&place]).run().exits(0);
    server.wait().exits(0);
}

#[test]
fn gone_is_another_status_too() {
    let Some((server, place)) = serving(&["200", "503"]) else { return };
    let outcome = coax(&["--gone", &place, "-v"]).run().exits(0);
    assert!(outcome.err().contains("is gone after "), "{}", outcome.shown());
    assert!(outcome.err().contains("it answers with status 503"), "{}", outcome.shown());
    server.wait().exits(0);
}

#[test]
fn a_server_that_does_not_answer_keeps_no_look_for_ever() {
    let port = Wires::Tcp.listen();
    let place = format!("http://{}/", port.endpoint);
    let coax = waiting(&[&place, "--look", "150ms", "--timeout", "1s"]);
    let outcome = coax.wait().exits(3);
    let words = "after 1 s: it does not answer the request";
    assert!(outcome.err().contains(words), "{}", outcome.shown());
}

#[test]
fn what_is_no_web_server_is_told() {
    let port = Wires::Tcp.listen();
    let place = format!("http://{}/", port.endpoint);
    let coax = coax(&[&place, "-v", "--timeout", "20s"]).start();
    let mut peer = port.accept();
    peer.say("220 smtp.example ESMTP\r\n");
    coax.expect_line(&format!("waiting for {place}: what it answers is not HTTP"));
    peer.hear_to_end();
    let mut peer = port.accept();
    peer.finish();
    peer.hear_to_end();
    coax.expect_line(&format!("waiting for {place}: closed without an answer"));
}
