//! What many tasks say on one standard output.
//!
//! Each message and each event stays whole, and one that has to wait for its reader makes nobody
//! else wait who has nothing to say.
//!
//! Nothing here knows who speaks.

use std::sync::Arc;

use coax_net::Descriptor;
use tokio::sync::Mutex;

use crate::failure::Failure;
use crate::out::{Out, Report, line};
use crate::session::share_stdout;

/// A way out that many tasks share.
#[derive(Clone, Debug)]
pub(in crate::cmd) struct Voice {
    out: Out,
    /// `None` when nothing is to be shown.
    sink: Option<Arc<Mutex<Descriptor>>>,
}

impl Voice {
    /// For data and events: `sink` is where data goes.
    pub(in crate::cmd) fn over(sink: Option<Descriptor>, out: &Out) -> Voice {
        Voice { out: *out, sink: sink.map(|sink| Arc::new(Mutex::new(sink))) }
    }

    /// For events alone.
    pub(in crate::cmd) fn of_events(out: &Out) -> Result<Voice, Failure> {
        let sink = out.is_json().then(share_stdout).transpose()?;
        Ok(Voice::over(sink, out))
    }

    /// Data. An error is its reader having left, or a full disk.
    pub(in crate::cmd) async fn print(&self, bytes: &[u8]) -> Result<(), Failure> {
        match &self.sink {
            Some(sink) => Ok(sink.lock().await.write_all(bytes).await?),
            None => Ok(()),
        }
    }

    /// An event.
    pub(in crate::cmd) async fn report<R: Report>(&self, report: &R) -> Result<(), Failure> {
        match self.out.is_json() {
            true => self.print(&line(report)).await,
            false => self.out.report(report),
        }
    }

    /// A line for people.
    pub(in crate::cmd) fn talk(&self, text: &str) {
        self.out.talk(text);
    }
}
