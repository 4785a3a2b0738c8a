//! Rules change while a connection stands, and it stands on.
//!
//! A broken edit keeps the old rules and says where it is broken. Readiness is the line that says
//! that the rules were read.
//!
//! Nothing here tests what the rules say.

use std::fs;

use rustix::process::Signal;
use testkit::{Program, Wires, python};

use super::{Rules, coax, gets};

#[test]
fn a_connection_gets_the_new_replies() {
    let rules = Rules::new("t.csv", "a,one\nb,bee\n");
    let (stub, mut wire) = rules.connected(&[]);
    gets(&mut wire, "a", "one");
    gets(&mut wire, "b", "bee");
    rules.becomes("b,bee\na,two\nc,three\n");
    stub.expect_err("t.csv: read again, 3 rules");
    gets(&mut wire, "a", "two");
    gets(&mut wire, "c", "three");
    stub.signal(Signal::TERM);
    let outcome = stub.wait().exits(143);
    // The counts of rows that stayed went on.
    assert!(
        outcome.out().starts_with("2  \"a\" (line 2)\n1  \"b\" (line 1)\n1  \"c\""),
        "{}",
        outcome.out()
    );
}

#[test]
fn a_broken_edit_keeps_the_old_rules_and_says_where() {
    let good = "[[rule]]\nexact = 'a'\nreply = 'one'\n";
    let rules = Rules::new("r.toml", good);
    let (stub, mut wire) = rules.connected(&[]);
    gets(&mut wire, "a", "one");
    rules.becomes(&format!("{good}[[rule]]\nexact = 'b'\nreplay = 'two'\n"));
    stub.expect_err("r.toml:6:1: expected one of name");
    stub.expect_err(" 6 | replay = 'two'\n   | ^^^^^^\nthe old rules stay\n");
    gets(&mut wire, "a", "one");
    let mut newcomer = Wires::Tcp.connect(&stub.listening());
    gets(&mut newcomer, "a", "one");
    rules.becomes(&good.replace("one", "two"));
    stub.expect_err("read again, 1 rule");
    gets(&mut wire, "a", "two");
}

#[test]
fn a_file_that_is_gone_keeps_the_rules() {
    let rules = Rules::new("t.csv", "a,one\n");
    let (stub, mut wire) = rules.connected(&[]);
    fs::remove_file(&rules.path).unwrap();
    stub.expect_err("cannot be read: no such file");
    gets(&mut wire, "a", "one");
    rules.becomes("a,two\n");
    stub.expect_err("read again, 1 rule");
    gets(&mut wire, "a", "two");
}

#[test]
fn a_reply_that_is_a_file_follows_the_file() {
    let rules = Rules::new("r.toml", "[[rule]]\nexact = 'a'\nfile = 'page'\n");
    fs::write(rules.file("page"), "old").unwrap();
    let (stub, mut wire) = rules.connected(&[]);
    gets(&mut wire, "a", "old");
    fs::write(rules.file("page"), "newer").unwrap();
    stub.expect_err("read again, 1 rule");
    gets(&mut wire, "a", "newer");
}

#[test]
fn datagrams_get_the_new_replies_and_refuse_what_needs_a_connection() {
    let rules = Rules::new("r.toml", "[[rule]]\nexact = 'a'\nreply = 'one'\n");
    let stub = rules.serve("udp://127.0.0.1:0", &[]);
    let script = "
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b'a', ('127.0.0.1', int(sys.argv[1])))
say(s.recv(1024).decode())
";
    let port = stub.port().to_string();
    rules.becomes("[[rule]]\nexact = 'a'\nreply = 'two'\nthen = 'close'\n");
    stub.expect_err("line 1: 'then' needs connections");
    let Some(client) = python(script, [&port]) else { return };
    client.wait().exits(0).prints("one\n");
    rules.becomes("[[rule]]\nexact = 'a'\nreply = 'three'\n");
    stub.expect_err("read again, 1 rule");
    let Some(client) = python(script, [&port]) else { return };
    client.wait().exits(0).prints("three\n");
}

#[test]
fn rules_come_through_a_pipe_once_and_waiting_for_them_is_told() {
    let rules = Rules::new("t.csv", "");
    let pipe = rules.file("pipe");
    Program::new("mkfifo").arg(&pipe).run().exits(0);
    let stub = coax(&["stub", "--format", "csv", &pipe, "127.0.0.1:0"]).start();
    stub.expect_err(&format!("coax: reading rules from {pipe}, which is no file, until it ends\n"));
    fs::write(&pipe, "a,one\n").unwrap();
    let mut wire = Wires::Tcp.connect(&stub.listening());
    gets(&mut wire, "a", "one");
    stub.signal(Signal::TERM);
    let outcome = stub.wait().exits(143);
    assert!(!outcome.err().contains("read again"), "{}", outcome.shown());
}
