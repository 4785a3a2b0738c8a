//! `coax get`: pages to stdout, files whole or not at all.
//!
//! The servers are nginx, Python's, and scripts that break off, lie or never end. Every file that
//! was fetched is compared byte by byte with what the server has.

#![allow(clippy::unwrap_used)]

#[path = "get/broken.rs"]
mod broken;
#[path = "get/codings.rs"]
mod codings;
#[path = "get/cuts.rs"]
mod cuts;
#[path = "get/disk.rs"]
mod disk;
#[path = "get/forms.rs"]
mod forms;
#[path = "get/killed.rs"]
mod killed;
#[path = "get/liars.rs"]
mod liars;
#[path = "get/many.rs"]
mod many;
#[path = "get/names.rs"]
mod naming;
#[path = "get/nginx.rs"]
mod nginx;
#[path = "get/packed.rs"]
mod packed;
#[path = "get/pages.rs"]
mod pages;
#[path = "get/proxied.rs"]
mod proxied;
#[path = "get/secure.rs"]
mod secure;
#[path = "get/split.rs"]
mod split;
#[path = "get/sums.rs"]
mod sums;
#[path = "get/twice.rs"]
mod twice;

use std::path::Path;

use serde_json::Value;
use testkit::{Outcome, Program, Running, python};

use nginx::Nginx;

fn coax(args: &[&str]) -> Program {
    let mut program = Program::new(env!("CARGO_BIN_EXE_coax")).arg("get").args(args);
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        program = program.env(name, "").env(&name.to_uppercase(), "");
    }
    program.env("NETRC", "/dev/null")
}

fn events(outcome: &Outcome) -> Vec<Value> {
    outcome.out().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The event of this name; there is one.
fn event(outcome: &Outcome, name: &str) -> Value {
    let mut found = events(outcome).into_iter().filter(|it| it["event"] == name);
    found.next().unwrap_or_else(|| panic!("no event {name}: {}", outcome.shown()))
}

/// Bytes that nothing compresses and no shift resembles, the same for each seed.
fn noise(seed: u64, size: usize) -> Vec<u8> {
    let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    let mut bytes = Vec::with_capacity(size + 8);
    while bytes.len() < size {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes.truncate(size);
    bytes
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<_> =
        entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// What a script may use to speak HTTP: `asked(c)` reads a request, `answer(c, status, headers,
/// body)` writes one.
const HTTP: &str = r#"
def asked(c):
    head = b""
    while b"\r\n\r\n" not in head:
        piece = c.recv(65536)
        if not piece:
            return None
        head += piece
    return head.decode()
def answer(c, status, headers=(), body=b"", length=None):
    length = len(body) if length is None else length
    lines = ["HTTP/1.1 " + status, "Content-Length: %d" % length, *headers]
    c.sendall(("\r\n".join(lines) + "\r\n\r\n").encode() + body)
"#;

/// A server in Python, and its URL.
fn serve(script: &str, args: &[&str]) -> Option<(Running, String)> {
    let server = python(&format!("{HTTP}\n{script}"), args)?;
    let url = format!("http://{}/x", server.listening());
    Some((server, url))
}
