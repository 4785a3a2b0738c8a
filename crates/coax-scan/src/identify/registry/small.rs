//! The small services: characters, the day, the time.
//!
//! What is only known by what it repeats, echo, is known by who asked. Nobody can tell discard from
//! silence, or a quote of the day from a greeting.
//!
//! Nothing here tells the time it was told, since that is another one each time.

use std::time::{SystemTime, UNIX_EPOCH};

use super::super::protocol::{First, Heard, Protocol, sign};
use super::super::recognise::Recognised;
use super::super::text::starts_a_month;

/// From 1900 to 1970, in seconds (RFC 868).
const TO_UNIX: u64 = 2_208_988_800;
/// A clock that is wrong by more is no clock.
const DAY: u64 = 86_400;

const ECHO_PROTOCOL: Protocol = Protocol { service: "echo", ports: &[7], ..Protocol::NONE };
/// Whoever repeats what was asked.
pub(super) static ECHO: Protocol = ECHO_PROTOCOL;

pub(super) static PROTOCOLS: &[Protocol] = &[
    // RFC 864: the pattern that it recommends.
    Protocol {
        service: "chargen",
        ports: &[19],
        first: First::Server,
        signs: &[sign(b" !\"#$%&'()*+,-./0123456789"), sign(b"!\"#$%&'()*+,-./0123456789")],
        ..Protocol::NONE
    },
    Protocol {
        service: "daytime",
        ports: &[13],
        first: First::Server,
        read: daytime,
        ..Protocol::NONE
    },
    Protocol { service: "time", ports: &[37], first: First::Server, read: time, ..Protocol::NONE },
    Protocol { service: "discard", ports: &[9], ..Protocol::NONE },
    ECHO_PROTOCOL,
];

/// One line with a month, a day, a time and a year in it, and not much else (RFC 867).
fn daytime(heard: Heard<'_>) -> Option<Recognised> {
    let line = std::str::from_utf8(heard.said).ok()?.trim_end();
    let words = line.split([' ', ',', '-']).filter(|word| !word.is_empty()).collect::<Vec<_>>();
    let months =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let has_month = line.split(' ').any(|word| months.iter().any(|month| word.starts_with(month)))
        || words.windows(2).any(|pair| starts_a_month(&pair.join(" ")));
    let has = |fits: fn(&str) -> bool| words.iter().any(|word| fits(word));
    let has_time = has(|word| {
        let parts = word.split(':').collect::<Vec<_>>();
        parts.len() == 3 && parts.iter().all(|part| part.len() == 2 && is_number(part))
    });
    let has_year = has(|word| word.len() == 4 && is_number(word));
    let fits = heard.asked.is_empty() && !line.contains('\n') && words.len() <= 8;
    (fits && has_month && has_time && has_year).then(|| Recognised::new("daytime", None))
}

fn is_number(word: &str) -> bool {
    word.bytes().all(|byte| byte.is_ascii_digit())
}

/// Four bytes that are the time, within a day (RFC 868). Where a server's own time has eight, four
/// zeros follow.
fn time(heard: Heard<'_>) -> Option<Recognised> {
    let said = heard.said.strip_suffix(&[0; 4]).filter(|_| heard.said.len() == 8);
    let told = u64::from(u32::from_be_bytes(said.unwrap_or(heard.said).try_into().ok()?));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?.as_secs() + TO_UNIX;
    // In 2036 it begins again at zero.
    let off = told.abs_diff(now & u64::from(u32::MAX));
    (heard.asked.is_empty() && off < DAY).then(|| Recognised::new("time", None))
}
