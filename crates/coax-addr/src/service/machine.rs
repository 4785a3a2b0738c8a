//! The format of `/etc/services`: `name  port/protocol  alias…  # comment`.
//!
//! A line that does not fit is skipped, as the C library skips it: one bad line must not take the
//! names of all others away.
//!
//! Nothing here opens the file.

use std::borrow::Cow;

use super::{Protocol, Service};

/// Every line that makes sense, in the file's order.
pub(super) fn read(text: &str) -> Vec<Service> {
    text.lines().filter_map(line).collect()
}

fn line(line: &str) -> Option<Service> {
    let (fields, comment) = line.split_once('#').unwrap_or((line, ""));
    let mut fields = fields.split_ascii_whitespace();
    let name = named(fields.next()?)?;
    let (port, protocol) = fields.next()?.split_once('/')?;
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    Some(Service {
        name,
        port: digits.then(|| port.parse().ok())??,
        protocol: Protocol::from_name(protocol)?,
        description: Cow::Owned(comment.trim().replace(char::is_control, " ")),
        aliases: fields.filter_map(named).collect(),
    })
}

/// A name that may be shown on a terminal.
fn named(word: &str) -> Option<Cow<'static, str>> {
    (!word.contains(char::is_control)).then(|| Cow::Owned(word.to_owned()))
}
