//! Which servers this machine asks, and which names it tries: resolv.conf(5).
//!
//! Read as the C library reads it: the last `search` or `domain` wins, at most three servers
//! count, unknown words are skipped, and without a server it is the one on this machine.
//!
//! Nothing here opens the file or asks a server.

use std::time::Duration;

use crate::{Limits, Server, Transport};

/// glibc's `MAXNS`: later servers are never asked.
const MOST_SERVERS: usize = 3;
/// glibc's upper limits for the options.
const MOST_DOTS: usize = 15;
const MOST_SECONDS: u64 = 30;
const MOST_ATTEMPTS: u32 = 5;

/// What resolv.conf says, or its defaults.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvConf {
    /// In the order they are asked.
    pub servers: Vec<Server>,
    /// Domains to complete a short name with.
    pub search: Vec<String>,
    /// A name with at least so many dots is tried as it is first.
    pub ndots: usize,
    /// How long a server may take for one attempt.
    pub timeout: Duration,
    /// How many times all servers are asked.
    pub attempts: u32,
    /// Each question begins at another server.
    pub rotate: bool,
}

impl ResolvConf {
    /// Where it lives.
    pub const PATH: &str = "/etc/resolv.conf";

    /// Reads the text of a resolv.conf.
    pub fn parse(text: &str) -> ResolvConf {
        let mut conf = ResolvConf {
            servers: Vec::new(),
            search: Vec::new(),
            ndots: 1,
            timeout: Duration::from_secs(5),
            attempts: 2,
            rotate: false,
        };
        text.lines().for_each(|line| conf.line(line));
        if conf.servers.is_empty() {
            conf.servers.push(Server::plain([127, 0, 0, 1].into(), 53));
        }
        conf
    }

    /// Lets the environment variables `LOCALDOMAIN` and `RES_OPTIONS` have their say, as the C
    /// library does.
    #[must_use]
    pub fn with_environment(mut self, domain: Option<&str>, options: Option<&str>) -> ResolvConf {
        if let Some(domain) = domain {
            self.search = domain.split_ascii_whitespace().map(bare).collect();
        }
        options.unwrap_or_default().split_ascii_whitespace().for_each(|word| self.option(word));
        self
    }

    /// How long these servers have for a question.
    pub fn limits(&self) -> Limits {
        let ResolvConf { timeout: attempt, attempts, rotate, .. } = *self;
        Limits { attempt, attempts, rotate }
    }

    /// The absolute names that stand for `name`, in the order they are tried, without final dots.
    /// A name that ends with a dot stands for itself alone.
    pub fn candidates(&self, name: &str) -> Vec<String> {
        let completed = self.search.iter().map(|domain| match domain.is_empty() {
            true => name.to_owned(),
            false => format!("{name}.{domain}"),
        });
        let mut names: Vec<String> = match name.strip_suffix('.') {
            Some(absolute) => return vec![absolute.to_owned()],
            None if dots(name) >= self.ndots => {
                std::iter::once(name.to_owned()).chain(completed).collect()
            }
            None => completed.chain(std::iter::once(name.to_owned())).collect(),
        };
        let mut seen = Vec::new();
        names.retain(|one| {
            !seen.contains(one) && {
                seen.push(one.clone());
                true
            }
        });
        names
    }

    fn line(&mut self, line: &str) {
        // A comment starts a line; within one, # and ; are ordinary characters.
        if line.starts_with(['#', ';']) {
            return;
        }
        let mut words = line.split_ascii_whitespace();
        match words.next() {
            Some("nameserver") => self.server(words.next()),
            Some("search") => self.search = words.map(bare).collect(),
            Some("domain") => self.search = words.take(1).map(bare).collect(),
            Some("options") => words.for_each(|word| self.option(word)),
            _ => {}
        }
    }

    fn server(&mut self, address: Option<&str>) {
        // The word is an address without a port, so brackets keep an IPv6 one whole.
        let server = address.and_then(|text| match text.contains(':') {
            true => format!("[{text}]").parse::<Server>().ok(),
            false => text.parse::<std::net::Ipv4Addr>().ok().map(|ip| Server::plain(ip.into(), 53)),
        });
        if let Some(server) = server.filter(|one| one.transport == Transport::Plain)
            && self.servers.len() < MOST_SERVERS
        {
            self.servers.push(server);
        }
    }

    fn option(&mut self, word: &str) {
        self.rotate |= word == "rotate";
        let Some((name, number)) = word.split_once(':') else { return };
        let Ok(number) = number.parse::<u64>() else { return };
        match name {
            "ndots" => self.ndots = usize::try_from(number).map_or(MOST_DOTS, |n| n.min(MOST_DOTS)),
            "timeout" => self.timeout = Duration::from_secs(number.clamp(1, MOST_SECONDS)),
            "attempts" => {
                self.attempts = u32::try_from(number).unwrap_or(u32::MAX).clamp(1, MOST_ATTEMPTS);
            }
            _ => {}
        }
    }
}

fn dots(name: &str) -> usize {
    name.bytes().filter(|&byte| byte == b'.').count()
}

fn bare(domain: &str) -> String {
    domain.trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_is_read_as_the_c_library_reads_it() {
        let conf = ResolvConf::parse(
            "# nameserver 9.9.9.9\ndomain old.example\nnameserver 10.0.0.1\nnameserver rubbish\n\
             nameserver fe80::1%eth0\nsearch corp.example. example\noptions ndots:2 timeout:1 x\n\
             options attempts:99 rotate\nnameserver ::1\nnameserver 10.0.0.4\nsortlist 1.2.3.4",
        );
        let servers: Vec<_> = conf.servers.iter().map(ToString::to_string).collect();
        assert_eq!(servers, ["10.0.0.1:53", "[fe80::1%eth0]:53", "[::1]:53"]);
        assert_eq!(conf.search, ["corp.example", "example"]);
        assert_eq!((conf.ndots, conf.timeout.as_secs(), conf.attempts), (2, 1, 5));
        assert!(conf.rotate && !ResolvConf::parse("").rotate);
    }

    #[test]
    fn an_empty_file_asks_this_machine() {
        let conf = ResolvConf::parse("");
        assert_eq!(conf.servers, [Server::plain([127, 0, 0, 1].into(), 53)]);
        assert_eq!(conf.candidates("a"), ["a"]);
    }

    #[test]
    fn the_environment_has_its_say() {
        let conf = ResolvConf::parse("search a b").with_environment(Some("c. d"), Some("ndots:3"));
        assert_eq!((conf.search, conf.ndots), (vec!["c".to_owned(), "d".to_owned()], 3));
    }

    #[test]
    fn the_search_list_completes_short_names() {
        for (ndots, name, expected) in [
            (1, "db", &["db.corp.example", "db.example", "db"][..]),
            (1, "db.lan", &["db.lan", "db.lan.corp.example", "db.lan.example"]),
            (2, "db.lan", &["db.lan.corp.example", "db.lan.example", "db.lan"]),
            (1, "db.", &["db"]),
            (0, "db", &["db", "db.corp.example", "db.example"]),
        ] {
            let text = format!("search corp.example example\noptions ndots:{ndots}");
            assert_eq!(ResolvConf::parse(&text).candidates(name), expected, "{name} {ndots}");
        }
        let root = ResolvConf::parse("search .");
        assert_eq!(root.candidates("db"), ["db"]);
    }
}
