//! Whoever watches a stub: events with `--json`, lines with `-v`, a recording with `--record`.
//!
//! What cannot be recorded or printed ends the stub, because somebody counts on it.
//!
//! Nothing here answers.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};

use coax_net::{Address, FramingError, cause_in_words};
use coax_stub::{Exchange, Recorder, Witness};

use super::event::ExchangeReport;
use crate::cmd::listen::voice::Voice;
use crate::failure::{Exit, Failure};
use crate::out::Out;

#[derive(Debug)]
pub(super) struct Teller {
    voice: Voice,
    told: bool,
    recorder: Option<(Recorder, PathBuf)>,
    failure: Mutex<Option<Failure>>,
}

impl Teller {
    pub(super) fn new(recorder: Option<(Recorder, PathBuf)>, out: &Out) -> Result<Teller, Failure> {
        let told = out.is_json() || out.is_verbose();
        Ok(Teller { voice: Voice::of_events(out)?, told, recorder, failure: Mutex::new(None) })
    }

    pub(super) fn voice(&self) -> &Voice {
        &self.voice
    }

    /// Why nobody can watch any more, the first time it is asked for.
    pub(super) fn failure(&self) -> Option<Failure> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    async fn tell(&self, exchange: &Exchange<'_>) -> Result<(), Failure> {
        if let Some((recorder, path)) = &self.recorder {
            recorder.write(exchange).map_err(|error| cannot_record(path, &error))?;
        }
        match self.told {
            true => self.voice.report(&ExchangeReport::of(exchange)).await,
            false => Ok(()),
        }
    }
}

impl Witness for Teller {
    fn watches(&self) -> bool {
        self.told || self.recorder.is_some()
    }

    fn saw<'a>(
        &'a self,
        exchange: &'a Exchange<'a>,
    ) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>> {
        Box::pin(async {
            self.tell(exchange).await.map_err(|failure| {
                let mut first = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
                first.get_or_insert(failure);
                io::Error::other("nobody can watch")
            })
        })
    }

    fn refused(&self, connection: Option<u64>, peer: &Address, error: &FramingError) {
        let what = match error {
            FramingError::TooLong { length, limit } => format!(
                "a request of {length} bytes or more, over the limit of {limit}; --max-request allows more"
            ),
            other => other.to_string(),
        };
        self.trouble(connection, &format!("{peer}: refused: {what}"));
    }

    fn trouble(&self, connection: Option<u64>, what: &str) {
        let number = connection.map(|number| format!("[{number}] ")).unwrap_or_default();
        self.voice.talk(&format!("coax: {number}{what}"));
    }
}

pub(super) fn cannot_record(path: &Path, error: &io::Error) -> Failure {
    let why = format!("cannot record to {}: {}", path.display(), cause_in_words(error));
    Failure::new(Exit::Machine, why)
}
