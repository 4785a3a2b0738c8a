//! Each option is set and read back; multicast is joined and heard.

#![allow(clippy::unwrap_used)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use coax_net::{Address, Family, Keepalive, Kind, Socket, SocketErrorKind};

fn open(family: Family, kind: Kind) -> Socket {
    Socket::new(family, kind, None).unwrap()
}

#[test]
fn switches_are_set_and_read_back() {
    for family in [Family::Inet, Family::Inet6] {
        let tcp = open(family, Kind::Stream);
        let udp = open(family, Kind::Dgram);
        for on in [true, false] {
            tcp.set_reuse_address(on).unwrap();
            assert_eq!(tcp.reuse_address().unwrap(), on);
            tcp.set_reuse_port(on).unwrap();
            assert_eq!(tcp.reuse_port().unwrap(), on);
            tcp.set_keepalive(on).unwrap();
            assert_eq!(tcp.keepalive().unwrap(), on);
            tcp.set_nodelay(on).unwrap();
            assert_eq!(tcp.nodelay().unwrap(), on);
            tcp.set_nonblocking(on).unwrap();
            assert_eq!(tcp.nonblocking().unwrap(), on);
            udp.set_broadcast(on).unwrap();
            assert_eq!(udp.broadcast().unwrap(), on);
            udp.set_multicast_loop(on).unwrap();
            assert_eq!(udp.multicast_loop().unwrap(), on);
        }
    }
    let v6 = open(Family::Inet6, Kind::Stream);
    for on in [true, false] {
        v6.set_v6only(on).unwrap();
        assert_eq!(v6.v6only().unwrap(), on);
    }
}

#[test]
fn hops_are_set_and_read_back() {
    for family in [Family::Inet, Family::Inet6] {
        let socket = open(family, Kind::Dgram);
        for hops in [1, 7, 255] {
            socket.set_ttl(hops).unwrap();
            assert_eq!(socket.ttl().unwrap(), hops);
            socket.set_multicast_ttl(hops).unwrap();
            assert_eq!(socket.multicast_ttl().unwrap(), hops);
        }
    }
}

#[test]
fn buffers_are_at_least_what_was_asked_for() {
    for family in [Family::Inet, Family::Inet6, Family::Unix] {
        let socket = open(family, Kind::Stream);
        socket.set_send_buffer(32 * 1024).unwrap();
        socket.set_receive_buffer(16 * 1024).unwrap();
        assert_eq!(socket.send_buffer().unwrap(), 64 * 1024);
        assert_eq!(socket.receive_buffer().unwrap(), 32 * 1024);
    }
}

#[test]
fn times_are_set_and_read_back() {
    let socket = open(Family::Inet, Kind::Stream);
    for linger in [Some(Duration::ZERO), Some(Duration::from_secs(5)), None] {
        socket.set_linger(linger).unwrap();
        assert_eq!(socket.linger().unwrap(), linger);
    }
    let timing =
        Keepalive { idle: Duration::from_secs(11), interval: Duration::from_secs(3), count: 4 };
    socket.set_keepalive_timing(timing).unwrap();
    assert_eq!(socket.keepalive_timing().unwrap(), timing);
    assert!(socket.keepalive().unwrap());
    for timeout in [Some(Duration::from_millis(1500)), None] {
        socket.set_timeout(timeout).unwrap();
        assert_eq!(socket.read_timeout().unwrap(), timeout);
        assert_eq!(socket.write_timeout().unwrap(), timeout);
    }
}

#[test]
fn a_timeout_of_zero_is_refused_and_a_tiny_one_is_not_for_ever() {
    let socket = open(Family::Inet, Kind::Stream);
    let error = socket.set_timeout(Some(Duration::ZERO)).unwrap_err();
    assert_eq!(error.kind(), SocketErrorKind::Invalid);
    socket.set_timeout(Some(Duration::from_nanos(1))).unwrap();
    assert!(socket.read_timeout().unwrap().is_some());
}

#[test]
fn an_option_of_another_kind_of_socket_is_an_error_that_names_it() {
    let error = open(Family::Unix, Kind::Stream).set_nodelay(true).unwrap_err();
    assert_eq!(error.kind(), SocketErrorKind::NotSupported);
    assert_eq!(
        error.to_string(),
        "cannot set nodelay of an unnamed socket: not supported by this kind of socket"
    );
}

#[test]
fn the_error_slot_says_what_went_wrong_once() {
    let socket = open(Family::Inet, Kind::Dgram);
    let placeholder = open(Family::Inet, Kind::Dgram);
    placeholder.bind(&Address::Ip(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), 0))).unwrap();
    let nobody = placeholder.local_name().unwrap();
    drop(placeholder);
    socket.connect(&nobody).unwrap();
    assert!(socket.take_error().unwrap().is_none());
    // Loopback answers with an ICMP error before the call returns.
    socket.send(b"anyone?").unwrap();
    let error = socket.take_error().unwrap().unwrap();
    assert_eq!(error.kind(), SocketErrorKind::Refused);
    assert!(socket.take_error().unwrap().is_none());
}

fn loopback_index() -> u32 {
    let bytes = std::fs::read_to_string("/sys/class/net/lo/ifindex").unwrap();
    bytes.trim().parse().unwrap()
}

#[test]
fn a_joined_group_is_heard_until_it_is_left() {
    let lo = loopback_index();
    let group = IpAddr::from(Ipv4Addr::new(239, 255, 77, 1));
    let listener = open(Family::Inet, Kind::Dgram);
    listener.bind(&Address::Ip(SocketAddr::new(Ipv4Addr::UNSPECIFIED.into(), 0))).unwrap();
    listener.join_multicast(group, lo).unwrap();
    listener.set_timeout(Some(Duration::from_secs(10))).unwrap();
    let port = listener.local_name().unwrap().port().unwrap();
    let sender = open(Family::Inet, Kind::Dgram);
    sender.set_multicast_interface(lo).unwrap();
    sender.send_to(b"to all", &Address::Ip(SocketAddr::new(group, port))).unwrap();
    assert_eq!(listener.recv(64).unwrap(), b"to all");
    listener.leave_multicast(group, lo).unwrap();
    assert!(listener.leave_multicast(group, lo).is_err(), "left already");
}

/// Loopback carries no IPv6 multicast on Linux, so here the membership alone is seen.
#[test]
fn an_ipv6_group_is_joined_once_and_left_once() {
    let lo = loopback_index();
    let group = IpAddr::from(Ipv6Addr::new(0xff01, 0, 0, 0, 0, 0, 0xc0a, 1));
    let listener = open(Family::Inet6, Kind::Dgram);
    listener.set_multicast_interface(lo).unwrap();
    listener.join_multicast(group, lo).unwrap();
    let error = listener.join_multicast(group, lo).unwrap_err();
    assert_eq!(error.kind(), SocketErrorKind::AddressInUse);
    listener.leave_multicast(group, lo).unwrap();
    assert!(listener.leave_multicast(group, lo).is_err());
}
