//! Servers away from their usual ports, which only their answers give away.
//!
//! Each runs in a network namespace of its own test, in a folder that ends with it.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::Value;
use testkit::{Namespace, Program, Running, certificates, peer_or_skip};

use super::{COAX, greets};

/// What the events say of each port: the service, then what its identity tells.
struct Told(Vec<(u64, Value, Value)>);

impl Told {
    fn of(machine: &Namespace, words: &[&str]) -> Told {
        let scan = machine.program(COAX).args(["scan", "127.0.0.1", "--banner", "--json"]);
        let told = scan.args(words).run().exits(0);
        let said = told.out();
        let events = said.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let ports = events.filter(|event| event["event"] == "port");
        let row = |mut event: Value| {
            let (service, mut identity) = (event["service"].take(), event["identity"].take());
            // What was heard may hold a clock; what is told of it may not.
            identity["banner"].take();
            (event["port"].as_u64().unwrap(), service, identity)
        };
        let mut ports: Vec<_> = ports.map(row).collect();
        ports.sort_by_key(|(port, ..)| *port);
        Told(ports)
    }

    /// Whether the port was recognised as this service, and of its product this much.
    #[track_caller]
    fn is(&self, port: u64, service: &str, product: &str) -> &Value {
        let found = self.0.iter().find(|(at, ..)| *at == port);
        let (_, name, identity) = found.unwrap_or_else(|| panic!("{port} was not told of"));
        let says = identity["product"].as_str().unwrap_or_default();
        let fits = name == service && identity["identified"] == true && says.starts_with(product);
        assert!(fits, "{port}: {name} {identity}");
        identity
    }
}

fn start(machine: &Namespace, program: &Path, folder: &Path, words: &str) -> Running {
    machine.program(program).args(words.split_whitespace()).dir(folder).start()
}

#[test]
fn redis_with_a_password_is_known_by_its_refusal() {
    let Some(machine) = Namespace::or_skip() else { return };
    let Some(redis) = peer_or_skip("redis-server") else { return };
    let folder = tempfile::tempdir().unwrap();
    let words = "--port 2001 --requirepass secret --bind 127.0.0.1";
    let locked = start(&machine, &redis, folder.path(), words);
    locked.expect_out("Ready to accept connections");
    let open = "--port 2002 --bind 127.0.0.1";
    let open = start(&machine, &redis, folder.path(), open);
    open.expect_out("Ready to accept connections");
    let told = Told::of(&machine, &["-p", "2001,2002"]);
    assert_eq!(told.is(2001, "redis", "")["extra"], "password required");
    let open = told.is(2002, "redis", "Redis ");
    assert!(open["version"].as_str().unwrap().contains('.'), "{open}");
}

#[test]
fn memcached_is_asked_again_after_it_did_not_understand() {
    let Some(machine) = Namespace::or_skip() else { return };
    let Some(memcached) = peer_or_skip("memcached") else { return };
    let folder = tempfile::tempdir().unwrap();
    let words = "-vv -u root -p 2003 -l 127.0.0.1";
    let running = start(&machine, &memcached, folder.path(), words);
    running.expect_err("server listening");
    Told::of(&machine, &["-p", "2003"]).is(2003, "memcache", "memcached 1.");
}

const KNOT: &str = "server:\n  rundir: .\n  listen: 127.0.0.1@2053\n  version: Knot of a test\n\
                    database:\n  storage: .\nlog:\n  - target: stderr\n    any: info\n";

#[test]
fn a_name_server_is_known_over_tcp_and_udp_at_any_port() {
    let Some(machine) = Namespace::or_skip() else { return };
    let Some(knot) = peer_or_skip("knotd") else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("c"), KNOT.replace("Knot of a test", "\"Knot of a test\""))
        .unwrap();
    let running = start(&machine, &knot, folder.path(), "-c c");
    running.expect_err("server started");
    Told::of(&machine, &["-p", "2053"]).is(2053, "domain", "Knot of a test");
    Told::of(&machine, &["-p", "2053", "--udp"]).is(2053, "domain", "Knot of a test");
}

const MOSQUITTO: &str = "user root\nallow_anonymous true\nlistener 2004 127.0.0.1\n\
                         listener 2005 127.0.0.1\ncertfile good.pem\nkeyfile good.key\n";

#[test]
fn mosquitto_is_known_with_its_version_in_the_clear_and_inside_tls() {
    let Some(machine) = Namespace::or_skip() else { return };
    let Some(mosquitto) = peer_or_skip("mosquitto") else { return };
    let Some(folder) = certificates() else { return };
    fs::write(folder.path().join("c"), MOSQUITTO).unwrap();
    let running = start(&machine, &mosquitto, folder.path(), "-c c -v");
    running.expect_err("running");
    let told = Told::of(&machine, &["-p", "2004,2005"]);
    told.is(2004, "mqtt", "mosquitto ");
    let inside = told.is(2005, "secure-mqtt", "mosquitto ");
    assert!(inside["tls"].as_str().is_some_and(|tls| tls.starts_with("TLSv1.")), "{inside}");
}

/// Debian keeps its programs out of `PATH`, and it refuses to be root.
fn as_postgres(machine: &Namespace, program: &str, folder: &Path, words: &str) -> Option<Program> {
    peer_or_skip("pg_lsclusters")?;
    let versions = fs::read_dir("/usr/lib/postgresql").unwrap().flatten();
    let place = versions.map(|entry| entry.path().join("bin").join(program)).max()?;
    if !rustix::process::geteuid().is_root() {
        return Some(machine.program(place).args(words.split_whitespace()).dir(folder));
    }
    let user = ["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"];
    let start = machine.program("setpriv").args(user).arg(place).args(words.split_whitespace());
    Some(start.dir(folder))
}

#[test]
fn postgres_is_known_by_its_refusal() {
    let Some(machine) = Namespace::or_skip() else { return };
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let Some(make) = as_postgres(&machine, "initdb", folder.path(), "-D d") else { return };
    make.run().exits(0);
    let words = "-D d -p 2006 -h 127.0.0.1 -c unix_socket_directories=";
    let Some(serve) = as_postgres(&machine, "postgres", folder.path(), words) else { return };
    let running = serve.start();
    running.expect_err("ready to accept connections");
    let found = Told::of(&machine, &["-p", "2006"]);
    let extra = &found.is(2006, "postgresql", "PostgreSQL")["extra"];
    assert_eq!(*extra, "protocol 3.0 to 3.0");
}

#[test]
fn two_scans_of_servers_that_did_not_change_are_equal() {
    let Some(machine) = Namespace::or_skip() else { return };
    let Some(python) = peer_or_skip("python3") else { return };
    // Each greets with the time, to the nanosecond, or with a number used once.
    let clock = "__import__('time').strftime('%a, %d %b %Y %H:%M:%S +0000').encode()";
    let nonce = "str(__import__('time').time_ns()).encode()";
    let daytime = "__import__('time').strftime('%a %b %d %H:%M:%S %Y\\r\\n').encode()";
    let servers = [
        ("2010", format!("b'220 box.test ESMTP Exim 4.96 ' + {clock} + b'\\r\\n'")),
        ("2011", format!("b'220 box.test ESMTP Sendmail 8.17.1/8.17.1; ' + {clock} + b'\\r\\n'")),
        ("2012", format!("b'+OK Dovecot ready. <' + {nonce} + b'@box>\\r\\n'")),
        ("2013", daytime.to_owned()),
        ("2014", format!("b'* OK box IMAP4rev1 2007f.404 at ' + {clock} + b'\\r\\n'")),
        (
            "2015",
            format!("b'INFO {{\"server_id\":\"' + {nonce} + b'\",\"version\":\"2.9.10\"}}\\r\\n'"),
        ),
    ];
    let running: Vec<Running> =
        servers.iter().map(|(port, bytes)| greets(&machine, &python, port, bytes)).collect();
    let first = Told::of(&machine, &["-p", "2010-2015"]);
    first.is(2010, "smtp", "Exim 4.96");
    first.is(2011, "smtp", "Sendmail 8.17.1/8.17.1");
    first.is(2012, "pop3", "Dovecot");
    first.is(2013, "daytime", "");
    first.is(2014, "imap", "box IMAP4rev1 2007f.404");
    // The second of a clock.
    std::thread::sleep(std::time::Duration::from_millis(1100));
    assert_eq!(first.0, Told::of(&machine, &["-p", "2010-2015"]).0);
    drop(running);
}

#[test]
fn an_answer_that_disproves_the_guess_leaves_no_guess() {
    let Some(machine) = Namespace::or_skip() else { return };
    let Some(python) = peer_or_skip("python3") else { return };
    let _stranger = greets(&machine, &python, "6379", "b'what do you want?\\r\\n'");
    let _silent = machine.listens(&[5432]);
    let scan = machine.program(COAX).args(["scan", "127.0.0.1", "-p", "5432,6379", "--banner"]);
    let told = scan.run().exits(0);
    let rows = told.out();
    let row = |port: &str| rows.lines().find(|row| row.contains(port)).unwrap().to_owned();
    let stranger = row(":6379");
    assert!(stranger.contains(" unknown ") && stranger.contains("what do you want?"), "{rows}");
    assert!(row(":5432").contains(" postgresql? "), "silence disproves nothing: {rows}");
}
