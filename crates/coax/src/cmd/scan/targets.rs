//! From words, files and names to the addresses that are scanned.
//!
//! A word that is no target is an error before anything is asked, in a file with its line. A name
//! that cannot be resolved is told, and the others are scanned.
//!
//! Nothing here knows ports.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::IpAddr;
use std::path::Path;

use coax_addr::{AddressRange, AddressSet, Target};
use coax_net::{Addresses, Resolve, ResolveError, SystemResolver, Wanted, interfaces, scope_of};
use tokio::task::JoinSet;

use super::{Args, kept};
use crate::cmd::resolve::unresolved;
use crate::failure::{Exit, Failure};
use crate::out::Out;
use crate::runtime;

/// No target comes near this; a longer line is a mistake that must not fill the memory.
const LONGEST_LINE: u64 = 64 << 10;
/// Lookups under way: more would only queue in the C library.
const LOOKUPS: usize = 64;
/// More suggestions than this are a list that nobody reads.
const MOST_ZONES: usize = 4;
/// So many hosts that were named one by one are asked whether they are there or not. Who names more
/// has a list, of which many may be gone.
const MOST_NAMED: u128 = 16;

/// What is scanned.
pub(super) struct Chosen {
    pub(super) addresses: AddressSet,
    /// Those that were named one by one, if they are few.
    pub(super) named: AddressSet,
    /// The name an address was found by.
    pub(super) names: HashMap<IpAddr, String>,
    /// Whether a name had no address.
    pub(super) unresolved: bool,
}

/// Addresses, and names that are still to be resolved.
#[derive(Clone, Default)]
struct Gathered {
    addresses: AddressSet,
    /// Of these, those that are no network and no range.
    single: AddressSet,
    names: Vec<String>,
    /// Whether a link-local address may be on any interface: nobody is asked there.
    any_zone: bool,
}

impl Said {
    /// Whether anybody is named.
    pub(super) fn is_empty(&self) -> bool {
        self.wanted.names.is_empty() && self.wanted.addresses.is_empty()
    }
}

/// Everything that the arguments and the file say.
pub(super) struct Said {
    wanted: Gathered,
    excluded: Gathered,
}

/// Reads what is to be scanned, and what is not.
pub(super) fn gather(args: &Args) -> Result<Said, Failure> {
    let mut wanted = Gathered::default();
    let mut excluded = Gathered { any_zone: true, ..Gathered::default() };
    args.targets.iter().try_for_each(|words| wanted.words(words))?;
    args.exclude.iter().try_for_each(|words| excluded.words(words))?;
    if let Some(file) = &args.file {
        wanted.file(file)?;
    }
    Ok(Said { wanted, excluded })
}

/// What that is at this moment: names are resolved.
pub(super) fn choose(said: &Said, args: &Args, out: &Out) -> Result<Chosen, Failure> {
    let (wanted, excluded) = (said.wanted.clone(), said.excluded.clone());
    let mut chosen = Chosen {
        addresses: wanted.addresses,
        named: wanted.single,
        names: HashMap::new(),
        unresolved: false,
    };
    let mut left_out = excluded.addresses;
    resolve_all(excluded.names, Wanted::Both, |name, found| match found {
        Ok(found) => {
            found.addresses.iter().for_each(|&address| left_out.add_address(address, 0));
            Ok(())
        }
        // Scanning what somebody wanted left out is worse than scanning nothing.
        Err(error) => {
            let why = unresolved(&name, &error, "no such name").reason;
            let message = format!("cannot exclude {name}, so nothing is scanned: {why}");
            Err(Failure::new(Exit::Network, message))
        }
    })?;
    resolve_all(wanted.names, args.wanted(), |name, found| match found {
        Ok(found) => {
            for address in kept(found.addresses, args.first) {
                chosen.addresses.add_address(address, 0);
                chosen.named.add_address(address, 0);
                chosen.names.entry(address).or_insert_with(|| name.clone());
            }
            Ok(())
        }
        Err(error) => {
            chosen.unresolved = true;
            out.report(&unresolved(&name, &error, "no such name"))
        }
    })?;
    if let Some(other) = other_family(args.wanted()) {
        left_out.add_range(other);
    }
    chosen.addresses.exclude(&left_out);
    chosen.named.exclude(&left_out);
    if chosen.named.len() > MOST_NAMED {
        chosen.named = AddressSet::new();
    }
    Ok(chosen)
}

/// The addresses of a list without names.
pub(super) fn addresses(words: &str) -> Result<AddressSet, Failure> {
    let mut gathered = Gathered::default();
    gathered.words(words)?;
    Ok(gathered.addresses)
}

/// All addresses of the family that is not wanted.
fn other_family(wanted: Wanted) -> Option<AddressRange> {
    let none = match wanted {
        Wanted::Both => return None,
        Wanted::V4 => IpAddr::from([0_u16; 8]),
        Wanted::V6 => IpAddr::from([0_u8; 4]),
    };
    AddressRange::network(none, 0)
}

impl Gathered {
    fn words(&mut self, words: &str) -> Result<(), Failure> {
        for target in Target::words(words) {
            target
                .map_err(|error| error.to_string())
                .and_then(|target| self.add(target))
                .map_err(|why| Failure::new(Exit::Usage, why))?;
        }
        Ok(())
    }

    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        if path == Path::new("-") {
            return self.lines(io::stdin().lock(), "stdin");
        }
        let shown = path.display().to_string();
        let opened = File::open(path).and_then(|file| match file.metadata()?.is_dir() {
            true => Err(rustix::io::Errno::ISDIR.into()),
            false => Ok(file),
        });
        let file = opened.map_err(|error| unreadable(&shown, &error))?;
        self.lines(BufReader::new(file), &shown)
    }

    fn lines(&mut self, mut source: impl BufRead, shown: &str) -> Result<(), Failure> {
        let mut bytes = Vec::new();
        for number in 1_u64.. {
            bytes.clear();
            let count = source.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut bytes);
            if count.map_err(|error| unreadable(shown, &error))? == 0 {
                break;
            }
            self.line(&bytes).map_err(|why| {
                let message = format!("{shown}, line {number}: {why}");
                Failure::new(Exit::Usage, message)
            })?;
        }
        Ok(())
    }

    fn line(&mut self, bytes: &[u8]) -> Result<(), String> {
        if bytes.len() as u64 == LONGEST_LINE {
            return Err(format!("it is longer than {LONGEST_LINE} bytes"));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "it is not UTF-8".to_owned())?;
        for target in Target::line(text) {
            self.add(target.map_err(|error| error.to_string())?)?;
        }
        Ok(())
    }

    fn add(&mut self, target: Target) -> Result<(), String> {
        match target {
            Target::Name(name) => self.names.push(name),
            Target::Zoned { address, zone } => match scope_of(&zone) {
                Some(scope) => {
                    self.single.add_address(address.into(), scope);
                    self.addresses.add_address(address.into(), scope);
                }
                None => return Err(format!("'{address}%{zone}': there is no interface '{zone}'")),
            },
            Target::Range(range) if !self.any_zone && is_link_local(range) => {
                return Err(without_a_zone(range, &zones()));
            }
            target => {
                if let Target::Range(range) = target
                    && range.first() == range.last()
                {
                    self.single.add_range(range);
                }
                self.addresses.add(&target).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}

/// Whether all of it is link-local (RFC 4291 §2.5.6): such an address means another host on each
/// interface.
fn is_link_local(range: AddressRange) -> bool {
    [range.first(), range.last()].iter().all(|address| match address {
        IpAddr::V6(address) => address.is_unicast_link_local(),
        IpAddr::V4(_) => false,
    })
}

/// The interfaces of this machine that have link-local addresses.
fn zones() -> Vec<String> {
    let own = |address: &IpAddr| AddressRange::new(*address, *address).is_some_and(is_link_local);
    let all = interfaces().unwrap_or_default().into_iter();
    all.filter(|it| it.up && it.addresses.iter().any(|(address, _)| own(address)))
        .map(|it| it.name)
        .collect()
}

fn without_a_zone(range: AddressRange, zones: &[String]) -> String {
    let first = range.first();
    let few = zones.iter().take(MOST_ZONES);
    let written: Vec<String> = few.map(|zone| format!("{first}%{zone}")).collect();
    let written = match &written[..] {
        [] => "a zone is an interface, and none of this machine has such addresses".to_owned(),
        all => format!("write {}", all.join(" or ")),
    };
    match range.first() == range.last() {
        true => format!("'{range}' is link-local, so it needs a zone; {written}"),
        false => format!("'{range}' is link-local, and only an address has a zone; {written}"),
    }
}

pub(super) fn unreadable(shown: &str, error: &io::Error) -> Failure {
    let theirs = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory);
    let exit = if theirs { Exit::Usage } else { Exit::Machine };
    Failure::new(exit, format!("cannot read {shown}: {}", coax_net::cause_in_words(error)))
}

/// Resolves `names`, a bounded number at once, and hands each answer on as it comes.
fn resolve_all(
    names: Vec<String>,
    wanted: Wanted,
    mut each: impl FnMut(String, Result<Addresses, ResolveError>) -> Result<(), Failure>,
) -> Result<(), Failure> {
    if names.is_empty() {
        return Ok(());
    }
    runtime::run(async move {
        let resolver = SystemResolver::new(LOOKUPS);
        let mut names = names.into_iter();
        let mut lookups = JoinSet::new();
        loop {
            for name in names.by_ref().take(LOOKUPS - lookups.len()) {
                let resolver = resolver.clone();
                lookups.spawn(async move {
                    let found = resolver.resolve(&name, wanted).await;
                    (name, found)
                });
            }
            match lookups.join_next().await {
                None => return Ok(()),
                Some(Ok((name, found))) => each(name, found)?,
                Some(Err(broken)) => {
                    return Err(Failure::new(Exit::Machine, format!("a lookup failed: {broken}")));
                }
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_no_target_is_told_with_its_number() {
        for (text, words) in [
            ("10.0.0.1\n# none\n10.0.0.1/40\n", "hosts, line 3: "),
            ("ok.test\n\u{1}\n", "hosts, line 2: "),
            ("10.0.0.1 300.1.2.3\n", "hosts, line 1: "),
        ] {
            let failure = Gathered::default().lines(text.as_bytes(), "hosts").unwrap_err();
            assert_eq!(failure.exit, Exit::Usage);
            assert!(failure.message.starts_with(words), "{}", failure.message);
        }
        let long = vec![b'1'; LONGEST_LINE as usize + 1];
        let failure = Gathered::default().lines(&long[..], "stdin").unwrap_err();
        assert!(failure.message.contains("line 1: it is longer"), "{}", failure.message);
        let failure = Gathered::default().lines(&b"a.test\n\xff\n"[..], "stdin").unwrap_err();
        assert_eq!(failure.message, "stdin, line 2: it is not UTF-8");
    }

    #[test]
    fn a_link_local_address_needs_a_zone_and_is_told_which() {
        let told = |words: &str, zones: &[&str]| {
            let Ok(Target::Range(range)) = Target::parse(words) else { panic!("{words}") };
            assert!(is_link_local(range), "{words}");
            let zones: Vec<String> = zones.iter().map(|zone| (*zone).to_owned()).collect();
            without_a_zone(range, &zones)
        };
        assert_eq!(
            told("fe80::1", &["eth0", "wlan0"]),
            "'fe80::1' is link-local, so it needs a zone; write fe80::1%eth0 or fe80::1%wlan0"
        );
        assert!(told("fe80::1", &[]).ends_with("none of this machine has such addresses"));
        assert_eq!(
            told("fe80::1-fe80::9", &["eth0"]),
            "'fe80::1-fe80::9' is link-local, and only an address has a zone; write fe80::1%eth0"
        );
        for other in ["::/0", "10.0.0.1", "2001:db8::1", "fe80::/9"] {
            let Ok(Target::Range(range)) = Target::parse(other) else { panic!("{other}") };
            assert!(!is_link_local(range), "{other}");
        }
        // Left out, it may be on any.
        let mut excluded = Gathered { any_zone: true, ..Gathered::default() };
        excluded.words("fe80::1").unwrap();
    }

    #[test]
    fn a_file_gives_addresses_and_names() {
        let mut gathered = Gathered::default();
        let text = "10.0.0.0/30 db.test # both\n\n2001:db8::1,10.0.0.1\r\n";
        gathered.lines(text.as_bytes(), "hosts").unwrap();
        assert_eq!((gathered.addresses.len(), gathered.names), (5, vec!["db.test".to_owned()]));
    }
}
