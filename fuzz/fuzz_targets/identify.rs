//! Whatever a port says, what is told of it is one short clean line, or it is not known at all.
#![no_main]

use coax_scan::{Certificate, Recognised, recognise, recognise_answer, recognise_reply};
use libfuzzer_sys::fuzz_target;

fn check(known: Option<Recognised>) {
    let Some(Recognised { service, product, extra, host, .. }) = known else { return };
    assert!(!service.is_empty());
    for told in [product, extra, host].into_iter().flatten() {
        assert!(!told.is_empty() && told.chars().count() <= 600, "{told:?}");
        assert!(!told.contains(char::is_control), "{told:?}");
    }
}

fuzz_target!(|input: (u16, &[u8], &[u8])| {
    let (port, asked, said) = input;
    check(recognise(said));
    check(recognise_answer(asked, said));
    check(recognise_reply(port, asked, said));
    // What was asked comes back in many answers, and the fuzzer would only ever guess at it.
    check(recognise_reply(port, &said[..said.len().min(48)], said));
    if let Some(certificate) = Certificate::read(said) {
        assert!(certificate.names.len() <= 100);
        assert!(certificate.names.iter().all(|name| name.chars().count() <= 255));
    }
});
