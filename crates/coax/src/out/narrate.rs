//! `--trace`: every socket call as a line on stderr, as it is made.
//!
//! `connect(7, 127.0.0.1:9000) = in progress · 80 µs`. The libraries say what they called; only
//! the words' place is decided here.
//!
//! Nothing here filters by verb or changes what is called.

use std::fmt::{self, Write as _};
use std::io::{self, Write as _};

use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span;
use tracing::{Event, Level, Metadata, Subscriber};

/// Where the socket calls are told.
const TARGET: &str = "coax::socket";

/// From here on every socket call is narrated. Once a process; a second time changes nothing.
pub(crate) fn install() {
    let _ = tracing::subscriber::set_global_default(Narrator);
}

struct Narrator;

impl Subscriber for Narrator {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == TARGET && *metadata.level() == Level::TRACE
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event(&self, event: &Event<'_>) {
        let mut told = Told::default();
        event.record(&mut told);
        // One write, so that lines of several threads do not mix. A lost stderr is no loss.
        let line = told.line();
        let _ = io::stderr().lock().write_all(super::shown(&line, io::stderr()).as_bytes());
    }

    // The libraries have no spans.
    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }
    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// What one event says.
#[derive(Default)]
struct Told {
    call: String,
    args: String,
    result: String,
    micros: u64,
}

impl Told {
    fn line(&self) -> String {
        format!("{}({}) = {} · {} µs\n", self.call, self.args, self.result, self.micros)
    }
}

impl Visit for Told {
    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "call" => value.clone_into(&mut self.call),
            "args" => value.clone_into(&mut self.args),
            "result" => value.clone_into(&mut self.result),
            _ => {}
        }
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        if field.name() == "micros" {
            self.micros = value;
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let mut text = String::new();
        if write!(text, "{value:?}").is_ok() {
            self.record_str(field, &text);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_reads_like_the_textbook() {
        let told = Told {
            call: "connect".into(),
            args: "7, 127.0.0.1:9000".into(),
            result: "in progress".into(),
            micros: 80,
        };
        assert_eq!(told.line(), "connect(7, 127.0.0.1:9000) = in progress · 80 µs\n");
    }
}
