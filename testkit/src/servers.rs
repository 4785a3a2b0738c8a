//! Servers whose ports the test chooses, which it may where a network is its own.
//!
//! They listen on every address, over IPv4 and IPv6, and are up when the call returns.
//!
//! Nothing here knows who calls them.

use crate::namespace::Namespace;
use crate::running::Running;

impl Namespace {
    /// Listens on TCP `ports`; each caller is let in and left.
    #[track_caller]
    pub fn listens(&self, ports: &[u16]) -> Running {
        self.serve("listen", ports)
    }

    /// Sends back what comes to UDP `ports`.
    #[track_caller]
    pub fn echoes(&self, ports: &[u16]) -> Running {
        self.serve("echo", ports)
    }

    /// Takes what comes to UDP `ports`, and says nothing.
    #[track_caller]
    pub fn swallows(&self, ports: &[u16]) -> Running {
        self.serve("swallow", ports)
    }

    #[track_caller]
    fn serve(&self, what: &str, ports: &[u16]) -> Running {
        let ports = ports.iter().map(u16::to_string);
        let running = self.program("python3").args(["-c", SERVER, what]).args(ports).start();
        running.expect_err("ready\n");
        running
    }
}

const SERVER: &str = r#"
import selectors, socket, sys
what = sys.argv[1]
watch = selectors.DefaultSelector()
for port in sys.argv[2:]:
    kind = socket.SOCK_STREAM if what == "listen" else socket.SOCK_DGRAM
    s = socket.socket(socket.AF_INET6, kind)
    s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("::", int(port)))
    if what == "listen":
        s.listen(256)
    s.setblocking(False)
    watch.register(s, selectors.EVENT_READ)
print("ready", file=sys.stderr, flush=True)
while True:
    for key, _ in watch.select():
        try:
            if what == "listen":
                key.fileobj.accept()[0].close()
            else:
                said, sender = key.fileobj.recvfrom(65536)
                if what == "echo":
                    key.fileobj.sendto(said or b"!", sender)
        except OSError:
            pass
"#;
