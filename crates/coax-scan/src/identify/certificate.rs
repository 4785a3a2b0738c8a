//! A certificate's names and the end of its time (RFC 5280 §4.1).
//!
//! It is read to be shown. Nobody is asked whether it is genuine, so it is a claim like any
//! banner; at most a hundred names are kept.
//!
//! Nothing here checks a signature, a chain or a clock.

use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::cursor::Cursor;
use super::text;

const SEQUENCE: u8 = 0x30;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// `id-ce-subjectAltName`, 2.5.29.17.
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1D, 0x11];
/// `id-at-commonName`, 2.5.4.3.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
/// Shared certificates of hosting firms list about as many.
const MOST_NAMES: usize = 100;

/// What a certificate says about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// Its DNS names and addresses; its common name where it has neither.
    pub names: Vec<String>,
    /// The common name of its subject.
    pub subject: Option<String>,
    /// When it ends.
    pub expires: Option<SystemTime>,
}

impl Certificate {
    /// Reads an X.509 certificate in DER; `None` where it is none.
    pub fn read(der: &[u8]) -> Option<Certificate> {
        let mut body = Cursor(der).expect(SEQUENCE)?.expect(SEQUENCE)?;
        let mut next = body.element()?;
        // The version is left out of the oldest ones.
        if next.0 == 0xA0 {
            next = body.element()?;
        }
        let (_serial, _algorithm, _issuer) = (next, body.element()?, body.expect(SEQUENCE)?);
        let mut validity = body.expect(SEQUENCE)?;
        let (_from, until) = (validity.element()?, validity.element()?);
        let subject = body.expect(SEQUENCE)?;
        let _key = body.element()?;
        let mut names = alternative_names(body).unwrap_or_default();
        let subject = common_name(subject);
        if names.is_empty() {
            names.extend(subject.clone());
        }
        Some(Certificate { names, subject, expires: time(until) })
    }
}

fn alternative_names(mut body: Cursor<'_>) -> Option<Vec<String>> {
    let mut extensions = loop {
        let (tag, contents) = body.element()?;
        if tag == 0xA3 {
            break Cursor(contents).expect(SEQUENCE)?;
        }
    };
    loop {
        let mut extension = extensions.expect(SEQUENCE)?;
        if extension.element()?.1 != ALTERNATIVE_NAMES {
            continue;
        }
        // A mark that it is critical may come before the value.
        let value = std::iter::from_fn(|| extension.element()).find(|(tag, _)| *tag == 0x04)?;
        let mut list = Cursor(value.1).expect(SEQUENCE)?;
        let names = std::iter::from_fn(move || list.element()).filter_map(general_name);
        return Some(names.take(MOST_NAMES).collect());
    }
}

/// dNSName and iPAddress; mail addresses and the like are not a server's name.
fn general_name((tag, value): (u8, &[u8])) -> Option<String> {
    match tag {
        0x82 => text::title(value),
        0x87 => {
            let v4 = <[u8; 4]>::try_from(value).map(IpAddr::from);
            let ip = v4.or_else(|_| <[u8; 16]>::try_from(value).map(IpAddr::from));
            ip.ok().map(|ip| ip.to_string())
        }
        _ => None,
    }
}

fn common_name(mut subject: Cursor<'_>) -> Option<String> {
    loop {
        let mut pair = subject.expect(0x31)?.expect(SEQUENCE)?;
        if pair.element()?.1 == COMMON_NAME {
            return text::title(pair.element()?.1);
        }
    }
}

/// `YYMMDDhhmmssZ` or `YYYYMMDDhhmmssZ` (RFC 5280 §4.1.2.5).
fn time((tag, text): (u8, &[u8])) -> Option<SystemTime> {
    let digits = text.strip_suffix(b"Z")?;
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = number(digits, 2)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => number(digits, 4)?,
        _ => return None,
    };
    let mut parts = [0; 5];
    let mut rest = rest;
    for part in &mut parts {
        (*part, rest) = number(rest, 2)?;
    }
    let [month, day, hour, minute, second] = parts;
    let fits = (1..=12).contains(&month) && (1..=31).contains(&day);
    let fits = fits && hour < 24 && minute < 60 && second < 60 && rest.is_empty();
    let seconds = i64::from(hour * 3600 + minute * 60 + second);
    let since = u64::try_from(days(year, month, day) * 86_400 + seconds).ok();
    UNIX_EPOCH.checked_add(Duration::from_secs(since.filter(|_| fits)?))
}

fn number(digits: &[u8], count: usize) -> Option<(u32, &[u8])> {
    let (own, rest) = digits.split_at_checked(count)?;
    let value = own
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')));
    Some((value?, rest))
}

/// Days from 1970-01-01 to a day of the Gregorian calendar. A year is taken to begin in March, so
/// that the leap day is its last.
fn days(year: u32, month: u32, day: u32) -> i64 {
    let (year, month) = match month {
        1 | 2 => (i64::from(year) - 1, i64::from(month) + 9),
        _ => (i64::from(year), i64::from(month) - 3),
    };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    // March to July and August to December have 153 days each.
    let day_of_year = (153 * month + 2) / 5 + i64::from(day) - 1;
    // 1970-01-01 is 719,468 days after 0000-03-01.
    365 * year + leap_days + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seconds(tag: u8, text: &[u8]) -> Option<u64> {
        let since = time((tag, text))?.duration_since(UNIX_EPOCH).unwrap();
        Some(since.as_secs())
    }

    #[test]
    fn a_time_is_seconds_since_1970() {
        assert_eq!(seconds(UTC_TIME, b"700101000000Z"), Some(0));
        assert_eq!(seconds(UTC_TIME, b"240229235959Z"), Some(1_709_251_199));
        assert_eq!(seconds(GENERALIZED_TIME, b"20000301000000Z"), Some(951_868_800));
        assert_eq!(seconds(GENERALIZED_TIME, b"99991231235959Z"), Some(253_402_300_799));
        for bad in
            ["691231235959Z", "241301000000Z", "2401010000Z", "240101000000", "x40101000000Z"]
        {
            assert_eq!(seconds(UTC_TIME, bad.as_bytes()), None, "{bad}");
        }
    }

    fn element(tag: u8, contents: &[u8]) -> Vec<u8> {
        [&[tag, 0x82, (contents.len() >> 8) as u8, contents.len() as u8], contents].concat()
    }

    /// A certificate with this subject and these extensions, and nothing in what is not read.
    fn made(subject: &[u8], extensions: &[u8]) -> Vec<u8> {
        let empty = element(SEQUENCE, b"");
        let until = element(UTC_TIME, b"300101000000Z");
        let validity = element(SEQUENCE, &[element(UTC_TIME, b"200101000000Z"), until].concat());
        let body = [
            element(0xA0, &[2, 1, 2]),
            element(2, &[1]),
            empty.clone(),
            empty.clone(),
            validity,
            element(SEQUENCE, subject),
            empty,
            element(0xA3, &element(SEQUENCE, extensions)),
        ];
        element(SEQUENCE, &element(SEQUENCE, &body.concat()))
    }

    fn common(name: &[u8]) -> Vec<u8> {
        let pair = [element(6, COMMON_NAME), element(12, name)].concat();
        element(0x31, &element(SEQUENCE, &pair))
    }

    fn alternative(names: &[u8]) -> Vec<u8> {
        let value = element(4, &element(SEQUENCE, names));
        element(SEQUENCE, &[element(6, ALTERNATIVE_NAMES), element(1, &[255]), value].concat())
    }

    #[test]
    fn names_are_the_alternative_ones_or_else_the_common_one() {
        let names = [
            element(0x82, b"a.test"),
            element(0x81, b"me@a.test"),
            element(0x87, &[192, 0, 2, 1]),
            element(0x87, &[0; 16]),
            element(0x87, &[1, 2, 3]),
        ];
        let both =
            Certificate::read(&made(&common(b"old"), &alternative(&names.concat()))).unwrap();
        assert_eq!(both.names, ["a.test", "192.0.2.1", "::"]);
        assert_eq!(both.subject.as_deref(), Some("old"));
        assert!(both.expires.is_some());
        let old = Certificate::read(&made(&common(b"old"), b"")).unwrap();
        assert_eq!(old.names, ["old"]);
    }

    #[test]
    fn a_certificate_cut_anywhere_or_with_a_changed_byte_is_read_without_harm() {
        let whole = made(&common(b"old"), &alternative(&element(0x82, b"a.test")));
        for end in 0..whole.len() {
            assert_eq!(Certificate::read(&whole[..end]), None, "{end}");
        }
        for at in 0..whole.len() {
            for byte in [0, 0x7F, 0x80, 0x84, 0xFF] {
                let mut changed = whole.clone();
                changed[at] = byte;
                let _ = Certificate::read(&changed);
            }
        }
    }

    #[test]
    fn only_so_many_names_are_kept() {
        let names = element(0x82, b"a.test").repeat(1000);
        let read = Certificate::read(&made(b"", &alternative(&names))).unwrap();
        assert_eq!(read.names.len(), MOST_NAMES);
    }
}
