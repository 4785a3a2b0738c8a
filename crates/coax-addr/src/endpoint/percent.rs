//! `%XX`: one byte, in two hex digits.
//!
//! Decoding refuses a `%` that two hex digits do not follow, so a slip is never taken literally.
//! Encoding touches only what could not be read back otherwise.
//!
//! Nothing here knows which part of an endpoint it works on.

use super::error::EndpointErrorKind::Percent;
use super::error::{Fault, fault};
use crate::near::shown;

/// The bytes that `text` stands for.
pub(super) fn decode(text: &str) -> Result<Vec<u8>, Fault> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, after)) = rest.split_first() {
        let pair = after.get(..2).and_then(hex);
        match (first, pair) {
            (b'%', Some(byte)) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            (b'%', None) => return fault(Percent, not_a_byte(text, text.len() - rest.len())),
            _ => {
                bytes.push(first);
                rest = after;
            }
        }
    }
    Ok(bytes)
}

/// Like [`decode`], for what must be text.
pub(super) fn decode_text(text: &str, part: &str) -> Result<String, Fault> {
    String::from_utf8(decode(text)?)
        .or_else(|_| fault(Percent, format!("the {part} '{}' is not UTF-8", shown(text))))
}

/// Appends `bytes` to `text`, with `%XX` for `special`, controls and what is not UTF-8.
pub(super) fn encode(bytes: &[u8], special: &[char], text: &mut String) {
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character.is_control() || character == '%' || special.contains(&character) {
                true => triplets(character.encode_utf8(&mut [0; 4]).as_bytes(), text),
                false => text.push(character),
            }
        }
        triplets(chunk.invalid(), text);
    }
}

fn triplets(bytes: &[u8], text: &mut String) {
    for byte in bytes {
        text.push_str(&format!("%{byte:02X}"));
    }
}

fn hex(pair: &[u8]) -> Option<u8> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let value = digit(pair[0])? * 16 + digit(pair[1])?;
    u8::try_from(value).ok()
}

fn not_a_byte(text: &str, at: usize) -> String {
    let seen: String = text[at..].chars().take(3).collect();
    format!("'{}' is not a byte; write %25 for a percent sign", shown(&seen))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive_encoding_and_only_what_must_be_is_encoded() {
        let every: Vec<u8> = (0..=255).collect();
        let mut text = String::new();
        encode(&every, &['?', '&'], &mut text);
        assert_eq!(decode(&text).expect("our own text"), every);
        let mut plain = String::new();
        encode("/run/ünïx socket&1".as_bytes(), &['?'], &mut plain);
        assert_eq!(plain, "/run/ünïx socket&1");
    }

    #[test]
    fn a_percent_sign_alone_is_refused() {
        for text in ["%", "a%", "%4", "%zz", "%é"] {
            assert_eq!(decode(text).map_err(|fault| fault.kind).err(), Some(Percent), "{text}");
        }
    }
}
