//! Whatever reads as an endpoint prints as text that reads as the same one.
#![no_main]

use coax_addr::{Endpoint, ServiceTable};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let services = ServiceTable::iana();
    if let Ok(endpoint) = Endpoint::parse(text, &services) {
        assert_eq!(Endpoint::parse(&endpoint.to_string(), &services), Ok(endpoint));
    }
    if let Some((host, port)) = text.split_once(' ')
        && let Ok(endpoint) = Endpoint::parse_words(host, port, &services)
    {
        assert_eq!(Endpoint::parse(&endpoint.to_string(), &services), Ok(endpoint));
    }
});
