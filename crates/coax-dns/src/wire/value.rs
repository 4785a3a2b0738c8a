//! What a record says, read from the wire.
//!
//! A value is read to its last byte, or it is malformed. The usual types are known here, the others
//! by their `layout`.
//!
//! Where the record stands in the message is not known here.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::layout;
use super::reader::Reader;
use crate::record::quote;
use crate::{RecordType, Soa, Value};

/// The value of a record of type `number`, which is all that `data` has.
pub(super) fn read(number: u16, mut data: Reader<'_>) -> Option<Value> {
    let value = known(number, &mut data)?;
    data.is_at_end().then_some(value)
}

fn known(number: u16, data: &mut Reader<'_>) -> Option<Value> {
    Some(match number {
        1 => Value::A(Ipv4Addr::from(data.address::<4>()?)),
        28 => Value::Aaaa(Ipv6Addr::from(data.address::<16>()?)),
        2 => Value::Ns(data.name()?.text()),
        5 => Value::Cname(data.name()?.text()),
        12 => Value::Ptr(data.name()?.text()),
        6 => Value::Soa(Box::new(soa(data)?)),
        15 => Value::Mx { preference: data.u16()?, exchange: data.name()?.text() },
        16 => Value::Txt(strings(data)?),
        33 => Value::Srv {
            priority: data.u16()?,
            weight: data.u16()?,
            port: data.u16()?,
            target: data.name()?.text(),
        },
        65 => Value::Https {
            priority: data.u16()?,
            target: data.name()?.text(),
            params: parameters(data)?,
        },
        257 => Value::Caa {
            flags: data.u8()?,
            tag: data.string().and_then(tag)?,
            value: data.rest()?.to_vec(),
        },
        _ => {
            let value = layout::read(RecordType::from_number(number), data.clone())?;
            data.rest()?;
            value
        }
    })
}

fn soa(data: &mut Reader<'_>) -> Option<Soa> {
    Some(Soa {
        primary: data.name()?.text(),
        mailbox: data.name()?.text(),
        serial: data.u32()?,
        refresh: data.u32()?,
        retry: data.u32()?,
        expire: data.u32()?,
        minimum: data.u32()?,
    })
}

pub(super) fn strings(data: &mut Reader<'_>) -> Option<Vec<Vec<u8>>> {
    let mut strings = Vec::new();
    while !data.is_at_end() {
        strings.push(data.string()?.to_vec());
    }
    Some(strings)
}

/// Letters and digits, RFC 8659 §4.1.
fn tag(bytes: &[u8]) -> Option<String> {
    let plain = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_alphanumeric);
    plain.then(|| String::from_utf8_lossy(bytes).into_owned())
}

/// The parameters of an HTTPS or SVCB record, RFC 9460 §2.2: keys grow strictly.
pub(super) fn parameters(data: &mut Reader<'_>) -> Option<Vec<(String, String)>> {
    let mut parameters = Vec::new();
    let mut last = None;
    while !data.is_at_end() {
        let key = data.u16()?;
        if last.is_some_and(|last| last >= key) {
            return None;
        }
        last = Some(key);
        let length = data.u16()?;
        let mut value = data.part(length.into())?;
        parameters.push((key_name(key), parameter(key, &mut value)?));
    }
    Some(parameters)
}

/// RFC 9460 §14.3.2.
fn key_name(key: u16) -> String {
    match key {
        0 => "mandatory".to_owned(),
        1 => "alpn".to_owned(),
        2 => "no-default-alpn".to_owned(),
        3 => "port".to_owned(),
        4 => "ipv4hint".to_owned(),
        5 => "ech".to_owned(),
        6 => "ipv6hint".to_owned(),
        7 => "dohpath".to_owned(),
        8 => "ohttp".to_owned(),
        other => format!("key{other}"),
    }
}

/// A parameter in the presentation form of RFC 9460 §2.1.
fn parameter(key: u16, value: &mut Reader<'_>) -> Option<String> {
    let text = match key {
        0 => listed(value, |keys| keys.u16().map(key_name))?,
        1 => alpn(value)?,
        2 | 8 => String::new(),
        3 => value.u16()?.to_string(),
        4 => listed(value, |hints| hints.address::<4>().map(Ipv4Addr::from))?,
        5 => data_encoding::BASE64.encode(value.rest()?),
        6 => listed(value, |hints| hints.address::<16>().map(Ipv6Addr::from))?,
        _ => match value.rest()? {
            [] => String::new(),
            bytes => quote(bytes),
        },
    };
    value.is_at_end().then_some(text)
}

/// At least one, with commas between.
fn listed<T: ToString>(
    value: &mut Reader<'_>,
    one: impl Fn(&mut Reader<'_>) -> Option<T>,
) -> Option<String> {
    let mut items = vec![one(value)?.to_string()];
    while !value.is_at_end() {
        items.push(one(value)?.to_string());
    }
    Some(items.join(","))
}

fn alpn(value: &mut Reader<'_>) -> Option<String> {
    let protocols = strings(value)?;
    let named = !protocols.is_empty() && protocols.iter().all(|one| !one.is_empty());
    named.then(|| quote(&protocols.join(&b',')))
}
