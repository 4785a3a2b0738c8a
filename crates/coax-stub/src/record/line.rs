//! One line of a recording.
//!
//! What is written here is read here, so both agree.
//!
//! Nothing here knows the file.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Exchange;
use crate::Then;

/// What went one way.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Line<'a> {
    pub(crate) at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) connection: Option<u64>,
    #[serde(default, borrow)]
    pub(crate) peer: Cow<'a, str>,
    /// `in` or `out`.
    #[serde(borrow)]
    pub(crate) direction: Cow<'a, str>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) hex: Option<Cow<'a, str>>,
    #[serde(default, borrow, skip_serializing_if = "Option::is_none")]
    pub(crate) then: Option<Cow<'a, str>>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(exchange: &Exchange<'_>, at: Timestamp, direction: &'a str) -> Line<'a> {
        Line {
            at,
            connection: exchange.connection,
            peer: exchange.peer.to_string().into(),
            direction: direction.into(),
            text: None,
            hex: None,
            then: None,
        }
    }

    pub(crate) fn bytes(mut self, bytes: &'a [u8]) -> Line<'a> {
        match std::str::from_utf8(bytes) {
            Ok(text) => self.text = Some(text.into()),
            Err(_) => {
                let hex = bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
                self.hex = Some(hex.into());
            }
        }
        self
    }

    pub(crate) fn then(mut self, then: Then) -> Line<'a> {
        self.then = (then != Then::Keep).then(|| then.name().into());
        self
    }

    pub(crate) fn write(&self, lines: &mut Vec<u8>) {
        serde_json::to_writer(&mut *lines, self).expect("memory takes all, and the keys are text");
        lines.push(b'\n');
    }

    /// The bytes that went; `None` when none did, an error in words when they make no sense.
    pub(crate) fn to_bytes(&self) -> Result<Option<Vec<u8>>, &'static str> {
        match (&self.text, &self.hex) {
            (Some(_), Some(_)) => Err("expected text or hex, not both"),
            (Some(text), None) => Ok(Some(text.as_bytes().to_vec())),
            (None, Some(hex)) => bytes_of(hex).map(Some).ok_or("expected hex in pairs of digits"),
            (None, None) => Ok(None),
        }
    }
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.chars().map(|digit| digit.to_digit(16)).collect::<Option<Vec<_>>>()?;
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => u8::try_from(high << 4 | low).ok(),
        _ => None,
    });
    pairs.collect()
}
