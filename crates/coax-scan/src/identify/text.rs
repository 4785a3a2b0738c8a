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
    fn a_header_is_found_in_any_case_and_not_in_the_body() {
        let message = b"HTTP/1.1 200 OK\r\nsERVER :  a b \r\nDate: x\r\n\r\nX-Late: y";
        assert_eq!(header(message, "Server"), Some(&b"a b"[..]));
        assert_eq!(header(message, "X-Late"), None);
        assert_eq!(header(b"Server: the first line is no header", "Server"), None);
    }
}
