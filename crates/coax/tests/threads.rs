//! A machine that starts no more threads: each verb says so, or does without. None breaks down.

#![allow(clippy::unwrap_used)]

use std::fs;
use std::os::unix::fs::PermissionsExt;

use testkit::{Outcome, Program, peer_or_skip, python, skip};

/// coax as a user who may start nothing more. `None` where that cannot be arranged.
fn starved() -> Option<Starved> {
    let (setpriv, prlimit) = (peer_or_skip("setpriv")?, peer_or_skip("prlimit")?);
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let starved = Starved { setpriv, prlimit, folder };
    if starved.command("true").run().code() != 0 {
        skip("to become nobody needs root: sudo cargo test");
        return None;
    }
    Some(starved)
}

struct Starved {
    setpriv: std::path::PathBuf,
    prlimit: std::path::PathBuf,
    folder: tempfile::TempDir,
}

impl Starved {
    fn command(&self, program: &str) -> Program {
        Program::new(&self.setpriv)
            .args(["--reuid", "65534", "--clear-groups", "--"])
            .arg(&self.prlimit)
            .args(["--nproc=0", "--"])
            .arg(program)
            .dir(self.folder.path())
    }

    fn run(&self, words: &[&str]) -> Outcome {
        let coax = self.command(env!("CARGO_BIN_EXE_coax")).args(words).env("NETRC", "/dev/null");
        coax.run_with("localhost\n").speaks_plainly()
    }
}

const WEB: &str = r#"
from http.server import BaseHTTPRequestHandler, HTTPServer
class Page(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header("Content-Length", "2000000")
        self.end_headers()
        self.wfile.write(bytes(2000000))
    def log_message(self, *words): pass
server = HTTPServer(("127.0.0.1", 0), Page)
sys.stderr.write("listening on 127.0.0.1:%d\n" % server.server_port)
sys.stderr.flush()
server.serve_forever()
"#;

#[test]
fn files_are_fetched_without_threads() {
    let Some(starved) = starved() else { return };
    let Some(server) = python::<&str>(WEB, []) else { return };
    let url = format!("http://{}/x", server.listening());
    let sum = "c5ab6b1ba5b8db4b5c7ad4ad3c2d7c5b7d1d8bb3d2cb1ecb6f5be4fdd1b0eb41";
    starved.run(&["get", "-o", "one", &url]).exits(0);
    starved.run(&["get", "-o", "many/", &url, &url.replace("/x", "/y")]).exits(0);
    starved.run(&["get", "-o", "two", "--sha256", sum, &url]).fails(4, "its SHA-256 is ");
    assert_eq!(fs::metadata(starved.folder.path().join("one")).unwrap().len(), 2_000_000);
}

#[test]
fn what_needs_a_thread_says_so() {
    let Some(starved) = starved() else { return };
    let why = "this machine starts no more threads";
    for (words, code) in [
        (&["resolve", "-f", "-"][..], 5),
        (&["scan", "127.0.0.1", "-p", "1"], 5),
        (&["scan", "127.0.0.1", "-p", "1", "--banner"], 5),
    ] {
        let outcome = starved.run(words).exits(code);
        assert!(outcome.err().contains(why), "{}", outcome.shown());
    }
    for words in
        [&["resolve", "localhost"][..], &["connect", "localhost:1"], &["get", "localhost:1"]]
    {
        let outcome = starved.run(words);
        assert!(outcome.err().contains(why), "{}", outcome.shown());
        assert_eq!(outcome.code(), 5, "{}", outcome.shown());
    }
}
