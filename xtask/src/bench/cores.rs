//! One core for the server, another for the load.
//!
//! Otherwise the scheduler decides anew in each turn who shares a core with whom, and that is what
//! is measured. A machine with one core has no choice.
//!
//! Nothing here knows who runs where.

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The first core that this process may use, and another.
pub(super) struct Cores {
    pub(super) server: CpuSet,
    pub(super) load: CpuSet,
}

impl Cores {
    pub(super) fn of_this_machine() -> Result<Cores, String> {
        let all = sched_getaffinity(None).map_err(|error| format!("which cores? {error}"))?;
        let mut may = (0..CpuSet::MAX_CPU).filter(|core| all.is_set(*core));
        let only = |core| {
            let mut set = CpuSet::new();
            set.set(core);
            set
        };
        Ok(match (may.next(), may.next()) {
            (Some(server), Some(load)) => Cores { server: only(server), load: only(load) },
            _ => Cores { server: all, load: all },
        })
    }

    /// Whether there are two of them.
    pub(super) fn are_two(&self) -> bool {
        self.server != self.load
    }
}

/// What this thread does from now on, it does there; so do the programs that it starts.
pub(super) fn work_on(cores: &CpuSet) -> Result<(), String> {
    sched_setaffinity(None, cores).map_err(|error| format!("cannot choose a core: {error}"))
}
