//! What is expected of an answer besides its status: fields of the head, and words of the content.
//!
//! The content is looked at as it comes, so that a page that never ends can be what is expected.
//! The first [`MAX_CONTENT_BYTES`] count.
//!
//! Nothing here reads from a connection.

use std::fmt;
use std::str::FromStr;

use regex::bytes::Regex;

use crate::check::NoStatus;

/// A page that says that it is ready says so early; a stranger must not fill the memory.
const MAX_CONTENT_BYTES: usize = 1 << 20;
/// More fields than any server sends.
const MAX_FIELDS: usize = 128;

/// What an answer has to be besides its status. The default is anything.
#[derive(Clone, Debug, Default)]
pub struct Expected {
    /// Found in the content of a page, or in a datagram.
    pub content: Option<Regex>,
    /// Each has to be there.
    pub fields: Vec<Field>,
}

/// A field of the head of an answer: its name, and what is found in its value.
#[derive(Clone, Debug)]
pub struct Field {
    name: String,
    value: Regex,
}

/// Why a text is no field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldError(String);

impl fmt::Display for FieldError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for FieldError {}

impl FromStr for Field {
    type Err = FieldError;

    /// `Name: regular expression`; a name alone is there with any value.
    fn from_str(text: &str) -> Result<Field, FieldError> {
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let is_token =
            |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if name.is_empty() || !name.bytes().all(is_token) {
            let why = format!("'{name}' is no name of a header; write 'Content-Type: json'");
            return Err(FieldError(why));
        }
        let value = Regex::new(value.trim()).map_err(|error| {
            let why = error.to_string().lines().last().unwrap_or_default().to_owned();
            FieldError(format!("'{}' is no regular expression: {why}", value.trim()))
        })?;
        Ok(Field { name: name.to_owned(), value })
    }
}

impl Expected {
    /// Whether the status is all that counts.
    pub fn is_nothing(&self) -> bool {
        self.content.is_none() && self.fields.is_empty()
    }

    /// Whether the content of a datagram is what is expected.
    pub(crate) fn fits(&self, content: &[u8]) -> bool {
        self.content.as_ref().is_none_or(|expected| expected.is_match(content))
    }

    /// What `answer`, from its head on, lacks: `Some(None)` is nothing, `None` is that more bytes
    /// will tell. `ended` says that no more come.
    pub(crate) fn judge(
        &self,
        answer: &[u8],
        ended: bool,
    ) -> Result<Option<Option<String>>, NoStatus> {
        let mut fields = [httparse::EMPTY_HEADER; MAX_FIELDS];
        let mut head = httparse::Response::new(&mut fields);
        let length = match head.parse(answer).map_err(|_| NoStatus::NotHttp)? {
            httparse::Status::Complete(length) => length,
            httparse::Status::Partial if answer.len() > MAX_CONTENT_BYTES => {
                return Err(NoStatus::NotHttp);
            }
            httparse::Status::Partial => return Ok(None),
        };
        for expected in &self.fields {
            let mut all = head.headers.iter();
            let same = |name: &str| name.eq_ignore_ascii_case(&expected.name);
            if !all.any(|field| same(field.name) && expected.value.is_match(field.value)) {
                let (name, value) = (&expected.name, expected.value.as_str());
                return Ok(Some(Some(format!("no header {name} that has '{value}'"))));
            }
        }
        let Some(expected) = &self.content else { return Ok(Some(None)) };
        let (content, whole) = content(head.headers, &answer[length..])?;
        if expected.is_match(&content) {
            return Ok(Some(None));
        }
        let over = ended || whole || content.len() >= MAX_CONTENT_BYTES;
        Ok(over.then(|| Some(format!("its content does not match '{expected}'"))))
    }
}

/// The content so far, and whether it is all (RFC 9112 §6.3).
fn content(fields: &[httparse::Header<'_>], bytes: &[u8]) -> Result<(Vec<u8>, bool), NoStatus> {
    let value = |name: &str| {
        let mut all = fields.iter().filter(|field| field.name.eq_ignore_ascii_case(name));
        all.next_back()
            .map(|field| String::from_utf8_lossy(field.value).trim().to_ascii_lowercase())
    };
    if value("transfer-encoding").is_some_and(|coding| coding.ends_with("chunked")) {
        return unchunked(bytes);
    }
    let length = value("content-length").and_then(|length| length.parse::<usize>().ok());
    let end = length.map_or(bytes.len(), |length| length.min(bytes.len()));
    Ok((bytes[..end].to_vec(), length == Some(end)))
}

/// RFC 9112 §7.1.
fn unchunked(mut bytes: &[u8]) -> Result<(Vec<u8>, bool), NoStatus> {
    let mut content = Vec::new();
    loop {
        match httparse::parse_chunk_size(bytes).map_err(|_| NoStatus::NotHttp)? {
            httparse::Status::Partial => return Ok((content, false)),
            httparse::Status::Complete((_, 0)) => return Ok((content, true)),
            httparse::Status::Complete((start, size)) => {
                let size = usize::try_from(size).unwrap_or(usize::MAX);
                let chunk = bytes.get(start..).unwrap_or_default();
                content.extend_from_slice(&chunk[..size.min(chunk.len())]);
                match chunk.get(size..).and_then(|rest| rest.get(2..)) {
                    Some(rest) => bytes = rest,
                    None => return Ok((content, false)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn expected(content: Option<&str>, fields: &[&str]) -> Expected {
        Expected {
            content: content.map(|text| Regex::new(text).unwrap()),
            fields: fields.iter().map(|text| text.parse().unwrap()).collect(),
        }
    }

    #[test]
    fn an_answer_is_judged_by_its_fields_and_its_content() {
        let up = expected(Some("up"), &[]);
        let json = expected(None, &["content-TYPE: ^application/json"]);
        let no = |text: &str| Some(Some(text.to_owned()));
        let table: [(&Expected, &str, bool, Option<Option<String>>); 10] = [
            (&up, "HTTP/1.1 200 OK\r\n", false, None),
            (&up, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nup", false, Some(None)),
            (&up, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\ndo", false, None),
            (
                &up,
                "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nup",
                false,
                no("its content does not match 'up'"),
            ),
            (&up, "HTTP/1.1 200 OK\r\n\r\nso far", false, None),
            (&up, "HTTP/1.1 200 OK\r\n\r\nso far", true, no("its content does not match 'up'")),
            (
                &up,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nu\r\n1\r\np\r\n",
                false,
                Some(None),
            ),
            (
                &up,
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nu\r\n0\r\n\r\n",
                false,
                no("its content does not match 'up'"),
            ),
            (&json, "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", false, Some(None)),
            (
                &json,
                "HTTP/1.1 200 OK\r\nA: b\r\n\r\n",
                false,
                no("no header content-TYPE that has '^application/json'"),
            ),
        ];
        for (expected, answer, ended, judged) in table {
            assert_eq!(expected.judge(answer.as_bytes(), ended).unwrap(), judged, "{answer:?}");
        }
    }

    #[test]
    fn what_is_no_field_says_why() {
        for (text, why) in [
            (": x", "'' is no name"),
            ("a b: x", "'a b' is no name"),
            ("a: (", "is no regular expression"),
        ] {
            let error = text.parse::<Field>().unwrap_err();
            assert!(error.to_string().contains(why), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_answer_is_judged(
            head in "HTTP/1.1 200 (\r\n(Transfer-Encoding: chunked|Content-Length: [0-9a-f]{1,20}|x: y)){0,3}\r\n\r\n",
            rest in any::<Vec<u8>>(),
            ended in any::<bool>(),
        ) {
            let mut answer = head.into_bytes();
            answer.extend(rest);
            let _ = expected(Some("x"), &["x"]).judge(&answer, ended);
        }
    }
}
