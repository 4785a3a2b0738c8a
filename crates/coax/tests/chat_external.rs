//! SASL EXTERNAL through the built binary's TLS: a certificate instead of a password.
//!
//! The client is `openssl s_client` with a certificate of its own, typed at as a person would. What
//! opens the door once opens it again after the server was started anew, and nothing else does.
//!
//! Nothing here knows how the server remembers a certificate.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]

use std::path::{Path, PathBuf};

use rustix::process::Signal;
use testkit::{Program, Running, peer_or_skip};

/// How a signature is made: each is its own path through the handshake.
const KEYS: [(&str, &[&str]); 3] = [
    ("ec", &["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]),
    ("rsa", &["-newkey", "rsa:2048"]),
    ("ed25519", &["-newkey", "ed25519"]),
];

/// openssl, and a folder for what it makes.
struct Bench {
    openssl: PathBuf,
    place: tempfile::TempDir,
}

impl Bench {
    #[track_caller]
    fn ready() -> Option<Bench> {
        Some(Bench { openssl: peer_or_skip("openssl")?, place: tempfile::tempdir().unwrap() })
    }

    fn file(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    fn server(&self) -> Running {
        let running = Program::new(env!("CARGO_BIN_EXE_coax"))
            .args(["chat", "serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(self.file("data"))
            .start();
        running.listening();
        running
    }

    /// A certificate that nobody but its owner signed, and its key.
    fn certificate(&self, name: &str, kind: &[&str]) -> Certificate {
        let (chain, key) = (self.file(&format!("{name}.pem")), self.file(&format!("{name}.key")));
        Program::new(&self.openssl)
            .args(["req", "-x509", "-nodes", "-days", "1", "-subj", "/CN=somebody"])
            .args(kind)
            .arg("-out")
            .arg(&chain)
            .arg("-keyout")
            .arg(&key)
            .run()
            .exits(0);
        Certificate { chain, key }
    }

    /// As openssl itself reads it, in the form that NickServ lists.
    fn fingerprint(&self, of: &Path) -> String {
        let told = Program::new(&self.openssl)
            .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
            .arg(of)
            .run();
        told.out().trim().split_once('=').unwrap().1.replace(':', "").to_lowercase()
    }

    fn call(&self, server: &Running, with: Option<&Certificate>, options: &[&str]) -> Running {
        let mut program = Program::new(&self.openssl)
            .args(["s_client", "-quiet", "-nocommands", "-connect"])
            .arg(format!("127.0.0.1:{}", server.port()))
            .args(options);
        if let Some(certificate) = with {
            program = program.arg("-cert").arg(&certificate.chain);
            program = program.arg("-key").arg(&certificate.key);
        }
        program.start()
    }
}

struct Certificate {
    chain: PathBuf,
    key: PathBuf,
}

/// Registers `nick` with a password, and the certificate of the connection with it.
fn register(bench: &Bench, server: &Running, nick: &str, certificate: &Certificate) {
    let mut client = bench.call(server, Some(certificate), &[]);
    client.send(format!("NICK {nick}\nUSER u 0 * :r\nNS REGISTER correct-horse\n"));
    client.expect_out("Account created");
    client.send("NS CERT ADD\n");
    client.expect_out("Certificate added");
    client.send("NS CERT LIST\n");
    client.expect_out(&bench.fingerprint(&certificate.chain));
    client.send("QUIT\n");
    client.expect_end_of_stdout();
}

/// Begins EXTERNAL, saying `as_whom`, and reads on until it is over.
fn external(client: &mut Running, as_whom: &str, verdict: &str) {
    client.send("CAP REQ :sasl\nNICK guest\nUSER u 0 * :r\nAUTHENTICATE EXTERNAL\n");
    client.expect_out("AUTHENTICATE +");
    client.send(format!("AUTHENTICATE {as_whom}\n"));
    client.expect_out(verdict);
}

#[test]
fn a_certificate_opens_the_account_it_was_added_to_also_after_a_restart() {
    let Some(bench) = Bench::ready() else { return };
    let server = bench.server();
    let certificates = KEYS.map(|(name, kind)| (name, bench.certificate(name, kind)));
    for (name, certificate) in &certificates {
        register(&bench, &server, name, certificate);
    }
    server.signal(Signal::TERM);
    server.wait();
    let server = bench.server();
    for (name, certificate) in &certificates {
        for version in ["-tls1_3", "-tls1_2"] {
            let mut client = bench.call(&server, Some(certificate), &[version]);
            external(&mut client, "+", " 903 ");
            let out = client.out();
            assert!(out.contains(&format!(" {name} :You are now logged in as {name}")), "{out}");
            client.send("CAP END\nWHOIS guest\n");
            // Who asks about oneself reads which certificate the server saw.
            client.expect_out(&bench.fingerprint(&certificate.chain));
            client.send("QUIT\n");
            client.expect_end_of_stdout();
        }
    }
}

#[test]
fn nothing_else_opens_it() {
    let Some(bench) = Bench::ready() else { return };
    let server = bench.server();
    let (ada, bob, mallory) = (
        bench.certificate("ada", KEYS[0].1),
        bench.certificate("bob", KEYS[0].1),
        bench.certificate("mallory", KEYS[0].1),
    );
    register(&bench, &server, "ada", &ada);
    register(&bench, &server, "bob", &bob);
    // YWRh: ada; Ym9i: bob.
    for (with, as_whom) in [
        (Some(&mallory), "+"),
        (Some(&mallory), "YWRh"),
        (Some(&bob), "YWRh"),
        (None, "+"),
        (None, "YWRh"),
    ] {
        let mut client = bench.call(&server, with, &[]);
        external(&mut client, as_whom, " 904 ");
        assert!(!client.out().contains(" 900 "), "{}", client.out());
        client.send("QUIT\n");
        client.expect_end_of_stdout();
    }
    // The same words, by whom they belong to.
    let mut client = bench.call(&server, Some(&bob), &[]);
    external(&mut client, "Ym9i", " 903 ");
    // What was added to one account is not another's to add.
    client.send("CAP END\n");
    client.expect_out(" 422 ");
    client.send(format!("NS CERT ADD {}\n", bench.fingerprint(&ada.chain)));
    client.expect_out("CERT ADD|DEL|LIST");
}

#[test]
fn external_is_offered_to_who_shows_a_certificate() {
    let Some(bench) = Bench::ready() else { return };
    let server = bench.server();
    let ada = bench.certificate("ada", KEYS[0].1);
    for (with, offered) in [(Some(&ada), true), (None, false)] {
        let mut client = bench.call(&server, with, &[]);
        client.send("CAP LS 302\nPING all\n");
        client.expect_out("PONG");
        let out = client.out();
        assert!(out.contains("sasl=SCRAM-SHA-256"), "{out}");
        assert_eq!(out.contains("EXTERNAL"), offered, "{out}");
        client.send("QUIT\n");
        client.expect_end_of_stdout();
    }
}

#[test]
fn a_certificate_that_was_taken_back_opens_nothing() {
    let Some(bench) = Bench::ready() else { return };
    let server = bench.server();
    let ada = bench.certificate("ada", KEYS[0].1);
    register(&bench, &server, "ada", &ada);
    let mut client = bench.call(&server, Some(&ada), &[]);
    external(&mut client, "+", " 903 ");
    client.send("CAP END\nNS CERT DEL\n");
    client.expect_out("Certificate removed");
    let mut again = bench.call(&server, Some(&ada), &[]);
    external(&mut again, "+", " 904 ");
}
