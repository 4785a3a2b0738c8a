//! Which sources the C library asks for a host name, in which order.
//!
//! Read from the `hosts:` line of nsswitch.conf(5), to be shown to a person; the C library itself
//! decides by its own reading.
//!
//! Nothing here opens the file or asks a source.

use std::fmt;

/// One source on the `hosts:` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NssSource {
    /// `files`, `dns`, `mdns4_minimal`, …
    pub name: String,
    /// What follows it in brackets, such as `NOTFOUND=return`; empty when nothing does.
    pub actions: String,
}

impl fmt::Display for NssSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.actions.is_empty() {
            true => f.write_str(&self.name),
            false => write!(f, "{} [{}]", self.name, self.actions),
        }
    }
}

/// The line number (from 1) and the sources of the last `hosts:` line of `text`, or `None` when
/// the file has none and the C library's built-in order holds.
pub fn nss_hosts_line(text: &str) -> Option<(usize, Vec<NssSource>)> {
    let is_hosts = |line: &str| {
        let (database, sources) = line.split('#').next()?.split_once(':')?;
        (database.trim() == "hosts").then(|| read_sources(sources))
    };
    let lines = text.lines().enumerate();
    lines.filter_map(|(index, line)| Some((index + 1, is_hosts(line)?))).last()
}

fn read_sources(text: &str) -> Vec<NssSource> {
    let mut sources: Vec<NssSource> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix('[') {
            let (actions, after) = inside.split_once(']').unwrap_or((inside, ""));
            if let Some(source) = sources.last_mut() {
                source.actions = actions.split_ascii_whitespace().collect::<Vec<_>>().join(" ");
            }
            rest = after.trim_start();
        } else {
            let end = rest.find(|c: char| c.is_ascii_whitespace() || c == '[');
            let (name, after) = rest.split_at(end.unwrap_or(rest.len()));
            sources.push(NssSource { name: name.to_owned(), actions: String::new() });
            rest = after.trim_start();
        }
    }
    sources
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Option<(usize, String)> {
        let (number, sources) = nss_hosts_line(text)?;
        Some((number, sources.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")))
    }

    #[test]
    fn the_hosts_line_is_found_and_its_actions_stay_with_their_source() {
        for (text, expected) in [
            ("hosts: files dns", Some((1, "files, dns"))),
            ("passwd: files\n hosts:files dns # x", Some((2, "files, dns"))),
            (
                "hosts: files mdns4_minimal [NOTFOUND=return] dns",
                Some((1, "files, mdns4_minimal [NOTFOUND=return], dns")),
            ),
            ("hosts: resolve[!UNAVAIL=return]files", Some((1, "resolve [!UNAVAIL=return], files"))),
            ("hosts: [x] files [open", Some((1, "files [open]"))),
            ("hosts:", Some((1, ""))),
            ("# hosts: files\nghosts: dns", None),
            ("", None),
        ] {
            let expected = expected.map(|(number, text): (usize, &str)| (number, text.to_owned()));
            assert_eq!(shown(text), expected, "{text:?}");
        }
    }
}
