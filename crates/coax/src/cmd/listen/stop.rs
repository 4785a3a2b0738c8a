//! Telling every task to end.
//!
//! A task that is told ends in order: it says goodbye to its peer, ends its command, reports.
//!
//! Nothing here knows why it is over.

use tokio::sync::watch;

/// Tells all tasks.
#[derive(Debug)]
pub(in crate::cmd) struct Stopper(watch::Sender<bool>);

/// One task's ear.
#[derive(Clone, Debug)]
pub(in crate::cmd) struct Stop(watch::Receiver<bool>);

impl Stopper {
    pub(in crate::cmd) fn new() -> Stopper {
        Stopper(watch::Sender::new(false))
    }

    pub(in crate::cmd) fn ear(&self) -> Stop {
        Stop(self.0.subscribe())
    }

    pub(in crate::cmd) fn stop(&self) {
        self.0.send_replace(true);
    }
}

impl Stop {
    /// Completes once it is over, which it also is when nobody is left to say so. Safe to cancel.
    pub(in crate::cmd) async fn asked(&mut self) {
        let _ = self.0.wait_for(|over| *over).await;
    }
}
