//! Answers of the small services: as over TCP, once for each datagram.
//!
//! Nothing here tells the time it was told.

use super::Recognised;
use crate::identify::recognise::recognise;

/// RFC 864.
pub(in crate::identify) fn characters(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    recognise(answer).filter(|it| it.service == "chargen")
}

/// RFC 867.
pub(in crate::identify) fn daytime(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    recognise(answer).filter(|it| it.service == "daytime")
}

/// RFC 868.
pub(in crate::identify) fn time(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    recognise(answer).filter(|it| it.service == "time")
}
