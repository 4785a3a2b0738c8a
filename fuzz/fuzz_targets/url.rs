//! Whatever reads as a URL has parts; whatever does not has a reason.
#![no_main]

use coax_addr::{ServiceTable, UrlParts};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match UrlParts::parse(text, &ServiceTable::iana()) {
        Ok(parts) => {
            assert!(!parts.scheme.is_empty());
            assert!(parts.port.is_none() || parts.host.is_some());
        }
        Err(error) => assert!(error.to_string().len() < 1000),
    }
});
