//! The service table every verb uses: the registry, with the machine's `/etc/services` on top.
//!
//! A machine without the file, or with one that cannot be read, has the registry alone: that is
//! no reason to fail.
//!
//! Nothing here knows what the names are needed for.

use std::fs::File;
use std::io::Read;

use coax_addr::ServiceTable;

/// Where the C library looks too: services(5).
const FILE: &str = "/etc/services";

/// More than any real file has; a mistake must not fill the memory.
const MOST: u64 = 16 << 20;

/// The table of this machine.
pub(crate) fn table() -> ServiceTable {
    let mut bytes = Vec::new();
    let read = File::open(FILE).and_then(|file| file.take(MOST).read_to_end(&mut bytes));
    match read {
        Ok(_) => ServiceTable::with_machine(&String::from_utf8_lossy(&bytes)),
        Err(_) => ServiceTable::iana(),
    }
}
