//! What was asked and what was answered, for whoever wants to see it.
//!
//! A recording is a text file, one JSON object a line: `in` is what a client sent, `out` what it
//! was sent, each with its time, before any framing. Text is text where it is UTF-8, hexadecimal
//! otherwise. It can be served again.
//!
//! Nothing here decides what is answered.

pub(crate) mod line;
pub(crate) mod replay;

use std::fmt::Debug;
use std::fs::File;
use std::future::Future;
use std::io::{self, Write};
use std::path::Path;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use coax_net::{Address, FramingError};
use jiff::Timestamp;

use crate::Then;
use line::Line;

/// One request and its answer, or a greeting.
#[derive(Clone, Debug)]
pub struct Exchange<'a> {
    /// The number of the connection; datagrams have none.
    pub connection: Option<u64>,
    /// Who asked.
    pub peer: &'a Address,
    /// `None` for a greeting.
    pub request: Option<&'a [u8]>,
    /// The name of the rule and its line; `None` when no rule took the request.
    pub rule: Option<(String, usize)>,
    /// `None` when nothing was sent.
    pub reply: Option<&'a [u8]>,
    /// What became of the connection.
    pub then: Then,
    /// When the request was there.
    pub asked: Timestamp,
    /// Until the reply was sent.
    pub took: Duration,
}

/// Somebody who sees what goes on.
pub trait Witness: Debug + Send + Sync {
    /// Whether [`Witness::saw`] is to be called at all: a stub that nobody watches is faster.
    fn watches(&self) -> bool;

    /// An exchange is over. An error ends the connection.
    fn saw<'a>(
        &'a self,
        exchange: &'a Exchange<'a>,
    ) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send + 'a>>;

    /// A request was too long or broke the framing, and was not answered.
    fn refused(&self, connection: Option<u64>, peer: &Address, error: &FramingError);

    /// Something went wrong that ends nothing, in words.
    fn trouble(&self, connection: Option<u64>, what: &str);
}

/// Writes exchanges to a file, each as soon as it is over.
#[derive(Debug)]
pub struct Recorder {
    file: Mutex<File>,
}

impl Recorder {
    /// Writes to a new file at `path`; one that is there is written over.
    pub fn create(path: &Path) -> io::Result<Recorder> {
        Ok(Recorder { file: Mutex::new(File::create(path)?) })
    }

    /// Writes one exchange: a line for what came, one for what went.
    pub fn write(&self, exchange: &Exchange<'_>) -> io::Result<()> {
        let mut lines = Vec::new();
        if let Some(request) = exchange.request {
            Line::new(exchange, exchange.asked, "in").bytes(request).write(&mut lines);
        }
        let sent = exchange.asked.saturating_add(exchange.took).unwrap_or(exchange.asked);
        if let Some(reply) = exchange.reply {
            let line = Line::new(exchange, sent, "out").bytes(reply);
            line.then(exchange.then).write(&mut lines);
        } else if exchange.then != Then::Keep {
            Line::new(exchange, sent, "out").then(exchange.then).write(&mut lines);
        }
        self.file.lock().unwrap_or_else(PoisonError::into_inner).write_all(&lines)
    }
}
