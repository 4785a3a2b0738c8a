//! The Debian packages with the programs that tests and measurements run coax against.
//!
//! Only what is missing is installed, and only by root; anyone else is told the command. Without
//! apt nothing is installed: a test whose peer is missing says so itself.

use std::path::Path;
use std::process::Command;

use crate::run::run;

/// A program that proves the package is there, and the package.
const PEERS: &[(&str, &str)] = &[
    ("nc.openbsd", "netcat-openbsd"),
    ("ncat", "ncat"),
    ("socat", "socat"),
    ("nmap", "nmap"),
    ("masscan", "masscan"),
    ("nsd", "nsd"),
    ("dig", "bind9-dnsutils"),
    ("python3", "python3"),
    ("faketime", "faketime"),
    ("strace", "strace"),
    ("ip", "iproute2"),
    ("prlimit", "util-linux"),
    ("unshare", "util-linux"),
    ("chronyd", "chrony"),
    ("curl", "curl"),
    ("xmllint", "libxml2-utils"),
    ("ndiff", "ndiff"),
    ("dropbear", "dropbear-bin"),
    ("knotd", "knot"),
    ("nft", "nftables"),
    ("nginx", "nginx"),
    ("openssl", "openssl"),
    ("redis-server", "redis-server"),
    ("memcached", "memcached"),
    ("mosquitto", "mosquitto"),
    ("pg_lsclusters", "postgresql"),
    ("aria2c", "aria2"),
    ("tinyproxy", "tinyproxy"),
    ("inspircd", "inspircd"),
    ("ngircd", "ngircd"),
    ("irssi", "irssi"),
    ("weechat-headless", "weechat-headless"),
    ("weechat-headless", "weechat-plugins"),
    ("chromium", "chromium"),
    ("chromedriver", "chromium-driver"),
    ("brotli", "brotli"),
    ("zstd", "zstd"),
];

/// Installs what is missing.
pub(crate) fn install() -> Result<(), String> {
    provide(&missing())
}

/// Installs packages that somebody found missing.
pub(crate) fn provide(missing: &[&str]) -> Result<(), String> {
    if missing.is_empty() {
        eprintln!("peers: nothing is missing");
        return Ok(());
    }
    let list = missing.join(" ");
    if !find("apt-get") {
        eprintln!("peers: missing, and no apt-get to install them: {list}");
        return Ok(());
    }
    if !rustix::process::geteuid().is_root() {
        eprintln!("peers: missing; type: sudo apt-get update && sudo apt-get install -y {list}");
        return Ok(());
    }
    eprintln!("peers: installing {list}");
    run(apt().arg("update").arg("-q"))?;
    run(apt().args(["install", "-y", "-q", "--no-install-recommends"]).args(missing))
}

fn missing() -> Vec<&'static str> {
    PEERS.iter().filter(|(program, _)| !find(program)).map(|(_, package)| *package).collect()
}

fn apt() -> Command {
    let mut apt = Command::new("apt-get");
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    apt
}

/// Whether `program` is in `PATH`, or where Debian keeps programs for root.
pub(crate) fn find(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let places = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    places.map(|place| place.join(program)).any(|file| Path::is_file(&file))
}
