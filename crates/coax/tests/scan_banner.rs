//! `coax scan --banner`: what the table and the events say of servers that nobody here wrote.
//!
//! Each test has a machine of its own, a network namespace with nothing but a loopback.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]

#[path = "scan_banner/servers.rs"]
mod servers;

use std::path::Path;

use serde_json::Value;
use testkit::{Namespace, Outcome, Running, peer_or_skip};

const COAX: &str = env!("CARGO_BIN_EXE_coax");

fn scan(machine: &Namespace, words: &[&str]) -> Outcome {
    let program = machine.program(COAX).args(["scan", "127.0.0.1", "-p", "2001-2002"]);
    program.args(words).run().exits(0)
}

#[test]
fn a_server_is_named_by_what_it_says_and_not_by_its_port() {
    let Some(machine) = Namespace::or_skip() else { return };
    let Some(python) = peer_or_skip("python3") else { return };
    let server = machine.program(python).args(["-u", "-m", "http.server", "2001"]).start();
    server.expect_out("Serving HTTP");
    let guess = scan(&machine, &[]);
    assert!(!guess.out().contains("http"), "{}", guess.shown());

    let told = scan(&machine, &["--banner"]);
    let row = told.out();
    assert!(row.contains(" http ") && row.contains("SimpleHTTP"), "{}", told.shown());
    assert_eq!(row.lines().count(), 1, "{}", told.shown());

    let told = scan(&machine, &["--banner", "--json"]);
    let event: Value = serde_json::from_str(told.out().lines().next().unwrap()).unwrap();
    assert_eq!((&event["service"], &event["port"]), (&"http".into(), &2001.into()));
    assert_eq!(event["identity"]["identified"], true);
}

#[test]
fn a_server_that_says_nothing_keeps_its_guess_and_holds_nobody_up() {
    let Some(machine) = Namespace::or_skip() else { return };
    let _server = machine.listens(&[2001, 2002]);
    let told = scan(&machine, &["--banner", "--json"]);
    let ports = told.out().lines().filter(|line| line.contains("\"identified\":false")).count();
    assert_eq!(ports, 2, "{}", told.shown());
}

/// Sends these bytes to whoever comes, and closes.
const GREETS: &str = "import socket, sys
server = socket.create_server(('127.0.0.1', int(sys.argv[1])))
print('up', flush=True)
while True:
    client, _ = server.accept()
    client.sendall(eval(sys.argv[2]))
    client.close()";

fn greets(machine: &Namespace, python: &Path, port: &str, bytes: &str) -> Running {
    let server = machine.program(python).args(["-u", "-c", GREETS, port, bytes]).start();
    server.expect_out("up\n");
    server
}

/// A server with TLS and a certificate for two names and an address.
fn speaks_tls(machine: &Namespace, folder: &Path) -> Option<Running> {
    let openssl = peer_or_skip("openssl")?;
    let make = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj \
                /CN=a.test -addext subjectAltName=DNS:a.test,DNS:b.test,IP:127.0.0.1 \
                -out cert.pem -keyout cert.key";
    machine.program(&openssl).args(make.split_whitespace()).dir(folder).run().exits(0);
    let serve = ["s_server", "-accept", "2004", "-cert", "cert.pem", "-key", "cert.key", "-www"];
    let server = machine.program(&openssl).args(serve).dir(folder).start();
    server.expect_out("ACCEPT");
    Some(server)
}

#[test]
fn the_files_say_what_was_heard_and_what_is_a_guess() {
    let Some(machine) = Namespace::or_skip() else { return };
    let (Some(python), Some(_)) = (peer_or_skip("python3"), peer_or_skip("xmllint")) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let _ssh = greets(&machine, &python, "2001", "b'SSH-2.0-OpenSSH_9.2p1 Debian-2\\r\\n'");
    let _hostile = greets(&machine, &python, "53", "b'\\x00<&\"/,\\x1b[2J\\xff\\r\\n'");
    let _silent = machine.listens(&[21]);
    let Some(_tls) = speaks_tls(&machine, folder.path()) else { return };
    let words = ["scan", "127.0.0.1", "-p", "21,53,2001-2005", "--banner"];
    let files = ["--xml", "out.xml", "--grep", "out.grep"];
    machine.program(COAX).args(words).args(files).dir(folder.path()).run().exits(0);
    let xml = std::fs::read_to_string(folder.path().join("out.xml")).unwrap();
    let ssh = "product=\"OpenSSH\" version=\"9.2p1\" extrainfo=\"Debian-2\"";
    for part in [
        &format!("<service name=\"ssh\" {ssh} method=\"probed\" conf=\"10\"/>"),
        "<script id=\"banner\" output=\"SSH-2.0-OpenSSH_9.2p1 Debian-2\"/>",
        "<service name=\"unknown\" method=\"table\" conf=\"3\"/>",
        "<script id=\"banner\" output=\"\\x00&lt;&amp;&quot;/,\\x1B[2J\u{fffd}\"/>",
        "<service name=\"http\" tunnel=\"ssl\" method=\"probed\" conf=\"10\"/>",
        "output=\"Subject: commonName=a.test&#10;Subject Alternative Name: DNS:a.test, DNS:b.test, \
         IP Address:127.0.0.1&#10;Not valid after:  20",
        "<table key=\"subject\"><elem key=\"commonName\">a.test</elem></table>",
        "<service name=\"ftp\" method=\"table\" conf=\"3\"/></port>",
    ] {
        assert!(xml.contains(part), "no {part} in {xml}");
    }
    let grep = std::fs::read_to_string(folder.path().join("out.grep")).unwrap();
    let ports = "Ports: 21/open/tcp//ftp?///, 53/open/tcp//unknown?///, \
                 2001/open/tcp//ssh//OpenSSH 9.2p1 (Debian-2)/, 2004/open/tcp//ssl|http///\t";
    assert!(grep.contains(ports), "{grep}");
    let grammar = Path::new("/usr/share/nmap/nmap.dtd");
    if !grammar.is_file() {
        return testkit::skip("nmap's grammar is missing: apt-get install nmap-common");
    }
    let check = machine.program("xmllint").args(["--noout", "--dtdvalid"]).arg(grammar);
    check.arg(folder.path().join("out.xml")).run().exits(0);
}
