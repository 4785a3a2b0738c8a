//! The status of an HTTP answer, from whatever a stranger sends in its place.
//!
//! No bytes panic, and what was known from the first of them does not change with more.

#![no_main]

use coax_wait::{Head, final_status};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let whole = final_status(bytes);
    let half = final_status(&bytes[..bytes.len() / 2]);
    assert!(half == Head::Unfinished || half == whole);
});
