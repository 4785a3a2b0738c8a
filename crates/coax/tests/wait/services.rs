//! Servers that accept before they serve, files, and what a page says.
//!
//! The servers are the real ones. What they say while they load is said by a script, because no
//! real server can be held in that state for as long as a test needs.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use testkit::{Program, Running, peer_or_skip, python, unused_port};

use crate::{coax, events, waiting};

/// A server that comes while it is waited for, and says that it serves.
fn serves(program: &str, words: &str, place: &str) {
    let Some(program) = peer_or_skip(program) else { return };
    let folder = tempfile::tempdir().unwrap();
    let coming = waiting(&[place]);
    let _server: Running = Program::new(program).args(words.split(' ')).dir(folder.path()).start();
    let outcome = coming.wait().exits(0);
    assert!(outcome.err().contains("it serves"), "{}", outcome.shown());
}

#[test]
fn redis_serves() {
    let port = unused_port();
    let words = format!("--bind 127.0.0.1 --port {port} --save ''");
    serves("redis-server", &words, &format!("redis://127.0.0.1:{port}"));
}

#[test]
fn redis_that_wants_a_password_serves() {
    let port = unused_port();
    let words = format!("--bind 127.0.0.1 --port {port} --requirepass secret");
    serves("redis-server", &words, &format!("redis://127.0.0.1:{port}"));
}

#[test]
fn memcached_serves() {
    let port = unused_port();
    let words = format!("-l 127.0.0.1 -p {port} -U 0 -u nobody");
    serves("memcached", &words, &format!("memcached://127.0.0.1:{port}"));
}

/// Debian keeps the server's programs out of `PATH`.
fn postgres(program: &str) -> Option<Program> {
    peer_or_skip("pg_lsclusters")?;
    let versions = fs::read_dir("/usr/lib/postgresql").unwrap();
    let path = versions.map(|version| version.unwrap().path().join("bin").join(program)).max();
    let path = path.unwrap();
    // It refuses to be root.
    if !rustix::process::geteuid().is_root() {
        return Some(Program::new(path));
    }
    let setpriv = Program::new(peer_or_skip("setpriv")?);
    let user = ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"];
    Some(setpriv.args(user).arg(path))
}

#[test]
fn postgresql_serves() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let data = folder.path().join("data").display().to_string();
    let Some(initdb) = postgres("initdb") else { return };
    let quick = ["-A", "trust", "--no-sync", "--no-instructions"];
    initdb.args(["-D", &data]).args(quick).dir(folder.path()).run().exits(0);
    let port = unused_port();
    let coming = waiting(&[&format!("postgres://127.0.0.1:{port}")]);
    let settings = ["-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories="];
    let Some(server) = postgres("postgres") else { return };
    let _server = server
        .args(["-D", &data, "-F", "-p", &port.to_string()])
        .args(settings)
        .dir(folder.path())
        .start();
    let outcome = coming.wait().exits(0);
    assert!(outcome.err().contains("it serves"), "{}", outcome.shown());
}

/// Answers the first connection with the first text of the list, and so on.
const LOADING: &str = r#"
s = listen()
for text in sys.argv[1:]:
    c, _ = s.accept()
    c.sendall(text.encode().decode("unicode_escape").encode("latin-1"))
    while c.recv(4096): pass
"#;

#[test]
fn a_server_that_loads_does_not_serve_yet() {
    let table = [
        ("redis", r"-LOADING Redis is loading\r\n", r"+PONG\r\n", "LOADING Redis is loading"),
        (
            "postgres",
            r"E\x00\x00\x00\x20SFATAL\x00C57P03\x00Mstarting up\x00\x00",
            r"R\x00\x00\x00\x08\x00\x00\x00\x00",
            "starting up",
        ),
        ("mysql", r"\x0b\x00\x00\x00\xff\x10\x04too many", r"\x4a\x00\x00\x00\x0a8.0", "too many"),
        ("memcached", r"SERVER_ERROR busy\r\n", r"VERSION 1\r\n", "SERVER_ERROR busy"),
    ];
    for (scheme, loading, ready, words) in table {
        let Some(server) = python(LOADING, [loading, ready]) else { return };
        let place = format!("{scheme}://{}", server.listening());
        let outcome = coax(&[&place, "--json"]).run().exits(0);
        let events = events(&outcome);
        let reasons: Vec<_> = events.iter().filter_map(|event| event["reason"].as_str()).collect();
        assert_eq!(reasons, [words, "it serves"], "{}", outcome.shown());
    }
}

#[test]
fn another_server_at_the_port_is_said() {
    let Some(server) = python(LOADING, [r"SSH-2.0-x\r\n"; 20]) else { return };
    let place = format!("redis://{}", server.listening());
    let outcome = coax(&[&place, "--timeout", "300ms"]).run().exits(3);
    assert!(outcome.err().contains("what it answers is not redis"), "{}", outcome.shown());
}

#[test]
fn a_file_appears_and_goes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ready");
    let place = format!("file:{}", path.display());
    let coming = waiting(&[&place]);
    fs::write(&path, "").unwrap();
    coming.wait().exits(0);
    let going = waiting(&["--gone", &place]);
    fs::remove_file(&path).unwrap();
    going.wait().exits(0);
}

#[test]
fn nginx_answers_over_a_unix_socket() {
    let Some(nginx) = peer_or_skip("nginx") else { return };
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let config = format!(
        "daemon off; pid {place}/pid; error_log {place}/log;
        events {{}}
        http {{ access_log off; client_body_temp_path {place}/a; proxy_temp_path {place}/b;
          fastcgi_temp_path {place}/c; uwsgi_temp_path {place}/d; scgi_temp_path {place}/e;
          server {{ listen unix:{place}/s; location /health {{ add_header X-State 'up now';
            return 200 'all is well'; }} }} }}"
    );
    let file = folder.path().join("nginx.conf");
    fs::write(&file, config).unwrap();
    let encoded = format!("{place}/s").replace('/', "%2F");
    let health = format!("http+unix://{encoded}/health");
    let coming = waiting(&[&health, "--expect", "^all is", "--expect-header", "x-state: up"]);
    let _server = Program::new(nginx).arg("-c").arg(&file).start();
    coming.wait().exits(0);
    for (words, why) in [
        (["--expect", "ill"], "its content does not match 'ill'"),
        (["--expect-header", "X-State: down"], "no header X-State that has 'down'"),
        (["--status", "404"], "it answers with status 200"),
    ] {
        let outcome = coax(&[&health, "--timeout", "300ms"]).args(words).run().exits(3);
        assert!(outcome.err().contains(why), "{}", outcome.shown());
    }
}

#[test]
fn what_a_place_cannot_have_is_refused() {
    let table: [(&[&str], &str); 5] = [
        (&["redis://u:p@h"], "redis://HOST"),
        (&["http+unix:///run/s"], "begins with %2F"),
        (&["127.0.0.1:1", "--expect", "x"], "--expect is for"),
        (&["udp://127.0.0.1:1", "--expect-header", "a: b"], "--expect-header is for"),
        (&["http://127.0.0.1:1", "--expect-header", "a b: c"], "is no name of a header"),
    ];
    for (words, why) in table {
        let outcome = coax(words).run().exits(2);
        assert!(outcome.err().contains(why), "{}", outcome.shown());
    }
}

/// Hostile servers: what never ends, and what is no answer.
#[test]
fn a_hostile_server_ends_no_wait_and_fills_no_memory() {
    let script = r#"
import threading
s = listen()
def pour(c, what):
    try:
        while True: c.sendall(what)
    except OSError: pass
while True:
    c, _ = s.accept()
    c.sendall(sys.argv[1].encode().decode("unicode_escape").encode("latin-1"))
    threading.Thread(target=pour, args=(c, sys.argv[2].encode() * 1000), daemon=True).start()
"#;
    let table = [
        (r"HTTP/1.1 200 OK\r\n", "x: y\r\n", "http", "HTTP"),
        (r"HTTP/1.1 200 OK\r\n\r\n", "no", "http", "does not match"),
        (
            r"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffff\r\n",
            "no",
            "http",
            "match",
        ),
        (r"HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n", "http", "HTTP"),
        (r"-", "x", "redis", "not redis"),
        (r"E\x7f\xff\xff\xff", "x", "postgres", "not postgres"),
        (r"\x16\x03\x03", "x", "https", "TLS"),
    ];
    for (start, more, scheme, why) in table {
        let Some(server) = python(script, [start, more]) else { return };
        let place = format!("{scheme}://{}", server.listening());
        let mut words = vec![&*place, "--timeout", "1h"];
        if scheme == "http" {
            words.extend(["--expect", "yes"]);
        }
        // It goes on waiting, so it is ended here once it has said what it thinks of the server.
        waiting(&words).expect_err(why);
    }
}
