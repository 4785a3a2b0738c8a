//! Killed in the middle: nothing corrupt, and nothing lost that had arrived.

use std::fs;
use std::time::Duration;

use rustix::process::Signal;
use testkit::Running;

use crate::{Nginx, coax, event, names, noise, serve};

/// Waits until a file has so many bytes. The process has a deadline, and so has this.
fn until_there(coax: &Running, path: &std::path::Path, size: u64) {
    while fs::metadata(path).map_or(0, |it| it.len()) < size {
        assert!(!coax.ends_within(Duration::from_millis(1)), "it ended before {size} bytes");
    }
}

/// Sends so many bytes of a file of its own, and no more until the connection is gone.
const STALLS: &str = r#"
data = open(sys.argv[1], "rb").read()
step = int(sys.argv[2])
s = listen()
while True:
    c, _ = s.accept()
    said = asked(c)
    start = int(said.split("bytes=")[1].split("-")[0]) if "bytes=" in said else 0
    say("from", start)
    headers = ['ETag: "a"', "Accept-Ranges: bytes"]
    if start:
        headers.append("Content-Range: bytes %d-%d/%d" % (start, len(data) - 1, len(data)))
    piece = data[start:start + step]
    answer(c, "206 Part" if start else "200 OK", headers, piece, length=len(data) - start)
    if start + step < len(data):
        c.recv(1)
    c.close()
"#;

#[test]
fn every_byte_that_arrived_is_there_after_a_kill() {
    let (bytes, step) = (noise(1, 200_000), 7_777);
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    fs::write(&there, &bytes).unwrap();
    let args = [there.to_str().unwrap(), &step.to_string()];
    let Some((server, url)) = serve(STALLS, &args) else { return };
    let part = folder.path().join("x.part");
    let mut at = 0;
    while at + step < bytes.len() {
        let running = coax(&["-o", "x", &url]).dir(folder.path()).start();
        server.expect_out(&format!("from {at}\n"));
        at += step;
        until_there(&running, &part, at as u64);
        // What is written down comes after what is written.
        let state = folder.path().join("x.part.state");
        while !fs::read_to_string(&state).is_ok_and(|it| it.contains(&format!("0-{at}\n"))) {
            assert!(!running.ends_within(Duration::from_millis(1)));
        }
        running.signal(Signal::KILL);
        running.wait();
        assert!(fs::read(&part).unwrap() == bytes[..at]);
    }
    coax(&["-o", "x", &url]).dir(folder.path()).run().exits(0);
    assert!(fs::read(folder.path().join("x")).unwrap() == bytes);
    assert_eq!(names(folder.path()), ["there", "x"]);
}

#[test]
fn a_file_is_right_after_kills_at_any_moment() {
    let bytes = noise(2, 40_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = nginx.url("slow/x");
    let mut kills = 0_u64;
    for moment in noise(3, 25) {
        let running = coax(&["-o", "x", "--json", &url]).dir(folder.path()).start();
        // From before the first byte to many connections.
        if running.ends_within(Duration::from_millis(u64::from(moment) * 4)) {
            break;
        }
        running.signal(Signal::KILL);
        let outcome = running.wait();
        assert!(!outcome.out().contains("\"anew\""), "{}", outcome.shown());
        kills += 1;
    }
    assert!(kills > 3, "{kills} kills");
    let program = coax(&["-o", "x", "--replace", "--json", &url]).dir(folder.path());
    let outcome = program.deadline(Duration::from_secs(120)).run().exits(0);
    let report = event(&outcome, "fetch");
    assert!(report["ok"] == true, "{report}");
    assert!(fs::read(folder.path().join("x")).unwrap() == bytes);
    assert_eq!(names(folder.path()), ["x"]);
}

#[test]
fn an_interrupt_keeps_what_is_there() {
    let bytes = noise(4, 3_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let running = coax(&["-o", "x", &nginx.url("slower/x")]).dir(folder.path()).start();
    until_there(&running, &folder.path().join("x.part"), 100_000);
    running.signal(Signal::INT);
    let outcome = running.wait().exits(130);
    let hint = format!("hint: coax get -o x {} goes on from there", nginx.url("slower/x"));
    assert!(outcome.err().contains("of 2.86 MiB are kept in x.part\n"), "{}", outcome.shown());
    assert!(outcome.err().ends_with(&format!("{hint}\n")), "{}", outcome.shown());
    let program = coax(&["-o", "x", "--json", &nginx.url("slower/x")]).dir(folder.path());
    let report = event(&program.run().exits(0), "fetch");
    assert!(report["resumed"].as_u64().unwrap() >= 100_000, "{report}");
    assert!(fs::read(folder.path().join("x")).unwrap() == bytes);
}
