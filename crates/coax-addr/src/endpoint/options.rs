//! `?name=value&…`: what a person may ask of one endpoint.
//!
//! One table holds every option: its name, where it means something, how it is read and printed.
//! An option that would do nothing at its place is refused.
//!
//! Nothing here sets an option on a socket.

use std::net::IpAddr;

use super::error::EndpointErrorKind::Option as OptionKind;
use super::error::{Fault, fault};
use super::{Host, Options, Place, Transport, UnixName, percent};
use crate::near::{did_you_mean, nearest, shown};

/// Where an option means something.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Serves {
    /// Anything that is a socket.
    Sockets,
    /// Anything reached over IP.
    Ip,
    /// TCP and what stands on it.
    Tcp,
    /// UDP.
    Udp,
    /// Unix sockets that have a file.
    Path,
}

struct Spec {
    name: &'static str,
    serves: Serves,
    /// `None` when no `=` was written; an error says what would be right.
    read: fn(&mut Options, Option<&str>) -> Result<(), String>,
    print: fn(&Options) -> Option<String>,
}

/// A whole-number, yes-or-no or text option whose field has the option's name.
macro_rules! spec {
    ($field:ident, $serves:expr, $read:expr) => {
        Spec {
            name: stringify!($field),
            serves: $serves,
            read: |options, value| {
                options.$field = Some($read(value)?);
                Ok(())
            },
            print: |options| options.$field.as_ref().map(Printed::printed),
        }
    };
}

const SPECS: [Spec; 14] = [
    spec!(bind, Serves::Ip, local),
    spec!(join, Serves::Udp, group),
    spec!(interface, Serves::Ip, interface),
    spec!(ttl, Serves::Ip, hops),
    spec!(nodelay, Serves::Tcp, switch),
    spec!(keepalive, Serves::Tcp, switch),
    spec!(broadcast, Serves::Udp, switch),
    spec!(reuseaddr, Serves::Ip, switch),
    spec!(reuseport, Serves::Ip, switch),
    spec!(sndbuf, Serves::Sockets, bytes),
    // A Unix socket has no receive buffer of its own (unix(7)).
    spec!(rcvbuf, Serves::Ip, bytes),
    Spec {
        name: "mode",
        serves: Serves::Path,
        read: |options, value| {
            options.mode = Some(permissions(value)?);
            Ok(())
        },
        print: |options| options.mode.map(|mode| format!("{mode:04o}")),
    },
    spec!(owner, Serves::Path, account),
    spec!(group, Serves::Path, account),
];

/// Reads what follows `?`.
pub(super) fn read(text: Option<&str>, place: &Place) -> Result<Options, Fault> {
    let mut options = Options::default();
    let Some(text) = text else { return Ok(options) };
    if text.is_empty() {
        return fault(OptionKind, "nothing follows '?'; write ?NAME=VALUE, or leave it out");
    }
    for pair in text.split('&') {
        one(pair, place, &mut options)?;
    }
    check_bind(&options, place)?;
    Ok(options)
}

/// The options that are set, as they stand after `?`; empty when none is.
pub(super) fn print(options: &Options) -> String {
    let mut text = String::new();
    for (name, value) in options.pairs() {
        let join = if text.is_empty() { "" } else { "&" };
        text.push_str(&format!("{join}{name}="));
        percent::encode(value.as_bytes(), &['&'], &mut text);
    }
    text
}

impl Options {
    /// The name of every option there is, in the same order.
    pub fn names() -> impl Iterator<Item = &'static str> {
        SPECS.iter().map(|spec| spec.name)
    }

    /// The name and value of every option that is set, in a fixed order.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, String)> {
        SPECS.iter().filter_map(|spec| Some((spec.name, (spec.print)(self)?)))
    }
}

fn one(pair: &str, place: &Place, options: &mut Options) -> Result<(), Fault> {
    let (name, value) = match pair.split_once('=') {
        Some((name, value)) => (name, Some(percent::decode_text(value, "value")?)),
        None => (pair, None),
    };
    if name.is_empty() {
        return fault(OptionKind, "an option has no name; write NAME=VALUE");
    }
    let Some(spec) = SPECS.iter().find(|spec| spec.name.eq_ignore_ascii_case(name)) else {
        return unknown(name, place);
    };
    let name = spec.name;
    if !suits(spec.serves, place) {
        return fault(OptionKind, format!("the option '{name}' {}", elsewhere(spec.serves)));
    }
    if (spec.print)(options).is_some() {
        return fault(OptionKind, format!("the option '{name}' stands twice"));
    }
    (spec.read)(options, value.as_deref()).or_else(|right| match value {
        None => fault(OptionKind, format!("the option '{name}' needs a value: {right}")),
        Some(value) => {
            fault(OptionKind, format!("the option '{name}' cannot be '{}': {right}", shown(&value)))
        }
    })
}

fn unknown<T>(name: &str, place: &Place) -> Result<T, Fault> {
    let suited = || SPECS.iter().filter(|spec| suits(spec.serves, place)).map(|spec| spec.name);
    let all: Vec<&str> = suited().collect();
    let web = matches!(place, Place::Net { transport: Transport::Ws | Transport::Wss, .. });
    let more = match (nearest(name, suited()), name) {
        (None, _) if all.is_empty() => {
            "; there are none here, and a '?' in a name is written %3F".to_owned()
        }
        (None, _) if web => "; for a query that the server sees write %3F, not ?".to_owned(),
        (None, _) => format!("; there are {}", all.join(", ")),
        (near, _) => did_you_mean(near),
    };
    fault(OptionKind, format!("there is no option '{}'{more}", shown(name)))
}

fn suits(serves: Serves, place: &Place) -> bool {
    match place {
        Place::Net { transport: Transport::Udp, .. } => {
            matches!(serves, Serves::Sockets | Serves::Ip | Serves::Udp)
        }
        Place::Net { .. } => matches!(serves, Serves::Sockets | Serves::Ip | Serves::Tcp),
        Place::Unix { name: UnixName::Path(_), .. } => {
            matches!(serves, Serves::Sockets | Serves::Path)
        }
        Place::Unix { .. } => serves == Serves::Sockets,
        Place::Stdio | Place::Exec(_) | Place::File(_) => false,
    }
}

fn elsewhere(serves: Serves) -> &'static str {
    match serves {
        Serves::Sockets => "is for sockets",
        Serves::Ip => "is for IP endpoints, like tcp:// and udp://",
        Serves::Tcp => "is for TCP and what stands on it",
        Serves::Udp => "is for udp:// endpoints",
        Serves::Path => "is for Unix sockets that have a file, like /run/x",
    }
}

/// The local end must be an address.
fn check_bind(options: &Options, place: &Place) -> Result<(), Fault> {
    match (&options.bind, place) {
        (Some(local), Place::Net { .. }) if !is_local(local) => fault(
            OptionKind,
            format!(
                "the option 'bind' cannot be '{}': write an address, :PORT or ADDRESS:PORT",
                shown(local)
            ),
        ),
        _ => Ok(()),
    }
}

fn is_local(text: &str) -> bool {
    let is_address = |host: Result<Host, _>| matches!(host, Ok(Host::Ip(_) | Host::Zoned { .. }));
    let number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if !number(text) && is_address(Host::alone(text)) {
        return true;
    }
    let Some((host, port)) = text.rsplit_once(':') else { return false };
    let port = number(port) && port.parse::<u16>().is_ok();
    let bare_ipv6 = host.contains(':') && !host.starts_with('[');
    port && !bare_ipv6
        && (matches!(host, "" | "*") || (!number(host) && is_address(Host::alone(host))))
}

fn local(value: Option<&str>) -> Result<String, String> {
    let right = "write an address, :PORT or ADDRESS:PORT";
    value.filter(|value| !value.is_empty()).map(str::to_owned).ok_or(right.to_owned())
}

fn group(value: Option<&str>) -> Result<IpAddr, String> {
    let address = value.and_then(|value| value.parse::<IpAddr>().ok());
    address
        .filter(IpAddr::is_multicast)
        .ok_or("write a multicast address, like 239.1.2.3 or ff02::1".to_owned())
}

fn interface(value: Option<&str>) -> Result<String, String> {
    let fits = |value: &&str| {
        // Linux's `IFNAMSIZ`, less its NUL.
        (1..=15).contains(&value.len())
            && !value.contains(|c: char| c == '/' || c.is_whitespace() || c.is_control())
    };
    value.filter(fits).map(str::to_owned).ok_or("write an interface, like eth0".to_owned())
}

fn hops(value: Option<&str>) -> Result<u8, String> {
    let number = value.and_then(whole).and_then(|number| u8::try_from(number).ok());
    number.filter(|&hops| hops > 0).ok_or("write a number from 1 to 255".to_owned())
}

/// A name alone switches on.
fn switch(value: Option<&str>) -> Result<bool, String> {
    match value.unwrap_or("yes").to_ascii_lowercase().as_str() {
        "yes" | "true" | "on" | "1" => Ok(true),
        "no" | "false" | "off" | "0" => Ok(false),
        _ => Err("write yes or no".to_owned()),
    }
}

fn bytes(value: Option<&str>) -> Result<u32, String> {
    let value = value.unwrap_or_default();
    let (digits, unit) = match value.strip_suffix(['k', 'K']) {
        Some(digits) => (digits, 1 << 10),
        None => match value.strip_suffix(['m', 'M']) {
            Some(digits) => (digits, 1 << 20),
            None => (value, 1),
        },
    };
    let size = whole(digits).and_then(|number| number.checked_mul(unit));
    size.filter(|&size| i32::try_from(size).is_ok() && size > 0)
        .ok_or("write a number of bytes, like 65536 or 64k".to_owned())
}

/// Octal, as chmod(1) takes it.
fn permissions(value: Option<&str>) -> Result<u32, String> {
    let octal = |value: &&str| value.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let value = value.filter(|value| (3..=4).contains(&value.len())).filter(octal);
    let mode = value.and_then(|value| u32::from_str_radix(value, 8).ok());
    mode.filter(|&mode| mode <= 0o777)
        .ok_or("write three or four octal digits, like 0660".to_owned())
}

/// The name or number of a user or a group.
fn account(value: Option<&str>) -> Result<String, String> {
    let fits = |value: &&str| {
        (1..=256).contains(&value.len()) && !value.contains(|c: char| c == ':' || c.is_control())
    };
    value
        .filter(fits)
        .map(str::to_owned)
        .ok_or("write a name or a number, like www-data".to_owned())
}

/// Digits only: `parse` alone would take a sign.
fn whole(text: &str) -> Option<u32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// An option's value as text that reads back the same.
trait Printed {
    fn printed(&self) -> String;
}

impl Printed for bool {
    fn printed(&self) -> String {
        if *self { "yes" } else { "no" }.to_owned()
    }
}

macro_rules! printed_as_displayed {
    ($($kind:ty),*) => {$(
        impl Printed for $kind {
            fn printed(&self) -> String {
                self.to_string()
            }
        }
    )*};
}

printed_as_displayed!(String, IpAddr, u8, u32);
