//! Two hundred files, each cut once at a place of its own: in the head, in the body, at its end.
//!
//! The places are the same in every run. Each file is checked by its SHA-256, by coax, and compared
//! here.

use std::fs;
use std::time::Duration;

use testkit::{Program, peer_or_skip, python};

use crate::{Nginx, coax, events, names, noise};

const FILES: usize = 200;

/// Stands before a server, one request a connection. The first answer for each path is cut
/// anywhere, every other time with a reset; whatever is asked for later comes whole.
const CUTTER: &str = r#"
import hashlib
port = int(sys.argv[1])
s = listen()
seen = {b"/SHA256SUMS"}
def everything(c):
    return b"".join(iter(lambda: c.recv(65536), b""))
def serve(c):
    head = b""
    while b"\r\n\r\n" not in head:
        head += c.recv(65536)
    path = head.split(b" ", 2)[1]
    u = dial(port)
    u.sendall(head.replace(b"\r\n", b"\r\nConnection: close\r\n", 1))
    answer = everything(u)
    u.close()
    if path not in seen:
        seen.add(path)
        chance = int.from_bytes(hashlib.sha256(path).digest()[:4], "big")
        answer = answer[:chance // 2 % len(answer)]
        if chance % 2:
            c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        say("cut %d" % len(answer))
    c.sendall(answer)
    c.close()
while True:
    c, _ = s.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
"#;

#[test]
fn two_hundred_cuts_leave_two_hundred_right_files() {
    if peer_or_skip("sha256sum").is_none() {
        return;
    }
    let files: Vec<_> =
        (0..FILES).map(|it| (format!("f{it}"), noise(it as u64, 700 * it + 1))).collect();
    let borrowed: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let Some(nginx) = Nginx::start(&borrowed) else { return };
    let www = nginx.file("").display().to_string();
    Program::shell("cd $0 && sha256sum f* > SHA256SUMS", [&www]).run().exits(0);
    let Some(cutter) = python(CUTTER, [nginx.port.to_string()]) else { return };
    let url = |name: &str| format!("http://{}/{name}", cutter.listening());
    let list: String = files.iter().map(|(name, _)| url(name) + "\n").collect();
    let folder = tempfile::tempdir().unwrap();
    let sums = url("SHA256SUMS");
    let args = ["--json", "-O", "-i", "-", "--sha256", &sums, "--parallel", "8"];
    let program = coax(&args).dir(folder.path()).deadline(Duration::from_secs(120));
    let outcome = program.run_with(&list).exits(0);
    for (name, bytes) in &files {
        assert!(fs::read(folder.path().join(name)).unwrap() == *bytes, "{name}");
    }
    assert_eq!(names(folder.path()).len(), FILES, "nothing but the files");
    let of = |name: &str| events(&outcome).iter().filter(|it| it["event"] == name).count();
    let checked = events(&outcome).iter().filter(|it| it["sha256"].is_string()).count();
    assert_eq!((of("fetch"), checked), (FILES, FILES));
    assert_eq!(cutter.out().matches("cut ").count(), FILES);
    // Where another connection goes on at once, that is no retry.
    assert!(of("retry") > FILES / 2, "{} retries", of("retry"));
}
