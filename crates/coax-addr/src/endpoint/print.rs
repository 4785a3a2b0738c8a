//! An endpoint as text: the shortest form that reads back the same.
//!
//! Nothing here checks; an endpoint that was parsed is right.

use std::fmt::{self, Write};
use std::os::unix::ffi::OsStrExt;

use super::authority::written;
use super::{Endpoint, Host, Place, Transport, UnixKind, UnixName};
use super::{options, percent, scheme, unix};

/// The canonical text: parsing it gives the same endpoint.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.place.fmt(f)?;
        let options = options::print(&self.options);
        if !options.is_empty() {
            write!(f, "?{options}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Place::Net { transport, host, port, path } => {
                if *transport != Transport::Tcp || is_ambiguous(host) {
                    write!(f, "{}://", transport.scheme())?;
                }
                write!(f, "{}:{port}{}", written(host), path.replace('?', "%3F"))
            }
            Place::Unix { kind, name } => f.write_str(&unix_name(*kind, name)),
            Place::Stdio => f.write_str("stdio:"),
            Place::Exec(command) => write!(f, "exec:'{}'", command.replace('\'', r"'\''")),
            Place::File(path) => {
                let mut text = String::from("file:");
                unix::print_path(path, &mut text);
                f.write_str(&text)
            }
        }
    }
}

/// A host called `unix` would turn `unix:80` into a path.
fn is_ambiguous(host: &Host) -> bool {
    matches!(host, Host::Name(name) if scheme::is_scheme(name))
}

fn unix_name(kind: UnixKind, name: &UnixName) -> String {
    let mut text = String::new();
    match name {
        UnixName::Path(path) => {
            let bytes = path.as_os_str().as_bytes();
            let bare = [&b"/"[..], b"./", b"../"].iter().any(|start| bytes.starts_with(start));
            if kind != UnixKind::Stream || !bare || bytes.starts_with(b"//") {
                let _ = write!(text, "{}:", kind.scheme());
            }
            unix::print_path(path, &mut text);
        }
        UnixName::Abstract(name) => {
            if kind != UnixKind::Stream {
                let _ = write!(text, "{}:", kind.scheme());
            }
            text.push('@');
            percent::encode(name, &['?'], &mut text);
        }
    }
    text
}
