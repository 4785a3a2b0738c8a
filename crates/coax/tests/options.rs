//! Every option of an endpoint, over every kind of endpoint, with every verb: it has an effect that
//! `--trace` shows, or it is refused in one line.
//!
//! The options come from their definition: a new one without a line here fails. The flags of the
//! verbs have a table of their own beside their definition.

use coax_addr::Options;
use rustix::process::Signal;
use testkit::{Outcome, Program};

/// What an option does where it is taken, and a value for it.
struct Line {
    name: &'static str,
    value: &'static str,
    /// The kinds of endpoint that take it.
    kinds: &'static [&'static str],
    /// What a trace shows when it is set while connecting, and while listening; nothing: refused.
    connecting: Option<&'static str>,
    listening: Option<&'static str>,
}

const IP: &[&str] = &["tcp", "udp"];
const TCP: &[&str] = &["tcp"];
const UDP: &[&str] = &["udp"];
const FILES: &[&str] = &["unix", "unix-dgram", "unix-seqpacket"];
const ALL: &[&str] = &["tcp", "udp", "unix", "unix-dgram", "unix-seqpacket", "abstract"];

#[rustfmt::skip]
const LINES: [Line; 14] = [
    Line { name: "bind", value: "127.0.0.1", kinds: IP, connecting: Some("bind("), listening: None },
    Line { name: "join", value: "239.1.2.3", kinds: UDP, connecting: None, listening: Some("IP_ADD_MEMBERSHIP, 239.1.2.3") },
    Line { name: "interface", value: "lo", kinds: IP, connecting: Some("SO_BINDTODEVICE, lo"), listening: Some("SO_BINDTODEVICE, lo") },
    Line { name: "ttl", value: "9", kinds: IP, connecting: Some("IP_TTL, 9"), listening: Some("IP_TTL, 9") },
    Line { name: "nodelay", value: "yes", kinds: TCP, connecting: Some("TCP_NODELAY, on"), listening: Some("TCP_NODELAY, on") },
    Line { name: "keepalive", value: "yes", kinds: TCP, connecting: Some("SO_KEEPALIVE, on"), listening: Some("SO_KEEPALIVE, on") },
    Line { name: "broadcast", value: "yes", kinds: UDP, connecting: Some("SO_BROADCAST, on"), listening: Some("SO_BROADCAST, on") },
    Line { name: "reuseaddr", value: "yes", kinds: IP, connecting: Some("SO_REUSEADDR, on"), listening: Some("SO_REUSEADDR, on") },
    Line { name: "reuseport", value: "yes", kinds: IP, connecting: Some("SO_REUSEPORT, on"), listening: Some("SO_REUSEPORT, on") },
    Line { name: "sndbuf", value: "8192", kinds: ALL, connecting: Some("SO_SNDBUF, 8192"), listening: Some("SO_SNDBUF, 8192") },
    Line { name: "rcvbuf", value: "8192", kinds: IP, connecting: Some("SO_RCVBUF, 8192"), listening: Some("SO_RCVBUF, 8192") },
    Line { name: "mode", value: "0600", kinds: FILES, connecting: None, listening: Some("chmod(") },
    Line { name: "owner", value: "0", kinds: FILES, connecting: None, listening: Some("fchown(") },
    Line { name: "group", value: "0", kinds: FILES, connecting: None, listening: Some("fchown(") },
];

fn coax(args: &[&str]) -> Program {
    Program::new(env!("CARGO_BIN_EXE_coax")).args(args)
}

/// A place of this kind: a port where nobody listens, a name that nobody has.
fn place(kind: &str, folder: &std::path::Path, port: u16) -> String {
    let path = folder.join("socket").display().to_string();
    match kind {
        "tcp" => format!("127.0.0.1:{port}"),
        "udp" => format!("udp://127.0.0.1:{port}"),
        "abstract" => format!("@{path}"),
        kind => format!("{kind}:{path}"),
    }
}

#[test]
fn every_option_that_there_is_stands_here() {
    let here: Vec<_> = LINES.iter().map(|line| line.name).collect();
    assert_eq!(Options::names().collect::<Vec<_>>(), here);
}

/// Walks the table with a verb that connects; `words` puts an endpoint among its arguments.
fn connecting(kinds: &[&str], words: impl Fn(&str) -> Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    for line in &LINES {
        for kind in kinds {
            let place = place(kind, folder.path(), testkit::unused_port());
            let place = format!("{place}?{}={}", line.name, line.value);
            let outcome = coax(&["--trace"]).args(words(&place)).run();
            let taken = line.connecting.filter(|_| line.kinds.contains(kind));
            judge(outcome, taken, line.name, &place);
        }
    }
}

fn judge(outcome: Outcome, taken: Option<&str>, name: &str, place: &str) {
    let told = outcome.err();
    match taken {
        Some(shown) => assert!(told.contains(shown), "{place}: no {shown} in\n{told}"),
        None => {
            let about = told.lines().filter(|line| line.contains(name)).count();
            assert_eq!((outcome.code(), about), (2, 1), "{place}:\n{told}");
        }
    }
}

/// Walks the table with a verb that listens.
fn listening(kinds: &[&str], words: impl Fn(&str) -> Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    for line in &LINES {
        for kind in kinds {
            let place = place(kind, folder.path(), 0);
            let place = format!("{place}?{}={}", line.name, line.value);
            let taken = line.listening.filter(|_| line.kinds.contains(kind));
            let Some(shown) = taken else {
                judge(coax(&[]).args(words(&place)).run(), None, line.name, &place);
                continue;
            };
            let running = coax(&["--trace"]).args(words(&place)).start();
            running.expect_err("listening on");
            if line.name == "sndbuf" && *kind != "tcp" && !kind.ends_with("udp") {
                // A Unix connection takes nothing over from its listener.
                let address = place.split_once('?').map_or("", |(address, _)| address);
                let _ = coax(&["connect", address, "--on-eof", "close"]).run_with("");
            }
            running.expect_err(shown);
            running.signal(Signal::TERM);
        }
    }
}

fn words(before: &[&str], place: &str, after: &[&str]) -> Vec<String> {
    let all = before.iter().copied().chain([place]).chain(after.iter().copied());
    all.map(str::to_owned).collect()
}

#[test]
fn connect_sets_or_refuses_every_option() {
    connecting(ALL, |place| words(&["connect"], place, &["--on-eof", "close"]));
}

#[test]
fn ask_sets_or_refuses_every_option() {
    connecting(ALL, |place| words(&["ask"], place, &["hello", "--wait", "10ms"]));
}

#[test]
fn wait_sets_or_refuses_every_option() {
    connecting(ALL, |place| words(&["wait"], place, &["--timeout", "10ms"]));
}

#[test]
fn listen_sets_or_refuses_every_option() {
    listening(ALL, |place| words(&["listen"], place, &[]));
}

#[test]
fn stub_sets_or_refuses_every_option() {
    let folder = tempfile::tempdir().expect("a folder");
    let rules = folder.path().join("rules.csv");
    std::fs::write(&rules, "a,b\n").unwrap();
    let rules = rules.display().to_string();
    listening(ALL, |place| words(&["stub", &rules], place, &[]));
}

#[test]
fn chat_serve_sets_or_refuses_every_option() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().display().to_string();
    listening(&["tcp", "unix"], |place| {
        words(&["chat", "serve", "--data", &data, "--listen"], place, &[])
    });
}

#[test]
fn chat_join_sets_or_refuses_every_option() {
    connecting(&["tcp", "unix"], |place| words(&["chat", "join"], &format!("{place}/#lobby"), &[]));
}

#[test]
fn get_sets_or_refuses_every_option_of_where_it_connects() {
    connecting(&["tcp", "unix"], |place| {
        words(&["get", "--via"], place, &["http://localhost/", "--retries", "0"])
    });
}
