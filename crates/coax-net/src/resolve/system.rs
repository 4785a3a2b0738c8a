//! The system's resolver: what every other program on this machine gets.
//!
//! `getaddrinfo` honours the hosts file and nsswitch, blocks, and cannot be cancelled. So each
//! lookup has a thread of its own, at most so many at once: a resolver that hangs costs a bounded
//! number of threads, and the caller is answered at its deadline while the thread finishes alone.
//! A fresh thread also reads resolv.conf afresh. Without a deadline a lookup takes as long as
//! resolv.conf allows, as in every other program.
//!
//! The C library waits five seconds before it sends a question a second time. A lookup that is
//! not answered soon is therefore begun again beside the first one: the first answer of any is
//! taken, and the failure of the first one is the failure of all.
//!
//! Address literals and zone ids never get here.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use dns_lookup::{AddrFamily, AddrInfo, AddrInfoHints, LookupError, LookupErrorKind, SockType};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::{
    Addresses, HostsFile, NssSource, Resolve, ResolveError, ResolveErrorKind, Wanted,
    nss_hosts_line,
};
use crate::cause_in_words;

/// Enough for a person and a dialer; few enough that a dead resolver cannot eat the machine.
const THREADS: usize = 16;
/// A question is put again after so long, and so often. An answer seldom takes longer; with a third
/// of all packets lost both ways, nine questions get one.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
const MOST_AGAIN: usize = 8;
/// Repeated lookups have threads of their own, so many for each first one: they never take the turn
/// of another name.
const REPEATED: usize = 4;
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
    repeated: Arc<Semaphore>,
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
        let threads = threads.clamp(1, Semaphore::MAX_PERMITS / REPEATED);
        let (first, repeated) = (Semaphore::new(threads), Semaphore::new(threads * REPEATED));
        SystemResolver { threads: Arc::new(first), repeated: Arc::new(repeated), deadline: None }
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
        lookup: impl Fn() -> Result<T, ResolveErrorKind> + Clone + Send + 'static,
    ) -> Result<T, ResolveErrorKind> {
        let answer = self.answer(lookup);
        match self.deadline {
            None => answer.await,
            Some(deadline) => tokio::time::timeout(deadline, answer)
                .await
                .unwrap_or(Err(ResolveErrorKind::TimedOut)),
        }
    }

    /// The first lookup's outcome, or what a repeated one found before.
    async fn answer<T: Send + 'static>(
        &self,
        lookup: impl Fn() -> Result<T, ResolveErrorKind> + Clone + Send + 'static,
    ) -> Result<T, ResolveErrorKind> {
        let turn = self.threads.clone().acquire_owned().await;
        let turn = turn.expect("the semaphore is never closed");
        let (done, mut answers) = mpsc::unbounded_channel();
        start(turn, Rank::First, lookup.clone(), &done)?;
        let mut left = MOST_AGAIN;
        loop {
            let answer = tokio::select! {
                biased;
                answer = answers.recv() => answer.expect("a sender is kept"),
                () = tokio::time::sleep(AGAIN_AFTER), if left > 0 => {
                    // Without a free thread there is another chance in a while.
                    if let Ok(turn) = self.repeated.clone().try_acquire_owned() {
                        left -= 1;
                        // Where no thread can be started, the first lookup is still under way.
                        let _ = start(turn, Rank::Repeated, lookup.clone(), &done);
                    }
                    continue;
                }
            };
            match answer {
                (Rank::Repeated, Err(ResolveErrorKind::Failed(_))) => {}
                (_, outcome) => return outcome,
            }
        }
    }
}

/// Whether a lookup was begun first, or again beside the first.
#[derive(Clone, Copy, Debug)]
enum Rank {
    First,
    Repeated,
}

impl Resolve for SystemResolver {
    fn resolve<'a>(
        &'a self,
        name: &'a str,
        wanted: Wanted,
    ) -> Pin<Box<dyn Future<Output = Result<Addresses, ResolveError>> + Send + 'a>> {
        Box::pin(async move {
            let answer = match super::ascii_host_name(name) {
                Err(kind) => Err(kind),
                Ok(ascii) => {
                    let owned = ascii.into_owned();
                    self.on_a_thread(move || forward(&owned, wanted)).await
                }
            };
            answer.map_err(|kind| ResolveError { name: name.to_owned(), kind })
        })
    }
}

/// Starts a lookup on a thread that keeps its turn to the end, whether somebody still waits or not.
fn start<T: Send + 'static>(
    turn: OwnedSemaphorePermit,
    rank: Rank,
    lookup: impl FnOnce() -> Result<T, ResolveErrorKind> + Send + 'static,
    done: &mpsc::UnboundedSender<(Rank, Result<T, ResolveErrorKind>)>,
) -> Result<(), ResolveErrorKind> {
    let done = done.clone();
    let work = move || {
        // The caller waits for an outcome even where the lookup itself breaks.
        let answer = std::panic::catch_unwind(AssertUnwindSafe(lookup)).unwrap_or_else(|_| {
            Err(ResolveErrorKind::Failed("the system's resolver broke down".to_owned()))
        });
        drop(turn);
        // The caller may have left at its deadline.
        let _ = done.send((rank, answer));
    };
    let thread = std::thread::Builder::new().name("resolve".to_owned());
    thread
        .spawn(work)
        .map(drop)
        .map_err(|error| ResolveErrorKind::Machine(crate::no_thread(&error)))
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
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::{Mutex, mpsc};
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
        let none_free =
            SystemResolver { threads: Arc::new(Semaphore::new(0)), ..SystemResolver::default() };
        let error = block_on(async { none_free.resolve(&"a".repeat(300), Wanted::Both).await });
        assert!(matches!(error.unwrap_err().kind, ResolveErrorKind::Malformed(_)));
    }

    /// What hangs until the sender is dropped.
    fn until_released() -> (mpsc::Sender<()>, impl Fn() + Clone + Send + 'static) {
        let (release, held) = mpsc::channel::<()>();
        let held = Arc::new(Mutex::new(held));
        let hangs = move || {
            let _ = held.lock().unwrap().recv();
        };
        (release, hangs)
    }

    #[test]
    fn a_lookup_whose_packets_are_lost_is_begun_again_beside_the_first() {
        let (release, hangs) = until_released();
        let calls = Arc::new(AtomicUsize::new(0));
        let count = calls.clone();
        let resolver = SystemResolver::new(1);
        let answer = block_on(resolver.on_a_thread(move || {
            match count.fetch_add(1, Ordering::SeqCst) {
                0 => hangs(),
                // What a repeated one cannot find out, another may.
                1 => return Err(ResolveErrorKind::Failed("no answer".to_owned())),
                _ => {}
            }
            Ok(())
        }));
        assert_eq!((answer, calls.load(Ordering::SeqCst)), (Ok(()), 3));
        drop(release);
    }

    #[test]
    fn the_deadline_answers_while_the_lookup_hangs() {
        let (release, hangs) = until_released();
        let resolver = SystemResolver::new(1).deadline(Duration::from_millis(50));
        let started = Instant::now();
        let answer = block_on(resolver.on_a_thread(move || {
            hangs();
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
