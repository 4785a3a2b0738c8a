//! Lines and words in what a stranger said.
//!
//! A title is one line of at most 255 characters, without control characters, and never empty.
//!
//! Nothing here knows a protocol.

/// More than any product's name, and as long as a DNS name may be.
const LONGEST: usize = 255;

/// The first line, without its end.
pub(super) fn first_line(bytes: &[u8]) -> &[u8] {
    let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n' | 0));
    &bytes[..end.unwrap_or(bytes.len())]
}

/// `bytes` as the name of a product or a host.
pub(super) fn title(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(4 * LONGEST)]);
    let clean: String = text
        .chars()
        .map(|char| if char.is_control() || char == '\u{FFFD}' { ' ' } else { char })
        .take(LONGEST)
        .collect();
    let trimmed = clean.trim();
    (!trimmed.is_empty()).then(|| trimmed.to_owned())
}

/// A line of greeting without what surrounds the name (capabilities, a time stamp, brackets, rows
/// of dashes), and without the time, which is another one whenever it is heard.
pub(super) fn plain(line: &[u8]) -> Option<String> {
    let line = line.trim_ascii();
    let line = match line.starts_with(b"[") {
        true => after(line, "]").unwrap_or_default(),
        false => line,
    };
    let line = String::from_utf8_lossy(up_to(line, "<")).into_owned();
    let line = without_clock(&line).trim_matches([' ', '-', '*', '.', ';', ',']);
    let line = line.strip_suffix(" ready").unwrap_or(line);
    let inner = line.strip_prefix('(').and_then(|line| line.strip_suffix(')'));
    title(inner.unwrap_or(line).as_bytes())
}

/// Up to a day of the week that a day or a month follows, as mail writes dates (RFC 5322 §3.3).
fn without_clock(line: &str) -> &str {
    const DAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
    let begins_a_date = |at: usize| {
        let day = line.get(at..at + 3).filter(|day| DAYS.contains(day));
        let rest = day.and_then(|_| line.get(at + 3..)).unwrap_or_default();
        let rest = rest.strip_prefix(',').unwrap_or(rest);
        let word = rest.strip_prefix(' ').unwrap_or_default().trim_start();
        word.starts_with(|first: char| first.is_ascii_digit()) || starts_a_month(word)
    };
    let starts = std::iter::once(0).chain(line.match_indices(' ').map(|(at, _)| at + 1));
    let date = { starts }.find(|&at| begins_a_date(at));
    let line = line[..date.unwrap_or(line.len())].trim_end();
    // What led to it.
    if date.is_some() { line.trim_end_matches(" at") } else { line }
}

/// Whether a month stands first, and a number after it.
pub(super) fn starts_a_month(text: &str) -> bool {
    const MONTHS: &str = "JanFebMarAprMayJunJulAugSepOctNovDec";
    let month = text.get(..3).and_then(|month| MONTHS.find(month)).is_some_and(|at| at % 3 == 0);
    let day = text.get(3..).and_then(|rest| rest.strip_prefix(' ')).unwrap_or_default();
    month && day.trim_start().starts_with(|first: char| first.is_ascii_digit())
}

/// Whether one of the words, which a `|` separates, is in `bytes`, in any case.
pub(super) fn holds(bytes: &[u8], words: &str) -> bool {
    words.split('|').any(|word| find(bytes, word).is_some())
}

/// What follows `word`, in any case, where it stands first.
pub(super) fn after<'a>(bytes: &'a [u8], word: &str) -> Option<&'a [u8]> {
    find(bytes, word).map(|at| &bytes[at + word.len()..])
}

/// What stands before `end`, or all of it.
pub(super) fn up_to<'a>(bytes: &'a [u8], end: &str) -> &'a [u8] {
    find(bytes, end).map_or(bytes, |at| &bytes[..at])
}

fn find(bytes: &[u8], word: &str) -> Option<usize> {
    if word.is_empty() {
        return Some(0);
    }
    bytes.windows(word.len()).position(|part| part.eq_ignore_ascii_case(word.as_bytes()))
}

/// The value of a header of a message such as HTTP's, from its first 4 KiB.
pub(super) fn header<'a>(message: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let lines = up_to(message, "\r\n\r\n").split(|&byte| byte == b'\n').skip(1);
    lines.map(<[u8]>::trim_ascii).find_map(|line| {
        let (own, value) = line.split_at(line.iter().position(|&byte| byte == b':')?);
        own.trim_ascii().eq_ignore_ascii_case(name.as_bytes()).then(|| value[1..].trim_ascii())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_one_short_clean_line() {
        assert_eq!(title(b" nginx/1.22.1 \x1b[31m\xff").unwrap(), "nginx/1.22.1  [31m");
        assert_eq!(title(b"\x1b\0\t"), None);
        assert_eq!(title(&[b'a'; 9000]).unwrap().len(), 255);
        assert_eq!(title("ä".repeat(9000).as_bytes()).unwrap().chars().count(), 255);
    }

    #[test]
    fn a_greeting_is_told_without_its_clock() {
        for (line, told) in [
            ("Exim 4.96 Tue, 01 Dec 2026 08:47:34 +0000", "Exim 4.96"),
            (
                "Sendmail 8.17.1/8.17.1/Debian-2; Tue, 1 Dec 2026 08:47:34 GMT",
                "Sendmail 8.17.1/8.17.1/Debian-2",
            ),
            (
                "MAIL Service, Version: 10.0.1 ready at  Tue, 1 Dec 2026 08:47:34 +0100",
                "MAIL Service, Version: 10.0.1",
            ),
            ("IMAP4rev1 2007f.404 at Tue, 1 Dec 2026 08:47:34 +0000 (UTC)", "IMAP4rev1 2007f.404"),
            ("news ready Tue Dec  1 08:47:34 2026", "news"),
            ("Sun SNMP Agent, Sun 4/20", "Sun SNMP Agent"),
            ("Sun Internet Mail Server sims.4.0", "Sun Internet Mail Server sims.4.0"),
            ("Dovecot (Debian) ready. <4f2.1@box>", "Dovecot (Debian)"),
        ] {
            assert_eq!(plain(line.as_bytes()).unwrap(), told, "{line}");
        }
    }

    #[test]
    fn a_header_is_found_in_any_case_and_not_in_the_body() {
        let message = b"HTTP/1.1 200 OK\r\nsERVER :  a b \r\nDate: x\r\n\r\nX-Late: y";
        assert_eq!(header(message, "Server"), Some(&b"a b"[..]));
        assert_eq!(header(message, "X-Late"), None);
        assert_eq!(header(b"Server: the first line is no header", "Server"), None);
    }
}
