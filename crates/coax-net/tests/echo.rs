//! Echo: everything comes back, in bounded memory, and each end is told as it was.

#![allow(clippy::unwrap_used)]

use std::future::pending;
use std::time::Duration;

use coax_net::{
    Address, Ending, Endings, Family, First, How, Kind, Shutdown, Socket, Stream, echo,
};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};

/// Far more than a pair of sockets needs.
const AGES: Duration = Duration::from_secs(20);

fn stream(socket: Socket) -> Stream {
    Stream::new(socket, Address::Unnamed).unwrap()
}

/// An echo that runs, and its peer.
fn echoing(family: Family, kind: Kind, endings: Endings) -> (JoinHandle<Ending>, Stream) {
    let (ours, theirs) = Socket::pair(family, kind).unwrap();
    let echo = echo(stream(ours), endings, pending());
    (tokio::spawn(echo), stream(theirs))
}

async fn hear(peer: &Stream, count: usize) -> Vec<u8> {
    let mut heard = vec![0; count];
    let mut at = 0;
    while at < count {
        let reading = timeout(AGES, peer.descriptor().read(&mut heard[at..])).await;
        match reading.expect("more to come").unwrap() {
            0 => break,
            more => at += more,
        }
    }
    heard.truncate(at);
    heard
}

async fn ended(echo: JoinHandle<Ending>) -> Ending {
    timeout(AGES, echo).await.expect("it ends").unwrap()
}

const PAIRS: [(Family, Kind); 4] = [
    (Family::Inet, Kind::Stream),
    (Family::Inet6, Kind::Stream),
    (Family::Unix, Kind::Stream),
    (Family::Unix, Kind::Seqpacket),
];

#[tokio::test]
async fn everything_comes_back_and_the_end_is_the_peers() {
    for (family, kind) in PAIRS {
        let (echo, peer) = echoing(family, kind, Endings::default());
        for word in [&b"one"[..], b"and two"] {
            peer.descriptor().write_all(word).await.unwrap();
            assert_eq!(hear(&peer, word.len()).await, word);
        }
        peer.end_sending().unwrap();
        assert_eq!(hear(&peer, 1).await, b"");
        let ending = ended(echo).await;
        assert_eq!((ending.first, ending.sent.0, ending.received.0), (First::Peer, 10, 10));
        assert!(matches!(ending.how, How::Fin), "{family:?} {:?}", ending.how);
    }
}

#[tokio::test]
async fn a_peer_that_writes_before_it_reads_gets_all_of_it_back() {
    const MUCH: usize = 32 << 20;
    let (echo, peer) = echoing(Family::Inet, Kind::Stream, Endings::default());
    let bytes: Vec<u8> =
        (0..MUCH).map(|place| (place ^ (place >> 8) ^ (place >> 16)) as u8).collect();
    let mut at = 0;
    // Until it takes no more: it holds no more than the sockets and one read do.
    while let Ok(count) =
        timeout(Duration::from_millis(200), peer.descriptor().write(&bytes[at..])).await
    {
        at += count.unwrap();
    }
    assert!(at < MUCH, "it kept all of it");
    let writing = async {
        peer.descriptor().write_all(&bytes[at..]).await.unwrap();
        peer.end_sending().unwrap();
    };
    let ((), heard) = tokio::join!(writing, hear(&peer, MUCH));
    assert!(heard == bytes, "whole and in order");
    assert_eq!(ended(echo).await.sent.0, MUCH as u64);
}

#[tokio::test]
async fn packets_keep_their_boundaries_and_their_size() {
    let (_echo, peer) = echoing(Family::Unix, Kind::Seqpacket, Endings::default());
    let sizes = [1, 16 << 10, (16 << 10) + 1, 100_000];
    for size in sizes {
        peer.descriptor().write_all(&vec![7; size]).await.unwrap();
    }
    for size in sizes {
        let mut buffer = vec![0; 1 << 20];
        let count = timeout(AGES, peer.descriptor().read(&mut buffer)).await.unwrap().unwrap();
        assert_eq!(count, size);
    }
}

#[tokio::test]
async fn silence_and_the_deadline_end_it() {
    let short = Duration::from_millis(50);
    let table = [
        (Endings { idle: Some(short), ..Endings::default() }, "Idle"),
        (Endings { deadline: Some(Instant::now() + short), ..Endings::default() }, "Deadline"),
    ];
    for (endings, how) in table {
        let (echo, peer) = echoing(Family::Unix, Kind::Stream, endings);
        let ending = ended(echo).await;
        assert_eq!((format!("{:?}", ending.how), ending.first), (how.to_owned(), First::Neither));
        assert_eq!(hear(&peer, 1).await, b"", "closed in order");
    }
}

#[tokio::test]
async fn a_stop_ends_it_in_order() {
    let (ours, theirs) = Socket::pair(Family::Inet, Kind::Stream).unwrap();
    let peer = stream(theirs);
    let ending = timeout(AGES, echo(stream(ours), Endings::default(), async {})).await.unwrap();
    assert!(matches!(ending.how, How::Stopped), "{:?}", ending.how);
    assert_eq!(hear(&peer, 1).await, b"");
}

#[tokio::test]
async fn a_reset_is_told_as_one() {
    let (ours, theirs) = Socket::pair(Family::Inet, Kind::Stream).unwrap();
    theirs.set_linger(Some(Duration::ZERO)).unwrap();
    let echo = tokio::spawn(echo(stream(ours), Endings::default(), pending()));
    drop(theirs);
    let ending = ended(echo).await;
    assert!(matches!(ending.how, How::Broken(_)), "{:?}", ending.how);
    assert_eq!(ending.first, First::Peer);
}

#[tokio::test]
async fn a_peer_that_stops_reading_for_good_is_refused_and_not_kept() {
    let (ours, theirs) = Socket::pair(Family::Unix, Kind::Stream).unwrap();
    theirs.shutdown(Shutdown::Read).unwrap();
    let (echo, peer) =
        (tokio::spawn(echo(stream(ours), Endings::default(), pending())), stream(theirs));
    peer.descriptor().write_all(b"for nobody").await.unwrap();
    let ending = ended(echo).await;
    assert!(matches!(ending.how, How::Broken(_) | How::Refused(_)), "{:?}", ending.how);
}
