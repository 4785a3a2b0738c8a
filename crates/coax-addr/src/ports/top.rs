//! The ports most worth asking first.
//!
//! How the order was made: [`CHOSEN`] was written by hand from what people commonly run, the most
//! common first, judged by general knowledge of servers, databases, brokers and development
//! tools. After it come the TCP system ports of the IANA registry (1 to 1023), then its TCP user
//! ports, each in the order of their numbers.
//!
//! Its limits: nothing was counted on any network. The first hundred are a reasonable guess at what
//! answers, their order is coarse, and what comes after [`CHOSEN`] says only that a port has a name.
//! It is not the list of any other scanner.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::Protocol;
use crate::service::registered;

/// By hand, the most common first.
#[rustfmt::skip]
const CHOSEN: &[u16] = &[
    // What nearly every network has: the web, remote shells and desktops, mail, names, files.
    80, 443, 22, 3389, 445, 8080, 21, 25, 53, 139, 23, 110, 143, 993, 995, 587, 465, 135, 3306,
    8443, 5432, 5900, 111, 8000, 631, 3000, 6379, 2049, 389, 8888,
    // Databases, brokers, clusters, directories.
    27017, 9200, 1433, 1521, 5672, 1883, 9092, 6443, 2375, 2376, 2379, 2380, 10250, 11211, 5984,
    9042, 8086, 15672, 636, 88, 464, 3268, 5985, 5986, 8883, 4222, 50051, 9300, 27018, 33060,
    // What developers run and what watches it.
    5000, 8081, 9000, 3001, 4200, 5173, 8008, 8082, 9090, 9093, 9100, 3128, 1080, 8001, 8090,
    8500, 8200, 4443, 9443, 10000, 8089, 9091, 7000, 7001, 8088, 9001, 8983, 4444, 5601, 5044,
    16686, 4317, 4318, 14268, 9411, 3100, 8096, 32400, 8123,
    // Telephony, chat, media, games.
    5060, 5061, 6667, 6697, 5222, 5269, 1935, 554, 8554, 3478, 5349, 25565, 27015, 64738, 1720,
    // Printers, routers, storage, power, buildings, industry.
    515, 9101, 161, 179, 548, 873, 3260, 2000, 8291, 7547, 5555, 502, 102, 47808, 20000, 44818,
    1911, 4840, 623, 49152, 5357, 1900, 5353, 62078, 5001, 37777, 34567,
    // Remote control, proxies and tunnels.
    1723, 1194, 500, 4500, 1701, 5901, 5902, 5800, 5938, 2222, 2200, 992, 990, 989, 513, 514, 512,
    8118, 9050, 9051, 8388, 51820,
    // The rest of what is old, rare or both, yet found.
    79, 113, 119, 563, 70, 7, 9, 13, 17, 19, 37, 43, 49, 69, 109, 137, 138, 177, 194, 220, 427, 497,
    543, 544, 546, 547, 593, 666, 1025, 1099, 1434, 1812, 2082, 2083, 2086, 2087, 2095, 2096,
];

/// The hand-written order, then the registry's.
static ORDER: LazyLock<Vec<u16>> = LazyLock::new(|| {
    let mut seen = HashSet::new();
    CHOSEN
        .iter()
        .copied()
        .chain(registered(Protocol::Tcp))
        .filter(|&port| port > 0 && seen.insert(port))
        .collect()
});

/// Every port of the list, each once.
pub(super) fn ports() -> impl Iterator<Item = u16> {
    ORDER.iter().copied()
}
