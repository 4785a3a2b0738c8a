//! The bodies of forms: `NAME=TEXT` encoded, and parts with files.
//!
//! The words are those that curl taught: `NAME@FILE` and `NAME=@FILE` read a file.
//!
//! Nothing here sends anything.

use std::path::Path;

use coax_fetch::Bytes;
use coax_fetch::http::HeaderValue;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

use super::input::read;
use crate::failure::{Exit, Failure};

/// Everything but what RFC 3986 §2.3 calls unreserved.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// `TEXT`, `=TEXT`, `NAME=TEXT`, `@FILE` or `NAME@FILE`, encoded for a form.
pub(super) fn encoded(text: &str) -> Result<Vec<u8>, Failure> {
    let (name, value) = match text.find(['=', '@']) {
        None => ("", text.as_bytes().to_vec()),
        Some(at) if text.as_bytes()[at] == b'=' => {
            (&text[..at], text.as_bytes()[at + 1..].to_vec())
        }
        Some(at) => (&text[..at], read(Path::new(&text[at + 1..]))?),
    };
    // A space is a plus in a form (WHATWG URL, "application/x-www-form-urlencoded").
    let value = percent_encode(&value, ENCODED).to_string().replace("%20", "+");
    Ok(if name.is_empty() { value } else { format!("{name}={value}") }.into_bytes())
}

/// The parts of a form as one body, and what that is (RFC 7578).
pub(super) fn multipart(parts: &[String]) -> Result<(Bytes, HeaderValue), Failure> {
    let boundary = format!("coax-{:032x}", rand::random::<u128>());
    let mut body = Vec::new();
    for part in parts {
        let part = Part::read(part)?;
        body.extend_from_slice(format!("--{boundary}\r\n{}\r\n", part.head()).as_bytes());
        body.extend_from_slice(&part.value);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
    let kind = HeaderValue::try_from(format!("multipart/form-data; boundary={boundary}"));
    Ok((body.into(), kind.expect("a boundary has no other letters")))
}

struct Part {
    name: String,
    value: Vec<u8>,
    file: Option<String>,
    kind: Option<String>,
}

impl Part {
    fn read(text: &str) -> Result<Part, Failure> {
        let wrong = |why: &str| {
            Failure::new(Exit::Usage, format!("invalid part of a form '{text}': {why}"))
                .hint("-F NAME=TEXT, or -F NAME=@FILE")
        };
        let (name, said) = text.split_once('=').ok_or_else(|| wrong("'=' is missing"))?;
        let plain = |value: Vec<u8>| Part { name: name.to_owned(), value, file: None, kind: None };
        let (is_file, said) = match said.split_at_checked(1) {
            Some(("@", path)) => (true, path),
            // A file's text, as if it stood there.
            Some(("<", path)) => return Ok(plain(read(Path::new(path))?)),
            _ => return Ok(plain(said.as_bytes().to_vec())),
        };
        let mut words = said.split(';');
        let path = Path::new(words.next().unwrap_or_default());
        let file = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let mut part = Part { file: is_file.then_some(file), ..plain(read(path)?) };
        for word in words {
            match word.trim().split_once('=') {
                Some(("type", kind)) => part.kind = Some(kind.to_owned()),
                Some(("filename", file)) => part.file = Some(file.to_owned()),
                _ => return Err(wrong("after the file there may be ;type= and ;filename=")),
            }
        }
        if part.kind.as_ref().is_some_and(|kind| kind.contains(['\r', '\n'])) {
            return Err(wrong("a type has one line"));
        }
        Ok(part)
    }

    fn head(&self) -> String {
        let mut head = format!("Content-Disposition: form-data; name=\"{}\"", quoted(&self.name));
        if let Some(file) = &self.file {
            head.push_str(&format!("; filename=\"{}\"", quoted(file)));
        }
        let kind = self.kind.as_deref().or(self.file.as_ref().map(|_| "application/octet-stream"));
        if let Some(kind) = kind {
            head.push_str(&format!("\r\nContent-Type: {kind}"));
        }
        head + "\r\n"
    }
}

/// As browsers write it (HTML, "multipart/form-data encoding algorithm").
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_encoded_and_a_name_is_not() {
        for (text, wanted) in [
            ("a b&c", "a+b%26c"),
            ("=a=b", "a%3Db"),
            ("name=ä/~x", "name=%C3%A4%2F~x"),
            ("name=", "name="),
        ] {
            assert_eq!(encoded(text).unwrap(), wanted.as_bytes(), "{text}");
        }
        assert!(encoded("x@/nonexistent").is_err());
    }

    #[test]
    fn a_part_that_makes_no_sense_is_named() {
        for text in ["name", "name=@/dev/null;kind=x", "name=@/nonexistent"] {
            assert!(multipart(&[text.to_owned()]).is_err(), "{text}");
        }
    }
}
