//! Whatever reads as a port set prints as text that reads as the same one, and counts right; so
//! do the ports of two protocols.
#![no_main]

use std::sync::LazyLock;

use coax_addr::{PortSet, Protocol, ProtocolPorts, ServiceTable};
use libfuzzer_sys::fuzz_target;

static SERVICES: LazyLock<ServiceTable> = LazyLock::new(ServiceTable::iana);

fuzz_target!(|text: &str| {
    match text.parse::<PortSet>() {
        Ok(ports) => {
            assert_eq!(ports.iter().count(), ports.len());
            assert!(ports.iter().all(|port| ports.contains(port)));
            assert_eq!(ports.nth(ports.len()), None);
            assert_eq!(ports.to_string().parse::<PortSet>(), Ok(ports));
        }
        Err(error) => assert!(error.position() <= text.chars().count() + 1),
    }
    match ProtocolPorts::parse(text, &SERVICES, Protocol::Tcp) {
        Ok(ports) => {
            let printed = ports.to_string();
            assert_eq!(ProtocolPorts::parse(&printed, &SERVICES, Protocol::Udp), Ok(ports));
        }
        Err(error) => assert!(error.position() <= text.chars().count() + 1),
    }
});
