//! What a process used: time on the clock, time on the processors, memory at its peak.
//!
//! The kernel keeps the books in `/proc`. A process that has ended but was not waited for still has
//! its processor time there; its peak of memory does not survive the end, so it is read all along.
//!
//! Nothing here knows what the process does.

use std::fs;
use std::process::{Child, ExitStatus};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

/// What a process used.
#[derive(Clone, Copy, Debug)]
pub(super) struct Usage {
    pub(super) ended: Instant,
    /// User and system, of the process and of the children it waited for.
    pub(super) cpu: Duration,
    /// VmHWM, bytes.
    pub(super) peak: u64,
    pub(super) status: ExitStatus,
}

/// A process longer than this hangs.
const PATIENCE: Duration = Duration::from_secs(300);
/// How often its memory is read: a peak of a stream lasts for its whole length.
const GLANCE: Duration = Duration::from_millis(5);

/// Watches `child` to its end on a thread of its own.
pub(super) fn watch(child: Child) -> JoinHandle<Result<Usage, String>> {
    thread::spawn(move || until_it_ends(child))
}

fn until_it_ends(mut child: Child) -> Result<Usage, String> {
    let words = |error: &dyn std::fmt::Display| format!("cannot watch a process: {error}");
    let handle =
        pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).map_err(|it| words(&it))?;
    let (begun, mut peak) = (Instant::now(), 0);
    let glance = Timespec::try_from(GLANCE).map_err(|error| words(&error))?;
    while poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&glance)).unwrap_or(0) == 0 {
        peak = peak.max(peak_of(child.id()));
        if begun.elapsed() > PATIENCE {
            let _ = child.kill();
        }
    }
    let ended = Instant::now();
    let cpu = cpu(child.id());
    let status = child.wait().map_err(|error| words(&error))?;
    Ok(Usage { ended, cpu, peak, status })
}

/// The most memory that a process ever had, bytes.
pub(super) fn peak_of(pid: u32) -> u64 {
    status_kib(pid, "VmHWM:") * 1024
}

/// A line of `/proc/PID/status`, in KiB; 0 when it is gone.
fn status_kib(pid: u32, name: &str) -> u64 {
    field(&format!("/proc/{pid}/status"), name)
}

fn field(path: &str, name: &str) -> u64 {
    let text = fs::read_to_string(path).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    let number = line.and_then(|rest| rest.split_whitespace().next());
    number.and_then(|digits| digits.parse().ok()).unwrap_or_default()
}

/// utime, stime, cutime, cstime of `/proc/PID/stat`, proc_pid_stat(5).
fn cpu(pid: u32) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name may hold spaces and parentheses; after the last parenthesis all is regular.
    let rest = text.rsplit(')').next().unwrap_or_default();
    let numbers = rest.split_whitespace().skip(11).take(4);
    let ticks = numbers.filter_map(|word| word.parse::<u64>().ok()).sum::<u64>();
    Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Time on the processors of a process and all its descendants that live.
pub(super) fn cpu_of_tree(pid: u32) -> Duration {
    cpu(pid) + children(pid).into_iter().map(cpu_of_tree).sum::<Duration>()
}

/// Memory of a process and all its descendants, bytes. What is shared counts once (Pss).
pub(super) fn memory_of_tree(pid: u32) -> u64 {
    let own = field(&format!("/proc/{pid}/smaps_rollup"), "Pss:") * 1024;
    own + children(pid).into_iter().map(memory_of_tree).sum::<u64>()
}

fn children(pid: u32) -> Vec<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    let children = fs::read_to_string(path).unwrap_or_default();
    children.split_whitespace().filter_map(|word| word.parse().ok()).collect()
}
