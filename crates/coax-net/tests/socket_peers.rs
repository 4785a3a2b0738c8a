//! Python on the other end, both ways round: the calls mean what others mean by them.

#![allow(clippy::unwrap_used)]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use coax_net::{Address, Family, Kind, Shutdown, Socket};

/// A Python script with `socket` imported; it is gone when this is dropped.
struct Peer(Child);

impl Peer {
    fn run(script: &str, argument: &str) -> Peer {
        let child = Command::new("python3")
            .args(["-c", &format!("import socket, sys\nsocket.setdefaulttimeout(10)\n{script}")])
            .arg(argument)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        Peer(child)
    }

    fn line(&mut self) -> String {
        let mut line = String::new();
        BufReader::new(self.0.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        line.trim_end().to_owned()
    }

    fn succeeds(mut self) {
        assert!(self.0.wait().unwrap().success());
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn ip(text: &str) -> Address {
    Address::Ip(text.parse::<SocketAddr>().unwrap())
}

fn open(family: Family, kind: Kind) -> Socket {
    let socket = Socket::new(family, kind, None).unwrap();
    socket.set_timeout(Some(Duration::from_secs(20))).unwrap();
    socket
}

const FAMILIES: [(Family, &str, &str); 2] =
    [(Family::Inet, "AF_INET", "127.0.0.1"), (Family::Inet6, "AF_INET6", "::1")];

fn at(host: &str, port: &str) -> Address {
    ip(&if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") })
}

#[test]
fn python_serves_a_stream() {
    for (family, constant, host) in FAMILIES {
        let script = format!(
            "s = socket.socket(socket.{constant}); s.bind((sys.argv[1], 0)); s.listen()\n\
             print(s.getsockname()[1], flush=True)\n\
             c, _ = s.accept(); c.settimeout(10)\n\
             data = b''.join(iter(lambda: c.recv(3), b''))\n\
             c.sendall(data[::-1]); c.close()"
        );
        let mut python = Peer::run(&script, host);
        let port = python.line();
        let socket = open(family, Kind::Stream);
        socket.connect(&at(host, &port)).unwrap();
        socket.send_all(b"stressed").unwrap();
        socket.shutdown(Shutdown::Write).unwrap();
        assert_eq!(socket.recv(1024).unwrap(), b"desserts");
        assert_eq!(socket.recv(1024).unwrap(), b"");
        python.succeeds();
    }
}

#[test]
fn python_is_the_client_of_a_stream() {
    for (family, _, host) in FAMILIES {
        let listener = open(family, Kind::Stream);
        listener.bind(&at(host, "0")).unwrap();
        listener.listen(1).unwrap();
        let port = listener.local_name().unwrap().port().unwrap().to_string();
        let script = format!(
            "s = socket.create_connection(('{host}', int(sys.argv[1]))); s.sendall(b'no newline')\n\
             sys.exit(s.recv(1024) != b'ok')"
        );
        let python = Peer::run(&script, &port);
        let (socket, _) = listener.accept().unwrap();
        socket.set_timeout(Some(Duration::from_secs(20))).unwrap();
        assert_eq!(socket.recv(1024).unwrap(), b"no newline");
        socket.send_all(b"ok").unwrap();
        python.succeeds();
    }
}

#[test]
fn python_answers_datagrams() {
    for (family, constant, host) in FAMILIES {
        let script = format!(
            "s = socket.socket(socket.{constant}, socket.SOCK_DGRAM); s.bind((sys.argv[1], 0))\n\
             print(s.getsockname()[1], flush=True)\n\
             data, who = s.recvfrom(1024); s.sendto(data.upper(), who)"
        );
        let mut python = Peer::run(&script, host);
        let port = python.line();
        let socket = open(family, Kind::Dgram);
        let to = at(host, &port);
        socket.send_to(b"quietly", &to).unwrap();
        assert_eq!(socket.recv_from(1024).unwrap(), (b"QUIETLY".to_vec(), to));
        python.succeeds();
    }
}

#[test]
fn python_sends_datagrams_and_is_answered() {
    for (family, constant, host) in FAMILIES {
        let socket = open(family, Kind::Dgram);
        socket.bind(&at(host, "0")).unwrap();
        let port = socket.local_name().unwrap().port().unwrap().to_string();
        let script = format!(
            "s = socket.socket(socket.{constant}, socket.SOCK_DGRAM)\n\
             s.sendto(b'', ('{host}', int(sys.argv[1]))); s.sendto(b'two', ('{host}', int(sys.argv[1])))\n\
             sys.exit(s.recv(1024) != b'heard')"
        );
        let python = Peer::run(&script, &port);
        assert_eq!(socket.recv_from(1024).unwrap().0, b"", "an empty datagram is a datagram");
        let (two, who) = socket.recv_from(1024).unwrap();
        assert_eq!(two, b"two");
        socket.send_to(b"heard", &who).unwrap();
        python.succeeds();
    }
}
