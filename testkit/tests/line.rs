//! A line is as long, as wide and as bad as it was made.

use std::time::Duration;

use testkit::{FarHosts, Line};

/// Says how many milliseconds a connection takes, and then a megabyte over it.
const ASK: &str = r#"
import socket, sys, time
begun = time.monotonic()
c = socket.create_connection((sys.argv[1], 7000), 20)
stood = time.monotonic()
count = 0
while count < 1000000:
    count += len(c.recv(65536))
print(int((stood - begun) * 1000), int((time.monotonic() - stood) * 1000))
"#;

const ANSWER: &str = r#"
import socket, sys
s = socket.create_server(("::", 7000), family=socket.AF_INET6, dualstack_ipv6=True)
print("ready", file=sys.stderr, flush=True)
while True:
    c, _ = s.accept()
    c.sendall(bytes(1000000))
    c.recv(1)
"#;

#[test]
fn a_line_takes_its_time_whatever_is_lost_on_it() {
    let line = Line {
        delay: Duration::from_millis(50),
        jitter: Duration::from_millis(5),
        loss: 2.0,
        rate: 8_000_000,
    };
    let Some(hosts) = FarHosts::or_skip(line) else { return };
    let server = hosts.server.program("python3").args(["-c", ANSWER]).start();
    server.expect_err("ready\n");
    for host in [FarHosts::V4, FarHosts::V6] {
        let outcome = hosts.client.program("python3").args(["-c", ASK, host]).run().exits(0);
        let out = outcome.out();
        let times: Vec<u64> = out.split_whitespace().map(|it| it.parse().unwrap()).collect();
        assert!(times[0] >= 100, "connected in {} ms over {host}", times[0]);
        assert!(times[1] >= 1000, "a megabyte in {} ms over {host}", times[1]);
    }
}
