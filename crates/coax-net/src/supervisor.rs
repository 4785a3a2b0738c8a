//! Telling a service manager how a service is: sd_notify(3).
//!
//! A manager that wants to know names a datagram socket in `NOTIFY_SOCKET`. Each state is one datagram.
//! Where there is none, or it does not take what is sent, the service runs all the same.
//!
//! Nothing here knows what the service does.

use std::ffi::OsString;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Whoever started this process and wants to know how it is; perhaps nobody.
#[derive(Debug, Default)]
pub struct Supervisor {
    socket: Option<(UnixDatagram, SocketAddr)>,
    watchdog: Option<Duration>,
}

impl Supervisor {
    /// The one that `NOTIFY_SOCKET`, `WATCHDOG_USEC` and `WATCHDOG_PID` speak of.
    pub fn of_environment() -> Supervisor {
        let text = |name| std::env::var_os(name).and_then(|value| value.into_string().ok());
        let number = |name| text(name)?.parse::<u64>().ok();
        let socket = std::env::var_os("NOTIFY_SOCKET").and_then(connect);
        let mine = number("WATCHDOG_PID").is_none_or(|it| it == u64::from(std::process::id()));
        let watchdog = number("WATCHDOG_USEC").filter(|usec| mine && *usec > 0);
        let watchdog = watchdog.filter(|_| socket.is_some()).map(Duration::from_micros);
        Supervisor { socket, watchdog }
    }

    /// How often [`alive`](Supervisor::alive) must be called at least; a third of it is a good pace.
    pub fn watchdog(&self) -> Option<Duration> {
        self.watchdog
    }

    /// The service does its work, or does it again.
    pub fn ready(&self) {
        self.tell("READY=1");
    }

    /// The service reads its settings again, and calls [`ready`](Supervisor::ready) afterwards.
    pub fn reloading(&self) {
        let now = clock_gettime(ClockId::Monotonic);
        let micros = i128::from(now.tv_sec) * 1_000_000 + i128::from(now.tv_nsec) / 1000;
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={micros}"));
    }

    /// The service ends.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    /// The service has not got stuck.
    pub fn alive(&self) {
        self.tell("WATCHDOG=1");
    }

    /// Starting or ending takes so much longer from now on.
    pub fn takes(&self, time: Duration) {
        self.tell(&format!("EXTEND_TIMEOUT_USEC={}", time.as_micros()));
    }

    fn tell(&self, state: &str) {
        if let Some((socket, address)) = &self.socket {
            let _ = socket.send_to_addr(state.as_bytes(), address);
        }
    }
}

/// A path, or after `@` a name without one.
fn connect(name: OsString) -> Option<(UnixDatagram, SocketAddr)> {
    let address = match name.as_bytes() {
        [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
        [b'/', ..] => SocketAddr::from_pathname(&name),
        _ => return None,
    };
    let socket = UnixDatagram::unbound().ok()?;
    // A manager that does not read must not hold the service up.
    socket.set_nonblocking(true).ok()?;
    Some((socket, address.ok()?))
}
