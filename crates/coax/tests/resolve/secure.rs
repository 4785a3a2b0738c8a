//! DNS over TLS and HTTPS, against BIND's named.
//!
//! The certificate is made for the test; it is believed only when its authority is named.

use std::path::Path;
use std::process::{Command, Stdio};

use crate::peers::{Heard, PATIENCE, Peer, free_port, is_there, resolve, run, until};

struct Named {
    peer: Peer,
    tls: u16,
    https: u16,
    ca: String,
}

fn named() -> Option<Named> {
    if !is_there("named") || !is_there("openssl") {
        eprintln!("skipped: this needs a TLS name server: apt-get install bind9 openssl");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    certificates(at);
    std::fs::write(at.join("coax.zone"), crate::peers::ZONE).unwrap();
    let (plain, tls, https) = (free_port(), free_port(), free_port());
    let conf = format!(
        "options {{ directory \"{0}\"; pid-file \"{0}/pid\"; session-keyfile \"{0}/session\"; \
         managed-keys-directory \"{0}\"; recursion no; dnssec-validation no; \
         listen-on-v6 {{ none; }}; listen-on port {plain} {{ 127.0.0.1; }}; \
         listen-on port {tls} tls mine {{ 127.0.0.1; }}; \
         listen-on port {https} tls mine http default {{ 127.0.0.1; }}; }};\n\
         tls mine {{ cert-file \"{0}/leaf.pem\"; key-file \"{0}/leaf.key\"; }};\n\
         controls {{ }};\nzone \"coax.test\" {{ type primary; file \"{0}/coax.zone\"; }};\n",
        at.display()
    );
    std::fs::write(at.join("named.conf"), conf).unwrap();
    let mut command = Command::new("/usr/sbin/named");
    command.arg("-g").arg("-c").arg(at.join("named.conf")).stderr(Stdio::piped());
    let mut child = command.stdout(Stdio::null()).spawn().unwrap();
    let talk = child.stderr.take().unwrap();
    let _ = until(talk, |line| line.ends_with(" running"));
    let ca = at.join("ca.pem").display().to_string();
    Some(Named { peer: Peer::new(child, plain, folder), tls, https, ca })
}

/// An authority, and a leaf for 127.0.0.1 and localhost.
fn certificates(at: &Path) {
    let key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    for line in [
        format!("req -x509 {key} -days 2 -subj /CN=test-ca -keyout ca.key -out ca.pem"),
        format!(
            "req {key} -subj /CN=localhost -addext subjectAltName=IP:127.0.0.1,DNS:localhost \
             -keyout leaf.key -out leaf.csr"
        ),
        "x509 -req -in leaf.csr -CA ca.pem -CAkey ca.key -days 2 -copy_extensions copy \
         -out leaf.pem"
            .to_owned(),
    ] {
        let mut openssl = Command::new("openssl");
        openssl.args(line.split_whitespace()).current_dir(at);
        let heard = run(openssl, b"");
        assert_eq!(heard.code, Some(0), "{heard:?}");
    }
}

fn ask(server: &str, more: &[&str]) -> Heard {
    let words = ["-v", "-t", "A", "--short", "--timeout", "20s", "--server", server];
    resolve(&[&words[..], more, &["host.coax.test", "only4.coax.test"]].concat())
}

#[test]
fn tls_and_https_give_what_udp_gives() {
    let Some(named) = named() else { return };
    let tls = format!("127.0.0.1:{}", named.tls);
    let https = format!("127.0.0.1:{}", named.https);
    for (server, transport) in [
        (named.peer.server(), "udp"),
        (format!("tls://{tls}"), "tls"),
        (format!("tls://localhost:{}", named.tls), "tls"),
        (format!("https://{https}/dns-query"), "https"),
        (format!("https://localhost:{}", named.https), "https"),
    ] {
        let heard = ask(&server, &["--ca", &named.ca]);
        assert_eq!(heard.code, Some(0), "{server} {heard:?}");
        assert!(heard.stdout.contains("192.0.2.1\n") && heard.stdout.contains("192.0.2.9\n"));
        assert!(heard.stderr.contains(&format!("answered over {transport}")), "{heard:?}");
    }
    // The certificate of the server itself is enough.
    let leaf = named.ca.replace("ca.pem", "leaf.pem");
    for server in [format!("tls://{tls}"), format!("https://{https}/dns-query")] {
        let heard = ask(&server, &["--ca", &leaf]);
        assert_eq!(heard.code, Some(0), "{server} {heard:?}");
    }
}

#[test]
fn a_certificate_nobody_vouches_for_is_not_believed() {
    let Some(named) = named() else { return };
    let started = std::time::Instant::now();
    for server in
        [format!("tls://127.0.0.1:{}", named.tls), format!("https://127.0.0.1:{}", named.https)]
    {
        let heard = ask(&server, &[]);
        assert_eq!((heard.code, heard.stdout.as_str()), (Some(4), ""), "{heard:?}");
        assert!(heard.stderr.contains("nobody this machine trusts signed"), "{heard:?}");
    }
    assert!(started.elapsed() < PATIENCE);
}

#[test]
fn a_path_the_server_does_not_serve_and_a_port_without_tls_are_told_apart() {
    let Some(named) = named() else { return };
    let lost = format!("https://127.0.0.1:{}/elsewhere", named.https);
    let heard = ask(&lost, &["--ca", &named.ca]);
    assert_eq!(heard.code, Some(3), "{heard:?}");
    assert!(heard.stderr.contains("it answered HTTP 404"), "{heard:?}");
    let plain = format!("tls://{}", named.peer.server());
    let words = ["-t", "A", "--timeout", "2s", "--server", &plain, "host.coax.test"];
    let heard = resolve(&words);
    assert!(matches!(heard.code, Some(3 | 4)), "{heard:?}");
}

#[test]
fn many_names_share_one_connection() {
    let Some(named) = named() else { return };
    let names = "host.coax.test\nonly4.coax.test\n".repeat(300);
    for server in [
        format!("tcp://127.0.0.1:{}", named.peer.port),
        format!("tls://127.0.0.1:{}", named.tls),
        format!("https://127.0.0.1:{}", named.https),
    ] {
        let mut command = crate::peers::coax();
        command.args(["resolve", "-f", "-", "-t", "A", "--short", "--ca", &named.ca]);
        command.args(["--parallel", "200", "--timeout", "25s", "--server", &server]);
        let heard = run(command, names.as_bytes());
        assert_eq!((heard.code, heard.stdout.lines().count()), (Some(0), 900), "{server}");
    }
}
