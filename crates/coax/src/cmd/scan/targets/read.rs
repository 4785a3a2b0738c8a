//! Reading words and files as targets.
//!
//! A word that is no target is an error before anything is asked, in a file with its line. So is a
//! single address that no host has. Every word keeps its place, so that the names of a host can be
//! told in the order in which they were typed.
//!
//! Nothing here resolves a name.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::net::IpAddr;
use std::path::Path;

use coax_addr::{AddressRange, AddressSet, Target};
use coax_net::{interfaces, scope_of};

use super::super::Args;
use super::super::names::{Word, host_key};
use crate::failure::{Exit, Failure};

/// No target comes near this; a longer line is a mistake that must not fill the memory.
const LONGEST_LINE: u64 = 64 << 10;
/// More suggestions than this are a list that nobody reads.
const MOST_ZONES: usize = 4;

/// Everything that the arguments and the file say.
pub(in crate::cmd::scan) struct Said {
    pub(super) wanted: Gathered,
    pub(super) excluded: Gathered,
}

/// Addresses, and names that are still to be resolved.
#[derive(Clone, Default)]
pub(super) struct Gathered {
    pub(super) addresses: AddressSet,
    /// Of these, those that are no network and no range.
    pub(super) single: AddressSet,
    /// Each with its place among all words.
    pub(super) names: Vec<(usize, String)>,
    /// Single addresses. Those that are written as they are printed matter beside names alone.
    pub(super) literals: Vec<Word>,
    /// All single addresses that are written as they are printed.
    pub(super) plain: AddressSet,
    /// The word with the most addresses, and how many it has.
    pub(super) largest: Option<(u128, String)>,
    /// How many words came.
    count: usize,
    /// Whether this is left out: then a link-local address may be on any interface, and a reserved
    /// one is no slip.
    excluded: bool,
}

impl Said {
    /// Whether anybody is named.
    pub(in crate::cmd::scan) fn is_empty(&self) -> bool {
        self.wanted.names.is_empty() && self.wanted.addresses.is_empty()
    }
}

/// Reads what is to be scanned, and what is not.
pub(in crate::cmd::scan) fn gather(args: &Args) -> Result<Said, Failure> {
    let mut wanted = Gathered::default();
    let mut excluded = Gathered { excluded: true, ..Gathered::default() };
    args.targets.iter().try_for_each(|words| wanted.words(words))?;
    args.exclude.iter().try_for_each(|words| excluded.words(words))?;
    if let Some(file) = &args.file {
        wanted.file(file)?;
    }
    if wanted.names.is_empty() {
        wanted.literals.retain(|word| word.text.is_some());
        wanted.literals.shrink_to_fit();
    }
    Ok(Said { wanted, excluded })
}

/// The addresses of a list without names.
pub(in crate::cmd::scan) fn addresses(words: &str) -> Result<AddressSet, Failure> {
    let mut gathered = Gathered { excluded: true, ..Gathered::default() };
    gathered.words(words)?;
    Ok(gathered.addresses)
}

impl Gathered {
    fn words(&mut self, words: &str) -> Result<(), Failure> {
        for (word, target) in Target::words(words) {
            target
                .map_err(|error| error.to_string())
                .and_then(|target| self.add(word, target))
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
        for (word, target) in Target::line(text) {
            self.add(word, target.map_err(|error| error.to_string())?)?;
        }
        Ok(())
    }

    fn add(&mut self, word: &str, target: Target) -> Result<(), String> {
        let order = self.count;
        self.count += 1;
        match target {
            Target::Name(name) => self.names.push((order, name)),
            Target::Zoned { address, zone } => match scope_of(&zone) {
                Some(scope) => self.single(order, word, address.into(), scope)?,
                None => return Err(format!("'{address}%{zone}': there is no interface '{zone}'")),
            },
            Target::Range(range) if !self.excluded && is_link_local(range) => {
                return Err(without_a_zone(range, &zones()));
            }
            Target::Range(range) if range.first() == range.last() => {
                self.single(order, word, range.first(), 0)?;
            }
            target => self.many(word, &target)?,
        }
        Ok(())
    }

    fn single(
        &mut self,
        order: usize,
        word: &str,
        address: IpAddr,
        scope: u32,
    ) -> Result<(), String> {
        if let Some(purpose) = AddressSet::reserved_for(address).filter(|_| !self.excluded) {
            return Err(reserved(word, address, purpose));
        }
        self.addresses.add_address(address, scope);
        self.single.add_address(address, scope);
        // 10.0.0.7/32 is a network, and names no host.
        if self.excluded || word.contains('/') {
            return Ok(());
        }
        let plain = word == address.to_string();
        if plain {
            self.plain.add_address(address, 0);
        }
        let text = (!plain).then(|| word.into());
        self.literals.push(Word { order, host: host_key(address, scope), text });
        Ok(())
    }

    fn many(&mut self, word: &str, target: &Target) -> Result<(), String> {
        let count = match target {
            Target::Range(range) => range.len(),
            Target::Octets(octets) => octets.len().into(),
            _ => 1,
        };
        if self.largest.as_ref().is_none_or(|(most, _)| count > *most) {
            self.largest = Some((count, word.to_owned()));
        }
        self.addresses.add(target).map_err(|error| error.to_string())
    }
}

/// Why a single address cannot be a target.
fn reserved(word: &str, address: IpAddr, purpose: &str) -> String {
    let own = if address.is_ipv4() { "127.0.0.1" } else { "::1" };
    let instead = match address.is_unspecified() {
        true => format!("; this machine is {own}"),
        false => String::new(),
    };
    format!("'{word}' is reserved ({purpose}), so no host has it{instead}")
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

pub(in crate::cmd::scan) fn unreadable(shown: &str, error: &io::Error) -> Failure {
    let theirs = matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::IsADirectory);
    let exit = if theirs { Exit::Usage } else { Exit::Machine };
    Failure::new(exit, format!("cannot read {shown}: {}", coax_net::cause_in_words(error)))
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
        let mut excluded = Gathered { excluded: true, ..Gathered::default() };
        excluded.words("fe80::1").unwrap();
    }

    #[test]
    fn a_file_gives_addresses_and_names() {
        let mut gathered = Gathered::default();
        let text = "10.0.0.0/30 db.test # both\n\n2001:db8::1,10.0.0.1\r\n";
        gathered.lines(text.as_bytes(), "hosts").unwrap();
        assert_eq!(gathered.addresses.len(), 5);
        assert_eq!(gathered.names, [(1, "db.test".to_owned())]);
        assert_eq!(gathered.largest, Some((4, "10.0.0.0/30".to_owned())));
        let plain: Vec<_> = gathered.plain.iter().map(|address| address.to_string()).collect();
        assert_eq!(plain, ["10.0.0.1", "2001:db8::1"]);
    }

    #[test]
    fn an_address_that_no_host_has_is_a_slip_unless_it_is_left_out() {
        for (word, told) in [
            (
                "0.0.0.0",
                "'0.0.0.0' is reserved (this network), so no host has it; this machine is 127.0.0.1",
            ),
            ("::", "'::' is reserved (no address), so no host has it; this machine is ::1"),
            ("::ffff:240.0.0.1", "'::ffff:240.0.0.1' is reserved (future use), so no host has it"),
            (
                "255.255.255.255/32",
                "'255.255.255.255/32' is reserved (broadcast), so no host has it",
            ),
            ("ff02::1%lo", "'ff02::1%lo' is reserved (multicast), so no host has it"),
        ] {
            let failure = Gathered::default().words(word).unwrap_err();
            assert_eq!(failure.message, told);
            let mut excluded = Gathered { excluded: true, ..Gathered::default() };
            excluded.words(word).unwrap();
        }
        Gathered::default().words("224.0.0.0/4").unwrap();
    }
}
