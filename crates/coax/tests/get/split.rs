//! A file that is split, on servers that give no part of it, or one that is not.
//!
//! One connection would bring it in all of these. So several must, whatever the others are told, and
//! what a run that was ended leaves must not make the next one fail.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use testkit::{Outcome, Program, Running};

use crate::{Nginx, coax, event, names, noise, serve};

const SIZE: usize = 8_000_000;

/// The whole comes slowly until the test says that it has seen enough; a part as the first argument
/// says.
const ODD: &str = r#"
mode, data = sys.argv[1], open(sys.argv[2], "rb").read()
s = listen()
hurry = threading.Event()
parts = iter(range(1 << 30))
def whole(c):
    answer(c, "200 OK", ['ETag: "a"', "Accept-Ranges: bytes"], length=len(data))
    for at in range(0, len(data), 4096):
        c.sendall(data[at:at + 4096])
        if not hurry.is_set():
            hurry.wait(0.02)
def part(c, first, last):
    number, all = next(parts), len(data)
    said = 'Content-Range: bytes %d-%d/%d' % (first, last, all)
    tag, body = 'ETag: "a"', data[first:last + 1]
    say("part")
    if mode in ("403", "404", "416", "500", "503"):
        answer(c, mode + " No", body=b"no")
    elif mode == "429":
        answer(c, "429 Too Many", ["Retry-After: 1"])
    elif mode == "whole":
        whole(c)
    elif mode == "other tag":
        answer(c, "206 Part", [said, 'ETag: "b"'], body)
    elif mode == "false range":
        answer(c, "206 Part", ["Content-Range: bytes 0-%d/%d" % (last - first, all), tag], body)
    elif mode == "no range":
        answer(c, "206 Part", [tag], body)
    elif mode == "other length":
        answer(c, "206 Part", [said + "0", tag], body)
    elif mode == "encoded":
        answer(c, "206 Part", [said, tag, "Content-Encoding: gzip"], body)
    elif mode == "garbage":
        c.sendall(b"SSH-2.0-x\r\n")
    elif mode == "reset":
        c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    elif mode == "elsewhere":
        answer(c, "302 Found", ["Location: http://127.0.0.1:1/x"])
    elif mode == "short":
        answer(c, "206 Part", [said, tag], body[:1000], length=len(body))
    elif mode == "silence" or mode == "one" and number > 0:
        c.recv(1)
    elif mode == "half":
        answer(c, "206 Part", [said, tag], body[:1000], length=len(body))
        c.recv(1)
    elif mode == "one":
        answer(c, "206 Part", [said, tag], body)
def serve(c):
    try:
        while (said := asked(c)) is not None:
            if "bytes=" not in said:
                whole(c)
                continue
            first, last = said.split("bytes=")[1].split("\r\n")[0].split("-")
            part(c, int(first), int(last or len(data) - 1))
            if mode not in ("403", "one"):
                break
    except OSError:
        pass
    c.close()
def heard():
    sys.stdin.readline()
    hurry.set()
threading.Thread(target=heard, daemon=True).start()
while True:
    c, _ = s.accept()
    if mode == "refused":
        s.close()
        serve(c)
        break
    threading.Thread(target=serve, args=(c,), daemon=True).start()
"#;

/// What a second connection meets, and whether that is a refusal that is told.
const MODES: [(&str, bool); 20] = [
    ("403", true),
    ("404", true),
    ("416", true),
    ("429", true),
    ("500", true),
    ("503", true),
    ("whole", true),
    ("other tag", true),
    ("false range", true),
    ("no range", true),
    ("other length", true),
    ("encoded", true),
    ("garbage", true),
    ("reset", true),
    ("closed", true),
    ("elsewhere", true),
    ("refused", true),
    ("silence", true),
    ("short", false),
    ("half", false),
];

fn odd(mode: &str, folder: &Path, bytes: &[u8]) -> Option<(Running, String)> {
    let there = folder.join("there");
    fs::write(&there, bytes).unwrap();
    serve(ODD, &[mode, there.to_str().unwrap()])
}

/// A server that says nothing is not waited for.
fn command(url: &str, folder: &Path) -> Program {
    let args = ["-v", "--idle", "2s", "--retries", "1", "-o", "x", url];
    coax(&args).dir(folder).deadline(Duration::from_secs(100))
}

fn is_right(outcome: &Outcome, folder: &Path, bytes: &[u8], mode: &str) {
    assert!(fs::read(folder.join("x")).unwrap() == *bytes, "{mode}: {}", outcome.shown());
    assert_eq!(names(folder), ["there", "x"], "{mode}");
}

/// All at once: each mostly waits.
fn each(test: impl Fn(&str, bool) + Sync) {
    std::thread::scope(|scope| {
        for (mode, told) in MODES {
            let test = &test;
            scope.spawn(move || test(mode, told));
        }
    });
}

/// A run whose split has met what it meets; the server hurries from then on.
fn met(mode: &str, told: bool, server: &mut Running, url: &str, folder: &Path) -> Running {
    let running = command(url, folder).start();
    if mode != "refused" {
        server.expect_out("part\n");
    }
    if told {
        running.expect_err("not splittable, one connection goes on (cannot ");
    }
    server.send("enough\n");
    running
}

#[test]
fn a_file_that_one_connection_brings_is_brought_whatever_others_are_told() {
    let bytes = noise(31, SIZE);
    each(|mode, told| {
        let folder = tempfile::tempdir().unwrap();
        let Some((mut server, url)) = odd(mode, folder.path(), &bytes) else { return };
        let running = met(mode, told, &mut server, &url, folder.path());
        let outcome = running.wait().exits(0);
        is_right(&outcome, folder.path(), &bytes, mode);
    });
}

#[test]
fn what_a_failed_split_leaves_does_not_make_the_next_run_fail() {
    let bytes = noise(32, SIZE);
    each(|mode, told| {
        // Not there any more, or a little at a time.
        if ["refused", "short", "half"].contains(&mode) {
            return;
        }
        let folder = tempfile::tempdir().unwrap();
        let Some((mut server, url)) = odd(mode, folder.path(), &bytes) else { return };
        let first = command(&url, folder.path()).start();
        server.expect_out("part\n");
        if told {
            first.expect_err("not splittable");
        }
        first.signal(Signal::KILL);
        first.wait();
        server.send("enough\n");
        let outcome = command(&url, folder.path()).run().exits(0);
        is_right(&outcome, folder.path(), &bytes, mode);
    });
}

#[test]
fn what_cannot_be_split_is_written_down() {
    let bytes = noise(33, SIZE);
    let folder = tempfile::tempdir().unwrap();
    let Some((_server, url)) = odd("403", folder.path(), &bytes) else { return };
    let running = command(&url, folder.path()).start();
    running.expect_err("not splittable");
    let state = folder.path().join("x.part.state");
    while !fs::read_to_string(&state).is_ok_and(|it| it.contains("\nnot splittable\n")) {
        assert!(!running.ends_within(Duration::from_millis(1)), "it ended before");
    }
    running.signal(Signal::INT);
    let outcome = running.wait().exits(130);
    assert!(outcome.err().contains("are kept in x.part"), "{}", outcome.shown());
    assert!(outcome.err().contains(&format!("-o x {url} goes on from there")));
}

#[test]
fn a_server_that_lets_one_more_in_gives_that_one_its_part() {
    let bytes = noise(34, SIZE);
    let folder = tempfile::tempdir().unwrap();
    let Some((mut server, url)) = odd("one", folder.path(), &bytes) else { return };
    let running = met("one", false, &mut server, &url, folder.path());
    let outcome = running.wait().exits(0);
    is_right(&outcome, folder.path(), &bytes, "one");
}

#[test]
fn nginx_that_strips_ranges_is_one_connections_work() {
    let bytes = noise(35, 2 * SIZE);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let args = ["--json", "-o", "x", &nginx.url("stripped/x")];
    let outcome = coax(&args).dir(folder.path()).run().exits(0);
    assert_eq!(event(&outcome, "split")["connections"], 1, "{}", outcome.shown());
    assert!(fs::read(folder.path().join("x")).unwrap() == bytes);
    assert_eq!(names(folder.path()), ["x"]);
}

/// Half of it, nothing for a while, and the rest.
const PAUSES: &str = r#"
data = b"x" * 100000
s = listen()
c, _ = s.accept()
asked(c)
answer(c, "200 OK", [], data[:50000], length=len(data))
c.settimeout(6)
try: c.recv(1)
except TimeoutError: pass
c.sendall(data[50000:])
c.recv(1)
"#;

#[test]
fn a_silence_is_told_and_so_is_its_end() {
    let Some((_server, url)) = serve(PAUSES, &[]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let outcome = coax(&["-v", "-o", "x", &url]).dir(folder.path()).run().exits(0);
    for words in ["nothing has come for ", "goes on after ", "without a byte"] {
        assert!(outcome.err().contains(words), "{words}: {}", outcome.shown());
    }
}
