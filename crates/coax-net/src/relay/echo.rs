//! Sending everything back.
//!
//! An idle connection costs its socket and a small task: bytes are read onto the stack, and only
//! what the peer does not take at once is kept, so a peer that never reads stops being read.
//!
//! Nothing here knows how many there are.

use std::future::Future;
use std::io;
use std::pin::pin;

use tokio::time::Instant;

use super::half::Meter;
use super::{Ending, Endings, First, How, linger, over};
use crate::{Descriptor, Stream};

/// Read at once. More would only cost the stack.
const AT_ONCE: usize = 16 << 10;

/// Echoes until the peer ends, then closes. `stop` ends it early.
pub async fn echo(stream: Stream, endings: Endings, stop: impl Future<Output = ()>) -> Ending {
    let ending = hold(&stream, endings, stop).await;
    stream.close();
    ending
}

async fn hold(stream: &Stream, endings: Endings, stop: impl Future<Output = ()>) -> Ending {
    let started = Instant::now();
    let meter = Meter::new(started);
    let mut over = pin!(over(stream, endings, started, [&meter, &meter], stop));
    let mut how = tokio::select! {
        how = back_and_forth(stream, &meter) => how,
        how = &mut over => how,
    };
    let first = if how.is_over() { First::Neither } else { First::Peer };
    if matches!(how, How::Fin) {
        how = tokio::select! { how = linger::deliver(stream, false) => how, how = over => how };
    }
    linger::drain(stream, linger::grace(&how)).await;
    let (moved, unacknowledged) = ((meter.bytes(), meter.last()), stream.unacknowledged());
    Ending { first, how, sent: moved, unacknowledged, received: moved, lasted: started.elapsed() }
}

async fn back_and_forth(stream: &Stream, meter: &Meter) -> How {
    if stream.descriptor().keeps_boundaries() {
        return packets(stream.descriptor(), meter).await;
    }
    let (peer, mut rest) = (stream.descriptor(), Vec::new());
    loop {
        match peer.when_readable(|| turn(peer, &mut rest)).await {
            Ok(0) => return How::Fin,
            Ok(count) => meter.add(count),
            Err(error) => return How::Broken(error),
        }
        if let Err(error) = peer.write_all(&rest).await {
            return How::Refused(error);
        }
        rest = Vec::new();
    }
}

/// Each packet whole, as it came.
async fn packets(peer: &Descriptor, meter: &Meter) -> How {
    let mut packet = vec![0; peer.room()];
    loop {
        let count = match peer.read(&mut packet).await {
            Ok(0) => return How::Fin,
            Ok(count) => count,
            Err(error) => return How::Broken(error),
        };
        meter.add(count);
        if let Err(error) = peer.write_all(&packet[..count]).await {
            return How::Refused(error);
        }
    }
}

/// One read and one write; `rest` gets what did not fit.
fn turn(peer: &Descriptor, rest: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; AT_ONCE];
    let count = peer.try_read(&mut buffer)?;
    let bytes = &buffer[..count];
    let sent = match peer.try_write(bytes) {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
        sent => sent?,
    };
    rest.extend_from_slice(&bytes[sent..]);
    Ok(count)
}
