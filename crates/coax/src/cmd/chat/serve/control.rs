//! What the server is told from outside, and what it tells a service manager: signals, sd_notify(3).
//!
//! SIGHUP has settings read and the log opened again; SIGINT and SIGTERM end it. A watchdog is told by
//! the thread that serves, so it notices when that one is stuck.
//!
//! Nothing here knows what becomes of it.

use std::cell::RefCell;
use std::future::poll_fn;
use std::task::{Context, Poll};

use coax_chat::serve::{Control, Told};
use coax_net::{Supervisor, cause_in_words};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Mutex;
use tokio::time::{Interval, interval};

use super::log::LogFile;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::session::Signals;

/// Signals that were caught, and who wants to know.
pub(super) struct Controls {
    stop: Mutex<Signals>,
    hangup: RefCell<Signal>,
    supervisor: Supervisor,
    beat: RefCell<Option<Interval>>,
    log_file: LogFile,
    out: Out,
}

impl Controls {
    /// Catches the signals.
    pub(super) fn catch(
        supervisor: Supervisor,
        log_file: LogFile,
        out: Out,
    ) -> Result<Controls, Failure> {
        let hangup = signal(SignalKind::hangup()).map_err(|error| {
            let cause = cause_in_words(&error);
            Failure::new(Exit::Machine, format!("cannot catch signals: {cause}"))
        })?;
        Ok(Controls {
            stop: Mutex::new(Signals::catch()?),
            hangup: RefCell::new(hangup),
            beat: RefCell::new(supervisor.watchdog().map(|longest| interval(longest / 3))),
            supervisor,
            log_file,
            out,
        })
    }

    /// What is wanted next. Dropped, it loses nothing.
    pub(super) async fn next(&self) -> Control {
        let mut stop = self.stop.lock().await;
        tokio::select! {
            () = stop.any() => Control::Stop("The server ends".to_owned()),
            _ = poll_fn(|context| self.hangup.borrow_mut().poll_recv(context)) => {
                self.supervisor.reloading();
                self.log_file.open_again(&self.out);
                Control::Reload
            }
            () = poll_fn(|context| self.keep_alive(context)) => Control::Reload,
        }
    }

    /// Of what happens, the manager hears the beginning and the end.
    pub(super) fn told(&self, told: &Told) {
        match told {
            Told::Reloaded(_) | Told::NotReloaded(_) => self.supervisor.ready(),
            Told::Stopping { .. } => self.supervisor.stopping(),
            _ => {}
        }
    }

    /// From now on what happens is written to the file of the log, if there is one.
    pub(super) fn take_over(&self) -> Result<(), Failure> {
        self.log_file.take_over(&self.out)
    }

    /// The signal that ended the server, as the end of the process.
    pub(super) async fn failure(&self) -> Failure {
        self.stop.lock().await.failure()
    }

    /// Never ready.
    fn keep_alive(&self, context: &mut Context<'_>) -> Poll<()> {
        if let Some(beat) = &mut *self.beat.borrow_mut() {
            while beat.poll_tick(context).is_ready() {
                self.supervisor.alive();
            }
        }
        Poll::Pending
    }
}
