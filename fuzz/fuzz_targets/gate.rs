//! Who calls, told from whatever a stranger sends first.
//!
//! No bytes panic. More bytes never change what was told, a pause only ends what had not been told,
//! and enough bytes always tell. A proxy's header is never longer than what was sent, and what is
//! refused stays refused.

#![no_main]

use coax_chat::gate::{ProxyHeader, protocol};
use libfuzzer_sys::fuzz_target;

/// More than is ever looked at: a first line, after as many empty ones.
const ENOUGH: usize = 2 * 2048;

fuzz_target!(|bytes: &[u8]| {
    let half = &bytes[..bytes.len() / 2];
    let told = protocol(bytes, false);
    if let Some(early) = protocol(half, false) {
        assert_eq!(told, Some(early), "what was told does not change");
    }
    if told.is_some() {
        assert_eq!(protocol(bytes, true), told, "a pause does not change it");
    }
    assert!(told.is_some() || bytes.len() < ENOUGH);
    match (ProxyHeader::read(half), ProxyHeader::read(bytes)) {
        (Err(_), whole) => assert!(whole.is_err(), "what is refused stays refused"),
        (Ok(Some(header)), whole) => assert_eq!(whole, Ok(Some(header)), "a header ends"),
        (Ok(None), Ok(Some(header))) => assert!(header.length <= bytes.len()),
        (Ok(None), _) => {}
    }
});
