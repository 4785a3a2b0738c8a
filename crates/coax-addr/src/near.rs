//! What someone probably meant, and how to quote what they wrote.
//!
//! A suggestion must be closer than chance: one slip in a short word, two in a longer one.
//!
//! Nothing here knows which words exist.

/// The longest quotation in a message; a line of a terminal must hold the rest too.
const QUOTED: usize = 60;

/// The candidate that differs least from `word`, if one is close.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = word.to_lowercase();
    let length = word.chars().count();
    let allowed = match length {
        0..=1 => return None,
        2..=5 => 1,
        _ => 2,
    };
    let letters = letters(&word);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(length) <= allowed)
        .filter(|candidate| differ(letters, self::letters(candidate)) <= allowed)
        .map(|candidate| (distance(&word, candidate, allowed), candidate))
        .filter(|(distance, candidate)| *distance <= allowed && *distance < candidate.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `; did you mean 'x'?`, or nothing.
pub(crate) fn did_you_mean(found: Option<&str>) -> String {
    found.map(|word| format!("; did you mean '{word}'?")).unwrap_or_default()
}

/// `text` fit for a message: no password, control characters escaped, a long middle left out.
pub fn shown(text: &str) -> String {
    let text = &without_password(text);
    let length = text.chars().count();
    if length <= QUOTED {
        return escaped(text.chars());
    }
    let head = escaped(text.chars().take(QUOTED / 2));
    format!("{head}…{}", escaped(text.chars().skip(length - QUOTED / 3)))
}

/// `scheme://user:***@host`: an error ends up in logs, which are no place for passwords.
pub fn without_password(text: &str) -> String {
    let start = text.find("://").map_or(0, |colon| colon + 3);
    let rest = &text[start..];
    let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
    // A slash in the password itself is one reason why a text cannot be read.
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let goes_on = rest[..end].split_once(':').is_some_and(|(_, port)| !is_port(port));
    let at = rest[..end].rfind('@').or_else(|| rest.rfind('@').filter(|_| goes_on));
    match at.and_then(|at| rest[..at].split_once(':')) {
        Some((user, password)) if !password.is_empty() => {
            let after = &rest[user.len() + 1 + password.len()..];
            format!("{}{user}:***{after}", &text[..start])
        }
        _ => text.to_owned(),
    }
}

fn escaped(characters: impl Iterator<Item = char>) -> String {
    let mut safe = String::new();
    for character in characters {
        match character.is_control() {
            true => safe.extend(character.escape_debug()),
            false => safe.push(character),
        }
    }
    safe
}

/// One bit for each letter that occurs: comparing these first spares nearly every distance.
fn letters(word: &str) -> u32 {
    word.bytes().fold(0, |letters, byte| letters | 1 << (byte & 31))
}

/// At least this many letters must change.
fn differ(left: u32, right: u32) -> usize {
    let missing = (left & !right).count_ones().max((right & !left).count_ones());
    usize::try_from(missing).unwrap_or(usize::MAX)
}

/// Optimal string alignment: insertions, deletions, substitutions and swaps of neighbours.
/// Anything above `limit` comes back as `limit + 1`.
fn distance(left: &str, right: &str, limit: usize) -> usize {
    let left: Vec<char> = left.chars().collect();
    let right: Vec<char> = right.chars().collect();
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..=right.len()).collect();
    for row in 1..=left.len() {
        let mut line = vec![row];
        for column in 1..=right.len() {
            let same = left[row - 1] == right[column - 1];
            let mut best = above[column - 1] + usize::from(!same);
            best = best.min(above[column] + 1).min(line[column - 1] + 1);
            let swapped = row > 1
                && column > 1
                && left[row - 1] == right[column - 2]
                && left[row - 2] == right[column - 1];
            if swapped {
                best = best.min(before[column - 2] + 1);
            }
            line.push(best);
        }
        if line.iter().all(|&value| value > limit) {
            return limit + 1;
        }
        before = std::mem::replace(&mut above, line);
    }
    above[right.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_different_word_is_not() {
        let words = ["tcp", "udp", "unix", "unix-seqpacket"];
        for (typed, meant) in [
            ("tpc", Some("tcp")),
            ("upd", Some("udp")),
            ("unxi", Some("unix")),
            ("unix-seqpaket", Some("unix-seqpacket")),
            ("UDPP", Some("udp")),
            ("udb", Some("udp")),
            ("gopher", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, words), meant, "{typed}");
        }
    }

    #[test]
    fn a_quotation_is_short_and_harmless() {
        assert_eq!(shown("a\u{1b}[2Jb\n"), "a\\u{1b}[2Jb\\n");
        assert_eq!(shown("https://u:a:b@c@h:x/p@q"), "https://u:***@h:x/p@q");
        assert_eq!(shown("u:secret@h"), "u:***@h");
        assert_eq!(shown("http://u:sec/ret@h/"), "http://u:***@h/");
        assert_eq!(shown("http://h:80/a@b"), "http://h:80/a@b");
        assert_eq!(shown("x://http://u:secret@h"), "x://http:***@h");
        assert_eq!(shown("unix:@name"), "unix:@name");
        assert!(shown(&"x".repeat(5_000)).chars().count() < 70);
    }
}
