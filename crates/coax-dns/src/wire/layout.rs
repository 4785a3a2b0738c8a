//! What the many rarer types of records hold: a list of fields for each, as their RFCs draw them.
//!
//! A type more is a line more. A record that does not fit its type's fields is shown as bytes, like
//! one of a type that is not known at all (RFC 3597 §5): nobody's zone is lost for one record.

use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};

use data_encoding::{BASE32HEX_NOPAD, BASE64, HEXUPPER};

use super::reader::Reader;
use super::value::{parameters, strings};
use crate::RecordType;
use crate::record::{Part, Value};

/// How a field is read and written.
#[derive(Clone, Copy)]
enum Form {
    U8,
    U16,
    U32,
    Name,
    /// Names to the end.
    Names,
    /// One string.
    Text,
    /// Strings to the end.
    Texts,
    /// All the rest as one text.
    Rest,
    Hex,
    Base64,
    /// Hexadecimal behind its length; `-` when empty.
    Salt,
    /// Base32 behind its length.
    Hash,
    /// A type of records.
    Type,
    /// A set of types, RFC 4034 §4.1.2.
    Types,
    /// Seconds since 1970, as a date.
    Time,
    V4,
    /// 64 bits in four groups.
    Groups,
    /// Bytes with dashes between.
    Dashed,
    /// The parameters of RFC 9460.
    Parameters,
    Certificate,
    Algorithm,
    Nsap,
    Location,
    Prefixes,
    /// What stands behind the precedence of an IPSECKEY.
    Gateway,
    Relay,
    Hip,
}

type Fields = &'static [(&'static str, Form)];

const TEXTS: Fields = &[("strings", Form::Texts)];
const ONE_NAME: Fields = &[("target", Form::Name)];
const RANKED: Fields = &[("preference", Form::U16), ("target", Form::Name)];
const DIGEST: Fields = &[
    ("key_tag", Form::U16),
    ("algorithm", Form::U8),
    ("digest_type", Form::U8),
    ("digest", Form::Hex),
];
const KEY: Fields =
    &[("flags", Form::U16), ("protocol", Form::U8), ("algorithm", Form::U8), ("key", Form::Base64)];
const SIGNATURE: Fields = &[
    ("covers", Form::Type),
    ("algorithm", Form::U8),
    ("labels", Form::U8),
    ("original_ttl", Form::U32),
    ("expires", Form::Time),
    ("begins", Form::Time),
    ("key_tag", Form::U16),
    ("signer", Form::Name),
    ("signature", Form::Base64),
];
const ASSOCIATION: Fields =
    &[("usage", Form::U8), ("selector", Form::U8), ("matching", Form::U8), ("data", Form::Hex)];
const LOCATOR64: Fields = &[("preference", Form::U16), ("locator", Form::Groups)];
const SERVICE: Fields =
    &[("priority", Form::U16), ("target", Form::Name), ("params", Form::Parameters)];

/// Types that [`super::value`] does not know itself, and their fields.
const LAYOUTS: &[(&[u16], Fields)] = &[
    (&[3, 4, 7, 8, 9, 23, 39], ONE_NAME),
    (&[13], &[("cpu", Form::Text), ("system", Form::Text)]),
    (&[14], &[("responsible", Form::Name), ("errors", Form::Name)]),
    (&[17], &[("mailbox", Form::Name), ("text", Form::Name)]),
    (&[18, 21, 36, 107], RANKED),
    (&[19], &[("address", Form::Text)]),
    (&[20, 56, 99, 258, 261, 262], TEXTS),
    (&[22], &[("address", Form::Nsap)]),
    (&[24, 46], SIGNATURE),
    (&[25, 48, 57, 60], KEY),
    (&[26], &[("preference", Form::U16), ("map822", Form::Name), ("mapx400", Form::Name)]),
    (&[27], &[("longitude", Form::Text), ("latitude", Form::Text), ("altitude", Form::Text)]),
    (&[29], &[("location", Form::Location)]),
    (
        &[35],
        &[
            ("order", Form::U16),
            ("preference", Form::U16),
            ("flags", Form::Text),
            ("services", Form::Text),
            ("expression", Form::Text),
            ("replacement", Form::Name),
        ],
    ),
    (
        &[37],
        &[
            ("certificate_type", Form::Certificate),
            ("key_tag", Form::U16),
            ("algorithm", Form::Algorithm),
            ("certificate", Form::Base64),
        ],
    ),
    (&[42], &[("prefixes", Form::Prefixes)]),
    (&[43, 59, 32768, 32769], DIGEST),
    (&[44], &[("algorithm", Form::U8), ("hash", Form::U8), ("fingerprint", Form::Hex)]),
    (&[45], &[("precedence", Form::U8), ("gateway", Form::Gateway), ("key", Form::Base64)]),
    (&[47], &[("next", Form::Name), ("types", Form::Types)]),
    (&[49, 61], &[("data", Form::Base64)]),
    (
        &[50],
        &[
            ("algorithm", Form::U8),
            ("flags", Form::U8),
            ("iterations", Form::U16),
            ("salt", Form::Salt),
            ("next", Form::Hash),
            ("types", Form::Types),
        ],
    ),
    (
        &[51],
        &[
            ("algorithm", Form::U8),
            ("flags", Form::U8),
            ("iterations", Form::U16),
            ("salt", Form::Salt),
        ],
    ),
    (&[52, 53], ASSOCIATION),
    (&[55], &[("identity", Form::Hip), ("servers", Form::Names)]),
    (&[58], &[("previous", Form::Name), ("next", Form::Name)]),
    (&[62], &[("serial", Form::U32), ("flags", Form::U16), ("types", Form::Types)]),
    (
        &[63],
        &[("serial", Form::U32), ("scheme", Form::U8), ("hash", Form::U8), ("digest", Form::Hex)],
    ),
    (&[64], SERVICE),
    (
        &[66],
        &[
            ("covers", Form::Type),
            ("scheme", Form::U8),
            ("port", Form::U16),
            ("target", Form::Name),
        ],
    ),
    (&[104, 106], LOCATOR64),
    (&[105], &[("preference", Form::U16), ("locator", Form::V4)]),
    (&[108, 109], &[("address", Form::Dashed)]),
    (&[256], &[("priority", Form::U16), ("weight", Form::U16), ("target", Form::Rest)]),
    (&[260], &[("precedence", Form::U8), ("relay", Form::Relay)]),
];

fn fields(number: u16) -> Option<Fields> {
    let found = LAYOUTS.iter().find(|(numbers, _)| numbers.contains(&number));
    found.map(|(_, fields)| *fields)
}

/// The value of a record of a rarer type, or of one that is not known.
pub(super) fn read(record_type: RecordType, mut data: Reader<'_>) -> Option<Value> {
    let (text, parts) = match fitted(record_type, data.clone()) {
        Some(parts) => {
            let texts = parts.iter().map(|(_, part)| part.to_string());
            (texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" "), parts)
        }
        None => (unknown(data.rest()?), Vec::new()),
    };
    Some(Value::Other { record_type, text, parts })
}

fn fitted(record_type: RecordType, mut data: Reader<'_>) -> Option<Vec<(&'static str, Part)>> {
    let read = |(name, form): &(&'static str, Form)| Some((*name, field(*form, &mut data)?));
    let parts = fields(record_type.number())?.iter().map(read).collect::<Option<Vec<_>>>()?;
    data.is_at_end().then_some(parts)
}

/// `\# LENGTH HEX`.
fn unknown(bytes: &[u8]) -> String {
    format!("\\# {} {}", bytes.len(), HEXUPPER.encode(bytes)).trim_end().to_owned()
}

fn field(form: Form, data: &mut Reader<'_>) -> Option<Part> {
    let text = match form {
        Form::U8 => return data.u8().map(|number| Part::Number(number.into())),
        Form::U16 => return data.u16().map(|number| Part::Number(number.into())),
        Form::U32 => return data.u32().map(Part::Number),
        Form::Name => data.name()?.text(),
        Form::Names => names(data)?.join(" "),
        Form::Text => return data.string().map(|text| Part::String(text.to_vec())),
        Form::Texts => return strings(data).map(Part::Strings),
        Form::Rest => return data.rest().map(|text| Part::String(text.to_vec())),
        Form::Hex => HEXUPPER.encode(data.rest()?),
        Form::Base64 => BASE64.encode(data.rest()?),
        Form::Salt => match data.string()? {
            [] => "-".to_owned(),
            salt => HEXUPPER.encode(salt),
        },
        Form::Hash => BASE32HEX_NOPAD.encode(data.string()?),
        Form::Type => RecordType::from_number(data.u16()?).to_string(),
        Form::Types => types(data)?,
        Form::Time => time(data.u32()?),
        Form::V4 => Ipv4Addr::from(data.address::<4>()?).to_string(),
        Form::Groups => groups(data.address::<8>()?),
        Form::Dashed => dashed(data.rest()?)?,
        Form::Parameters => service_parameters(data)?,
        Form::Certificate => certificate(data.u16()?),
        Form::Algorithm => algorithm(data.u8()?),
        Form::Nsap => format!("0x{}", HEXUPPER.encode(data.rest()?)),
        Form::Location => location(data)?,
        Form::Prefixes => prefixes(data)?,
        Form::Gateway => gateway(data)?,
        Form::Relay => relay(data)?,
        Form::Hip => identity(data)?,
    };
    Some(Part::Text(text))
}

fn names(data: &mut Reader<'_>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    while !data.is_at_end() {
        names.push(data.name()?.text());
    }
    Some(names)
}

/// Windows of 256 types, each a number, a length and bits.
fn types(data: &mut Reader<'_>) -> Option<String> {
    let mut named = Vec::new();
    while !data.is_at_end() {
        let window = u16::from(data.u8()?) << 8;
        for (byte, bits) in (0..).zip(data.string()?) {
            let set = (0..8).filter(|bit| bits & (0x80 >> bit) != 0);
            named.extend(set.map(|bit| window | (byte * 8 + bit)));
        }
    }
    let names = named.into_iter().map(|number| RecordType::from_number(number).to_string());
    Some(names.collect::<Vec<_>>().join(" "))
}

/// `20300102030405`, RFC 4034 §3.2, in the calendar of Gregory.
fn time(seconds: u32) -> String {
    let (days, rest) = (seconds / 86_400, seconds % 86_400);
    // Years of 365.2425 days that begin in March; the count of days begins 60 days after it.
    let days = days + 719_468;
    let (era, day) = (days / 146_097, days % 146_097);
    let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    let year = year + era * 400 + u32::from(month <= 2);
    let (hour, minute, second) = (rest / 3600, rest / 60 % 60, rest % 60);
    format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}")
}

fn groups(bytes: [u8; 8]) -> String {
    let groups =
        bytes.chunks(2).map(|two| two.iter().fold(0, |sum, &byte| sum << 8 | u16::from(byte)));
    groups.map(|group| format!("{group:x}")).collect::<Vec<String>>().join(":")
}

fn dashed(bytes: &[u8]) -> Option<String> {
    let hex: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    matches!(bytes.len(), 6 | 8).then(|| hex.join("-"))
}

fn service_parameters(data: &mut Reader<'_>) -> Option<String> {
    let mut text = String::new();
    for (key, value) in parameters(data)? {
        let (gap, sign) =
            (if text.is_empty() { "" } else { " " }, if value.is_empty() { "" } else { "=" });
        write!(text, "{gap}{key}{sign}{value}").expect("a string takes all");
    }
    Some(text)
}

/// RFC 4398 §2.1.
fn certificate(number: u16) -> String {
    const KINDS: [&str; 9] =
        ["0", "PKIX", "SPKI", "PGP", "IPKIX", "ISPKI", "IPGP", "ACPKIX", "IACPKIX"];
    match (KINDS.get(usize::from(number)), number) {
        (Some(kind), _) => (*kind).to_owned(),
        (None, 253) => "URI".to_owned(),
        (None, 254) => "OID".to_owned(),
        (None, other) => other.to_string(),
    }
}

/// The names of RFC 8624 and its forerunners, which CERT records have and keys have not.
fn algorithm(number: u8) -> String {
    let name = match number {
        1 => "RSAMD5",
        2 => "DH",
        3 => "DSA",
        5 => "RSASHA1",
        6 => "NSEC3DSA",
        7 => "NSEC3RSASHA1",
        8 => "RSASHA256",
        10 => "RSASHA512",
        13 => "ECDSAP256SHA256",
        14 => "ECDSAP384SHA384",
        15 => "ED25519",
        16 => "ED448",
        other => return other.to_string(),
    };
    name.to_owned()
}

/// RFC 1876.
fn location(data: &mut Reader<'_>) -> Option<String> {
    let [version, size, horizontal, vertical] = data.address::<4>()?;
    let (latitude, longitude, altitude) = (data.u32()?, data.u32()?, data.u32()?);
    let angle = |value: u32, signs: [char; 2]| {
        let from_middle = i64::from(value) - (1 << 31);
        let thousandths = from_middle.unsigned_abs();
        let sign = signs[usize::from(from_middle < 0)];
        let (seconds, minutes) = (thousandths % 60_000, thousandths / 60_000);
        let (whole, part) = (seconds / 1000, seconds % 1000);
        format!("{} {} {whole}.{part:03} {sign}", minutes / 60, minutes % 60)
    };
    let length = |value: u8| {
        let centimetres = u64::from(value >> 4) * 10_u64.checked_pow(u32::from(value & 15))?;
        let text = metres(centimetres.into());
        (value >> 4 <= 9 && value & 15 <= 9).then(|| text.replace(".00m", "m"))
    };
    let (latitude, longitude) = (angle(latitude, ['N', 'S']), angle(longitude, ['E', 'W']));
    let altitude = metres(i128::from(altitude) - 10_000_000);
    let (size, horizontal, vertical) = (length(size)?, length(horizontal)?, length(vertical)?);
    (version == 0)
        .then(|| format!("{latitude} {longitude} {altitude} {size} {horizontal} {vertical}"))
}

fn metres(centimetres: i128) -> String {
    let (sign, amount) = (if centimetres < 0 { "-" } else { "" }, centimetres.unsigned_abs());
    format!("{sign}{}.{:02}m", amount / 100, amount % 100)
}

/// RFC 3123: trailing zeros of an address are left out.
fn prefixes(data: &mut Reader<'_>) -> Option<String> {
    let mut all = Vec::new();
    while !data.is_at_end() {
        let (family, bits, length) = (data.u16()?, data.u8()?, data.u8()?);
        let bytes = data.take(usize::from(length & 127))?;
        let address = match family {
            1 => Ipv4Addr::from(filled::<4>(bytes)?).to_string(),
            2 => Ipv6Addr::from(filled::<16>(bytes)?).to_string(),
            _ => return None,
        };
        let not = if length & 128 == 0 { "" } else { "!" };
        all.push(format!("{not}{family}:{address}/{bits}"));
    }
    Some(all.join(" "))
}

fn filled<const N: usize>(bytes: &[u8]) -> Option<[u8; N]> {
    let mut filled = [0; N];
    filled.get_mut(..bytes.len())?.copy_from_slice(bytes);
    Some(filled)
}

/// Type, algorithm and gateway, RFC 4025 §2.
fn gateway(data: &mut Reader<'_>) -> Option<String> {
    let (kind, algorithm) = (data.u8()?, data.u8()?);
    Some(format!("{kind} {algorithm} {}", place(kind, data)?))
}

/// RFC 8777 §4.
fn relay(data: &mut Reader<'_>) -> Option<String> {
    let kind = data.u8()?;
    let (discovery, kind) = (kind >> 7, kind & 127);
    Some(format!("{discovery} {kind} {}", place(kind, data)?))
}

fn place(kind: u8, data: &mut Reader<'_>) -> Option<String> {
    match kind {
        0 => Some(".".to_owned()),
        1 => Some(Ipv4Addr::from(data.address::<4>()?).to_string()),
        2 => Some(Ipv6Addr::from(data.address::<16>()?).to_string()),
        3 => Some(data.name()?.text()),
        _ => None,
    }
}

/// Algorithm, tag and key, RFC 8005 §5.
fn identity(data: &mut Reader<'_>) -> Option<String> {
    let (tag, algorithm, key) = (data.u8()?, data.u8()?, data.u16()?);
    let tag = HEXUPPER.encode(data.take(tag.into())?);
    Some(format!("{algorithm} {tag} {}", BASE64.encode(data.take(key.into())?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_bytes(number: u16, bytes: &[u8]) -> String {
        let record_type = RecordType::from_number(number);
        read(record_type, Reader::new(bytes)).unwrap().to_string()
    }

    #[test]
    fn times_are_dates() {
        for (seconds, text) in [
            (0, "19700101000000"),
            (951_782_399, "20000228235959"),
            (951_782_400, "20000229000000"),
            (1_735_689_599, "20241231235959"),
            (u32::MAX, "21060207062815"),
        ] {
            assert_eq!(time(seconds), text);
        }
    }

    #[test]
    fn what_does_not_fit_its_type_is_shown_as_bytes() {
        for (number, bytes, text) in [
            (65280, &b"\x0a\0\0\x01"[..], "\\# 4 0A000001"),
            (65280, b"", "\\# 0"),
            (44, b"\x01", "\\# 1 01"),
            (44, b"\x01\x02\xab", "1 2 AB"),
            (108, b"\x01\x02", "\\# 2 0102"),
            (29, b"\x01", "\\# 1 01"),
            (47, b"\x01a\0\0\x05\x40", "\\# 6 016100000540"),
            (47, b"\x01a\0\0\x01\x40", "a. A"),
            (
                50,
                b"\x01\0\0\x0a\x02\xaa\xbb\x05\0\x11\x22\x33\x44\0\x01\x40",
                "1 0 10 AABB 008I4CQ4 A",
            ),
            (50, b"\x01\0\0\x0a\0\x05\0\x11\x22\x33\x44", "1 0 10 - 008I4CQ4"),
            (55, b"\x01\x02\0\x03\xababc\x01r\0", "2 AB YWJj r."),
            (19, b"\x0231", "\"31\""),
        ] {
            assert_eq!(read_bytes(number, bytes), text);
        }
    }
}
