//! The runtime a verb runs on: one thread, started when it is needed.
//!
//! One thread moves bytes as fast as the kernel splices them, starts in microseconds, and lets a
//! conversation share state without locks. Work that cannot be waited for (getaddrinfo) has
//! threads of its own, and those are left behind at the end.
//!
//! Nothing here knows what the work is.

use std::future::Future;

use coax_net::cause_in_words;

use crate::failure::{Exit, Failure};

/// Runs `work` to its end.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|error| {
            Failure::new(Exit::Machine, format!("cannot start: {}", cause_in_words(&error)))
        })?;
    let done = runtime.block_on(work);
    runtime.shutdown_background();
    done
}
