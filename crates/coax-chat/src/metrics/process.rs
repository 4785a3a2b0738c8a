//! What the process itself takes: memory, descriptors, processor time.
//!
//! The names are those that every Prometheus client uses. What this system does not tell is left out.
//!
//! Nothing here knows the chat.

use std::fs;

use rustix::time::{ClockId, clock_gettime};

use super::Page;

pub(super) fn write(page: &mut Page) {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    let seconds = time.tv_sec as f64 + time.tv_nsec as f64 / 1e9;
    page.counter("process_cpu_seconds_total", "Processor time used, in seconds.").one(seconds);
    if let Some(bytes) = resident() {
        page.gauge("process_resident_memory_bytes", "Memory in use, in bytes.").one(bytes as f64);
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        page.gauge("process_open_fds", "Open descriptors.").one(open.count() as f64);
    }
}

fn resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()? * 1024)
}
