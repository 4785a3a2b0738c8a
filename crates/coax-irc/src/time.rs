//! Moments as text: `2026-11-21T15:04:05.678Z`.
//!
//! Always UTC, always three digits of a second when written. Arithmetic alone: no clock, no time zones.
//!
//! Nothing here knows what happened at a moment.

const DAY: u64 = 24 * 60 * 60 * 1000;
/// The last millisecond of the year 9999, after which four digits are too few.
const LAST: u64 = 253_402_300_799_999;

/// Milliseconds since 1970 as the `time` tag has them. IRCv3 *server-time*.
///
/// What is beyond the year 9999 is written as its last moment.
pub fn format_time(unix_millis: u64) -> [u8; 24] {
    let millis = unix_millis.min(LAST);
    let (year, month, day) = date(millis / DAY);
    let of_day = millis % DAY;
    let mut text = *b"0000-00-00T00:00:00.000Z";
    digits(&mut text[0..4], year);
    digits(&mut text[5..7], month);
    digits(&mut text[8..10], day);
    digits(&mut text[11..13], of_day / 3_600_000);
    digits(&mut text[14..16], of_day / 60_000 % 60);
    digits(&mut text[17..19], of_day / 1000 % 60);
    digits(&mut text[20..23], of_day % 1000);
    text
}

/// Reads a `time` tag, or the timestamp of CHATHISTORY and MARKREAD, as milliseconds since 1970.
///
/// Any number of digits of a second, and none, are taken; a leap second is the second after. Nothing
/// for any other text, dates that no calendar has, and years before 1970.
pub fn parse_time(text: &[u8]) -> Option<u64> {
    let (moment, rest) = text.split_at_checked(19)?;
    let fraction = match rest.strip_suffix(b"Z")? {
        [] => 0,
        [b'.', digits @ ..] => millis(digits)?,
        _ => return None,
    };
    let at = |from: usize, to: usize| number(&moment[from..to]);
    let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
    if marks.iter().any(|(place, mark)| moment[*place] != *mark) {
        return None;
    }
    let (year, month, day) = (at(0, 4)?, at(5, 7)?, at(8, 10)?);
    let (hour, minute, second) = (at(11, 13)?, at(14, 16)?, at(17, 19)?);
    if year < 1970 || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let days = days(year, month, day)?;
    Some(days * DAY + ((hour * 60 + minute) * 60 + second) * 1000 + fraction)
}

fn digits(place: &mut [u8], mut number: u64) {
    for digit in place.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn number(digits: &[u8]) -> Option<u64> {
    let digit = |byte: &u8| byte.is_ascii_digit().then(|| u64::from(byte - b'0'));
    digits.iter().try_fold(0, |sum, byte| Some(sum * 10 + digit(byte)?))
}

fn millis(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let three = [0, 1, 2].map(|at| digits.get(at).copied().unwrap_or(b'0'));
    number(&three)
}

/// Day of the era to date. Years are counted from March, so that a leap day ends one: then a month
/// begins every 153/5 days.
fn date(days_since_1970: u64) -> (u64, u64, u64) {
    let days = days_since_1970 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
    (year_of_era + era * 400 + u64::from(month <= 2), month, day)
}

/// Date to day; nothing for a date that does not come out as itself.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let in_calendar = (1..=12).contains(&month) && (1..=31).contains(&day);
    let march_year = year - u64::from(month <= 2);
    let (era, of_era) = (march_year / 400, march_year % 400);
    let from_march = if month > 2 { month.checked_sub(3)? } else { month + 9 };
    let of_year = (153 * from_march + 2) / 5 + day.checked_sub(1)?;
    let all = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year;
    let days = all.checked_sub(719_468)?;
    (in_calendar && date(days) == (year, month, day)).then_some(days)
}

#[cfg(test)]
mod tests {
    use super::{DAY, LAST, format_time, parse_time};

    fn shown(millis: u64) -> String {
        String::from_utf8(format_time(millis).to_vec()).unwrap()
    }

    #[test]
    fn moments_are_written_as_the_calendar_has_them() {
        // What `date -u -d @N` prints.
        assert_eq!(shown(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(shown(951_782_400_000), "2000-02-29T00:00:00.000Z");
        assert_eq!(shown(1_763_737_445_678), "2025-11-21T15:04:05.678Z");
        assert_eq!(shown(4_107_542_400_001), "2100-03-01T00:00:00.001Z");
        assert_eq!(shown(LAST), "9999-12-31T23:59:59.999Z");
        assert_eq!(shown(u64::MAX), shown(LAST));
    }

    #[test]
    fn every_day_of_five_centuries_and_some_until_9999_come_back() {
        let mut before = String::new();
        for day in (0..200_000).chain((200_000..=LAST / DAY).step_by(97)) {
            let text = shown(day * DAY + day % DAY);
            assert!(text > before, "{text}");
            assert_eq!(parse_time(text.as_bytes()), Some(day * DAY + day % DAY));
            before = text;
        }
    }

    #[test]
    fn other_lengths_of_fraction_are_read() {
        let second = 1_763_737_445_000;
        for (text, millis) in [("", 0), (".6", 600), (".67", 670), (".678", 678), (".678901", 678)]
        {
            let text = format!("2025-11-21T15:04:05{text}Z");
            assert_eq!(parse_time(text.as_bytes()), Some(second + millis), "{text}");
        }
        assert_eq!(parse_time(b"2016-12-31T23:59:60.000Z"), parse_time(b"2017-01-01T00:00:00Z"));
    }

    #[test]
    fn what_is_no_moment_is_nothing() {
        for text in [
            "",
            "Z",
            "2025-11-21",
            "2025-11-21T15:04:05",
            "2025-11-21T15:04:05.Z",
            "2025-11-21T15:04:05.6x8Z",
            "2025-11-21 15:04:05Z",
            "2025-02-29T00:00:00Z",
            "2025-13-01T00:00:00Z",
            "2025-00-01T00:00:00Z",
            "2025-01-00T00:00:00Z",
            "2025-04-31T00:00:00Z",
            "2025-01-01T24:00:00Z",
            "2025-01-01T00:60:00Z",
            "2025-01-01T00:00:61Z",
            "1969-12-31T23:59:59Z",
            "+025-01-01T00:00:00Z",
            "2025-01-01T00:00:00+00:00",
        ] {
            assert_eq!(parse_time(text.as_bytes()), None, "{text}");
        }
    }
}
