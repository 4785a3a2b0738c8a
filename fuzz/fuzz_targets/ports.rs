//! Whatever reads as a port set prints as text that reads as the same one, and counts right.
#![no_main]

use coax_addr::PortSet;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    match text.parse::<PortSet>() {
        Ok(ports) => {
            assert_eq!(ports.iter().count(), ports.len());
            assert!(ports.iter().all(|port| ports.contains(port)));
            assert_eq!(ports.to_string().parse::<PortSet>(), Ok(ports));
        }
        Err(error) => assert!(error.position() <= text.chars().count() + 1),
    }
});
