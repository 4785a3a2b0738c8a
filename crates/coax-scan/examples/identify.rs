//! Asks open ports what they are: `identify 127.0.0.1:22 udp://192.0.2.1:53`.
//!
//! Each is asked in turn, and shown with what it said about itself. What a stranger sent is shown
//! escaped, because it may hold what a terminal obeys.
//!
//! Nothing here finds out which ports are open.

#![allow(clippy::print_stdout, reason = "an example shows what it finds")]

use std::net::SocketAddr;

use coax_addr::Protocol;
use coax_scan::{Identify, Identity};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    for word in std::env::args().skip(1) {
        let (protocol, address) = match word.strip_prefix("udp://") {
            Some(address) => (Protocol::Udp, address),
            None => (Protocol::Tcp, word.as_str()),
        };
        let address: SocketAddr = address.parse()?;
        let found = runtime.block_on(Identify::default().at(address, protocol));
        println!("{address}/{protocol} {}", shown(&found));
    }
    Ok(())
}

fn shown(found: &Identity) -> String {
    let mut parts = vec![found.hearing.name().to_owned()];
    parts.push(found.service.unwrap_or("unknown").to_owned());
    parts.extend(found.product.as_ref().map(|product| format!("product {product:?}")));
    if let Some(tls) = &found.tls {
        parts.extend(tls.version.map(str::to_owned));
        parts.extend(tls.alpn.as_ref().map(|inside| format!("inside {inside:?}")));
        let names = tls.certificate.as_ref().map(|certificate| &certificate.names);
        parts.extend(names.map(|names| format!("for {names:?}")));
        parts.extend(tls.refusal.as_ref().map(|why| format!("refused: {why}")));
    }
    let line = found.banner.split(|&byte| byte == b'\n').next().unwrap_or_default();
    parts.push(format!("\"{}\"", line.escape_ascii()));
    parts.join(" · ")
}
