//! The ports most worth asking first.
//!
//! How the order was made: [`CHOSEN`] (TCP) and [`CHOSEN_UDP`] were written by hand from what people
//! commonly run, the most common first, judged by general knowledge of servers, databases, brokers
//! and development tools. After them come the system ports that the IANA registry has for the
//! protocol (1 to 1023), then its user ports, each in the order of their numbers.
//!
//! Its limits: nothing was counted on any network. The first hundred are a reasonable guess at what
//! answers, their order is coarse, and what comes after the chosen ones says only that a port has a
//! name.
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

/// By hand, for UDP: names, time, addresses, management, discovery, tunnels, telephony, games.
#[rustfmt::skip]
const CHOSEN_UDP: &[u16] = &[
    53, 123, 161, 137, 67, 443, 500, 5353, 1900, 514, 69, 138, 68, 111, 4500, 520, 1194, 51820,
    5060, 3478, 1701, 162, 2049, 631, 88, 389, 1812, 1813, 1645, 1646, 177, 19, 7, 9, 13, 17,
    37, 49, 513, 517, 518, 623, 626, 464, 547, 546, 1434, 5355, 3702, 10080, 11211, 3389, 853,
    784, 8853, 5683, 5684, 47808, 44818, 20000, 502, 2222, 1604, 427, 5351, 5350, 41641, 9993,
    4789, 8472, 6081, 3784, 3785, 4784, 319, 320, 2123, 2152, 8805, 3868, 5004, 5005, 5349, 1719,
    2427, 2727, 4569, 8125, 6343, 2055, 9995, 9996, 4739, 6831, 12201, 24224, 5140, 1514, 4433,
    27015, 27016, 27005, 25565, 19132, 64738, 3074, 3544, 6881, 6771, 10000, 17185, 32414, 30718,
    5632, 9987, 7777, 2302, 34197, 5093, 2362, 3283, 3401, 6502, 65024, 1027, 5000, 49152, 37810,
];

/// The hand-written order, then the registry's.
static TCP: LazyLock<Vec<u16>> = LazyLock::new(|| order(CHOSEN, Protocol::Tcp));
static UDP: LazyLock<Vec<u16>> = LazyLock::new(|| order(CHOSEN_UDP, Protocol::Udp));

fn order(chosen: &[u16], protocol: Protocol) -> Vec<u16> {
    let mut seen = HashSet::new();
    let all = chosen.iter().copied().chain(registered(protocol));
    all.filter(|&port| port > 0 && seen.insert(port)).collect()
}

/// Every port of the list, each once. What is neither TCP nor UDP is asked in TCP's order.
pub(super) fn ports(protocol: Protocol) -> impl ExactSizeIterator<Item = u16> {
    match protocol {
        Protocol::Udp => UDP.iter().copied(),
        _ => TCP.iter().copied(),
    }
}
