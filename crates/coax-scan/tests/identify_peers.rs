//! Servers nobody here wrote, at the ports where they usually are.
//!
//! Each test has a network of its own, which has no way out and no other servers, so a port is
//! free. A server is asked once it says that it listens.
//!
//! Where such networks are not allowed, or a server is missing, a test says so and is skipped.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use coax_addr::Protocol;
use coax_scan::{Hearing, Identify, Identity};
use nix::sched::{CloneFlags, unshare};
use testkit::{Program, Running, peer_or_skip, python, skip};

const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Runs `test` on a thread that has a network of its own, with a loopback in it. What the test
/// starts is in it too.
fn in_a_network_of_its_own(test: impl FnOnce() + Send + 'static) {
    let Some(ip) = peer_or_skip("ip") else { return };
    let thread = std::thread::spawn(move || {
        if unshare(CloneFlags::CLONE_NEWNET).is_err() {
            return skip("a network of its own needs root: sudo -E cargo nextest run -p coax-scan");
        }
        let up = Command::new(ip).args(["link", "set", "lo", "up"]).status().unwrap();
        assert!(up.success());
        test();
    });
    if let Err(panic) = thread.join() {
        std::panic::resume_unwind(panic);
    }
}

fn ask(ip: IpAddr, port: u16, protocol: Protocol) -> Identity {
    ask_as(&Identify::default(), ip, port, protocol)
}

fn ask_as(how: &Identify, ip: IpAddr, port: u16, protocol: Protocol) -> Identity {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(how.at(SocketAddr::new(ip, port), protocol))
}

#[track_caller]
fn shows(found: &Identity, service: &str, product: &str) {
    assert_eq!(found.service, Some(service), "{found:?}");
    let said = found.product.as_deref().unwrap_or_default();
    assert!(said.starts_with(product), "wanted {product}: {found:?}");
}

const NGINX: &str = r#"
daemon off; master_process off; pid nginx.pid; error_log stderr notice; events {}
http {
  access_log off; client_body_temp_path t; proxy_temp_path t; fastcgi_temp_path t;
  uwsgi_temp_path t; scgi_temp_path t;
  server { listen 80; listen 1234; return 200 hi; }
  ssl_protocols TLSv1.2 TLSv1.3; ssl_certificate cert.pem; ssl_certificate_key cert.key;
  server { listen 443 ssl; listen [::]:443 ssl; listen 4321 ssl; return 200 hi; }
  server {
    listen 443 ssl; server_name b.coax.test; ssl_certificate other.pem;
    ssl_certificate_key other.key; return 200 hi;
  }
  server { listen 8443 ssl; ssl_protocols TLSv1.2; return 200 hi; }
  server { listen 9443 ssl; ssl_verify_client on; ssl_client_certificate cert.pem; return 200 hi; }
}
"#;

/// Makes `NAME.pem` and `NAME.key` for these names.
fn certificate(folder: &Path, name: &str, names: &str) -> Option<()> {
    let openssl = peer_or_skip("openssl")?;
    let words = format!(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 30 -subj /CN=old.test \
         -addext subjectAltName={names} -out {name}.pem -keyout {name}.key"
    );
    Program::new(openssl).args(words.split_whitespace()).dir(folder).run().exits(0);
    Some(())
}

fn nginx() -> Option<Running> {
    let nginx = peer_or_skip("nginx")?;
    let folder = tempfile::tempdir().unwrap();
    certificate(folder.path(), "cert", "DNS:a.coax.test,DNS:*.coax.test,IP:127.0.0.1,IP:::1")?;
    certificate(folder.path(), "other", "DNS:b.coax.test")?;
    std::fs::write(folder.path().join("nginx.conf"), NGINX).unwrap();
    let start = Program::new(nginx).arg("-p").arg(folder.path()).args(["-c", "nginx.conf"]).start();
    // It says so after it listens, before it serves.
    start.expect_err("getrlimit(RLIMIT_NOFILE)");
    Some(start.keeping(folder))
}

#[test]
fn nginx_is_known_in_the_clear_wherever_it_listens() {
    in_a_network_of_its_own(|| {
        let Some(_nginx) = nginx() else { return };
        for port in [80, 1234] {
            let found = ask(LOOPBACK, port, Protocol::Tcp);
            shows(&found, "http", "nginx/");
            assert!(found.banner.starts_with(b"HTTP/1.1 200 OK\r\n"));
            assert_eq!((found.tls, found.hearing), (None, Hearing::Answered));
        }
    });
}

#[test]
fn nginx_is_known_in_tls_with_the_names_of_its_certificate() {
    in_a_network_of_its_own(|| {
        let Some(_nginx) = nginx() else { return };
        let ends = SystemTime::now() + Duration::from_secs(30 * 86_400);
        let v6 = IpAddr::V6(Ipv6Addr::LOCALHOST);
        for (ip, port, version) in [
            (LOOPBACK, 443, "TLSv1.3"),
            (v6, 443, "TLSv1.3"),
            (LOOPBACK, 4321, "TLSv1.3"),
            (LOOPBACK, 8443, "TLSv1.2"),
        ] {
            let found = ask(ip, port, Protocol::Tcp);
            shows(&found, "https", "nginx/");
            assert!(found.banner.starts_with(b"HTTP/1.1 200 OK\r\n"), "{found:?}");
            let tls = found.tls.unwrap();
            assert_eq!((tls.version, tls.alpn.as_deref()), (Some(version), Some("http/1.1")));
            let certificate = tls.certificate.unwrap();
            assert_eq!(certificate.names, ["a.coax.test", "*.coax.test", "127.0.0.1", "::1"]);
            let off = ends.duration_since(certificate.expires.unwrap()).unwrap();
            assert!(off < Duration::from_secs(3600), "{off:?}");
        }
    });
}

#[test]
fn a_name_is_asked_for_and_a_certificate_wanted_from_us_is_no_obstacle() {
    in_a_network_of_its_own(|| {
        let Some(_nginx) = nginx() else { return };
        let how = Identify { name: Some("b.coax.test".to_owned()), ..Identify::default() };
        let named = ask_as(&how, LOOPBACK, 443, Protocol::Tcp);
        assert_eq!(named.tls.unwrap().certificate.unwrap().names, ["b.coax.test"]);
        let wanted = ask(LOOPBACK, 9443, Protocol::Tcp);
        shows(&wanted, "https", "nginx/");
        assert!(wanted.banner.starts_with(b"HTTP/1.1 400 "));
    });
}

#[test]
fn a_tls_server_that_insists_on_its_own_protocol_still_shows_its_names() {
    in_a_network_of_its_own(|| {
        let Some(openssl) = peer_or_skip("openssl") else { return };
        let folder = tempfile::tempdir().unwrap();
        certificate(folder.path(), "cert", "DNS:a.coax.test").unwrap();
        // It ends every handshake that offers another protocol, and is silent inside.
        let words = "s_server -accept 4433 -cert cert.pem -key cert.key -alpn strange";
        let running = Program::new(openssl).args(words.split(' ')).dir(folder.path()).start();
        running.expect_out("ACCEPT");
        let how = Identify { patience: Duration::from_secs(3), ..Identify::default() };
        let found = ask_as(&how, LOOPBACK, 4433, Protocol::Tcp);
        let tls = found.tls.unwrap();
        assert_eq!((tls.version, tls.refusal), (Some("TLSv1.3"), None));
        assert_eq!(tls.certificate.unwrap().names, ["a.coax.test"]);
        assert_eq!((found.service, found.hearing), (None, Hearing::Answered));
    });
}

#[test]
fn dropbear_greets_where_it_is_expected_and_where_not() {
    in_a_network_of_its_own(|| {
        let Some(dropbear) = peer_or_skip("dropbear") else { return };
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("key");
        let words = ["-F", "-E", "-R", "-p", "22", "-p", "2222", "-r"];
        let running = Program::new(dropbear).args(words).arg(&key).start();
        running.expect_err("Not backgrounding");
        for port in [22, 2222] {
            let found = ask(LOOPBACK, port, Protocol::Tcp);
            shows(&found, "ssh", "dropbear_");
            assert_eq!(found.hearing, Hearing::Greeted);
        }
    });
}

#[test]
fn python_serves_http_on_any_port() {
    in_a_network_of_its_own(|| {
        let Some(python) = peer_or_skip("python3") else { return };
        let folder = tempfile::tempdir().unwrap();
        let words = ["-u", "-m", "http.server", "9999"];
        let running = Program::new(python).args(words).dir(folder.path()).start();
        running.expect_out("Serving HTTP");
        shows(&ask(LOOPBACK, 9999, Protocol::Tcp), "http", "SimpleHTTP/");
    });
}

#[test]
fn redis_tells_its_version() {
    in_a_network_of_its_own(|| {
        let Some(redis) = peer_or_skip("redis-server") else { return };
        let folder = tempfile::tempdir().unwrap();
        let words = ["--port", "6379", "--save", "", "--bind", "127.0.0.1"];
        let running = Program::new(redis).args(words).dir(folder.path()).start();
        running.expect_out("Ready to accept connections");
        let found = ask(LOOPBACK, 6379, Protocol::Tcp);
        shows(&found, "redis", "Redis ");
        assert!(found.parts().version.starts_with(|first: char| first.is_numeric()), "{found:?}");
    });
}

const KNOT: &str = r#"
server:
    rundir: .
    listen: 127.0.0.1@53
    version: "Knot of a test"
database:
    storage: .
log:
  - target: stderr
    any: info
"#;

#[test]
fn a_name_server_is_known_over_udp_and_tcp() {
    in_a_network_of_its_own(|| {
        let Some(knot) = peer_or_skip("knotd") else { return };
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("knot.conf"), KNOT).unwrap();
        let running = Program::new(knot).args(["-c", "knot.conf"]).dir(folder.path()).start();
        running.expect_err("server started");
        for protocol in [Protocol::Udp, Protocol::Tcp] {
            shows(&ask(LOOPBACK, 53, protocol), "domain", "Knot of a test");
        }
    });
}

#[test]
fn chrony_is_known_by_its_answer() {
    in_a_network_of_its_own(|| {
        let Some(chrony) = peer_or_skip("chronyd") else { return };
        let folder = tempfile::tempdir().unwrap();
        let pid = folder.path().join("pid");
        let directives = ["allow 127.0.0.1", "local stratum 5", "cmdport 0", "bindcmdaddress /"];
        let words = ["-d", "-x", "-u", "root"];
        let pid = format!("pidfile {}", pid.display());
        let running = Program::new(chrony).args(words).args(directives).arg(pid).start();
        running.expect_err("Running with root privileges");
        let found = ask(LOOPBACK, 123, Protocol::Udp);
        shows(&found, "ntp", "");
        assert_eq!(found.hearing, Hearing::Answered);
    });
}

/// Answers a request for a file from a port of its own, as the protocol has it.
const TFTP: &str = r#"
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 69))
ready("ready")
while True:
    request, who = s.recvfrom(1000)
    other = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    if request[:2] == b"\0\1":
        other.sendto(b"\0\5\0\1File not found\0", who)
"#;

#[test]
fn tftp_answers_from_another_port_and_is_heard() {
    in_a_network_of_its_own(|| {
        let Some(running) = python(TFTP, [""]) else { return };
        running.expect_err("ready");
        shows(&ask(LOOPBACK, 69, Protocol::Udp), "tftp", "");
    });
}

/// Says what it hears, which should be nothing.
const PRINTER: &str = r#"
s = socket.socket()
s.bind(("127.0.0.1", 9100))
s.listen(5)
ready("ready")
while True:
    peer, _ = s.accept()
    say("heard", repr(peer.recv(1000)))
"#;

#[test]
fn a_printer_has_nothing_to_print() {
    in_a_network_of_its_own(|| {
        let Some(running) = python(PRINTER, [""]) else { return };
        running.expect_err("ready");
        let how = Identify { patience: Duration::from_millis(500), ..Identify::default() };
        let found = ask_as(&how, LOOPBACK, 9100, Protocol::Tcp);
        assert_eq!(found, Identity::default());
        running.expect_out("heard b''");
    });
}

/// Answers PostgreSQL's request for TLS with the letter it is given, and goes on accordingly.
const POSTGRES: &str = r#"
import ssl
letter, folder = sys.argv[1], sys.argv[2]
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 5432))
s.listen(5)
ready("ready")
while True:
    peer, _ = s.accept()
    if peer.recv(8) == b"\0\0\0\x08\x04\xd2\x16\x2f":
        peer.sendall(letter.encode())
    if letter == "S":
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(folder + "/cert.pem", folder + "/cert.key")
        peer = tls.wrap_socket(peer, server_side=True)
    peer.recv(1000)
"#;

#[test]
fn postgres_is_asked_whether_it_speaks_tls_and_shows_its_names_if_so() {
    in_a_network_of_its_own(|| {
        let folder = tempfile::tempdir().unwrap();
        if certificate(folder.path(), "cert", "DNS:db.coax.test").is_none() {
            return;
        }
        for letter in ["N", "S"] {
            let words = [letter, folder.path().to_str().unwrap()];
            let Some(running) = python(POSTGRES, words) else { return };
            running.expect_err("ready");
            let found = ask(LOOPBACK, 5432, Protocol::Tcp);
            shows(&found, "postgresql", "");
            let certificate = found.tls.and_then(|tls| tls.certificate);
            let names = certificate.map(|certificate| certificate.names);
            assert_eq!(names, (letter == "S").then(|| vec!["db.coax.test".to_owned()]));
        }
    });
}
