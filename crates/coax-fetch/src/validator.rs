//! What tells one state of a file on a server from the next.
//!
//! Only a strong validator may join bytes of two answers: an entity tag that is not weak, or a date
//! that is at least a second older than the answer (RFC 9110 §8.8.2.2, §13.1.5).
//!
//! Nothing here asks a server.

use std::time::SystemTime;

use http::HeaderMap;
use http::header::{DATE, ETAG, LAST_MODIFIED};
use jiff::Timestamp;

/// A strong validator, as it is sent in `If-Range`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Validator {
    /// An entity tag with its quotes.
    Tag(String),
    /// A date as the server wrote it.
    Date(String),
}

impl Validator {
    /// The strong validator of an answer, if it has one.
    pub(crate) fn of(headers: &HeaderMap) -> Option<Validator> {
        let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(tag) = text(ETAG) {
            // One with a tag that cannot be used may have changed within the second of its date.
            return is_strong(tag).then(|| Validator::Tag(tag.to_owned()));
        }
        let modified = text(LAST_MODIFIED)?;
        let age = date(text(DATE)?)?.as_second() - date(modified)?.as_second();
        (age >= 1).then(|| Validator::Date(modified.to_owned()))
    }

    /// Whether an answer may be of another state than this. One that says nothing of its state has
    /// nothing to say against it.
    pub(crate) fn is_denied_by(&self, headers: &HeaderMap) -> bool {
        let name = match self {
            Validator::Tag(_) => ETAG,
            Validator::Date(_) => LAST_MODIFIED,
        };
        headers.get(name).is_some_and(|value| value.as_bytes() != self.text().as_bytes())
    }

    /// As it is sent.
    pub(crate) fn text(&self) -> &str {
        match self {
            Validator::Tag(text) | Validator::Date(text) => text,
        }
    }
}

/// RFC 9110 §8.8.3: quoted, and not marked as weak.
fn is_strong(tag: &str) -> bool {
    let inner = tag.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    inner.is_some_and(|inner| !inner.contains('"'))
}

/// When the server's file was last changed, as far as it says.
pub(crate) fn last_modified(headers: &HeaderMap) -> Option<SystemTime> {
    let text = headers.get(LAST_MODIFIED)?.to_str().ok()?;
    date(text).map(SystemTime::from)
}

/// An HTTP date (RFC 9110 §5.6.7), in the form that every server must send.
pub(crate) fn date(text: &str) -> Option<Timestamp> {
    let parsed = jiff::fmt::rfc2822::DateTimeParser::new().parse_timestamp(text);
    parsed.ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::{HeaderName, HeaderValue};

    fn headers(pairs: &[(HeaderName, &'static str)]) -> HeaderMap {
        let pairs =
            pairs.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value)));
        pairs.collect()
    }

    const DATED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
    const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

    #[test]
    fn a_strong_tag_is_a_validator() {
        let strong = headers(&[(ETAG, "\"a\""), (LAST_MODIFIED, DATED), (DATE, LATER)]);
        assert_eq!(Validator::of(&strong), Some(Validator::Tag("\"a\"".into())));
    }

    #[test]
    fn a_weak_or_broken_tag_is_none_and_no_date_makes_up_for_it() {
        for tag in ["W/\"a\"", "a", "\"", "\"a\"b\""] {
            let mut weak = headers(&[(LAST_MODIFIED, DATED), (DATE, LATER)]);
            weak.insert(ETAG, HeaderValue::from_static(tag));
            assert_eq!(Validator::of(&weak), None, "{tag}");
        }
    }

    #[test]
    fn a_date_counts_a_second_later() {
        let later = headers(&[(LAST_MODIFIED, DATED), (DATE, LATER)]);
        assert_eq!(Validator::of(&later), Some(Validator::Date(DATED.into())));
        let same = headers(&[(LAST_MODIFIED, DATED), (DATE, DATED)]);
        assert_eq!(Validator::of(&same), None);
        assert_eq!(Validator::of(&headers(&[(LAST_MODIFIED, DATED)])), None);
    }

    #[test]
    fn an_answer_of_another_state_is_noticed() {
        let mine = Validator::Tag("\"a\"".into());
        assert!(!mine.is_denied_by(&headers(&[(ETAG, "\"a\"")])));
        assert!(!mine.is_denied_by(&headers(&[])));
        assert!(mine.is_denied_by(&headers(&[(ETAG, "\"b\"")])));
        assert!(mine.is_denied_by(&headers(&[(ETAG, "W/\"a\"")])));
    }
}
