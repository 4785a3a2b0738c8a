//! Connections that break, at every place.

use std::fs;
use std::time::Duration;

use testkit::{Running, python};

use crate::{Nginx, coax, event, names, noise};

/// Stands before a server and breaks each connection after a random number of bytes, so many times;
/// every other time with a reset. Then it lets all through.
const BREAKER: &str = r#"
import random
port, seed, cuts, most = (int(word) for word in sys.argv[1:])
chance = random.Random(seed)
s = listen()
done = 0
def pump(a, b):
    try:
        while piece := a.recv(65536):
            b.sendall(piece)
    except OSError:
        pass
while True:
    c, _ = s.accept()
    u = dial(port)
    threading.Thread(target=pump, args=(c, u), daemon=True).start()
    left = chance.randint(0, most) if done < cuts else 1 << 60
    done += 1
    def back(c=c, u=u, left=left, reset=done % 2):
        try:
            while left > 0 and (piece := u.recv(min(left, 65536))):
                c.sendall(piece)
                left -= len(piece)
            if reset and left == 0:
                c.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        except OSError:
            pass
        # Neither thread keeps the connection open that the other still reads.
        for it in (c, u):
            try: it.shutdown(socket.SHUT_RD)
            except OSError: pass
            it.close()
    threading.Thread(target=back, daemon=True).start()
"#;

fn breaker(nginx: &Nginx, seed: u32, cuts: u32, most: usize) -> Option<(Running, String)> {
    let words = [u32::from(nginx.port), seed, cuts, most as u32].map(|it| it.to_string());
    let breaker = python(BREAKER, words)?;
    let url = format!("http://{}/", breaker.listening());
    Some((breaker, url))
}

/// Fifty breaks in one fetch.
fn breaks(seed: u32) {
    let bytes = noise(seed.into(), 5_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let Some((_breaker, url)) = breaker(&nginx, seed, 50, 150_000) else { return };
    let folder = tempfile::tempdir().unwrap();
    let args = ["--json", "--retries", "20", "-o", "x", &format!("{url}x")];
    let program = coax(&args).dir(folder.path()).deadline(Duration::from_secs(120));
    let outcome = program.run().exits(0);
    assert!(fs::read(folder.path().join("x")).unwrap() == bytes, "seed {seed}");
    assert_eq!(names(folder.path()), ["x"]);
    let retries = outcome.out().matches("\"event\":\"retry\"").count();
    assert!(retries > 10, "{retries} breaks with seed {seed}");
    assert!(!outcome.out().contains("\"anew\""), "{}", outcome.shown());
}

#[test]
fn a_file_is_right_after_fifty_breaks() {
    breaks(1);
}

#[test]
fn a_file_is_right_after_fifty_other_breaks() {
    breaks(2);
}

#[test]
fn a_file_is_right_after_fifty_more_breaks() {
    breaks(3);
}

#[test]
fn a_file_is_right_after_the_last_fifty_breaks() {
    breaks(4);
}

#[test]
fn each_run_goes_on_where_the_one_before_ended() {
    let bytes = noise(9, 3_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let Some((_breaker, url)) = breaker(&nginx, 9, 1000, 300_000) else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = format!("{url}x");
    let (mut had, mut runs) = (0, 0);
    loop {
        // By name, and by the name that the server gives: both find what is there.
        let way: &[&str] = if runs % 2 == 0 { &["-o", "x"] } else { &["-O"] };
        let program = coax(way).args(["--json", "--retries", "0", &url]).dir(folder.path());
        let outcome = program.run();
        runs += 1;
        assert!(runs < 200, "{}", outcome.shown());
        if outcome.code() == 0 {
            let report = event(&outcome, "fetch");
            assert!(report["resumed"].as_u64().unwrap() >= had, "{report}");
            break;
        }
        let outcome = outcome.exits(3);
        assert!(!outcome.out().contains("\"anew\""), "{}", outcome.shown());
        let part = fs::metadata(folder.path().join("x.part")).map_or(0, |it| it.len());
        assert!(part >= had, "{part} after {had}");
        had = part;
    }
    assert!(runs > 5, "{runs} runs");
    assert!(fs::read(folder.path().join("x")).unwrap() == bytes);
    assert_eq!(names(folder.path()), ["x"]);
}

#[test]
fn a_page_goes_on_behind_what_was_printed() {
    let bytes = noise(10, 1_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let Some((_breaker, url)) = breaker(&nginx, 10, 10, 150_000) else { return };
    coax(&["--retries", "20", &format!("{url}x")]).run().exits(0).prints(&bytes);
}

#[test]
fn many_connections_break_as_one_does() {
    let bytes = noise(11, 30_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let Some((_breaker, url)) = breaker(&nginx, 11, 20, 12_000_000) else { return };
    let folder = tempfile::tempdir().unwrap();
    let args = ["--json", "--retries", "20", "-o", "x", &format!("{url}slow/x")];
    let program = coax(&args).dir(folder.path()).deadline(Duration::from_secs(120));
    program.run().exits(0);
    assert!(fs::read(folder.path().join("x")).unwrap() == bytes);
    assert_eq!(names(folder.path()), ["x"]);
}

#[test]
fn a_file_that_changed_meanwhile_begins_anew() {
    for path in ["x", "unranged/x"] {
        let (old, new) = (noise(12, 2_000_000), noise(13, 1_500_000));
        let Some(nginx) = Nginx::start(&[("x", &old)]) else { return };
        let Some((_breaker, url)) = breaker(&nginx, 12, 1, 1_000_000) else { return };
        let folder = tempfile::tempdir().unwrap();
        let url = format!("{url}{path}");
        let args = ["--retries", "0", "-o", "x", &url];
        coax(&args).dir(folder.path()).run().exits(3);
        nginx.put("x", &new);
        let outcome = coax(&args).dir(folder.path()).run().exits(0);
        let told = outcome.err().contains("begins anew: it has changed on the server");
        // Without ranges nothing was kept, so nothing is lost.
        assert_eq!(told, path == "x", "{}", outcome.shown());
        assert!(fs::read(folder.path().join("x")).unwrap() == new);
        assert_eq!(names(folder.path()), ["x"]);
    }
}
