//! The system's resolver: what every other program on this machine gets.
//!
//! `getaddrinfo` honours the hosts file and nsswitch, blocks, and cannot be cancelled. So each
//! lookup has a thread of its own, at most so many at once: a resolver that hangs costs a bounded
//! number of threads, and the caller is answered at its deadline while the thread finishes alone.
//! A fresh thread also reads resolv.conf afresh.
//!
//! Address literals and zone ids never get here.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use dns_lookup::{AddrFamily, AddrInfo, AddrInfoHints, LookupError, LookupErrorKind, SockType};
use tokio::sync::{Semaphore, oneshot};

use super::{
    Addresses, HostsFile, NssSource, Resolve, ResolveError, ResolveErrorKind, Wanted,
    nss_hosts_line,
};
use crate::cause_in_words;

/// Enough for a person and a dialer; few enough that a dead resolver cannot eat the machine.
const THREADS: usize = 16;
/// glibc's `AI_CANONNAME`, the same on every system coax runs on.
const AI_CANONNAME: i32 = 2;
/// Which sources the C library asks, nsswitch.conf(5).
const NSSWITCH: &str = "/etc/nsswitch.conf";
/// Sources whose canonical names are text whatever a stranger says: the C library escapes what DNS
/// tells, systemd's tell valid names, mdns repeats the question. The hosts file is looked at.
const TEXTUAL: [&str; 5] = ["files", "dns", "resolve", "myhostname", "mymachines"];
/// Linux's `EAI_ADDRFAMILY`: the name has addresses, of the other family.
const EAI_ADDRFAMILY: i32 = -9;

/// Asks `getaddrinfo` and `getnameinfo`. Clones share the cap on threads.
#[derive(Clone, Debug)]
pub struct SystemResolver {
    threads: Arc<Semaphore>,
    deadline: Option<Duration>,
}

impl Default for SystemResolver {
    fn default() -> SystemResolver {
        SystemResolver::new(THREADS)
    }
}

impl SystemResolver {
    /// A resolver that has at most `threads` lookups under way; more wait their turn.
    pub fn new(threads: usize) -> SystemResolver {
        let threads = threads.clamp(1, Semaphore::MAX_PERMITS);
        SystemResolver { threads: Arc::new(Semaphore::new(threads)), deadline: None }
    }

    /// Answers `TimedOut` after so long, waiting for a turn included.
    #[must_use]
    pub fn deadline(self, deadline: Duration) -> SystemResolver {
        SystemResolver { deadline: Some(deadline), ..self }
    }

    /// The name of `ip`, by `getnameinfo`; an address without a name is `NoSuchName`.
    pub async fn reverse(&self, ip: IpAddr) -> Result<String, ResolveError> {
        let answer = self.on_a_thread(move || reverse(ip)).await;
        answer.map_err(|kind| ResolveError { name: ip.to_string(), kind })
    }

    async fn on_a_thread<T: Send + 'static>(
        &self,
        lookup: impl FnOnce() -> Result<T, ResolveErrorKind> + Send + 'static,
    ) -> Result<T, ResolveErrorKind> {
        let answer = run_on_a_thread(self.threads.clone(), lookup);
        match self.deadline {
            None => answer.await,
            Some(deadline) => tokio::time::timeout(deadline, answer)
                .await
                .unwrap_or(Err(ResolveErrorKind::TimedOut)),
        }
    }
}

impl Resolve for SystemResolver {
    fn resolve<'a>(
        &'a self,
        name: &'a str,
        wanted: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
        Box::pin(async move {
            let answer = match super::check_host_name(name) {
                Err(kind) => Err(kind),
                Ok(()) => {
                    let owned = name.to_owned();
                    self.on_a_thread(move || forward(&owned, wanted)).await
                }
            };
            answer.map_err(|kind| ResolveError { name: name.to_owned(), kind })
        })
    }
}

async fn run_on_a_thread<T: Send + 'static>(
    threads: Arc<Semaphore>,
    lookup: impl FnOnce() -> Result<T, ResolveErrorKind> + Send + 'static,
) -> Result<T, ResolveErrorKind> {
    let turn = threads.acquire_owned().await.expect("the semaphore is never closed");
    let (done, answer) = oneshot::channel();
    let work = move || {
        let answer = lookup();
        drop(turn);
        // The caller may have left at its deadline.
        let _ = done.send(answer);
    };
    let thread = std::thread::Builder::new().name("resolve".to_owned());
    thread.spawn(work).map_err(|error| ResolveErrorKind::Machine(crate::no_thread(&error)))?;
    // The sender is lost only if the lookup itself broke.
    answer.await.unwrap_or_else(|_| {
        Err(ResolveErrorKind::Failed("the system's resolver broke down".to_owned()))
    })
}

fn forward(name: &str, wanted: Wanted) -> Result<Addresses, ResolveErrorKind> {
    let found = dns_lookup::getaddrinfo(Some(name), None, Some(hints(wanted)))
        .map_err(in_words)?
        .collect::<io::Result<Vec<AddrInfo>>>()
        .map_err(|error| ResolveErrorKind::Failed(cause_in_words(&error)))?;
    let canonical = found.iter().find_map(|one| one.canonname.clone());
    let mut addresses: Vec<IpAddr> = Vec::with_capacity(found.len());
    for one in found {
        if !addresses.contains(&one.sockaddr.ip()) {
            addresses.push(one.sockaddr.ip());
        }
    }
    Ok(Addresses { canonical, addresses })
}

fn hints(wanted: Wanted) -> AddrInfoHints {
    let family = match wanted {
        Wanted::Both => 0,
        Wanted::V4 => AddrFamily::Inet.into(),
        Wanted::V6 => AddrFamily::Inet6.into(),
    };
    // One socket type, or every address would come three times.
    let flags = if canonical_names_are_text() { AI_CANONNAME } else { 0 };
    AddrInfoHints { flags, address: family, socktype: SockType::Stream.into(), protocol: 0 }
}

/// `dns-lookup` breaks down on a canonical name that is not UTF-8, so one is asked for only where
/// none can come: every source of names must be known to tell text.
fn canonical_names_are_text() -> bool {
    let nsswitch = std::fs::read(NSSWITCH).unwrap_or_default();
    let hosts = std::fs::read(HostsFile::PATH).unwrap_or_default();
    tell_text(&String::from_utf8_lossy(&nsswitch), &hosts)
}

fn tell_text(nsswitch: &str, hosts: &[u8]) -> bool {
    let sources = nss_hosts_line(nsswitch).map_or_else(Vec::new, |(_, sources)| sources);
    let known = |source: &NssSource| {
        // mdns comes as mdns4, mdns6_minimal and more.
        TEXTUAL.contains(&source.name.as_str()) || source.name.starts_with("mdns")
    };
    sources.iter().all(known) && std::str::from_utf8(hosts).is_ok()
}

fn reverse(ip: IpAddr) -> Result<String, ResolveErrorKind> {
    dns_lookup::lookup_addr(&ip).map_err(in_words)
}

fn in_words(error: LookupError) -> ResolveErrorKind {
    let failed = |why: &str| ResolveErrorKind::Failed(why.to_owned());
    match error.kind() {
        LookupErrorKind::NoName => ResolveErrorKind::NoSuchName,
        LookupErrorKind::NoData => ResolveErrorKind::NoAddress,
        LookupErrorKind::Again => failed("the name servers did not answer, or could not for now"),
        LookupErrorKind::Fail => failed("a name server refused or failed for good"),
        LookupErrorKind::IO if error.error_num() == 0 => failed("the name it tells is not text"),
        LookupErrorKind::Memory => failed("out of memory"),
        LookupErrorKind::System => failed(&cause_in_words(&error.into())),
        _ if error.error_num() == EAI_ADDRFAMILY => ResolveErrorKind::NoAddress,
        _ => failed("the system's resolver failed without saying why"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Instant;

    fn block_on<F: Future>(future: F) -> F::Output {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(future)
    }

    #[test]
    fn localhost_is_found_on_a_current_thread_runtime() {
        let found = block_on(async {
            SystemResolver::default().resolve("localhost", Wanted::V4).await.unwrap()
        });
        assert_eq!(found.addresses, ["127.0.0.1".parse::<IpAddr>().unwrap()]);
        assert_eq!(found.canonical.as_deref(), Some("localhost"));
    }

    #[test]
    fn a_canonical_name_is_asked_for_only_where_it_is_text() {
        for (nsswitch, hosts, expected) in [
            ("", &b""[..], true),
            ("hosts: files mdns4_minimal [NOTFOUND=return] dns myhostname", b"::1 x", true),
            ("hosts: resolve [!UNAVAIL=return] files dns", "::1 b\u{fc}cher".as_bytes(), true),
            ("hosts: files dns", b"::1 b\xfccher", false),
            ("hosts: files wins dns", b"", false),
        ] {
            assert_eq!(tell_text(nsswitch, hosts), expected, "{nsswitch}");
        }
    }

    #[test]
    fn a_loopback_address_has_a_name() {
        let name = block_on(SystemResolver::default().reverse("127.0.0.1".parse().unwrap()));
        assert!(name.unwrap().starts_with("localhost"));
    }

    #[test]
    fn a_name_that_cannot_exist_never_reaches_the_system() {
        let none_free = SystemResolver { threads: Arc::new(Semaphore::new(0)), deadline: None };
        let error = block_on(async { none_free.resolve(&"a".repeat(300), Wanted::Both).await });
        assert!(matches!(error.unwrap_err().kind, ResolveErrorKind::Malformed(_)));
    }

    #[test]
    fn the_deadline_answers_while_the_lookup_hangs() {
        let (release, held) = mpsc::channel::<()>();
        let resolver = SystemResolver::new(1).deadline(Duration::from_millis(50));
        let started = Instant::now();
        let answer = block_on(resolver.on_a_thread(move || {
            let _ = held.recv();
            Ok(())
        }));
        assert_eq!(answer, Err(ResolveErrorKind::TimedOut));
        assert!(started.elapsed() < Duration::from_secs(5));
        // The thread still holds its turn: the next caller waits for it, and is told in time.
        assert_eq!(block_on(resolver.on_a_thread(|| Ok(()))), Err(ResolveErrorKind::TimedOut));
        drop(release);
        let patient = SystemResolver { deadline: None, ..resolver };
        assert_eq!(block_on(patient.on_a_thread(|| Ok(()))), Ok(()));
    }

    #[test]
    fn a_lookup_that_breaks_down_is_an_error_not_a_hang() {
        let answer: Result<(), _> =
            block_on(SystemResolver::new(1).on_a_thread(|| panic!("on purpose")));
        assert!(matches!(answer, Err(ResolveErrorKind::Failed(_))));
    }
}
