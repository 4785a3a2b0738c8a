//! What happens without descriptors and without privilege, each in a child process of its own.
//!
//! A test that needs a poorer process runs itself again under `ulimit` or `setpriv`.

#![allow(clippy::unwrap_used)]

use std::process::Command;

use coax_net::{Address, Family, Kind, Protocol, Socket, SocketError, SocketErrorKind};

const CHILD: &str = "COAX_TEST_CHILD";

/// Runs this test again, in a process that `through` (a shell line with "$@") made poorer.
fn again(test: &str, through: &str) {
    let status = Command::new("sh")
        .args(["-c", through, "sh"])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(CHILD, "1")
        .status()
        .unwrap();
    assert!(status.success(), "{through}: {status}");
}

fn is_child() -> bool {
    std::env::var_os(CHILD).is_some()
}

#[test]
fn running_out_of_descriptors_is_an_error_that_names_the_limit() {
    if !is_child() {
        return again(
            "running_out_of_descriptors_is_an_error_that_names_the_limit",
            "ulimit -n 16; exec \"$@\"",
        );
    }
    let listener = Socket::new(Family::Inet, Kind::Stream, None).unwrap();
    listener.bind(&Address::Ip("127.0.0.1:0".parse().unwrap())).unwrap();
    listener.listen(1).unwrap();
    let name = listener.local_name().unwrap();
    let client = Socket::new(Family::Inet, Kind::Stream, None).unwrap();
    client.connect(&name).unwrap();
    let mut open = Vec::new();
    let error = loop {
        match Socket::new(Family::Unix, Kind::Stream, None) {
            Ok(socket) => open.push(socket),
            Err(error) => break error,
        }
        assert!(open.len() < 16);
    };
    let out = "too many open files (ulimit -n is 16)";
    assert_eq!(error.to_string(), format!("cannot open a Unix stream socket: {out}"));
    assert_eq!(error.kind(), SocketErrorKind::TooManyDescriptors);
    let error = listener.accept().unwrap_err();
    assert_eq!(error.to_string(), format!("cannot accept on {name}: {out}"));
    open.pop();
    assert!(listener.accept().is_ok(), "the waiting connection was not lost");
}

fn raw_sockets() -> [Result<Socket, SocketError>; 2] {
    [
        Socket::new(Family::Inet, Kind::Raw, Some(Protocol::ICMP)),
        Socket::new(Family::Inet6, Kind::Raw, Some(Protocol::ICMPV6)),
    ]
}

/// CAP_NET_RAW, capabilities(7).
fn may_open_raw_sockets() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("CapEff:")).unwrap();
    u64::from_str_radix(line.trim(), 16).unwrap() & (1 << 13) != 0
}

#[test]
fn raw_sockets_need_privilege() {
    if may_open_raw_sockets() {
        assert!(raw_sockets().iter().all(Result::is_ok));
        return again("raw_sockets_need_privilege", "exec setpriv --bounding-set -net_raw \"$@\"");
    }
    for (outcome, family) in raw_sockets().into_iter().zip(["IPv4", "IPv6"]) {
        let error = outcome.unwrap_err();
        assert_eq!(error.kind(), SocketErrorKind::PermissionDenied);
        assert_eq!(
            error.to_string(),
            format!(
                "cannot open an {family} raw socket: permission denied (raw sockets need privilege)"
            )
        );
    }
}

#[test]
fn low_ports_need_privilege() {
    // 1 is as low as ports go; root binds it, and a machine may let everyone.
    let port_one = Address::Ip("127.0.0.1:1".parse().unwrap());
    let outcome = Socket::new(Family::Inet, Kind::Stream, None).unwrap().bind(&port_one);
    if let Err(error) = outcome {
        assert_eq!(error.kind(), SocketErrorKind::PermissionDenied);
        assert_eq!(
            error.to_string(),
            "cannot bind 127.0.0.1:1: permission denied (ports below 1024 need privilege)"
        );
    } else if !is_child() {
        again("low_ports_need_privilege", "exec setpriv --bounding-set -net_bind_service \"$@\"");
    }
}
