//! Telling whoever listens about each socket call: its arguments, result and time.
//!
//! A call is one `tracing` event at TRACE level with target `coax::socket` and the fields `call`,
//! `args`, `result` and `micros`. When nobody listens, a call costs one branch and its arguments
//! are not even put into words.
//!
//! Nothing here decides where the words go.

use std::io;
use std::os::fd::{AsFd, AsRawFd};
use std::time::Instant;

use tracing::Level;

use crate::address::Address;
use crate::cause::cause_in_words;

/// What a successful call gave, in words.
pub(crate) trait Told {
    fn told(&self) -> String;
}

impl Told for () {
    fn told(&self) -> String {
        "ok".to_owned()
    }
}

impl Told for bool {
    fn told(&self) -> String {
        if *self { "on".to_owned() } else { "off".to_owned() }
    }
}

impl Told for u8 {
    fn told(&self) -> String {
        self.to_string()
    }
}

impl Told for u32 {
    fn told(&self) -> String {
        self.to_string()
    }
}

impl Told for usize {
    fn told(&self) -> String {
        self.to_string()
    }
}

impl Told for String {
    fn told(&self) -> String {
        self.clone()
    }
}

impl Told for Address {
    fn told(&self) -> String {
        self.to_string()
    }
}

impl Told for Vec<u8> {
    fn told(&self) -> String {
        self.len().to_string()
    }
}

impl<A: Told> Told for (A, Address) {
    fn told(&self) -> String {
        format!("{} from {}", self.0.told(), self.1)
    }
}

/// A descriptor as the system counts it.
pub(crate) fn number(descriptor: impl AsFd) -> i32 {
    descriptor.as_fd().as_raw_fd()
}

/// Makes the call `f` and tells it as `name(args) = result`.
pub(crate) fn call<T: Told>(
    name: &'static str,
    args: impl FnOnce() -> String,
    f: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    if !tracing::enabled!(target: "coax::socket", Level::TRACE) {
        return f();
    }
    told(name, &args(), f)
}

/// Apart from [`call`], so that the silent path stays small enough to be inlined.
#[cold]
fn told<T: Told>(
    name: &'static str,
    args: &str,
    f: impl FnOnce() -> io::Result<T>,
) -> io::Result<T> {
    let started = Instant::now();
    let outcome = f();
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    let result = match &outcome {
        Ok(value) => value.told(),
        Err(error) => cause_in_words(error),
    };
    tracing::event!(
        target: "coax::socket",
        Level::TRACE,
        call = name,
        args,
        result = result.as_str(),
        micros
    );
    outcome
}
