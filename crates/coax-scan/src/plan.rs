//! What to ask, in which order and how hard.
//!
//! A plan is complete in itself: the same plan with the same seed asks the same questions in the
//! same order.
//!
//! Nothing here is asked yet.

use std::time::Duration;

use coax_addr::{AddressSet, ProtocolPorts};

/// A scan of every port of every target.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Whom to ask.
    pub targets: AddressSet,
    /// Whether who is there is found out first.
    pub hosts: Hosts,
    /// Of the targets, those that are asked whether they are there or not: somebody named them one
    /// by one.
    pub named: AddressSet,
    /// Which ports of each.
    pub ports: ProtocolPorts,
    /// How TCP ports are asked.
    pub tcp: TcpProbe,
    /// What comes first.
    pub order: Order,
    /// How hard to try.
    pub limits: Limits,
    /// Which verdicts to hand out.
    pub tell: Tell,
    /// What an earlier scan of the same plan left to ask; by default everything.
    pub rest: Rest,
    /// Whether [`Scan::checkpoint`](crate::Scan::checkpoint) is wanted, which costs a little.
    pub checkpoints: bool,
}

/// Whether who is there is found out first, where that is worth it: see [`Plan::finds_hosts`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Hosts {
    /// A host that gives no sign of life is not asked.
    #[default]
    Find,
    /// It is asked too, after the others.
    All,
}

/// With so few ports asking them is no more than finding out who is there.
const FEW_PORTS: usize = 4;

impl Plan {
    /// Whether hosts are looked for: none are where there are but a few ports to ask of each, or
    /// where every host was named.
    pub fn finds_hosts(&self) -> bool {
        let mut unnamed = self.targets.clone();
        unnamed.exclude(&self.named);
        self.ports.len() > FEW_PORTS && !unnamed.is_empty()
    }
}

/// What is left of a plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rest {
    /// From this position in the order on nothing was asked.
    pub next: u64,
    /// Positions before that have no verdict, hardly more than a scan has under way.
    pub again: Vec<u64>,
    /// Whose ports the positions are, where hosts were looked for.
    pub groups: Vec<HostGroup>,
    /// Who was found to be silent, and is not asked.
    pub silent: AddressSet,
}

/// Hosts whose ports are asked in one mixed order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostGroup {
    /// Who.
    pub hosts: AddressSet,
    /// Whether none of them gave a sign of life.
    pub silent: bool,
}

/// How TCP ports are asked. The answers are the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TcpProbe {
    /// By a connection, as any program may.
    #[default]
    Connect,
    /// By a SYN alone, which is faster and needs CAP_NET_RAW.
    Syn,
}

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Hosts and ports mixed, the same way for the same seed: no host is asked everything at once.
    Random {
        /// Names the order.
        seed: u64,
    },
    /// Host after host, each from its lowest port up.
    Serial,
}

/// Which verdicts to hand out; all are counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Tell {
    /// Open ports, and those that could not be asked.
    #[default]
    Open,
    /// Every port.
    All,
}

/// How hard to try.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Probes a second at most, those sent again included.
    pub rate: Option<u32>,
    /// The longest wait for the answer to one probe. The wait is usually much shorter: it follows
    /// what the host's answers take.
    pub timeout: Duration,
    /// How often a probe without an answer is sent again at most.
    pub retries: u8,
    /// In percent, how certain it must be that loss does not make an open TCP port silent. The loss
    /// is measured on ports that answer, and says how many attempts that takes.
    pub certainty: f64,
    /// So many open ports, and hardly any other, make a host a tarpit, which is asked no more.
    pub tarpit: Option<u32>,
    /// Descriptors that are left to everything else in the process.
    pub spare_descriptors: usize,
    /// Threads that ask; `None` is one for each processor.
    pub threads: Option<usize>,
}

/// Six retries: where two packets in a hundred are lost each way, a probe fails with probability
/// 1 - 0.98² = 0.0396, seven in a row with 1.5 · 10⁻¹⁰. Of 10,000 open ports, 0.0000015 are missed.
impl Default for Limits {
    fn default() -> Limits {
        Limits {
            rate: None,
            timeout: Duration::from_secs(1),
            retries: 6,
            certainty: 99.9999,
            tarpit: None,
            spare_descriptors: 16,
            threads: None,
        }
    }
}

impl Limits {
    /// The probability that may be left that a port which answers is silent by chance.
    pub(crate) fn doubt(&self) -> f64 {
        1.0 - self.certainty / 100.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_retries_lose_no_port_of_ten_thousand_at_two_percent_each_way() {
        let probe_fails = 1.0 - 0.98_f64 * 0.98;
        let all_fail = probe_fails.powi(i32::from(Limits::default().retries) + 1);
        assert!(10_000.0 * all_fail < 1e-5, "{all_fail}");
        let one_less = probe_fails.powi(i32::from(Limits::default().retries));
        assert!(10_000.0 * one_less > 1e-5, "one retry less would do: {one_less}");
    }
}
