//! `coax chat serve` as whoever runs it sees it: metrics, log, reload, certificates, the end.
//!
//! The metrics are read by Prometheus's own parser where there is one, certificates are looked at
//! with openssl, the page's WebSocket is opened by hand.
//!
//! What the rules are is the library's business; here they are seen at work.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::process::Signal;
use testkit::{Program, Running, peer_or_skip};

const CHEAP: &str = "[accounts]\npassword-memory = 8\npassword-passes = 1\n";
const ENOUGH: Duration = Duration::from_secs(20);

struct Server {
    running: Running,
    place: tempfile::TempDir,
}

impl Server {
    fn start(settings: &str, flags: &[&str]) -> Server {
        let place = tempfile::tempdir().unwrap();
        let file = place.path().join("chat.toml");
        fs::write(&file, settings).unwrap();
        let running = Program::new(env!("CARGO_BIN_EXE_coax"))
            .args(["chat", "serve", "--listen", "127.0.0.1:0", "--config"])
            .arg(file)
            .arg("--data")
            .arg(place.path().join("data"))
            .args(flags)
            .start();
        Server { running, place }
    }

    fn ready(settings: &str) -> Server {
        let server = Server::start(settings, &["-v"]);
        server.running.listening();
        server
    }

    fn file(&self) -> PathBuf {
        self.place.path().join("chat.toml")
    }

    fn call(&self) -> Person {
        let stream = TcpStream::connect(("127.0.0.1", self.running.port())).unwrap();
        stream.set_read_timeout(Some(ENOUGH)).unwrap();
        Person { lines: BufReader::new(stream) }
    }

    fn join(&self, nick: &str) -> Person {
        let mut person = self.call();
        person.say(&format!("NICK {nick}\r\nUSER u 0 * :r"));
        person.hear(" 422 ");
        person
    }

    /// The answer to a GET, head and all.
    fn get(&self, path: &str, headers: &str) -> String {
        let mut caller = self.call();
        caller.say(&format!("GET {path} HTTP/1.1\r\nHost: h\r\nConnection: close\r\n{headers}"));
        let mut answer = String::new();
        caller.lines.read_to_string(&mut answer).unwrap();
        answer
    }

    /// The value of a sample.
    fn sample(&self, name: &str) -> f64 {
        let page = self.get("/metrics", "");
        let line = page.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
        line.unwrap_or_else(|| panic!("no {name} in {page}")).parse().unwrap()
    }

    /// The subject of the certificate that it shows.
    fn subject(&self, openssl: &Path) -> String {
        let address = format!("127.0.0.1:{}", self.running.port());
        let shown = Program::new(openssl).args(["s_client", "-connect", &address]).run_with("");
        let line = shown.out();
        let line = line.lines().find(|line| line.contains("subject=")).unwrap_or_default();
        line.to_owned()
    }
}

struct Person {
    lines: BufReader<TcpStream>,
}

impl Person {
    fn say(&mut self, line: &str) {
        self.lines.get_mut().write_all(format!("{line}\r\n").as_bytes()).unwrap();
    }

    fn hear(&mut self, part: &str) -> String {
        loop {
            let mut line = String::new();
            assert!(self.lines.read_line(&mut line).unwrap() > 0, "the end, before {part:?}");
            if line.contains(part) {
                return line.trim_end().to_owned();
            }
        }
    }
}

#[test]
fn what_happens_is_counted() {
    let settings = format!("[operators]\nroot = \"secret\"\n{CHEAP}");
    let server = Server::ready(&settings);
    let (mut ada, mut bob) = (server.join("ada"), server.join("bob"));
    ada.say("JOIN #lobby");
    ada.hear(" 366 ");
    bob.say("JOIN #lobby");
    bob.hear(" 366 ");
    bob.say("PRIVMSG #lobby :one\r\nPRIVMSG #lobby :two\r\nOPER root wrong");
    bob.hear(" 464 ");
    bob.say("QUIT :bye");
    ada.hear("QUIT");
    let mut plain = server.call();
    plain.say("hello");
    plain.hear("in #lobby");
    for (name, value) in [
        ("coax_chat_connections{protocol=\"irc\",tls=\"no\",state=\"registered\"}", 1.0),
        ("coax_chat_connections{protocol=\"plain\",tls=\"no\",state=\"registered\"}", 1.0),
        ("coax_chat_connections_accepted_total{protocol=\"irc\",tls=\"no\"}", 2.0),
        ("coax_chat_clients", 2.0),
        ("coax_chat_channels", 1.0),
        ("coax_chat_clients_left_total{reason=\"quit\"}", 1.0),
        ("coax_chat_clients_left_total{reason=\"lost\"}", 0.0),
        ("coax_chat_messages_total", 3.0),
        ("coax_chat_passwords_total{means=\"oper\",outcome=\"wrong\"}", 1.0),
        ("coax_chat_store_changes_total{outcome=\"lost\"}", 0.0),
        ("coax_chat_reloads_total{outcome=\"done\"}", 0.0),
    ] {
        assert_eq!(server.sample(name), value, "{name}");
    }
    assert!(server.sample("coax_chat_hub_step_seconds_count") >= 10.0);
    assert!(server.sample("coax_chat_http_requests_total{code=\"200\"}") >= 11.0);
}

#[test]
fn prometheus_can_read_it() {
    // `pip install prometheus_client`, or any python3 that has it.
    let reader = "import sys; from prometheus_client.parser import text_string_to_metric_families \
        as families; print(len(list(families(sys.stdin.read()))))";
    let Some(python) = peer_or_skip("python3") else { return };
    let probe = Program::new(&python).args(["-c", "import prometheus_client"]).run();
    if probe.code() != 0 {
        return testkit::skip("pip install prometheus_client");
    }
    let server = Server::ready("");
    let answer = server.get("/metrics", "");
    let (head, page) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("text/plain; version=0.0.4"), "{head}");
    let read = Program::new(python).args(["-c", reader]).run_with(page);
    assert_eq!(read.shows("").out().trim(), page.matches("# TYPE").count().to_string());
}

#[test]
fn every_family_has_help_and_a_type_and_counters_end_in_total() {
    let server = Server::ready("");
    let page = server.get("/metrics", "");
    let types = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    let mut count = 0;
    for (name, kind) in types.filter_map(|line| line.split_once(' ')) {
        assert!(page.contains(&format!("# HELP {name} ")), "{name} has no help");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name} is a {kind}");
        assert!(name.starts_with("coax_chat_") || name.starts_with("process_"), "{name}");
        count += 1;
    }
    assert!(count > 20, "{page}");
}

#[test]
fn what_a_web_server_passes_on_is_not_of_this_machine() {
    let server = Server::ready("");
    let refused = server.get("/metrics", "X-Forwarded-For: 203.0.113.1\r\n");
    assert!(refused.starts_with("HTTP/1.1 403"), "{refused}");
    fs::write(server.file(), "[listen]\nmetrics = [\"*\"]").unwrap();
    server.running.signal(Signal::HUP);
    server.running.expect_err("listen.metrics changed");
    let seen = server.get("/metrics", "X-Forwarded-For: 203.0.113.1\r\n");
    assert!(seen.starts_with("HTTP/1.1 200"), "{seen}");
}

#[test]
fn the_log_tells_who_came_and_went_and_why() {
    let settings = format!("[operators]\nroot = \"hush-oper\"\n{CHEAP}");
    let server = Server::ready(&settings);
    let (mut ada, mut eve) = (server.join("ada"), server.join("eve"));
    server.running.expect_err("ada came in from 127.0.0.1 by irc");
    ada.say("NS REGISTER hush-account");
    server.running.expect_err("account ada was made by ada from 127.0.0.1");
    ada.say("OPER root hush-wrong");
    server.running.expect_err("wrong password for \"root\" (oper) by ada from 127.0.0.1");
    ada.say("OPER root hush-oper");
    server.running.expect_err("ada from 127.0.0.1 is an operator now, by the name of \"root\"");
    ada.say("KLINE 5 eve!*@* :no\x1b[2Jmore");
    server.running.expect_err("says ada from 127.0.0.1: \"no\\u{1b}[2Jmore\"; put out: 1");
    eve.hear("ERROR");
    server.running.expect_err("eve from 127.0.0.1 left after 0 s: kept-out, ");
    drop(server.call());
    server.running.expect_err("was turned away: it broke off");
    server.running.signal(Signal::TERM);
    let log = server.running.wait().err();
    assert!(log.contains("the end; told to 1 connected: \"The server ends\""), "{log}");
    assert!(!log.contains("hush") && !log.contains('\x1b'), "{log}");
}

#[test]
fn without_v_the_log_is_silent_about_guests() {
    let server = Server::start("", &[]);
    server.running.listening();
    let mut zoe = server.join("zoe");
    zoe.say("QUIT");
    zoe.hear("ERROR");
    server.running.signal(Signal::TERM);
    let log = server.running.wait().err();
    assert!(log.contains("the end; told to 0") && !log.contains("127.0.0.1 "), "{log}");
    assert!(!log.contains("zoe"), "{log}");
}

#[test]
fn events_are_json_and_in_the_schema() {
    let server = Server::start("", &["--json"]);
    server.running.expect_out("\"event\":\"chat-started\"");
    let heard = server.running.out();
    let listening = heard.lines().find(|line| line.contains("\"listening\"")).unwrap();
    let listening = serde_json::from_str::<serde_json::Value>(listening).unwrap();
    let address = listening["address"].as_str().unwrap().to_owned();
    let mut ada = Person { lines: BufReader::new(TcpStream::connect(address).unwrap()) };
    ada.say("NICK ada\r\nUSER u 0 * :r\r\nQUIT :bye");
    ada.hear("ERROR");
    server.running.expect_out("\"event\":\"chat-left\"");
    fs::write(server.file(), "[limits]\n sendk = 1").unwrap();
    server.running.signal(Signal::HUP);
    server.running.expect_out("\"event\":\"chat-reload\"");
    server.running.expect_out("\"event\":\"chat-certificate\"");
    server.running.signal(Signal::TERM);
    let out = server.running.wait().out();
    let schema = Program::new(env!("CARGO_BIN_EXE_coax")).arg("schema").run().out();
    let schema = serde_json::from_str::<serde_json::Value>(&schema).unwrap();
    let mut names = Vec::new();
    for line in out.lines() {
        let event = serde_json::from_str::<serde_json::Value>(line).unwrap();
        let name = event["event"].as_str().unwrap().to_owned();
        let known = schema["$defs"][&name]["properties"].as_object();
        let known = known.unwrap_or_else(|| panic!("{name} is not in the schema"));
        assert!(event.as_object().unwrap().keys().all(|key| known.contains_key(key)), "{line}");
        if name == "chat-left" {
            assert_eq!((&event["nick"], &event["reason"]), (&"ada".into(), &"quit".into()));
            assert_eq!(event["message"], "Quit: bye");
        }
        if name == "chat-reload" {
            assert_eq!((&event["line"], &event["column"]), (&2.into(), &2.into()), "{line}");
        }
        names.push(name);
    }
    for name in ["chat-connected", "chat-registered", "chat-certificate", "chat-stopping"] {
        assert!(names.iter().any(|it| it == name), "no {name} among {names:?}");
    }
}

#[test]
fn rehash_tells_the_operator_what_counts_and_when() {
    let settings = "[operators]\nroot = \"secret\"\n";
    let server = Server::ready(settings);
    let mut root = server.join("root");
    root.say("OPER root secret");
    root.hear(" 381 ");
    let new =
        "[limits]\nsendq = 500000\n[server]\nmotd = [\"new\"]\n[listen]\nendpoints = [\":1\"]\n";
    fs::write(server.file(), format!("{new}{settings}")).unwrap();
    root.say("REHASH");
    let told = "server.motd changed; limits.sendq changed for those who come from now on; \
        listen.endpoints changed and waits for a restart";
    assert!(root.hear("read again").ends_with(told));
    server.running.expect_err(&format!("read the settings again: {told}"));
    fs::write(server.file(), format!("{settings}[limits]\nsendk = 1\n")).unwrap();
    root.say("REHASH");
    assert!(root.hear("old settings").ends_with("4:1: there is no setting 'limits.sendk'"));
    server.running.expect_err("chat.toml:4:1: there is no setting 'limits.sendk'");
    root.say("MOTD");
    root.hear(" 372 ");
}

/// Makes a certificate for a name; its files.
fn certificate(openssl: &Path, place: &Path, name: &str) -> (PathBuf, PathBuf) {
    let (chain, key) = (place.join("own.pem"), place.join("own.key"));
    let subject = format!("/CN={name}");
    let words = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
    let made = Program::new(openssl)
        .args(words)
        .args(["-subj", &subject, "-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(&key)
        .arg("-out")
        .arg(&chain)
        .run();
    assert_eq!(made.code(), 0, "{}", made.shown());
    (chain, key)
}

#[test]
fn a_certificate_that_is_replaced_is_shown_to_new_callers_and_a_broken_one_is_not() {
    let Some(openssl) = peer_or_skip("openssl") else { return };
    let place = tempfile::tempdir().unwrap();
    let (chain, key) = certificate(&openssl, place.path(), "first.example");
    let settings = format!(
        "[listen]\ncertificate = \"{}\"\ncertificate-key = \"{}\"\n",
        chain.display(),
        key.display()
    );
    let server = Server::ready(&settings);
    let mut ada = server.join("ada");
    assert!(server.subject(&openssl).contains("first.example"));
    certificate(&openssl, place.path(), "second.example");
    server.running.signal(Signal::HUP);
    server.running.expect_err("the certificate is a new one: ");
    assert!(server.subject(&openssl).contains("second.example"));
    fs::write(&chain, "rubbish").unwrap();
    server.running.signal(Signal::HUP);
    server.running.expect_err("no new certificate: the file of the certificate holds none");
    assert!(server.subject(&openssl).contains("second.example"));
    ada.say("PING here");
    ada.hear("PONG");
}

#[test]
fn everyone_is_told_of_the_end_whatever_they_speak() {
    let server = Server::ready("");
    let mut ada = server.join("ada");
    let mut plain = server.call();
    plain.say("hello");
    plain.hear("in #lobby");
    let mut page = server.call();
    page.say(
        "GET / HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n",
    );
    page.hear("101 ");
    server.running.signal(Signal::TERM);
    assert!(ada.hear("ERROR").ends_with("The server ends"));
    assert!(plain.hear("Closing").ends_with("The server ends"));
    let mut last = Vec::new();
    page.lines.read_to_end(&mut last).unwrap();
    // A close frame, and in it 1001: the endpoint goes away (RFC 6455 §7.4.1).
    assert!(last.ends_with(&[0x88, 2, 0x03, 0xe9]), "{last:x?}");
    assert!(server.running.ends_within(ENOUGH));
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let server = Server::ready("[limits]\nsendq = 100000000\nflood-burst = 0");
    let mut deaf = server.join("deaf");
    deaf.say("JOIN #c");
    deaf.hear(" 366 ");
    let mut ada = server.join("ada");
    ada.say("JOIN #c");
    ada.hear(" 366 ");
    // More than every buffer on the way holds, so that the farewell has to wait for it.
    let line = format!("PRIVMSG #c :{}", "x".repeat(400));
    for _ in 0..30_000 {
        ada.say(&line);
    }
    ada.say("PING here");
    ada.hear("PONG");
    server.running.signal(Signal::TERM);
    server.running.expect_err("the end; told to 2");
    server.running.signal(Signal::TERM);
    assert!(server.running.ends_within(Duration::from_secs(2)));
}

#[test]
fn an_operator_ends_it_and_that_is_a_success() {
    let server = Server::ready("[operators]\nroot = \"secret\"");
    let mut root = server.join("root");
    root.say("OPER root secret\r\nDIE");
    assert!(root.hear("ERROR").contains("An operator ended the server"));
    assert_eq!(server.running.wait().code(), 0);
}

#[test]
fn a_guest_over_tls_believes_whom_they_are_told_to() {
    let server = Server::ready("");
    server.running.expect_err("TLS is spoken, with the certificate ");
    let print = server.running.expect_part("TLS is spoken, with the certificate ");
    let print = print.split_whitespace().next_back().unwrap().to_owned();
    let place = format!("ircs://localhost:{}/#lobby", server.running.port());
    let join = |flags: &[&str]| {
        let words = ["chat", "join", &place, "--once", "--nick", "ada"];
        Program::new(env!("CARGO_BIN_EXE_coax")).args(words).args(flags).run_with("hello\n")
    };
    let told = join(&[]);
    assert_eq!(told.code(), 4);
    assert!(told.err().contains("nobody this machine trusts signed its certificate"));
    assert!(told.err().contains(&format!("--fingerprint {print}")), "{}", told.err());
    let kept = server.place.path().join("data/certificate.pem").display().to_string();
    for flags in [&["--fingerprint", &print][..], &["--ca", &kept], &["--insecure"]] {
        assert_eq!(join(flags).code(), 0, "{flags:?}");
    }
    let wrong = join(&["--fingerprint", &"ab".repeat(32)]);
    assert_eq!(wrong.code(), 4);
    assert!(wrong.err().contains("its certificate has another fingerprint"), "{}", wrong.err());
    assert_eq!(join(&["--fingerprint", "12"]).code(), 2);
    // Nobody is let believe in a certificate where there is none.
    let plain = place.replace("ircs://", "irc://");
    let words = ["chat", "join", &plain, "--once", "--fingerprint", &print];
    let refused = Program::new(env!("CARGO_BIN_EXE_coax")).args(words).run_with("hello\n");
    refused.fails(2, "--fingerprint is for TLS, and none is spoken");
}

#[test]
fn a_log_that_was_moved_away_is_begun_again_at_sighup() {
    let place = tempfile::tempdir().unwrap();
    let log = place.path().join("chat.log");
    let server = Server::start("", &["-v", "--log", &log.display().to_string()]);
    server.running.listening();
    server.join("ada");
    let has = |file: &Path, part: &str| {
        let late = std::time::Instant::now() + ENOUGH;
        while !fs::read_to_string(file).unwrap_or_default().contains(part) {
            assert!(std::time::Instant::now() < late, "no {part} in {}", file.display());
            std::thread::yield_now();
        }
    };
    has(&log, " ada ");
    let old = place.path().join("chat.log.1");
    fs::rename(&log, &old).unwrap();
    server.running.signal(Signal::HUP);
    has(&log, "read the settings again");
    server.join("bob");
    has(&log, " bob ");
    assert!(!fs::read_to_string(&old).unwrap().contains(" bob "));
    let nowhere = place.path().join("none/chat.log").display().to_string();
    let outcome = Program::new(env!("CARGO_BIN_EXE_coax"))
        .args(["chat", "serve", "--listen", "127.0.0.1:0", "--log", &nowhere])
        .run();
    outcome.fails(5, &format!("cannot write the log to {nowhere}: no such file"));
}

/// A service manager's side of sd_notify(3): what comes, one datagram a line.
const MANAGER: &str = "
import os, signal, socket, subprocess
name = '\\0coax-test-%d' % os.getpid()
ear = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
ear.bind(name)
ear.settimeout(20)
env = dict(os.environ, NOTIFY_SOCKET='@' + name[1:], WATCHDOG_USEC='300000')
server = subprocess.Popen(sys.argv[1:], env=env)
env.pop('WATCHDOG_USEC')
def until(wanted):
    while True:
        said = ear.recv(4096).decode()
        if said.startswith(wanted):
            return said
until('READY=1')
until('WATCHDOG=1')
server.send_signal(signal.SIGHUP)
assert 'MONOTONIC_USEC=' in until('RELOADING=1')
until('READY=1')
until('WATCHDOG=1')
server.send_signal(signal.SIGTERM)
until('STOPPING=1')
server.wait(20)
print('all of it')
";

#[test]
fn a_service_manager_hears_how_the_server_is() {
    let place = tempfile::tempdir().unwrap();
    let data = place.path().join("data").display().to_string();
    let coax = env!("CARGO_BIN_EXE_coax");
    let words = [coax, "chat", "serve", "--listen", "127.0.0.1:0", "--data", &data];
    let Some(manager) = testkit::python(MANAGER, words) else { return };
    assert!(manager.wait().exits(0).out().contains("all of it"));
}
