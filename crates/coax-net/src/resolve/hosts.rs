//! The hosts file: names this machine knows without asking anyone.
//!
//! Lines that cannot be read are skipped, as the C library does; a name matches whatever its case
//! and with or without its final dot.
//!
//! Nothing here opens the file: the caller brings its text, so every rule is a table test.

use std::net::IpAddr;

/// One line that says something, hosts(5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostsLine {
    /// Counted from 1.
    pub number: usize,
    /// The address the line starts with.
    pub address: IpAddr,
    /// The first is the canonical name, the others are its aliases.
    pub names: Vec<String>,
}

/// The lines of a hosts file that say something, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostsFile {
    lines: Vec<HostsLine>,
}

impl HostsFile {
    /// Where it lives.
    pub const PATH: &str = "/etc/hosts";

    /// Reads the text of a hosts file.
    pub fn parse(text: &str) -> HostsFile {
        let lines = text.lines().enumerate();
        HostsFile { lines: lines.filter_map(|(index, line)| read_line(index + 1, line)).collect() }
    }

    /// The lines that give `name` an address.
    pub fn lines_of_name<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a HostsLine> {
        let bare = name.strip_suffix('.').unwrap_or(name);
        let is_it = move |one: &String| one.eq_ignore_ascii_case(bare);
        self.lines.iter().filter(move |line| line.names.iter().any(is_it))
    }

    /// The lines that give `address` a name.
    pub fn lines_of_address(&self, address: IpAddr) -> impl Iterator<Item = &HostsLine> {
        self.lines.iter().filter(move |line| line.address == address)
    }
}

fn read_line(number: usize, line: &str) -> Option<HostsLine> {
    let said = line.split('#').next().unwrap_or_default();
    let mut words = said.split_ascii_whitespace();
    let address = words.next()?;
    // A zone does not change whose line it is.
    let address = address.split('%').next().unwrap_or_default().parse().ok()?;
    let names: Vec<String> = words.map(str::to_owned).collect();
    (!names.is_empty()).then_some(HostsLine { number, address, names })
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# comment\n127.0.0.1 localhost lo # more\n\n::1 localhost\n\
        not-an-address x\n10.0.0.1\nfe80::1%eth0 router\n10.0.0.2\tPrinter.lan\tprinter\n";

    fn numbers<'a>(lines: impl Iterator<Item = &'a HostsLine>) -> Vec<usize> {
        lines.map(|line| line.number).collect()
    }

    #[test]
    fn names_and_aliases_match_whatever_their_case() {
        let file = HostsFile::parse(FILE);
        assert_eq!(numbers(file.lines_of_name("localhost")), [2, 4]);
        assert_eq!(numbers(file.lines_of_name("LO")), [2]);
        assert_eq!(numbers(file.lines_of_name("printer.LAN.")), [8]);
        assert_eq!(numbers(file.lines_of_name("router")), [7]);
        assert_eq!(numbers(file.lines_of_name("more")), [0; 0]);
        assert_eq!(numbers(file.lines_of_name("x")), [0; 0]);
    }

    #[test]
    fn an_address_finds_its_names() {
        let file = HostsFile::parse(FILE);
        let names: Vec<_> = file
            .lines_of_address("10.0.0.2".parse().unwrap())
            .flat_map(|line| line.names.clone())
            .collect();
        assert_eq!(names, ["Printer.lan", "printer"]);
        assert_eq!(numbers(file.lines_of_address("10.0.0.1".parse().unwrap())), [0; 0]);
    }
}
