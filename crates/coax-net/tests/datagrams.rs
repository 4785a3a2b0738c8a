//! Datagrams: each whole, from whom it is, to whom it goes; refusals heard while waiting.

#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_methods, reason = "a test's peer must not be the code under test")]

use std::future::{Future, pending};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::pin::Pin;
use std::time::Duration;

use coax_addr::{Endpoint, Host, Options, Place, Transport, UnixKind, UnixName};
use coax_net::{
    Address, Addresses, DATAGRAM_LIMIT, Datagrams, Dial, Inbox, ListenError, Origin, Resolve,
    ResolveError, SocketErrorKind, Wanted,
};
use tokio::time::timeout;

/// Far more than a loopback needs.
const AGES: Duration = Duration::from_secs(20);

/// No test here asks for a name.
struct Nobody;

impl Resolve for Nobody {
    fn resolve<'a>(
        &'a self,
        _: &'a str,
        _: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
        Box::pin(pending())
    }
}

fn udp(host: Host, port: u16) -> Endpoint {
    let place = Place::Net { transport: Transport::Udp, host, port, path: String::new() };
    Endpoint { place, options: Options::default() }
}

fn joining(group: &str, interface: Option<&str>) -> Endpoint {
    let mut endpoint = udp(Host::Any, 0);
    endpoint.options.join = Some(group.parse().unwrap());
    endpoint.options.interface = interface.map(str::to_owned);
    endpoint
}

async fn at(endpoint: &Endpoint) -> Result<Datagrams, ListenError> {
    Datagrams::at(endpoint, Wanted::Both, &Nobody).await
}

async fn anywhere() -> (Datagrams, u16) {
    let here = at(&udp(Host::Any, 0)).await.unwrap();
    let port = here.addresses().next().unwrap().port().unwrap();
    (here, port)
}

async fn towards(endpoint: &Endpoint) -> Datagrams {
    Datagrams::towards(Dial::new(&Nobody).connect(endpoint).await.unwrap()).unwrap()
}

async fn received(here: &Datagrams) -> (Vec<u8>, Origin) {
    let mut inbox = Inbox::for_one(DATAGRAM_LIMIT);
    let receiving = timeout(AGES, here.receive(&mut inbox, 1)).await;
    receiving.expect("something was sent").unwrap();
    let (message, from) = inbox.datagrams().next().unwrap();
    (message.to_vec(), from.clone())
}

fn peer(host: IpAddr) -> UdpSocket {
    let socket = UdpSocket::bind((host, 0)).unwrap();
    socket.set_read_timeout(Some(AGES)).unwrap();
    socket
}

const HOSTS: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

#[tokio::test]
async fn both_families_are_heard_and_answered_each_by_its_own() {
    let (here, port) = anywhere().await;
    for host in HOSTS {
        let peer = peer(host);
        peer.send_to(b"question", (host, port)).unwrap();
        let (question, from) = received(&here).await;
        assert_eq!(
            (question, &from.from),
            (b"question".to_vec(), &peer.local_addr().unwrap().into())
        );
        here.send(b"answer", Some(&from)).await.unwrap();
        let mut buffer = [0; 64];
        let (count, who) = peer.recv_from(&mut buffer).unwrap();
        assert_eq!((&buffer[..count], who), (&b"answer"[..], (host, port).into()));
    }
}

#[tokio::test]
async fn empty_and_largest_datagrams_are_whole() {
    let (here, port) = anywhere().await;
    let peer = peer(HOSTS[0]);
    let largest = vec![7; 65_507];
    for message in [&b""[..], &largest] {
        peer.send_to(message, (HOSTS[0], port)).unwrap();
        let (heard, from) = received(&here).await;
        assert!(heard == message, "{} bytes", heard.len());
        here.send(message, Some(&from)).await.unwrap();
        let mut buffer = vec![0; 70_000];
        assert_eq!(peer.recv(&mut buffer).unwrap(), message.len());
    }
    let to = Origin::from(Address::from(peer.local_addr().unwrap()));
    assert_eq!(here.largest_message(Some(&to)), 65_507);
    let error = here.send(&[0; 65_508], Some(&to)).await;
    assert_eq!(error.unwrap_err().kind(), SocketErrorKind::TooLong);
}

#[tokio::test]
async fn a_refusal_is_heard_by_who_waits_for_an_answer() {
    for host in HOSTS {
        let gone = peer(host);
        let port = gone.local_addr().unwrap().port();
        let here = towards(&udp(Host::Ip(host), port)).await;
        drop(gone);
        here.send(b"anyone?", None).await.unwrap();
        let mut inbox = Inbox::default();
        let error = timeout(AGES, here.receive(&mut inbox, 1)).await.expect("an answer of sorts");
        assert_eq!(error.unwrap_err().kind(), SocketErrorKind::Refused, "{host}");
    }
}

#[tokio::test]
async fn a_flood_at_one_door_keeps_nobody_waiting_at_the_other() {
    let (here, port) = anywhere().await;
    let (four, six) = (peer(HOSTS[0]), peer(HOSTS[1]));
    for _ in 0..40 {
        six.send_to(b"six", (HOSTS[1], port)).unwrap();
    }
    four.send_to(b"four", (HOSTS[0], port)).unwrap();
    let mut before = 0;
    while received(&here).await.0 == b"six" {
        before += 1;
    }
    assert!(before < 4, "{before} of the flood went first");
}

#[tokio::test]
async fn receiving_can_be_given_up_and_loses_nothing() {
    let (here, port) = anywhere().await;
    let mut inbox = Inbox::default();
    for _ in 0..3 {
        assert!(timeout(Duration::from_millis(1), here.receive(&mut inbox, 1)).await.is_err());
    }
    peer(HOSTS[0]).send_to(b"late", (HOSTS[0], port)).unwrap();
    assert_eq!(received(&here).await.0, b"late");
}

#[tokio::test]
async fn a_group_is_heard_where_it_was_joined() {
    let here = at(&joining("239.255.78.1", Some("lo"))).await.unwrap();
    let port = here.addresses().next().unwrap().port().unwrap();
    let sender = socket2::SockRef::from;
    let peer = peer(HOSTS[0]);
    sender(&peer).set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    peer.send_to(b"to all", ("239.255.78.1", port)).unwrap();
    let (heard, from) = received(&here).await;
    assert_eq!((heard, from.from), (b"to all".to_vec(), peer.local_addr().unwrap().into()));
}

#[tokio::test]
async fn a_group_that_nothing_here_can_hear_is_refused() {
    let mut four = joining("ff12::1", None);
    let Place::Net { host, .. } = &mut four.place else { panic!("an IP place") };
    *host = Host::Ip(HOSTS[0]);
    for endpoint in [four, joining("10.0.0.1", None), joining("::1", None)] {
        let error = at(&endpoint).await.unwrap_err();
        assert!(matches!(error, ListenError::NoGroup(_)), "{error}");
    }
    let error = at(&joining("239.1.2.3", Some("nonesuch"))).await.unwrap_err();
    assert_eq!(error.to_string(), "no interface is called nonesuch");
}

#[tokio::test]
async fn unix_datagrams_know_their_sender_and_leave_no_file() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("here");
    let name = UnixName::Path(path.clone());
    let unix = Place::Unix { kind: UnixKind::Dgram, name };
    let here = at(&Endpoint { place: unix, options: Options::default() }).await.unwrap();
    let there = place.path().join("there");
    let named = UnixDatagram::bind(&there).unwrap();
    named.send_to(b"from me", &path).unwrap();
    let sender = Origin::from(Address::Unix(UnixName::Path(there)));
    assert_eq!(received(&here).await, (b"from me".to_vec(), sender.clone()));
    here.send(b"to you", Some(&sender)).await.unwrap();
    let mut buffer = [0; 9];
    named.set_read_timeout(Some(AGES)).unwrap();
    assert_eq!(named.recv(&mut buffer).unwrap(), 6);
    UnixDatagram::unbound().unwrap().send_to(b"from nobody", &path).unwrap();
    assert_eq!(received(&here).await, (b"from nobody".to_vec(), Address::Unnamed.into()));
    drop(here);
    assert!(!path.exists());
}

#[tokio::test]
async fn a_full_receiver_makes_the_sender_wait_and_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("here");
    let slow = UnixDatagram::bind(&path).unwrap();
    let unix = Place::Unix { kind: UnixKind::Dgram, name: UnixName::Path(path) };
    let here = towards(&Endpoint { place: unix, options: Options::default() }).await;
    const COUNT: u32 = 500;
    let reading = std::thread::spawn(move || {
        slow.set_read_timeout(Some(AGES)).unwrap();
        (0..COUNT).all(|number| {
            let mut buffer = [0; 9];
            slow.recv(&mut buffer).unwrap() == 4 && buffer[..4] == number.to_be_bytes()
        })
    });
    for number in 0..COUNT {
        timeout(AGES, here.send(&number.to_be_bytes(), None)).await.expect("room").unwrap();
    }
    assert!(reading.join().unwrap(), "each, and in order");
}

#[tokio::test]
async fn what_is_no_place_for_datagrams_is_refused() {
    let place =
        Place::Net { transport: Transport::Tcp, host: Host::Any, port: 0, path: String::new() };
    let error = at(&Endpoint { place, options: Options::default() }).await.unwrap_err();
    assert!(matches!(error, ListenError::Unsupported(_)), "{error}");
}

/// The name stands for these addresses.
struct Named(Vec<IpAddr>);

impl Resolve for Named {
    fn resolve<'a>(
        &'a self,
        _: &'a str,
        _: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
        let addresses = Addresses { addresses: self.0.clone(), canonical: None };
        Box::pin(async { Ok(addresses) })
    }
}

#[tokio::test]
async fn an_answer_leaves_from_the_address_that_was_asked() {
    let (here, port) = anywhere().await;
    let peer = peer(HOSTS[0]);
    // Every address of 127.0.0.0/8 is this machine; the route back would choose the first.
    for asked in ["127.0.0.1", "127.0.0.7", "127.9.9.9"] {
        let asked: IpAddr = asked.parse().unwrap();
        peer.send_to(b"question", (asked, port)).unwrap();
        let (_, from) = received(&here).await;
        here.send(b"answer", Some(&from)).await.unwrap();
        assert_eq!(peer.recv_from(&mut [0; 9]).unwrap().1, (asked, port).into());
    }
}

#[tokio::test]
async fn what_the_first_address_refuses_is_sent_to_the_next() {
    for (refusing, taking) in [(HOSTS[0], HOSTS[1]), (HOSTS[1], HOSTS[0])] {
        let peer = peer(taking);
        let port = peer.local_addr().unwrap().port();
        let names = Named(vec![refusing, taking]);
        let dialed = Dial::new(&names).connect(&udp(Host::Name("db".to_owned()), port)).await;
        let mut here = Datagrams::towards(dialed.unwrap()).unwrap();
        let refused = loop {
            // The refusal of the first is told by a later call.
            if let Err(error) = here.send(b"hello", None).await {
                break error;
            }
        };
        assert_eq!(refused.kind(), SocketErrorKind::Refused);
        assert!(here.fail_over().await);
        assert_eq!(peer.recv(&mut [0; 9]).unwrap(), 5);
        assert_eq!(here.refused(), [Address::from(SocketAddr::new(refusing, port))]);
        assert!(!here.fail_over().await, "there is no third address");
    }
}

#[tokio::test]
async fn who_has_answered_is_not_left_for_another_address() {
    let peer = peer(HOSTS[0]);
    let port = peer.local_addr().unwrap().port();
    let names = Named(HOSTS.to_vec());
    let dialed = Dial::new(&names).connect(&udp(Host::Name("db".to_owned()), port)).await;
    let mut here = Datagrams::towards(dialed.unwrap()).unwrap();
    here.send(b"question", None).await.unwrap();
    let (_, from) = peer.recv_from(&mut [0; 9]).unwrap();
    peer.send_to(b"answer", from).unwrap();
    assert_eq!(received(&here).await.0, b"answer");
    assert!(!here.fail_over().await);
}

#[tokio::test]
async fn a_burst_is_taken_in_batches_and_what_is_dropped_is_counted() {
    let mut endpoint = udp(Host::Ip(HOSTS[0]), 0);
    endpoint.options.rcvbuf = Some(4096);
    let here = at(&endpoint).await.unwrap();
    let port = here.addresses().next().unwrap().port().unwrap();
    let peer = peer(HOSTS[0]);
    const SENT: u64 = 500;
    for _ in 0..SENT {
        peer.send_to(b"x", (HOSTS[0], port)).unwrap();
    }
    let mut inbox = Inbox::default();
    let mut heard = 0;
    while heard + here.dropped().unwrap() < SENT {
        timeout(AGES, here.receive(&mut inbox, usize::MAX)).await.expect("more of it").unwrap();
        heard += inbox.datagrams().count() as u64;
    }
    assert!(heard > 1 && heard < SENT, "{heard} of them fit");
}

#[tokio::test]
async fn a_unix_message_longer_than_a_udp_datagram_is_whole() {
    let place = tempfile::tempdir().unwrap();
    let name = UnixName::Path(place.path().join("here"));
    let unix = Endpoint::from(Place::Unix { kind: UnixKind::Dgram, name });
    let here = at(&unix).await.unwrap();
    let there = towards(&unix).await;
    let message = vec![7; 100_000];
    there.send(&message, None).await.unwrap();
    let mut inbox = Inbox::default();
    timeout(AGES, here.receive(&mut inbox, 1)).await.expect("it").unwrap();
    assert_eq!(inbox.datagrams().next().unwrap().0, message);
    let largest = there.largest_message(None);
    let error = there.send(&vec![7; largest + 1], None).await.unwrap_err();
    assert_eq!(error.kind(), SocketErrorKind::TooLong);
    there.send(&vec![7; largest], None).await.unwrap();
}
