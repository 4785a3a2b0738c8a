//! Two hosts on a wire: one that asks, one whose every answer the test has decided.
//!
//! Both are network namespaces, joined by a pair of virtual interfaces, with IPv4 and an IPv6 twin.
//! Packets cross a real stack on each side, so what a scanner sees is what a network shows it; the
//! truth is what the target's packet filter was told.
//!
//! Nothing here knows who asks.

use crate::namespace::Namespace;
use crate::peers::{peer_or_skip, skip};
use crate::program::Program;

/// Two hosts on a wire.
#[derive(Debug)]
pub struct Lab {
    /// Who asks; it has `10.77.0.1` and `fd00:77::1`, and no route beyond the wire.
    pub client: Namespace,
    /// Who answers: [`Lab::V4`] and [`Lab::V6`].
    pub target: Namespace,
}

/// The wire is `lab` on both sides. Duplicate addresses are not looked for, as there are none.
const CLIENT: &str = "
ip link set lab up
ip address add 10.77.0.1/24 dev lab
ip address add fd00:77::1/64 dev lab nodad";
const TARGET: &str = "
ip link set lab up
ip address add 10.77.0.2/24 dev lab
ip address add fd00:77::2/64 dev lab nodad";

/// The kernel sends a host one ICMP error a second, and a thousand a second to all. A port whose
/// truth is an ICMP error would mostly be silent.
const TALKATIVE: &str = "
cd /proc/sys/net
echo 0 > ipv4/icmp_ratelimit
echo 0 > ipv6/icmp/ratelimit
# Older kernels have this one for the whole machine alone, and nothing of it here.
if [ -e ipv4/icmp_msgs_per_sec ]; then
    echo 1000000 > ipv4/icmp_msgs_per_sec
    echo 1000000 > ipv4/icmp_msgs_burst
fi";

/// Until a connection to either twin is refused, the wire may still be coming up: the system sends
/// the first packet again when it does.
const MEET: &str = r#"for host; do
    said=$( (exec 3<>"/dev/tcp/$host/9") 2>&1 ) && exit 1
    case $said in *refused*) ;; *) echo "$said"; exit 1 ;; esac
done"#;

impl Lab {
    /// The target's IPv4 address.
    pub const V4: &str = "10.77.0.2";
    /// The target's IPv6 address.
    pub const V6: &str = "fd00:77::2";

    /// A new one, with every port closed. `None`, after saying why and what to type, where it is
    /// not allowed.
    #[track_caller]
    pub fn or_skip() -> Option<Lab> {
        peer_or_skip("nft")?;
        let client = Namespace::or_skip()?;
        if client.program("nft").args(["list", "ruleset"]).run().code() != 0 {
            skip("the kernel has no packet filter: sudo modprobe nf_tables");
            return None;
        }
        let target = client.beside();
        let pair = "ip link add lab type veth peer name lab netns";
        client.sh(&format!("{pair} {}", target.pid()));
        client.sh(CLIENT);
        target.sh(TARGET);
        let lab = Lab { client, target };
        lab.client.program("bash").args(["-c", MEET, "meet", Lab::V4, Lab::V6]).run().exits(0);
        Some(lab)
    }

    /// Lifts the target's limits on ICMP errors.
    #[track_caller]
    pub fn talkative(&self) {
        self.target.sh(TALKATIVE);
    }

    /// A program on the side that asks.
    pub fn ask(&self, path: impl AsRef<std::ffi::OsStr>) -> Program {
        self.client.program(path)
    }
}
