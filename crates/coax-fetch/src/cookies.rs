//! What servers want to be told again, for as long as the client lives (RFC 6265).
//!
//! Sites that send a visitor through a redirect with a cookie, and back, cannot be fetched without.
//! A cookie goes to the host that set it, to the hosts below the domain it names, below its path, and
//! in TLS alone if it says so. Nothing is kept on a disk.
//!
//! There is no list of public suffixes here: a domain has to have a dot, and no more is known of it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use http::HeaderMap;
use http::header::SET_COOKIE;
use jiff::Timestamp;
use url::Url;

use crate::origin::Origin;
use crate::validator::date;

/// Cookies that are kept; a server that sets more loses the others. RFC 6265 §6.1 asks for 3,000.
const MOST: usize = 3000;
/// Bytes of a cookie; longer ones are not kept.
const LONGEST: usize = 4096;

/// The cookies of all servers.
#[derive(Debug, Default)]
pub(crate) struct Cookies {
    kept: Mutex<BTreeMap<Key, Cookie>>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Key {
    domain: String,
    path: String,
    name: String,
}

#[derive(Clone, PartialEq, Eq)]
struct Cookie {
    value: String,
    /// Whether hosts below the domain get it.
    below: bool,
    secure: bool,
    until: Option<Timestamp>,
}

/// It may be what a login is worth.
impl std::fmt::Debug for Cookie {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Cookies {
    /// Keeps what an answer sets; whether that changed anything.
    pub(crate) fn keep(&self, origin: &Origin, url: &Url, headers: &HeaderMap) -> bool {
        let mut changed = false;
        for value in headers.get_all(SET_COOKIE) {
            let text = String::from_utf8_lossy(value.as_bytes());
            let Some((key, cookie)) = parse(&text, origin, url) else { continue };
            let mut kept = self.lock();
            let over = cookie.until.is_some_and(|until| until <= Timestamp::now());
            if over {
                changed |= kept.remove(&key).is_some();
            } else if kept.len() < MOST || kept.contains_key(&key) {
                changed |= kept.insert(key, cookie.clone()) != Some(cookie);
            }
        }
        changed
    }

    /// What a request for `url` tells; `None` where there is nothing.
    pub(crate) fn of(&self, origin: &Origin, url: &Url) -> Option<String> {
        let (host, now) = (origin.host.to_string(), Timestamp::now());
        let kept = self.lock();
        let mut fitting = kept
            .iter()
            .filter(|(key, cookie)| {
                (key.domain == host || cookie.below && is_below(&host, &key.domain))
                    && is_within(url.path(), &key.path)
                    && (origin.secure || !cookie.secure)
                    && cookie.until.is_none_or(|until| until > now)
            })
            .collect::<Vec<_>>();
        // Longer paths come first (RFC 6265 §5.4).
        fitting.sort_by_key(|(key, _)| std::cmp::Reverse(key.path.len()));
        let pairs = fitting.iter().map(|(key, cookie)| format!("{}={}", key.name, cookie.value));
        let all = pairs.collect::<Vec<_>>().join("; ");
        (!all.is_empty()).then_some(all)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, Cookie>> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Reads `NAME=VALUE; ATTRIBUTES` (RFC 6265 §5.2); `None` where it is not to be kept.
fn parse(text: &str, origin: &Origin, url: &Url) -> Option<(Key, Cookie)> {
    let (pair, attributes) = text.split_once(';').unwrap_or((text, ""));
    let (name, value) = pair.split_once('=')?;
    let (name, value) = (name.trim(), value.trim());
    let is_bad = |it: char| it.is_control();
    if name.is_empty() || text.len() > LONGEST || pair.contains(is_bad) {
        return None;
    }
    let host = origin.host.to_string();
    let mut key = Key { domain: host.clone(), path: folder(url.path()), name: name.to_owned() };
    let mut cookie = Cookie { value: value.to_owned(), below: false, secure: false, until: None };
    let mut lasts = None;
    for attribute in attributes.split(';') {
        let (what, said) = attribute.split_once('=').unwrap_or((attribute, ""));
        let said = said.trim();
        match what.trim().to_ascii_lowercase().as_str() {
            "domain" if !said.is_empty() => {
                let domain = said.trim_start_matches('.').to_ascii_lowercase();
                let named = matches!(origin.host, url::Host::Domain(_)) && domain.contains('.');
                if domain != host && !(named && is_below(&host, &domain)) {
                    return None;
                }
                (cookie.below, key.domain) = (named, domain);
            }
            "path" if said.starts_with('/') => said.clone_into(&mut key.path),
            "secure" => cookie.secure = true,
            "expires" => cookie.until = date(said),
            "max-age" => lasts = said.parse::<i64>().ok(),
            _ => {}
        }
    }
    if let Some(lasts) = lasts {
        let span = jiff::SignedDuration::from_secs(lasts.max(0));
        // What lasts longer than there is a calendar lasts.
        cookie.until = Timestamp::now().checked_add(span).ok();
    }
    (origin.secure || !cookie.secure).then_some((key, cookie))
}

/// Whether `host` is a name below `domain`.
fn is_below(host: &str, domain: &str) -> bool {
    host.strip_suffix(domain).is_some_and(|rest| rest.ends_with('.'))
}

/// RFC 6265 §5.1.4.
fn is_within(path: &str, folder: &str) -> bool {
    match path.strip_prefix(folder) {
        Some(rest) => rest.is_empty() || folder.ends_with('/') || rest.starts_with('/'),
        None => false,
    }
}

fn folder(path: &str) -> String {
    match path.rfind('/') {
        None | Some(0) => "/".to_owned(),
        Some(end) => path[..end].to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What `to` is told after `from` has set these.
    fn told(from: &str, set: &[&str], to: &str) -> Option<String> {
        let cookies = Cookies::default();
        let origin = |url: &Url| Origin::of(url).unwrap();
        let (from, to): (Url, Url) = (from.parse().unwrap(), to.parse().unwrap());
        for text in set {
            let headers = HeaderMap::from_iter([(SET_COOKIE, text.parse().unwrap())]);
            cookies.keep(&origin(&from), &from, &headers);
        }
        cookies.of(&origin(&to), &to)
    }

    #[test]
    fn a_cookie_goes_where_it_belongs() {
        let table: [(&str, &[&str], &str, Option<&str>); 19] = [
            ("http://h/a", &["x=1"], "http://h/b", Some("x=1")),
            ("http://h/a", &["x=1"], "http://other/", None),
            ("http://h/a", &["x=1"], "http://h:81/", Some("x=1")),
            ("http://h/", &["x=1", "y=2", "x=3"], "http://h/", Some("x=3; y=2")),
            ("http://h/", &["x=1", "x=; Max-Age=0"], "http://h/", None),
            ("http://h/", &["x=1; Expires=Thu, 01 Jan 1970 00:00:00 GMT"], "http://h/", None),
            ("http://h/", &["x=1; max-age=99999999999999"], "http://h/", Some("x=1")),
            ("http://h/d/e", &["x=1"], "http://h/d/f", Some("x=1")),
            ("http://h/d/e", &["x=1"], "http://h/", None),
            ("http://h/d/e", &["x=1"], "http://h/dx", None),
            ("http://h/d/e", &["x=1; Path=/"], "http://h/", Some("x=1")),
            ("http://h/a/b", &["x=1; path=/", "y=2"], "http://h/a/c", Some("y=2; x=1")),
            ("https://h/", &["x=1; Secure"], "http://h/", None),
            ("http://h/", &["x=1; Secure"], "https://h/", None),
            ("http://a.h.test/", &["x=1; Domain=h.test"], "http://b.h.test/", Some("x=1")),
            ("http://a.h.test/", &["x=1; Domain=other.test"], "http://other.test/", None),
            ("http://a.test/", &["x=1; Domain=test"], "http://b.test/", None),
            ("http://127.0.0.1/", &["x=1; Domain=0.0.1"], "http://127.0.0.1/", None),
            ("http://h/", &["nothing", "=x", " a = b "], "http://h/", Some("a=b")),
        ];
        for (from, set, to, wanted) in table {
            assert_eq!(told(from, set, to).as_deref(), wanted, "{from} {set:?} {to}");
        }
    }

    #[test]
    fn what_changes_nothing_is_no_news() {
        let (cookies, url): (_, Url) = (Cookies::default(), "http://h/".parse().unwrap());
        let origin = Origin::of(&url).unwrap();
        let set = |text: &str| {
            let headers = HeaderMap::from_iter([(SET_COOKIE, text.parse().unwrap())]);
            cookies.keep(&origin, &url, &headers)
        };
        assert_eq!(["x=1", "x=1", "x=2", "y=1; Max-Age=0"].map(set), [true, false, true, false]);
    }

    proptest! {
        #[test]
        fn any_text_is_kept_or_not(text in "([a-z]|=|;| |Domain=|Path=|Max-Age=|Expires=|\\.|/|\\PC){0,30}") {
            let url: Url = "http://a.h.test/x".parse().unwrap();
            let origin = Origin::of(&url).unwrap();
            let _ = parse(&text, &origin, &url);
        }
    }
}
