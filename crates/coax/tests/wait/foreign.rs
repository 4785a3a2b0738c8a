//! Servers nobody here wrote, started late and ended early.

use testkit::{Program, Running, peer_or_skip, unused_port};

use crate::waiting;

/// Waits until a server comes that is started meanwhile, and until it has gone again.
fn comes_and_goes(program: &str, place: &str, words: &str) {
    let Some(program) = peer_or_skip(program) else { return };
    let coming = waiting(&[place]);
    let server: Running = Program::new(program).args(words.split(' ')).start();
    let outcome = coming.wait().exits(0);
    assert!(outcome.err().contains(" is ready after "), "{}", outcome.shown());
    let going = waiting(&["--gone", place]);
    drop(server);
    let outcome = going.wait().exits(0);
    assert!(outcome.err().contains(" is gone after "), "{}", outcome.shown());
}

#[test]
fn nc_comes_and_goes() {
    let port = unused_port();
    comes_and_goes("nc", &format!("127.0.0.1:{port}"), &format!("-lkn 127.0.0.1 {port}"));
}

#[test]
fn ncat_comes_and_goes() {
    let port = unused_port();
    comes_and_goes("ncat", &format!("tcp://127.0.0.1:{port}"), &format!("-lk 127.0.0.1 {port}"));
}

#[test]
fn socat_comes_and_goes_at_a_path() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("s").display().to_string();
    comes_and_goes("socat", &path, &format!("UNIX-LISTEN:{path},fork EXEC:cat"));
}

#[test]
fn socat_comes_and_goes_with_datagrams() {
    let port = unused_port();
    let words = format!("UDP4-RECVFROM:{port},bind=127.0.0.1,fork EXEC:cat");
    comes_and_goes("socat", &format!("udp://127.0.0.1:{port}"), &words);
}

#[test]
fn python_comes_and_goes_as_a_web_server() {
    let port = unused_port();
    let words = format!("-m http.server --bind 127.0.0.1 {port}");
    comes_and_goes("python3", &format!("http://127.0.0.1:{port}/"), &words);
}
