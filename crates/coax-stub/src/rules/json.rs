//! A table in JSON: `{"request": "reply"}`, or `[["request", "reply"]]`, or
//! `[{"request": "…", "reply": "…"}]`.
//!
//! It is read straight into the table, without a tree in between, and a mistake is told where the
//! reader stood. A request stands there once only.
//!
//! Nothing here knows what the cells are for.

use std::borrow::Cow;
use std::fmt;

use serde::Deserializer;
use serde::de::{DeserializeSeed, Error, MapAccess, SeqAccess, Visitor};

use super::RulesError;
use super::separated::refusal;
use crate::table::Table;

/// Reads a table.
pub(super) fn read(text: &[u8]) -> Result<Table, RulesError> {
    let mut table = Table::with_room(0, text.len());
    let mut json = serde_json::Deserializer::from_slice(text);
    let done = (&mut json).deserialize_any(Rows(&mut table)).and_then(|()| json.end());
    done.map_err(|error| wrong(text, &error))?;
    match table.len() {
        0 => Err(RulesError::of("expected a row: a request and its reply")),
        _ => Ok(table),
    }
}

/// serde_json counts columns in bytes, and points at the last byte it took.
fn wrong(text: &[u8], error: &serde_json::Error) -> RulesError {
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    let before = lines.take(error.line().saturating_sub(1)).map(<[u8]>::len).sum::<usize>();
    let at = (before + error.column().saturating_sub(1)).min(text.len());
    let message = error.to_string();
    let words = message.rsplit_once(" at line ").map_or(&*message, |(words, _)| words);
    RulesError::at(text, at..at + 1, plain(words))
}

/// `invalid type: integer `1`, expected a text`, as everybody else here says it.
fn plain(words: &str) -> String {
    let parts =
        words.strip_prefix("invalid type: ").and_then(|rest| rest.split_once(", expected "));
    match parts {
        Some((found, wanted)) => format!("expected {wanted}, found {found}"),
        None => words.replace("EOF while parsing", "the file ends within"),
    }
}

/// All of them.
struct Rows<'t>(&'t mut Table);

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object of requests and replies, or an array of pairs")
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        while let Some(request) = map.next_key_seed(Text)? {
            // What stands twice is told here, where the reader is still at it.
            known(self.0, &request)?;
            let reply = map.next_value_seed(Text)?;
            add(self.0, &request, &reply)?;
        }
        Ok(())
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut rows: S) -> Result<(), S::Error> {
        while rows.next_element_seed(Row(&mut *self.0))?.is_some() {}
        Ok(())
    }
}

/// One element of an array: a pair, or an object with two names.
struct Row<'t>(&'t mut Table);

impl<'de> DeserializeSeed<'de> for Row<'_> {
    type Value = ();
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Row<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(r#"["request", "reply"] or {"request": …, "reply": …}"#)
    }

    fn visit_seq<S: SeqAccess<'de>>(self, mut cells: S) -> Result<(), S::Error> {
        let mut next = || cells.next_element_seed(Text);
        let (Some(request), Some(reply), None) = (next()?, next()?, next()?) else {
            return Err(Error::custom("expected two texts: the request and its reply"));
        };
        add(self.0, &request, &reply)
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<(), M::Error> {
        let (mut request, mut reply) = (None, None);
        while let Some(name) = map.next_key_seed(Text)? {
            let cell = match &*name {
                "request" => &mut request,
                "reply" => &mut reply,
                _ => return Err(Error::custom(r#"expected "request" or "reply""#)),
            };
            if cell.replace(map.next_value_seed(Text)?).is_some() {
                return Err(Error::custom("expected each name once"));
            }
        }
        match (request, reply) {
            (Some(request), Some(reply)) => add(self.0, &request, &reply),
            _ => Err(Error::custom(r#"expected both "request" and "reply""#)),
        }
    }
}

/// The reader does not say in which line a row stands, so a row has none.
fn add<E: Error>(table: &mut Table, request: &str, reply: &str) -> Result<(), E> {
    known(table, request)?;
    let pushed = table.push(request.as_bytes(), reply.as_bytes(), 0);
    pushed.map_err(|refused| Error::custom(refusal(&refused)))
}

fn known<E: Error>(table: &Table, request: &str) -> Result<(), E> {
    match table.find(request.as_bytes()) {
        Some(row) => {
            let row = row + 1;
            Err(Error::custom(format!("expected a new request: row {row} has the same")))
        }
        None => Ok(()),
    }
}

/// A string, not copied where it has no escapes.
struct Text;

impl<'de> DeserializeSeed<'de> for Text {
    type Value = Cow<'de, str>;
    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Cow<'de, str>, D::Error> {
        json.deserialize_str(Text)
    }
}

impl<'de> Visitor<'de> for Text {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Borrowed(text))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Cow<'de, str>, E> {
        Ok(Cow::Owned(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn three_shapes_are_one_table() {
        for text in [
            r#"{"a": "1", "b\n": "2"}"#,
            r#"[["a", "1"], ["b\n", "2"]]"#,
            r#"[{"request": "a", "reply": "1"}, {"reply": "2", "request": "b\n"}]"#,
        ] {
            let table = read(text.as_bytes()).unwrap();
            assert_eq!((table.len(), table.reply(1)), (2, &b"2"[..]), "{text}");
            assert_eq!(table.find(b"b\n"), Some(1), "{text}");
        }
    }

    #[test]
    fn each_mistake_has_its_place() {
        let table = [
            ("", Some((1, 1)), "the file ends within"),
            ("{}", None, "expected a row"),
            ("[\n\"a\"]", Some((2, 3)), "expected [\"request\""),
            ("{\"a\":\n 5}", Some((2, 2)), "expected a text"),
            ("{\"a\": \"1\",\n\"a\": \"2\"}", Some((2, 3)), "row 1 has the same"),
            ("[[\"a\"]]", Some((1, 6)), "expected two texts"),
            ("[[\"a\", \"b\", \"c\"]]", Some((1, 16)), "expected two texts"),
            ("[{\"request\": \"a\", \"answer\": \"b\"}]", Some((1, 26)), "expected \"request\" or"),
            ("[{\"request\": \"a\"}]", Some((1, 17)), "expected both"),
            ("{\"a\": \"b\"} x", Some((1, 12)), "trailing characters"),
        ];
        for (text, place, words) in table {
            let error = read(text.as_bytes()).unwrap_err();
            assert_eq!(error.place(), place, "{text:?}: {}", error.message());
            assert!(error.message().contains(words), "{text:?}: {}", error.message());
        }
    }
}
