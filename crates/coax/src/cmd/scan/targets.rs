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
use std::time::Duration;

use coax_addr::{AddressRange, AddressSet, Target};
use coax_net::{Addresses, Resolve, ResolveError, SystemResolver, Wanted, scope_of};
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
/// As long as `coax resolve` waits.
const PATIENCE: Duration = Duration::from_secs(5);

/// What is scanned.
pub(super) struct Chosen {
    pub(super) addresses: AddressSet,
    /// The name an address was found by.
    pub(super) names: HashMap<IpAddr, String>,
    /// Whether a name had no address.
    pub(super) unresolved: bool,
}

/// Addresses, and names that are still to be resolved.
#[derive(Default)]
struct Gathered {
    addresses: AddressSet,
    names: Vec<String>,
}

/// Everything that the arguments name, less what they exclude.
pub(super) fn choose(args: &Args, out: &Out) -> Result<Chosen, Failure> {
    let (mut wanted, mut excluded) = (Gathered::default(), Gathered::default());
    args.targets.iter().try_for_each(|words| wanted.words(words))?;
    args.exclude.iter().try_for_each(|words| excluded.words(words))?;
    if let Some(file) = &args.file {
        wanted.file(file)?;
    }
    let mut chosen =
        Chosen { addresses: wanted.addresses, names: HashMap::new(), unresolved: false };
    let mut left_out = excluded.addresses;
    resolve_all(excluded.names, Wanted::Both, |name, found| match found {
        Ok(found) => {
            found.addresses.iter().for_each(|&address| left_out.add_address(address, 0));
            Ok(())
        }
        // Scanning what somebody wanted left out is worse than scanning nothing.
        Err(error) => {
            let message = format!("cannot exclude {name}: {error}");
            Err(Failure::new(Exit::Network, message))
        }
    })?;
    resolve_all(wanted.names, args.wanted(), |name, found| match found {
        Ok(found) => {
            for address in kept(found.addresses, args.first) {
                chosen.addresses.add_address(address, 0);
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
                Some(scope) => self.addresses.add_address(address.into(), scope),
                None => return Err(format!("'{address}%{zone}': there is no interface '{zone}'")),
            },
            target => self.addresses.add(&target).map_err(|error| error.to_string())?,
        }
        Ok(())
    }
}

fn unreadable(shown: &str, error: &io::Error) -> Failure {
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
                let resolver = resolver.clone().deadline(PATIENCE);
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
    fn a_file_gives_addresses_and_names() {
        let mut gathered = Gathered::default();
        let text = "10.0.0.0/30 db.test # both\n\n2001:db8::1,10.0.0.1\r\n";
        gathered.lines(text.as_bytes(), "hosts").unwrap();
        assert_eq!((gathered.addresses.len(), gathered.names), (5, vec!["db.test".to_owned()]));
    }
}
