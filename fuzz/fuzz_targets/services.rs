//! Any file can stand at `/etc/services`: each of its rows is found by name and by port.
#![no_main]

use coax_addr::ServiceTable;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let text = String::from_utf8_lossy(bytes);
    let services = ServiceTable::with_machine(&text);
    let ports = text.lines().filter_map(|line| line.split_whitespace().nth(1));
    let ports = ports.filter_map(|field| field.split('/').next()?.parse::<u16>().ok());
    for port in ports.take(8) {
        for service in services.by_port(port, None) {
            assert_eq!(service.port, port);
            assert!(services.by_name(&service.name, Some(service.protocol)).contains(&service));
        }
    }
});
