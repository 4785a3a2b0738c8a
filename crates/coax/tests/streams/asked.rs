//! `ask` of servers that greet, that wait for the end, and in the words that `nc` takes.

use testkit::{peer_or_skip, python};

use super::{coax, event};

/// Answers once it has heard all.
const WAITS: &str = "
s = listen()
c, _ = s.accept()
got = b''
while (d := c.recv(9)): got += d
c.sendall(b'all of ' + got)
c.close()
";

/// Greets in two lines, then answers.
const GREETS: &str = "
s = listen()
c, _ = s.accept()
c.sendall(b'220-hello\\r\\n220 there\\r\\n')
c.sendall(b'250 ' + c.recv(99))
c.close()
";

#[test]
fn a_server_that_waits_for_the_end_answers_a_half_close() {
    let Some(peer) = python(WAITS, [""]) else { return };
    let port = peer.port().to_string();
    let args = ["ask", "127.0.0.1", &port, "it", "--half-close"];
    coax(&args).run().exits(0).prints("all of it\n");
}

#[test]
fn socats_command_answers_a_half_close() {
    let Some(socat) = peer_or_skip("socat") else { return };
    let listen = ["-d", "-d", "TCP-LISTEN:0,bind=127.0.0.1", "SYSTEM:sort"];
    let peer = testkit::Program::new(socat).args(listen).start();
    let port = peer.expect_part("listening on AF=2 127.0.0.1:");
    let args = ["ask", "127.0.0.1", &port, "b\na", "--half-close", "--framing", "raw"];
    let out = coax(&args).run().exits(0).out();
    assert_eq!(out.lines().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn a_greeting_is_no_reply() {
    let Some(peer) = python(GREETS, [""]) else { return };
    let endpoint = format!("127.0.0.1:{}", peer.port());
    let args = ["ask", &endpoint, "HELO me", "--framing", "crlf", "--greeting", "--json"];
    let out = coax(&args).run().exits(0).out();
    assert_eq!(event(&out, "greeting")["text"], "220-hello\r\n220 there\r\n");
    assert_eq!(event(&out, "reply")["text"], "250 HELO me");
}

#[test]
fn what_needs_a_connection_is_refused_for_datagrams() {
    for flag in ["--half-close", "--greeting"] {
        coax(&["ask", "udp://127.0.0.1:9", "x", flag]).run().fails(2, flag);
    }
}
