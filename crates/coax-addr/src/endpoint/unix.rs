//! Names of Unix-domain sockets: a path, or `@` and an abstract name. Also the path of a `file:`.
//!
//! A name that the kernel could not take is refused here, where it can still be explained.
//!
//! Nothing here looks at the file system.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::PathBuf;

use super::UnixName;
use super::error::EndpointErrorKind::Path;
use super::error::{Fault, fault};
use super::percent;
use crate::near::shown;

/// `sun_path` holds 108 bytes on Linux, one of them the NUL that ends a path or begins an
/// abstract name.
const LONGEST: usize = 107;

/// Reads what stands after `scheme:`.
pub(super) fn name(scheme: &str, text: &str) -> Result<UnixName, Fault> {
    bare_name(without_authority(scheme, text)?)
}

/// Reads a `/path`, `./path` or `@name`. Nothing stands before it, so two slashes are a path's own.
pub(super) fn bare_name(text: &str) -> Result<UnixName, Fault> {
    match text.strip_prefix('@') {
        Some(name) => abstract_name(percent::decode(name)?),
        None => socket_path(percent::decode(text)?),
    }
}

/// Reads what stands after `file:`.
pub(super) fn file(text: &str) -> Result<PathBuf, Fault> {
    let bytes = percent::decode(without_authority("file", text)?)?;
    if bytes.is_empty() {
        return fault(Path, "the path is missing; write file:PATH");
    }
    path(bytes)
}

/// `unix:///run/x` is what URLs look like: an empty authority, then the path. In `unix://run/x` the
/// first word would be a host; who writes it means one path or the other.
fn without_authority<'a>(scheme: &str, text: &'a str) -> Result<&'a str, Fault> {
    let Some(path) = text.strip_prefix("//") else { return Ok(text) };
    if path.is_empty() || path.starts_with(['/', '.', '@']) || path.starts_with("%40") {
        return Ok(path);
    }
    let path = shown(path);
    fault(
        Path,
        format!(
            "after {scheme}:// comes a host; write {scheme}:/{path}, or {scheme}:{path} for the path from here"
        ),
    )
}

fn abstract_name(name: Vec<u8>) -> Result<UnixName, Fault> {
    match name.len() {
        0 => fault(Path, "the abstract name is missing; write @NAME"),
        1..=LONGEST => Ok(UnixName::Abstract(name)),
        length => {
            fault(Path, format!("the abstract name has {length} bytes; {LONGEST} is the most"))
        }
    }
}

fn socket_path(bytes: Vec<u8>) -> Result<UnixName, Fault> {
    match bytes.len() {
        0 => fault(Path, "the path is missing; write unix:PATH or unix:@NAME"),
        1..=LONGEST => path(bytes).map(UnixName::Path),
        length => fault(
            Path,
            format!("the path has {length} bytes; {LONGEST} is the most for a Unix socket"),
        ),
    }
}

fn path(bytes: Vec<u8>) -> Result<PathBuf, Fault> {
    match bytes.contains(&0) {
        true => fault(Path, "a path cannot hold a NUL byte"),
        false => Ok(PathBuf::from(OsString::from_vec(bytes))),
    }
}

/// Appends a path so that it reads back the same after `scheme:`.
pub(super) fn print_path(path: &std::path::Path, text: &mut String) {
    let bytes = path.as_os_str().as_bytes();
    // Two slashes at the start would be taken for an empty authority, `@` for an abstract name.
    match bytes {
        [b'/', b'/', ..] => text.push_str("//"),
        [b'@', ..] => {
            text.push_str("%40");
            return percent::encode(&bytes[1..], &['?'], text);
        }
        _ => {}
    }
    percent::encode(bytes, &['?'], text);
}
