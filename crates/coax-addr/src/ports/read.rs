//! Text to port sets.
//!
//! A service's name may hold digits and dashes (`914c-g`), so a known name is tried before a
//! range. An item that names no port is an error: a scan of nothing would look like a closed host.
//!
//! Nothing here knows how a set is kept.

use super::{PortSet, PortSetError, top};
use crate::near::{did_you_mean, shown};
use crate::{Protocol, ServiceTable};

/// What names mean.
pub(super) struct Reader<'a> {
    pub(super) services: &'a ServiceTable,
    pub(super) protocol: Option<Protocol>,
}

type Ranges = Vec<(u16, u16)>;

impl Reader<'_> {
    pub(super) fn set(&self, text: &str) -> Result<PortSet, PortSetError> {
        let mut ranges = Ranges::new();
        for (position, item) in items(text) {
            let found = self.item(item);
            ranges.extend(found.map_err(|reason| PortSetError {
                item: item.to_owned(),
                position,
                reason,
            })?);
        }
        Ok(ranges.into_iter().collect())
    }

    pub(super) fn item(&self, item: &str) -> Result<Ranges, String> {
        if item.is_empty() {
            return Err("nothing stands here; write ports like 22,80-90,http".to_owned());
        }
        if let Some(count) = item.strip_prefix("top:") {
            return self.top(count);
        }
        if is_number(item) {
            return number(item).map(|port| vec![(port, port)]);
        }
        if item.contains('*') {
            return self.pattern(item);
        }
        let named = self.called(item);
        match item.split_once('-') {
            _ if !named.is_empty() => Ok(named),
            Some((first, last)) if is_end(first) && is_end(last) => range(first, last),
            _ => Err(self.unknown(item)),
        }
    }

    fn called(&self, name: &str) -> Ranges {
        let rows = self.services.by_name(name, self.protocol);
        rows.iter().map(|service| (service.port, service.port)).collect()
    }

    fn pattern(&self, pattern: &str) -> Result<Ranges, String> {
        let pattern = pattern.to_ascii_lowercase();
        let ports = self.services.ports_fitting(|name| matches(&pattern, name), self.protocol);
        let found: Ranges = ports.into_iter().map(|port| (port, port)).collect();
        match found.is_empty() {
            true => Err("no service has a name like that".to_owned()),
            false => Ok(found),
        }
    }

    fn top(&self, count: &str) -> Result<Ranges, String> {
        let order = || top::ports(self.protocol.unwrap_or(Protocol::Tcp));
        let most = order().len();
        let count = Some(count).filter(|count| is_number(count));
        match count.and_then(|count| count.parse().ok()) {
            Some(count) if (1..=most).contains(&count) => {
                Ok(order().take(count).map(|port| (port, port)).collect())
            }
            _ => Err(format!("after top: comes a number from 1 to {most}")),
        }
    }

    fn unknown(&self, item: &str) -> String {
        let near = self.services.similar(item, self.protocol);
        let kind = self.protocol.map_or(String::new(), |protocol| format!("{protocol} "));
        format!("it is no number, range or {kind}service{}", did_you_mean(near.as_deref()))
    }
}

/// The items between the commas, trimmed, each with the character at which it begins.
pub(super) fn items(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut next = 1;
    text.split(',').map(move |item| {
        let blanks = item.chars().take_while(|character| character.is_whitespace()).count();
        let position = next + blanks;
        next += item.chars().count() + 1;
        (position, item.trim())
    })
}

/// Whether `name`, in any case, fits `pattern`, in which `*` stands for anything.
fn matches(pattern: &str, name: &str) -> bool {
    let mut rest = name.as_bytes();
    let mut pieces = pattern.split('*').map(str::as_bytes);
    let start = pieces.next().unwrap_or_default();
    match rest.split_at_checked(start.len()) {
        Some((own, after)) if own.eq_ignore_ascii_case(start) => rest = after,
        _ => return false,
    }
    let Some(end) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces.filter(|piece| !piece.is_empty()) {
        match rest.windows(piece.len()).position(|own| own.eq_ignore_ascii_case(piece)) {
            Some(at) => rest = &rest[at + piece.len()..],
            None => return false,
        }
    }
    rest.len().checked_sub(end.len()).is_some_and(|at| rest[at..].eq_ignore_ascii_case(end))
}

/// An end of a range that is left out reaches as far as it can.
fn range(first: &str, last: &str) -> Result<Ranges, String> {
    let from = if first.is_empty() { 1 } else { number(first)? };
    let to = if last.is_empty() { u16::MAX } else { number(last)? };
    match from <= to {
        true => Ok(vec![(from, to)]),
        false if first.is_empty() => Err("write 0 alone for port 0".to_owned()),
        false => Err(format!("a range goes up; write {to}-{from}")),
    }
}

fn number(text: &str) -> Result<u16, String> {
    text.parse().map_err(|_| format!("the port {} is above 65535", shown(text)))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_end(text: &str) -> bool {
    text.is_empty() || is_number(text)
}
