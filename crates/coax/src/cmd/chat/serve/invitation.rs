//! What a person does next: which page to open, and what to type.
//!
//! Browsers open no page on some ports, 6667 among them. The page is on every port that the server
//! listens on, so the first one that browsers like is named.
//!
//! Nothing here listens.

use std::net::SocketAddr;

/// Ports that browsers open no page on (WHATWG Fetch, "bad port").
const REFUSED_BY_BROWSERS: [u16; 83] = [
    0, 1, 7, 9, 11, 13, 15, 17, 19, 20, 21, 22, 23, 25, 37, 42, 43, 53, 69, 77, 79, 87, 95, 101,
    102, 103, 104, 109, 110, 111, 113, 115, 117, 119, 123, 135, 137, 139, 143, 161, 179, 389, 427,
    465, 512, 513, 514, 515, 526, 530, 531, 532, 540, 548, 554, 556, 563, 587, 601, 636, 989, 990,
    993, 995, 1719, 1720, 1723, 2049, 3659, 4045, 4190, 5060, 5061, 6000, 6566, 6665, 6666, 6667,
    6668, 6669, 6679, 6697, 10080,
];

/// The lines, for a server that listens on these addresses. On Unix sockets alone there is none.
pub(super) fn invitation(addresses: &[String]) -> Vec<String> {
    let addresses = addresses.iter().filter_map(|it| it.parse::<SocketAddr>().ok());
    let addresses = addresses.collect::<Vec<_>>();
    let Some(first) = addresses.first() else { return Vec::new() };
    let (host, port) = (host(first), first.port());
    let page = addresses.iter().find(|it| !REFUSED_BY_BROWSERS.contains(&it.port()));
    let mut lines = vec![match page {
        Some(page) => {
            let site = self::host(page);
            let site = if site.contains(':') { format!("[{site}]") } else { site };
            format!("open http://{site}:{}/ in a browser, or type: nc {host} {port}", page.port())
        }
        None => format!(
            "type: nc {host} {port} (browsers refuse port {port}; add --listen :8667 for them)"
        ),
    }];
    lines.push(format!("any IRC client joins too: irssi -c {host} -p {port}"));
    if addresses.iter().all(|it| it.ip().is_loopback()) {
        let mut ports = addresses.iter().map(SocketAddr::port).collect::<Vec<_>>();
        ports.dedup();
        let flags = ports.iter().map(|port| format!("--listen :{port}")).collect::<Vec<_>>();
        lines.push(format!("this machine alone can; {} lets others in", flags.join(" ")));
    }
    lines
}

/// How somebody on this machine calls it.
fn host(address: &SocketAddr) -> String {
    match address.ip() {
        ip if ip.is_loopback() || ip.is_unspecified() => "localhost".to_owned(),
        ip => ip.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::invitation;

    #[test]
    fn the_page_is_on_a_port_that_browsers_open() {
        for (addresses, expected) in [
            (
                &["127.0.0.1:6667", "[::1]:6667", "127.0.0.1:8667", "[::1]:8667"][..],
                &[
                    "open http://localhost:8667/ in a browser, or type: nc localhost 6667",
                    "any IRC client joins too: irssi -c localhost -p 6667",
                    "this machine alone can; --listen :6667 --listen :8667 lets others in",
                ][..],
            ),
            (
                &["[::]:6667", "0.0.0.0:6667"],
                &[
                    "type: nc localhost 6667 (browsers refuse port 6667; add --listen :8667 for \
                     them)",
                    "any IRC client joins too: irssi -c localhost -p 6667",
                ],
            ),
            (
                &["[2001:db8::1]:9000"],
                &[
                    "open http://[2001:db8::1]:9000/ in a browser, or type: nc 2001:db8::1 9000",
                    "any IRC client joins too: irssi -c 2001:db8::1 -p 9000",
                ],
            ),
            (&["/run/chat"], &[]),
        ] {
            let addresses = addresses.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
            assert_eq!(invitation(&addresses), expected, "{addresses:?}");
        }
    }
}
