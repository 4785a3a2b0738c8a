//! Name servers for the tests: a real one with a small zone, and liars.
//!
//! Each runs on a port of its own and is ended by its id. A machine without the real one skips
//! the test and says what to install.

use std::io::{BufRead, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

/// Far more than any of these processes needs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const ZONE: &str = r#"$ORIGIN coax.test.
$TTL 3600
@ SOA ns1 hostmaster 7 3600 900 604800 300
@ NS ns1
@ MX 10 mail
@ MX 20 backup.mail
@ TXT "v=spf1 -all" "second \"part\" \\ end"
@ CAA 0 issue "ca.test"
@ CAA 128 iodef "mailto:x@coax.test"
@ HTTPS 1 . alpn="h2,h3" port=8443 ipv4hint=192.0.2.1 ipv6hint=2001:db8::1
ns1 A 127.0.0.1
www CNAME host
host A 192.0.2.1
host A 192.0.2.2
host AAAA 2001:db8::1
only4 A 192.0.2.9
_sip._tcp SRV 10 5 5060 host
alias HTTPS 0 host
binary TXT "\000\027[31m\255"
"#;

pub(crate) const REVERSE: &str = "$ORIGIN 2.0.192.in-addr.arpa.\n$TTL 60\n\
    @ SOA ns1.coax.test. hostmaster.coax.test. 1 2 3 4 5\n@ NS ns1.coax.test.\n\
    7 PTR seven.coax.test.\n8 PTR \\255\\027.coax.test.\n";

/// The built binary.
pub(crate) fn coax() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coax"));
    for name in ["COAX_JSON", "COAX_TRACE", "LOCALDOMAIN", "RES_OPTIONS", "HOSTALIASES"] {
        command.env_remove(name);
    }
    command
}

/// What a command did, as one text: what went wrong is seen whole.
#[derive(Debug)]
pub(crate) struct Heard {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Runs a command to its end, with `input` on stdin.
pub(crate) fn run(mut command: Command, input: &[u8]) -> Heard {
    use std::io::Write;
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
    let pid = Pid::from_child(&child);
    let (done, ended) = mpsc::channel();
    let waiter = std::thread::spawn(move || {
        let _ = done.send(child.wait_with_output());
    });
    let outcome = ended.recv_timeout(PATIENCE);
    if outcome.is_err() {
        let _ = kill_process(pid, Signal::KILL);
    }
    waiter.join().unwrap();
    writer.join().unwrap();
    let Output { status, stdout, stderr } = outcome.expect("it hung and was ended").unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Heard { code: status.code(), stdout: text(stdout), stderr: text(stderr) }
}

/// `coax resolve` with `words`.
pub(crate) fn resolve(words: &[&str]) -> Heard {
    let mut command = coax();
    command.arg("resolve").args(words);
    run(command, b"")
}

/// Lines in a fixed order.
pub(crate) fn sorted(text: &str) -> Vec<&str> {
    let mut lines: Vec<_> = text.lines().collect();
    lines.sort_unstable();
    lines
}

/// A process that is ended with the test.
pub(crate) struct Peer {
    child: Child,
    pub(crate) port: u16,
    _folder: Option<tempfile::TempDir>,
}

impl Drop for Peer {
    fn drop(&mut self) {
        // nsd ends its own children when it is asked to end.
        let _ = kill_process(Pid::from_child(&self.child), Signal::TERM);
        let _ = self.child.wait();
    }
}

impl Peer {
    pub(crate) fn new(child: Child, port: u16, folder: tempfile::TempDir) -> Peer {
        Peer { child, port, _folder: Some(folder) }
    }

    pub(crate) fn server(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }
}

/// Whether `program` can be started.
pub(crate) fn is_there(program: &str) -> bool {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    path.split(':').any(|folder| Path::new(folder).join(program).is_file())
}

/// nsd with the zone, or nothing and a word why.
pub(crate) fn nsd() -> Option<Peer> {
    let many: String = (0..60).map(|number| format!("long TXT \"{number:040}\"\n")).collect();
    nsd_with(&format!("{ZONE}{many}"))
}

/// nsd with this text as the zone coax.test.
pub(crate) fn nsd_with(zone: &str) -> Option<Peer> {
    if !is_there("nsd") || !is_there("dig") {
        eprintln!("skipped: this needs a name server: apt-get install nsd bind9-dnsutils");
        return None;
    }
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    std::fs::write(folder.path().join("coax.zone"), zone).unwrap();
    std::fs::write(folder.path().join("reverse.zone"), REVERSE).unwrap();
    let conf = folder.path().join("nsd.conf");
    std::fs::write(&conf, nsd_conf(folder.path(), port)).unwrap();
    let mut command = Command::new("nsd");
    command.env("PATH", std::env::var("PATH").unwrap_or_default() + ":/usr/sbin");
    command.arg("-d").arg("-c").arg(&conf).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let talk = child.stderr.take().unwrap();
    let _ = until(talk, |line| line.contains("nsd started"));
    Some(Peer { child, port, _folder: Some(folder) })
}

pub(crate) fn nsd_conf(folder: &Path, port: u16) -> String {
    let at = folder.display();
    format!(
        "server:\n ip-address: 127.0.0.1\n port: {port}\n username: \"\"\n chroot: \"\"\n \
         zonesdir: \"{at}\"\n pidfile: \"{at}/pid\"\n xfrdfile: \"{at}/xfrd\"\n xfrdir: \"{at}\"\n \
         zonelistfile: \"{at}/list\"\n database: \"\"\n server-count: 1\n rrl-ratelimit: 0\nremote-control:\n \
         control-enable: no\nzone:\n name: coax.test\n zonefile: coax.zone\n \
         provide-xfr: 127.0.0.1 NOKEY\nzone:\n \
         name: 2.0.192.in-addr.arpa\n zonefile: reverse.zone\n"
    )
}

/// A Python program that prints the port it serves on its first line.
pub(crate) fn python(program: &str) -> Option<Peer> {
    if !is_there("python3") {
        eprintln!("skipped: this needs a lying server: apt-get install python3");
        return None;
    }
    let mut command = Command::new("python3");
    command.arg("-c").arg(program).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let talk = child.stdout.take().unwrap();
    let port = until(talk, |line| line.parse::<u16>().is_ok()).parse().unwrap();
    Some(Peer { child, port, _folder: None })
}

/// The first line that fits; the rest is read away, so that nobody stands still.
pub(crate) fn until(talk: impl Read + Send + 'static, fits: fn(&str) -> bool) -> String {
    let (found, line) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(talk).lines().map_while(Result::ok) {
            if fits(&line) {
                let _ = found.send(line);
            }
        }
    });
    line.recv_timeout(PATIENCE).expect("the peer never said it was ready")
}

/// A port free for UDP and TCP a moment ago.
pub(crate) fn free_port() -> u16 {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let port = udp.local_addr().unwrap().port();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
    panic!("no port is free for UDP and TCP");
}
