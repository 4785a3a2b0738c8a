//! What a file is called that a server names.
//!
//! The name is one word of a path and no more: whatever a stranger puts in it, the file stays in
//! the folder it was meant for, is seen there by `ls`, and its name moves no cursor.
//!
//! Nothing here looks at a disk.

use http::HeaderMap;
use http::header::CONTENT_DISPOSITION;
use percent_encoding::percent_decode_str;
use url::Url;

/// What most file systems allow, less `.part.state`.
const LONGEST: usize = 240;
/// For an address that ends with a slash.
const INDEX: &str = "index.html";

/// The name for what `url` answered with `headers`: the server's (RFC 6266), or else the last word
/// of the address. `asked` is the address that somebody typed.
pub(crate) fn of(headers: &HeaderMap, url: &Url, asked: &Url) -> String {
    let said = headers.get(CONTENT_DISPOSITION).map(|value| value.as_bytes());
    let said = said.and_then(|value| disposition(&String::from_utf8_lossy(value)));
    let said = said.and_then(|name| shown_name(&name));
    said.unwrap_or_else(|| match last_word(url) == last_word(asked) {
        true => of_url(asked),
        false => shown_name(&last_word(url)).unwrap_or_else(|| INDEX.to_owned()),
    })
}

/// The name as the address alone has it. Who types `/.gitignore` means a file of that name.
pub fn of_url(url: &Url) -> String {
    let name = clean(&last_word(url), |it| it == '-' || it.is_whitespace());
    name.filter(|name| !matches!(name.as_str(), "." | "..")).unwrap_or_else(|| INDEX.to_owned())
}

fn last_word(url: &Url) -> String {
    let last = url.path_segments().and_then(|mut words| words.next_back()).unwrap_or_default();
    percent_decode_str(last).decode_utf8_lossy().into_owned()
}

/// A name that a server chose: hidden files are configuration, and not for a stranger to write.
fn shown_name(name: &str) -> Option<String> {
    clean(name, |it| it == '.' || it == '-' || it.is_whitespace())
}

/// A name that is safe, or nothing where none is left. No name shall look like a flag to the next
/// command.
fn clean(name: &str, at_front: impl Fn(char) -> bool) -> Option<String> {
    // Some servers send the path on their own disk.
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = last.chars().filter(|&it| !is_unseen(it)).collect::<String>();
    let mut safe = shown.trim_end().trim_start_matches(at_front).to_owned();
    while safe.len() > LONGEST {
        safe.pop();
    }
    (!safe.is_empty()).then_some(safe)
}

/// Control characters, and those that turn text around (UAX #9 §2).
fn is_unseen(it: char) -> bool {
    it.is_control()
        || matches!(it, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// The name in a `Content-Disposition`: `filename*` before `filename` (RFC 6266 §4.3).
fn disposition(value: &str) -> Option<String> {
    let mut plain = None;
    for (name, value) in parameters(value) {
        match name.to_ascii_lowercase().as_str() {
            "filename*" => match extended(&value) {
                Some(name) => return Some(name),
                None => continue,
            },
            "filename" => plain = plain.or(Some(value)),
            _ => {}
        }
    }
    plain
}

/// What follows the type, `name=value` or `name="value"` each.
fn parameters(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut rest = text.split_once(';').map_or("", |(_, rest)| rest);
    while let Some((name, after)) = rest.split_once('=') {
        let (value, after) = value(after.trim_start());
        found.push((name.trim().to_owned(), value));
        rest = after.split_once(';').map_or("", |(_, rest)| rest);
    }
    found
}

/// A token or a quoted string, and what follows it.
fn value(text: &str) -> (String, &str) {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.find(';').unwrap_or(text.len());
        return (text[..end].trim().to_owned(), &text[end..]);
    };
    let (mut value, mut escaped) = (String::new(), false);
    for (at, it) in quoted.char_indices() {
        match it {
            '"' if !escaped => return (value, &quoted[at + 1..]),
            '\\' if !escaped => escaped = true,
            other => {
                value.push(other);
                escaped = false;
            }
        }
    }
    (value, "")
}

/// `UTF-8'en'na%C3%AFve` (RFC 8187 §3.2).
fn extended(text: &str) -> Option<String> {
    let mut parts = text.splitn(3, '\'');
    let (charset, _, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    let bytes = percent_decode_str(encoded).collect::<Vec<u8>>();
    match charset.to_ascii_lowercase().as_str() {
        "utf-8" => String::from_utf8(bytes).ok(),
        "iso-8859-1" => Some(bytes.iter().map(|&byte| char::from(byte)).collect()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;
    use proptest::prelude::*;

    fn named(disposition: &[u8], url: &str) -> String {
        redirected(disposition, url, url)
    }

    fn redirected(disposition: &[u8], asked: &str, url: &str) -> String {
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_bytes(disposition)
            && !disposition.is_empty()
        {
            headers.insert(CONTENT_DISPOSITION, value);
        }
        of(&headers, &url.parse().unwrap(), &asked.parse().unwrap())
    }

    #[test]
    fn a_name_is_the_servers_or_the_last_word_of_the_address() {
        let table = [
            ("", "http://h/a/b.iso?x=1#y", "b.iso"),
            ("", "http://h/a/", "index.html"),
            ("", "http://h", "index.html"),
            ("", "http://h/na%C3%AFve%20.txt", "naïve .txt"),
            ("", "http://h/..%2f..%2fetc%2fpasswd", "passwd"),
            ("", "http://h/%2e%2e", "index.html"),
            ("", "http://h/.gitignore", ".gitignore"),
            ("", "http://h/..x", "..x"),
            ("", "http://h/-rf", "rf"),
            ("attachment", "http://h/x", "x"),
            ("attachment; filename=a.txt", "http://h/x", "a.txt"),
            ("attachment; filename=\"a b.txt\"", "http://h/x", "a b.txt"),
            ("attachment; FileName=\"a \\\"q\\\" b\"", "http://h/x", "a \"q\" b"),
            ("attachment; filename=\"a;b.txt\"; x=y", "http://h/x", "a;b.txt"),
            ("attachment; filename=e.txt; filename*=UTF-8''na%C3%AFve", "http://h/x", "naïve"),
            ("attachment; filename*=utf-9''x; filename=e.txt", "http://h/x", "e.txt"),
            ("attachment; filename*=iso-8859-1'en'%A3", "http://h/x", "£"),
            ("attachment; filename=\"../../etc/passwd\"", "http://h/x", "passwd"),
            ("attachment; filename=\"C:\\\\a\\\\b.doc\"", "http://h/x", "b.doc"),
            ("attachment; filename=\".bashrc\"", "http://h/x", "bashrc"),
            ("attachment; filename=\"..\"", "http://h/x", "x"),
            ("attachment; filename=\"\"", "http://h/x", "x"),
            ("attachment; filename=\"-rf\"", "http://h/x", "rf"),
            ("attachment; filename=\"open", "http://h/x", "open"),
            ("attachment; filename*=UTF-8''a%0A%1B%5Bb%E2%80%AEc", "http://h/x", "a[bc"),
        ];
        for (disposition, url, name) in table {
            assert_eq!(named(disposition.as_bytes(), url), name, "{disposition} {url}");
        }
    }

    #[test]
    fn a_hidden_name_is_only_for_who_asks_for_it() {
        assert_eq!(redirected(b"", "http://h/x", "http://other/.bashrc"), "bashrc");
        assert_eq!(redirected(b"", "http://h/.bashrc", "http://other/.bashrc"), ".bashrc");
    }

    proptest! {
        #[test]
        fn whatever_is_sent_the_name_is_one_visible_word(
            disposition in proptest::collection::vec(any::<u8>(), 0..80),
            quoted in "[ -~\\u{80}-\\u{2100}]{0,300}",
            path in "(/|\\.|%[0-9a-f]{2}|[a-z\\\\-]){0,30}",
        ) {
            let url = format!("http://h/{path}");
            let quoted = format!("attachment; filename=\"{quoted}\"");
            for bytes in [disposition.as_slice(), quoted.as_bytes()] {
                let name = redirected(bytes, "http://h/asked", &url);
                prop_assert!(!name.is_empty() && name.len() <= LONGEST);
                prop_assert!(!name.starts_with(['.', '-']), "{}", name);
                prop_assert!(!name.contains(['/', '\\']), "{}", name);
                prop_assert!(!name.chars().any(char::is_control));
            }
        }
    }
}
