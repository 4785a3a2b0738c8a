//! The relay over real sockets and pipes, with the clock paused where only time can end it.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use std::fs::{self, File, OpenOptions};
use std::io::{PipeReader, PipeWriter, Read, Write};
use std::thread::JoinHandle;
use std::time::Duration;

use coax_net::{
    Address, Descriptor, Ending, Endings, Family, Filter, First, FramingError, How, Kind, Local,
    OnEof, OnPeerClose, Pieces, Shutdown, Socket, Stream, relay,
};
use tokio::time::Instant;

/// One end of a relay: what is typed, what is shown, and the peer.
struct Bench {
    typed: PipeWriter,
    shown: PipeReader,
    peer: Socket,
    stream: Stream,
    local: Local<'static>,
}

fn bench(family: Family) -> Bench {
    let (near, peer) = Socket::pair(family, Kind::Stream).unwrap();
    let name = near.peer_name().unwrap();
    let (source, typed) = std::io::pipe().unwrap();
    let (shown, sink) = std::io::pipe().unwrap();
    let stream = Stream::new(near, name).unwrap();
    let local = Local {
        source: Some(Descriptor::new(source.into()).unwrap()),
        sink: Some(Descriptor::new(sink.into()).unwrap()),
        ..Local::default()
    };
    Bench { typed, shown, peer, stream, local }
}

const FAMILIES: [Family; 3] = [Family::Inet, Family::Inet6, Family::Unix];

async fn until_over(local: Local<'_>, stream: Stream, endings: Endings) -> Ending {
    relay(local, stream, endings, std::future::pending()).await
}

fn all_of(mut from: impl Read + Send + 'static) -> JoinHandle<Vec<u8>> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        from.read_to_end(&mut bytes).unwrap();
        bytes
    })
}

fn heard_by(peer: &Socket) -> Vec<u8> {
    let mut heard = Vec::new();
    loop {
        match peer.recv(1 << 16).unwrap() {
            piece if piece.is_empty() => return heard,
            piece => heard.extend(piece),
        }
    }
}

/// Bytes in which a lost or repeated page shows.
fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at / 4096 * 31 + at % 251) as u8).collect()
}

#[tokio::test]
async fn each_direction_ends_on_its_own() {
    for family in FAMILIES {
        let Bench { mut typed, shown, peer, stream, local } = bench(family);
        let talk = std::thread::spawn(move || {
            peer.send_all(b"last words").unwrap();
            peer.shutdown(Shutdown::Write).unwrap();
            // The end of the peer reaches the local reader while input is still open.
            assert_eq!(all_of(shown).join().unwrap(), b"last words");
            typed.write_all(b"and more from here").unwrap();
            drop(typed);
            heard_by(&peer)
        });
        let ending = until_over(local, stream, Endings::default()).await;
        assert_eq!(talk.join().unwrap(), b"and more from here", "{family:?}");
        assert!(matches!(ending.how, How::Fin), "{ending:?}");
        assert_eq!((ending.first, ending.sent.0, ending.received.0), (First::Peer, 18, 10));
    }
}

#[tokio::test]
async fn the_end_of_input_is_told_and_the_answer_still_heard() {
    for family in FAMILIES {
        let Bench { mut typed, shown, peer, stream, local } = bench(family);
        typed.write_all(b"question").unwrap();
        drop(typed);
        let talk = std::thread::spawn(move || {
            let question = heard_by(&peer);
            peer.send_all(b"answer").unwrap();
            question
        });
        let ending = until_over(local, stream, Endings::default()).await;
        assert_eq!(talk.join().unwrap(), b"question");
        assert_eq!(all_of(shown).join().unwrap(), b"answer");
        assert_eq!(ending.first, First::Local, "{ending:?}");
    }
}

#[tokio::test]
async fn every_page_arrives_whatever_the_ends_are() {
    let whole = pattern(5_000_003);
    let place = tempfile::tempdir().unwrap();
    let path = place.path().join("whole");
    fs::write(&path, &whole).unwrap();
    for append in [false, true] {
        let received = place.path().join("received");
        let _ = fs::remove_file(&received);
        let sink = OpenOptions::new().create(true).append(append).write(true).open(&received);
        // The kernel splices into a file, but not into one that is appended to.
        let Bench { peer, stream, .. } = bench(Family::Inet);
        let local = Local {
            source: Some(Descriptor::new(File::open(&path).unwrap().into()).unwrap()),
            sink: Some(Descriptor::new(sink.unwrap().into()).unwrap()),
            ..Local::default()
        };
        let sent = whole.clone();
        let talk = std::thread::spawn(move || {
            let speaker = Socket::from(rustix::io::dup(&peer).unwrap());
            let speaking = std::thread::spawn(move || {
                speaker.send_all(&sent).unwrap();
                speaker.shutdown(Shutdown::Write).unwrap();
            });
            let heard = heard_by(&peer);
            speaking.join().unwrap();
            heard
        });
        let ending = until_over(local, stream, Endings::default()).await;
        assert!(talk.join().unwrap() == whole, "append {append}");
        assert!(fs::read(&received).unwrap() == whole, "append {append}");
        let moved = (ending.sent.0, ending.received.0);
        assert_eq!(moved, (whole.len() as u64, whole.len() as u64));
    }
}

#[tokio::test]
async fn a_file_without_a_size_is_read_to_its_end() {
    let Bench { peer, stream, mut local, .. } = bench(Family::Inet);
    let version = File::open("/proc/version").unwrap();
    local.source = Some(Descriptor::new(version.into()).unwrap());
    let talk = std::thread::spawn(move || heard_by(&peer));
    until_over(local, stream, Endings::default()).await;
    assert_eq!(talk.join().unwrap(), fs::read("/proc/version").unwrap());
}

#[tokio::test(start_paused = true)]
async fn silence_and_the_deadline_end_it() {
    let limit = Duration::from_secs(600);
    let cases = [
        (Endings { idle: Some(limit), ..Endings::default() }, true),
        (Endings { deadline: Some(Instant::now() + limit), ..Endings::default() }, false),
    ];
    for (endings, idle) in cases {
        let Bench { stream, local, peer, typed, .. } = bench(Family::Unix);
        let ending = until_over(local, stream, endings).await;
        match ending.how {
            How::Idle => assert!(idle),
            How::Deadline => assert!(!idle),
            other => panic!("{other:?}"),
        }
        assert_eq!(ending.first, First::Neither);
        drop((peer, typed));
    }
}

#[tokio::test(start_paused = true)]
async fn the_caller_can_stop_it() {
    let Bench { stream, local, peer: _peer, typed: _typed, .. } = bench(Family::Inet);
    let ending = relay(local, stream, Endings::default(), async {}).await;
    assert!(matches!(ending.how, How::Stopped), "{ending:?}");
}

#[tokio::test]
async fn what_came_before_a_reset_is_delivered() {
    let Bench { stream, local, peer, shown, typed: _typed } = bench(Family::Inet);
    peer.send_all(b"before").unwrap();
    let mut reader = shown;
    let talk = std::thread::spawn(move || {
        let mut before = [0; 6];
        reader.read_exact(&mut before).unwrap();
        peer.set_linger(Some(Duration::ZERO)).unwrap();
        drop(peer);
        before
    });
    let ending = until_over(local, stream, Endings::default()).await;
    assert_eq!(&talk.join().unwrap(), b"before");
    assert!(matches!(&ending.how, How::Broken(_)), "{ending:?}");
    assert_eq!(ending.first, First::Peer);
}

#[tokio::test]
async fn a_peer_that_takes_no_more_is_not_a_success() {
    for family in FAMILIES {
        let Bench { stream, mut local, peer, .. } = bench(family);
        local.source = Some(Descriptor::new(File::open("/dev/zero").unwrap().into()).unwrap());
        let talk = std::thread::spawn(move || peer.recv(1).map(|_| drop(peer)));
        let ending = until_over(local, stream, Endings::default()).await;
        talk.join().unwrap().unwrap();
        assert!(matches!(&ending.how, How::Refused(_) | How::Broken(_)), "{ending:?}");
    }
}

#[tokio::test]
async fn a_reader_that_left_ends_it() {
    let Bench { stream, local, peer, shown, typed: _typed } = bench(Family::Inet);
    drop(shown);
    peer.send_all(b"anyone?").unwrap();
    let ending = until_over(local, stream, Endings::default()).await;
    assert!(matches!(ending.how, How::ReaderLeft), "{ending:?}");
}

#[tokio::test]
async fn close_at_the_end_of_input_does_not_wait_for_the_peer() {
    let Bench { stream, local, peer, mut typed, .. } = bench(Family::Inet);
    typed.write_all(b"all there is").unwrap();
    drop(typed);
    let endings = Endings { on_eof: OnEof::Close, ..Endings::default() };
    let ending = until_over(local, stream, endings).await;
    assert!(matches!(ending.how, How::Fin), "{ending:?}");
    assert_eq!(heard_by(&peer), b"all there is");
}

#[tokio::test]
async fn exit_at_the_end_of_the_peer_does_not_wait_for_input() {
    let Bench { stream, local, peer, shown, typed: _typed } = bench(Family::Inet);
    peer.send_all(b"bye").unwrap();
    peer.shutdown(Shutdown::Write).unwrap();
    let endings = Endings { on_peer_close: OnPeerClose::Exit, ..Endings::default() };
    let ending = until_over(local, stream, endings).await;
    assert!(matches!(ending.how, How::Fin), "{ending:?}");
    assert_eq!(all_of(shown).join().unwrap(), b"bye");
}

/// Upper case, and a last word at the end.
struct Loud;

impl Filter for Loud {
    fn feed(&mut self, input: &[u8], output: &mut Pieces) -> Result<(), FramingError> {
        output.bytes().extend(input.to_ascii_uppercase());
        Ok(())
    }
    fn finish(&mut self, output: &mut Pieces) -> Result<(), FramingError> {
        output.bytes().extend(b"!");
        Err(FramingError::HoldsMark)
    }
}

#[tokio::test]
async fn a_filter_changes_bytes_and_what_it_kept_is_delivered_even_with_an_error() {
    let mut loud = Loud;
    let Bench { stream, local, peer, shown, typed: _typed } = bench(Family::Unix);
    let Local { source, sink, .. } = local;
    let local = Local { source, sink, outward: None, inward: Some(&mut loud), ..Local::default() };
    peer.send_all(b"hear me").unwrap();
    drop(peer);
    let ending = until_over(local, stream, Endings::default()).await;
    assert!(matches!(ending.how, How::Framing(FramingError::HoldsMark, First::Peer)));
    assert_eq!(all_of(shown).join().unwrap(), b"HEAR ME!");
}

#[tokio::test]
async fn a_unix_peer_that_is_gone_is_noticed_while_input_is_silent() {
    let Bench { stream, local, peer, typed: _typed, .. } = bench(Family::Unix);
    assert!(matches!(peer.local_name().unwrap(), Address::Unnamed));
    drop(peer);
    let ending = until_over(local, stream, Endings::default()).await;
    assert!(matches!(ending.how, How::Fin), "{ending:?}");
}

#[tokio::test]
async fn a_large_packet_is_not_cut() {
    let (near, peer) = Socket::pair(Family::Unix, Kind::Seqpacket).unwrap();
    let (shown, sink) = std::io::pipe().unwrap();
    let stream = Stream::new(near, Address::Unnamed).unwrap();
    let sink = Some(Descriptor::new(sink.into()).unwrap());
    let local = Local { source: None, sink, ..Local::default() };
    let packet = pattern(150_000);
    let (heard, sent) = (all_of(shown), packet.clone());
    let talk = std::thread::spawn(move || peer.send(&sent).map(|count| (count, drop(peer))));
    let endings = Endings { on_peer_close: OnPeerClose::Exit, ..Endings::default() };
    until_over(local, stream, endings).await;
    assert_eq!(talk.join().unwrap().unwrap().0, packet.len());
    assert!(heard.join().unwrap() == packet);
}
