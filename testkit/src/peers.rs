//! Programs nobody here wrote: where they are, and what to do when they are missing.
//!
//! A missing program skips its test and prints the command that installs it. Where
//! `COAX_TEST_REQUIRE_PEERS=1`, as in CI, it fails instead: a skipped test must not look like a
//! passed one.
//!
//! Nothing here knows how a peer is used.

use std::env;
use std::path::PathBuf;

/// Program, and the Debian package that has it.
const PACKAGES: &[(&str, &str)] = &[
    ("brotli", "brotli"),
    ("chromedriver", "chromium-driver"),
    ("chromium", "chromium"),
    ("chronyd", "chrony"),
    ("curl", "curl"),
    ("dig", "bind9-dnsutils"),
    ("dropbear", "dropbear-bin"),
    ("expect", "expect"),
    ("faketime", "faketime"),
    ("ip", "iproute2"),
    ("irssi", "irssi"),
    ("knotd", "knot"),
    ("memcached", "memcached"),
    ("nc", "netcat-openbsd"),
    ("ncat", "ncat"),
    ("ndiff", "ndiff"),
    ("nft", "nftables"),
    ("nginx", "nginx"),
    ("nmap", "nmap"),
    ("nsenter", "util-linux"),
    ("prlimit", "util-linux"),
    ("nsd", "nsd"),
    ("openssl", "openssl"),
    ("pg_lsclusters", "postgresql"),
    ("python3", "python3"),
    ("redis-server", "redis-server"),
    ("setpriv", "util-linux"),
    ("setsid", "util-linux"),
    ("socat", "socat"),
    ("strace", "strace"),
    ("tc", "iproute2"),
    ("tinyproxy", "tinyproxy"),
    ("unshare", "util-linux"),
    ("weechat-headless", "weechat-headless weechat-plugins"),
    ("xmllint", "libxml2-utils"),
    ("zstd", "zstd"),
];

/// Where `program` is. `None`, after saying so, when it is missing and may be.
#[track_caller]
pub fn peer_or_skip(program: &str) -> Option<PathBuf> {
    // Debian can have several programs called nc; this name is one alone.
    let names = if program == "nc" { vec!["nc.openbsd", "nc"] } else { vec![program] };
    let found = names.iter().find_map(|name| find(name));
    if found.is_none() {
        let package = PACKAGES.iter().find(|(name, _)| *name == program);
        let package = package.map_or(program, |(_, package)| package);
        missing(&format!("{program} is missing: apt-get install {package}"));
    }
    found
}

/// Skips for want of something that must be there where `COAX_TEST_REQUIRE_PEERS=1`.
#[track_caller]
pub(crate) fn missing(why: &str) {
    let strict = env::var_os("COAX_TEST_REQUIRE_PEERS").is_some_and(|value| value == "1");
    assert!(!strict, "not skipped, because COAX_TEST_REQUIRE_PEERS=1: {why}");
    skip(why);
}

/// Says why a test does not run here: a right this process does not have.
pub fn skip(why: &str) {
    eprintln!("skipped: {why}");
}

fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    places.map(|place| place.join(program)).find(|file| file.is_file())
}
