//! An address in use is said with its reason.

use testkit::{Wires, python};

use super::coax;

#[test]
fn who_listens_there_is_named() {
    for (host, kind) in [("127.0.0.1", "STREAM"), ("::1", "STREAM"), ("127.0.0.1", "DGRAM")] {
        let script = "
s = listen(getattr(socket, 'SOCK_' + sys.argv[2]), sys.argv[1])
time.sleep(30)
";
        let Some(peer) = python(script, [host, kind]) else { return };
        let port = peer.listening().rsplit(':').next().unwrap().to_owned();
        let scheme = if kind == "DGRAM" { "udp" } else { "tcp" };
        let words = format!("(process {})", peer.pid());
        let host = if host.contains(':') { format!("[{host}]") } else { host.to_owned() };
        for host in [host.as_str(), ""] {
            coax(&["listen", &format!("{scheme}://{host}:{port}")]).run().fails(5, &words);
        }
    }
}

#[test]
fn who_has_a_unix_socket_is_named() {
    let (endpoint, _place) = Wires::Unix.free_endpoint();
    let first = coax(&["listen", &endpoint]).start();
    first.listening();
    let words = format!("coax (process {}) listens there", first.pid());
    coax(&["listen", &endpoint]).run().fails(5, &words);
}

/// Ends its connection first, so that its port stays in TIME_WAIT.
const ENDS_FIRST: &str = "
s = listen()
c, _ = s.accept()
c.close()
";

#[test]
fn a_connection_that_is_over_and_not_forgotten_is_told_with_its_time() {
    let Some(peer) = python(ENDS_FIRST, [""]) else { return };
    let endpoint = format!("127.0.0.1:{}", peer.port());
    let mut client = coax(&["connect", &endpoint]).start();
    client.expect_end_of_stdout();
    client.end_input();
    client.wait().exits(0);
    peer.wait().exits(0);
    let outcome = coax(&["listen", &endpoint]).run();
    outcome.fails(5, "is in TIME_WAIT for another");
}
