//! Which HTTP statuses mean that a page is there.
//!
//! `200,204`, `2xx`, `200-399`, with commas between them. Without a word it is 2xx and 3xx: a
//! server that redirects is up.
//!
//! Nothing here asks for a page.

use std::fmt;
use std::ops::RangeInclusive;
use std::str::FromStr;

/// A set of statuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statuses {
    ranges: Vec<RangeInclusive<u16>>,
}

/// Why a text is no set of statuses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusesError;

impl fmt::Display for StatusesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("statuses are written like 200, 200,204, 2xx or 200-399")
    }
}

impl std::error::Error for StatusesError {}

impl Default for Statuses {
    fn default() -> Statuses {
        Statuses { ranges: vec![200..=399] }
    }
}

impl Statuses {
    /// Whether `status` is one of them.
    pub fn has(&self, status: u16) -> bool {
        self.ranges.iter().any(|range| range.contains(&status))
    }
}

impl FromStr for Statuses {
    type Err = StatusesError;
    fn from_str(text: &str) -> Result<Statuses, StatusesError> {
        let ranges = text.split(',').map(|part| range(part.trim()).ok_or(StatusesError));
        Ok(Statuses { ranges: ranges.collect::<Result<_, _>>()? })
    }
}

fn range(text: &str) -> Option<RangeInclusive<u16>> {
    if let Some((hundreds, "")) = text.to_ascii_lowercase().split_once("xx") {
        let first = status(&format!("{hundreds}00"))?;
        return Some(first..=first + 99);
    }
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (status(first.trim())?, status(last.trim())?);
    (first <= last).then_some(first..=last)
}

/// Three digits, RFC 9110 §15.
fn status(text: &str) -> Option<u16> {
    let digits = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|status| digits && *status >= 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_numbers_ranges_and_hundreds() {
        let table: [(&str, &[u16], &[u16]); 4] = [
            ("200", &[200], &[201, 199]),
            ("200,204", &[200, 204], &[201, 203]),
            ("2xx, 401", &[200, 299, 401], &[300, 199, 400]),
            ("200-399,4XX", &[200, 399, 400, 499], &[500, 100]),
        ];
        for (text, has, has_not) in table {
            let statuses: Statuses = text.parse().unwrap();
            assert!(has.iter().all(|&status| statuses.has(status)), "{text}");
            assert!(!has_not.iter().any(|&status| statuses.has(status)), "{text}");
        }
        let usual = Statuses::default();
        assert!(usual.has(200) && usual.has(302) && !usual.has(404) && !usual.has(101));
    }

    #[test]
    fn what_is_no_status_is_refused() {
        for text in ["", "20", "2000", "099", "xx", "22xx", "2xxx", "ok", "300-200", "200,", "+20"]
        {
            assert_eq!(text.parse::<Statuses>(), Err(StatusesError), "{text}");
        }
    }
}
