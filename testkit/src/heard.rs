//! Everything a stream has said so far, and waiting for it to say something.
//!
//! A thread reads until the end, so a process never stands still because its test does not read.
//! A wait ends with what was wanted, or at the given moment with all that was heard instead.
//!
//! Nothing here knows which process speaks.

use std::io::Read;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Instant;

/// What a stream has said, growing while it speaks.
#[derive(Clone, Debug, Default)]
pub struct Heard {
    shared: Arc<(Mutex<Said>, Condvar)>,
}

#[derive(Debug, Default)]
struct Said {
    bytes: Vec<u8>,
    ended: bool,
}

impl Heard {
    /// Reads `stream` to its end on a thread of its own. An error ends it too: that is how a
    /// terminal says that its last program has left.
    pub fn from(mut stream: impl Read + Send + 'static) -> Heard {
        let heard = Heard::default();
        let ear = heard.clone();
        thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            loop {
                match stream.read(&mut chunk) {
                    Ok(0) => break,
                    Ok(count) => ear.add(&chunk[..count]),
                    Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                    Err(_) => break,
                }
            }
            ear.end();
        });
        heard
    }

    /// All so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.lock().bytes.clone()
    }

    /// All so far, for people.
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.lock().bytes).into_owned()
    }

    /// Waits until `found` finds something in what was said. `None` when the stream ended or
    /// `until` came first.
    pub fn wait_for<T>(&self, until: Instant, found: impl Fn(&[u8]) -> Option<T>) -> Option<T> {
        let mut said = self.lock();
        loop {
            if let Some(thing) = found(&said.bytes) {
                return Some(thing);
            }
            let left = until.saturating_duration_since(Instant::now());
            if said.ended || left.is_zero() {
                return None;
            }
            said = self.wait(said, left);
        }
    }

    /// Waits until the stream has ended; false when `until` came first.
    pub fn wait_for_end(&self, until: Instant) -> bool {
        let mut said = self.lock();
        while !said.ended {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            said = self.wait(said, left);
        }
        true
    }

    fn add(&self, bytes: &[u8]) {
        self.lock().bytes.extend_from_slice(bytes);
        self.shared.1.notify_all();
    }

    fn end(&self) {
        self.lock().ended = true;
        self.shared.1.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Said> {
        self.shared.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(
        &self,
        said: MutexGuard<'a, Said>,
        left: std::time::Duration,
    ) -> MutexGuard<'a, Said> {
        self.shared.1.wait_timeout(said, left).unwrap_or_else(PoisonError::into_inner).0
    }
}
