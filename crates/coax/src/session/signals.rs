//! The two signals that ask a conversation to end.
//!
//! They are caught so that socket files are removed and the summary is said; afterwards the
//! process dies of the same signal, which is what a shell wants to know.
//!
//! Nothing here ends anything itself.

use coax_net::cause_in_words;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::failure::{Exit, Failure};

/// SIGINT and SIGTERM.
#[derive(Debug)]
pub(crate) struct Signals {
    interrupt: Signal,
    terminate: Signal,
    came: Option<SignalKind>,
}

impl Signals {
    /// Catches both from now on.
    pub(crate) fn catch() -> Result<Signals, Failure> {
        let catch = |kind| {
            signal(kind).map_err(|error| {
                let cause = cause_in_words(&error);
                Failure::new(Exit::Machine, format!("cannot catch signals: {cause}"))
            })
        };
        let interrupt = catch(SignalKind::interrupt())?;
        let terminate = catch(SignalKind::terminate())?;
        Ok(Signals { interrupt, terminate, came: None })
    }

    /// Completes when either has come. Safe to cancel.
    pub(crate) async fn any(&mut self) {
        let came = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
        };
        self.came = Some(came);
    }

    /// How a run that a signal ended leaves.
    pub(crate) fn failure(&self) -> Failure {
        Failure::signal(self.came.unwrap_or(SignalKind::interrupt()).as_raw_value())
    }
}
