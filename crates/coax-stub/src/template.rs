//! A reply with holes: `{1}` is what a regular expression captured, `{peer}` who asked.
//!
//! A template is read once, so a mistake in it is known before anyone asks. Two braces are one.
//!
//! Nothing here reads a clock: the time is given.

use coax_net::Address;
use jiff::Timestamp;
use regex::bytes::{Captures, Regex};

/// Text and holes.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, PartialEq, Eq)]
enum Part {
    Text(String),
    /// A group of the regular expression; 0 is all it matched.
    Group(usize),
    /// The whole request.
    Request,
    /// Who asked, with the port.
    Peer,
    Address,
    Port,
    /// RFC 3339.
    Time,
    /// Seconds since 1970.
    Unix,
    /// How often the rule was hit, this time included.
    Count,
    /// The number of the connection.
    Connection,
}

/// Why a text is no template, and where: a byte and a length.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct TemplateError {
    pub(crate) at: usize,
    pub(crate) length: usize,
    pub(crate) message: String,
}

/// What the holes are filled with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Filling<'a> {
    pub(crate) request: &'a [u8],
    pub(crate) peer: &'a Address,
    pub(crate) connection: Option<u64>,
    pub(crate) count: u64,
    pub(crate) now: Timestamp,
}

impl Template {
    /// Reads `text`; `regex` says which groups there are.
    pub(crate) fn parse(text: &str, regex: Option<&Regex>) -> Result<Template, TemplateError> {
        let (mut parts, mut plain, mut at) = (Vec::new(), String::new(), 0);
        while let Some(offset) = text[at..].find(['{', '}']) {
            let brace = at + offset;
            plain.push_str(&text[at..brace]);
            let rest = &text[brace..];
            if rest.starts_with("{{") || rest.starts_with("}}") {
                plain.push_str(&rest[..1]);
                at = brace + 2;
                continue;
            }
            let wrong = |length, message| Err(TemplateError { at: brace, length, message });
            if rest.starts_with('}') {
                return wrong(1, "a brace that opens nothing; }} is one brace".to_owned());
            }
            let Some(end) = rest.find('}') else {
                return wrong(1, "a brace that is not closed; {{ is one brace".to_owned());
            };
            match Part::named(&rest[1..end], regex) {
                Ok(part) => parts.extend([Part::Text(std::mem::take(&mut plain)), part]),
                Err(message) => return wrong(end + 1, message),
            }
            at = brace + end + 1;
        }
        plain.push_str(&text[at..]);
        parts.push(Part::Text(plain));
        parts.retain(|part| !matches!(part, Part::Text(text) if text.is_empty()));
        Ok(Template { parts })
    }

    /// The text with its holes filled. A group that took part in nothing is empty.
    pub(crate) fn fill(&self, filling: Filling<'_>, captures: Option<&Captures<'_>>) -> Vec<u8> {
        let mut text = Vec::new();
        for part in &self.parts {
            part.write(filling, captures, &mut text);
        }
        text
    }
}

impl Part {
    fn named(name: &str, regex: Option<&Regex>) -> Result<Part, String> {
        Ok(match name {
            "request" => Part::Request,
            "peer" => Part::Peer,
            "address" => Part::Address,
            "port" => Part::Port,
            "time" => Part::Time,
            "unix" => Part::Unix,
            "count" => Part::Count,
            "connection" => Part::Connection,
            _ => Part::Group(group(name, regex)?),
        })
    }

    fn write(&self, filling: Filling<'_>, captures: Option<&Captures<'_>>, text: &mut Vec<u8>) {
        let Filling { request, peer, connection, count, now } = filling;
        let shown = match self {
            Part::Text(plain) => return text.extend_from_slice(plain.as_bytes()),
            Part::Group(number) => {
                let found = captures.and_then(|captures| captures.get(*number));
                return text.extend_from_slice(found.map_or(b"", |found| found.as_bytes()));
            }
            Part::Request => return text.extend_from_slice(request),
            Part::Peer => peer.to_string(),
            Part::Address => peer.ip().map_or_else(|| peer.to_string(), |ip| ip.to_string()),
            Part::Port => peer.port().map(|port| port.to_string()).unwrap_or_default(),
            Part::Time => now.to_string(),
            Part::Unix => now.as_second().to_string(),
            Part::Count => count.to_string(),
            Part::Connection => connection.map(|number| number.to_string()).unwrap_or_default(),
        };
        text.extend_from_slice(shown.as_bytes());
    }
}

/// The number of the group called `name`.
fn group(name: &str, regex: Option<&Regex>) -> Result<usize, String> {
    let Some(regex) = regex else {
        return Err(format!(
            "'{name}' is no hole of this rule; request, peer, address, port, time, unix, count, \
             connection are"
        ));
    };
    let number = match name.parse::<usize>() {
        Ok(number) => Some(number).filter(|number| *number < regex.captures_len()),
        Err(_) => regex.capture_names().position(|known| known == Some(name)),
    };
    number.ok_or_else(|| match regex.captures_len() - 1 {
        0 => format!("the regular expression has no group '{name}': it captures none"),
        last => format!("the regular expression has no group '{name}': the last is {last}"),
    })
}

#[cfg(test)]
mod tests {
    use super::{Filling, Template};
    use coax_net::Address;
    use jiff::Timestamp;
    use regex::bytes::Regex;

    fn filled(text: &str, regex: Option<&str>, request: &str) -> String {
        let regex = regex.map(|regex| Regex::new(regex).unwrap());
        let template = Template::parse(text, regex.as_ref()).unwrap();
        let captures = regex.as_ref().and_then(|regex| regex.captures(request.as_bytes()));
        let peer = Address::Ip("127.0.0.1:7".parse().unwrap());
        let now = Timestamp::from_second(86_400).unwrap();
        let request = request.as_bytes();
        let filling = Filling { request, peer: &peer, connection: Some(3), count: 9, now };
        String::from_utf8(template.fill(filling, captures.as_ref())).unwrap()
    }

    #[test]
    fn holes_are_filled() {
        assert_eq!(filled("{2}, {1}{x}", Some("(a+)(?P<x>b?)"), "caab"), "b, aab");
        assert_eq!(filled("<{0}>{{{1}}}", Some("a(z)?"), "ab"), "<a>{}");
        assert_eq!(
            filled(
                "{request} {peer} {address} {port} {time} {unix} {count} {connection}",
                None,
                "q"
            ),
            "q 127.0.0.1:7 127.0.0.1 7 1970-01-02T00:00:00Z 86400 9 3"
        );
        assert_eq!(filled("", None, ""), "");
    }

    #[test]
    fn a_mistake_is_found_where_it_is() {
        let one_group = Regex::new("(a)").unwrap();
        for (text, at, length) in [("ab{", 2, 1), ("a}b", 1, 1), ("é{who}", 2, 5), ("{1}{2}", 3, 3)]
        {
            let regex = Some(&one_group).filter(|_| text.starts_with("{1"));
            let error = Template::parse(text, regex).unwrap_err();
            assert_eq!((error.at, error.length), (at, length), "{text}: {}", error.message);
        }
    }
}
