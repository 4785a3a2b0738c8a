//! The half from the peer to the local sink, and what happens to it when the sink has no reader.
//!
//! Nothing here decides when the session is over.

use std::io;

use tokio::sync::Notify;

use super::OnReaderLeft;
use super::half::{self, Filter, HalfEnd, Meter};
use crate::Stream;
use crate::descriptor::Descriptor;

/// Where what arrives goes.
pub(super) struct Inward<'a, 'f> {
    /// `None` throws it away.
    pub(super) sink: Option<Descriptor>,
    pub(super) filter: Option<&'f mut dyn Filter>,
    pub(super) read_size: Option<usize>,
    pub(super) on_reader_left: OnReaderLeft,
    /// Is notified when the sink has no reader, and [`OnReaderLeft::Discard`] was asked for.
    pub(super) reader_left: &'a Notify,
}

impl Inward<'_, '_> {
    /// Dropping the sink at the end is what tells a local reader that nothing more comes.
    pub(super) async fn receive(self, stream: &Stream, meter: &Meter) -> HalfEnd {
        let Inward { sink, filter, read_size, on_reader_left, reader_left } = self;
        let Some(sink) = sink else { return half::discard(stream.descriptor(), meter).await };
        let moving = half::run(stream.descriptor(), &sink, filter, read_size, meter);
        if on_reader_left == OnReaderLeft::End {
            return moving.await;
        }
        tokio::select! {
            biased;
            end = moving => match end {
                HalfEnd::Sink(error) if error.kind() == io::ErrorKind::BrokenPipe => {}
                end => return end,
            },
            () = sink.reader_left() => {}
        }
        drop(sink);
        reader_left.notify_one();
        half::discard(stream.descriptor(), meter).await
    }
}
