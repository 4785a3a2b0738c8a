//! DNS messages: what is sent, and what came back.
//!
//! An answer counts only when it is an answer, to this question, and whole; anything else is the
//! peer's fault and is said in words.
//!
//! The wire format is hickory-proto's, whose types go no further than this crate.

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query, ResponseCode};
use hickory_proto::rr::rdata::svcb::{SVCB, SvcParamKey, SvcParamValue};
use hickory_proto::rr::{self, RData};

use crate::{Question, Record, Soa, Status, Value};

/// Fits an Ethernet frame whatever is wrapped around it, so it is never cut on the way
/// (the "DNS flag day 2020" figure).
const UDP_PAYLOAD: u16 = 1232;

/// What a message said.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: Status,
    pub(crate) records: Vec<Record>,
    pub(crate) authoritative: bool,
    pub(crate) truncated: bool,
}

/// The message that asks; its id is 0 until someone chooses one.
pub(crate) fn query(question: &Question, with_edns: bool) -> Message {
    let mut message = Message::new(0, MessageType::Query, OpCode::Query);
    message.metadata.recursion_desired = true;
    let record_type = rr::RecordType::from(question.record_type.number());
    message.add_query(Query::query(question.name.clone(), record_type));
    if with_edns {
        let mut edns = Edns::new();
        edns.set_max_payload(UDP_PAYLOAD);
        message.set_edns(edns);
    }
    message
}

/// The bytes of [`query`], for the way where thousands are asked a second: the message is simple
/// enough to be written without an encoder.
pub(crate) fn query_bytes(question: &Question, with_edns: bool) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    // Id 0, recursion desired, one question, no answers, no authorities, and EDNS or nothing.
    bytes.extend([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, u8::from(with_edns)]);
    for label in question.name.iter() {
        // A name's labels are at most 63 bytes long.
        bytes.push(label.len() as u8);
        bytes.extend(label);
    }
    bytes.push(0);
    bytes.extend(question.record_type.number().to_be_bytes());
    bytes.extend([0, 1]);
    if with_edns {
        // The root, type OPT, the payload in place of a class, no flags, no options (RFC 6891).
        bytes.extend([0, 0, 41]);
        bytes.extend(UDP_PAYLOAD.to_be_bytes());
        bytes.extend([0; 6]);
    }
    bytes
}

/// Reads an answer to `question`; the error says what is wrong with it.
pub(crate) fn read(bytes: &[u8], question: &Question) -> Result<Reply, String> {
    let message = Message::from_vec(bytes).map_err(|_| "the answer cannot be read".to_owned())?;
    if message.metadata.message_type != MessageType::Response {
        return Err("the answer is not an answer".to_owned());
    }
    let status = status(message.metadata.response_code);
    let empty_is_fine = matches!(status, Status::FormatError | Status::NotImplemented);
    if !(is_about(&message, question) || message.queries.is_empty() && empty_is_fine) {
        return Err("the answer is about another question".to_owned());
    }
    Ok(Reply {
        status,
        authoritative: message.metadata.authoritative,
        truncated: message.metadata.truncation,
        records: message.answers.iter().map(record).collect(),
    })
}

fn is_about(message: &Message, question: &Question) -> bool {
    match message.queries.as_slice() {
        [one] => {
            one.name == question.name && u16::from(one.query_type) == question.record_type.number()
        }
        _ => false,
    }
}

fn status(code: ResponseCode) -> Status {
    match code {
        ResponseCode::NoError => Status::Ok,
        ResponseCode::FormErr => Status::FormatError,
        ResponseCode::ServFail => Status::ServerFailed,
        ResponseCode::NXDomain => Status::NoSuchName,
        ResponseCode::NotImp => Status::NotImplemented,
        ResponseCode::Refused => Status::Refused,
        other => Status::Other(u16::from(other)),
    }
}

fn record(record: &rr::Record) -> Record {
    Record { name: record.name.to_ascii(), ttl: record.ttl, value: value(&record.data) }
}

fn value(data: &RData) -> Value {
    match data {
        RData::A(address) => Value::A(address.0),
        RData::AAAA(address) => Value::Aaaa(address.0),
        RData::MX(mx) => Value::Mx { preference: mx.preference, exchange: mx.exchange.to_ascii() },
        RData::TXT(txt) => Value::Txt(txt.txt_data.iter().map(|one| one.to_vec()).collect()),
        RData::NS(name) => Value::Ns(name.0.to_ascii()),
        RData::CNAME(name) => Value::Cname(name.0.to_ascii()),
        RData::PTR(name) => Value::Ptr(name.0.to_ascii()),
        RData::SOA(soa) => Value::Soa(Box::new(Soa {
            primary: soa.mname.to_ascii(),
            mailbox: soa.rname.to_ascii(),
            serial: soa.serial,
            refresh: soa.refresh,
            retry: soa.retry,
            expire: soa.expire,
            minimum: soa.minimum,
        })),
        RData::SRV(srv) => Value::Srv {
            priority: srv.priority,
            weight: srv.weight,
            port: srv.port,
            target: srv.target.to_ascii(),
        },
        RData::HTTPS(https) => https_value(&https.0),
        RData::CAA(caa) => Value::Caa {
            flags: u8::from(caa.issuer_critical) << 7 | caa.reserved_flags,
            tag: plain(&caa.tag),
            value: caa.value.clone(),
        },
        other => Value::Other {
            record_type: other.record_type().to_string(),
            text: plain(&other.to_string()),
        },
    }
}

fn https_value(https: &SVCB) -> Value {
    Value::Https {
        priority: https.svc_priority,
        target: https.target_name.to_ascii(),
        params: https.svc_params.iter().map(|(key, value)| parameter(key, value)).collect(),
    }
}

/// A parameter in the presentation form of RFC 9460 §2.1.
fn parameter(key: &SvcParamKey, value: &SvcParamValue) -> (String, String) {
    let key = match key {
        SvcParamKey::Unknown(number) | SvcParamKey::Key(number) => format!("key{number}"),
        known => known.to_string(),
    };
    let text = match value {
        SvcParamValue::Alpn(alpn) => format!("\"{}\"", plain(&alpn.0.join(","))),
        SvcParamValue::Mandatory(keys) => joined(keys.0.iter()),
        SvcParamValue::Ipv4Hint(hint) => joined(hint.0.iter()),
        SvcParamValue::Ipv6Hint(hint) => joined(hint.0.iter()),
        other => plain(&other.to_string()),
    };
    (key, text)
}

fn joined(items: impl Iterator<Item = impl ToString>) -> String {
    items.map(|one| one.to_string()).collect::<Vec<_>>().join(",")
}

/// Text of unknown make, with everything but printable ASCII escaped.
fn plain(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            ' '..='~' => safe.push(character),
            other => safe.extend(other.escape_default()),
        }
    }
    safe
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::RecordType;
    use proptest::prelude::*;

    fn question() -> Question {
        Question::new("example.test", RecordType::A).unwrap()
    }

    fn answer(change: impl FnOnce(&mut Message)) -> Result<Reply, String> {
        let mut message = query(&question(), true);
        message.metadata.message_type = MessageType::Response;
        change(&mut message);
        read(&message.to_vec().unwrap(), &question())
    }

    #[test]
    fn an_answer_to_the_question_counts_whatever_its_case() {
        let mixed = Question::new("EXAMPLE.test", RecordType::A).unwrap();
        let reply = answer(|message| message.queries[0].name = mixed.name.clone()).unwrap();
        assert_eq!(reply.status, Status::Ok);
    }

    #[test]
    fn the_bytes_are_those_of_the_message() {
        for name in ["example.test", ".", "_sip._tcp.a", "B\u{fc}cher.test"] {
            for with_edns in [true, false] {
                let question = Question::new(name, RecordType::Https).unwrap();
                let encoded = query(&question, with_edns).to_vec().unwrap();
                assert_eq!(query_bytes(&question, with_edns), encoded, "{name}");
            }
        }
    }

    #[test]
    fn what_does_not_answer_the_question_is_refused() {
        for (why, change) in [
            (
                "is not an answer",
                (|m: &mut Message| m.metadata.message_type = MessageType::Query)
                    as fn(&mut Message),
            ),
            ("another question", |m| m.queries.clear()),
            ("another question", |m| m.queries[0].query_type = rr::RecordType::MX),
            ("another question", |m| m.queries[0].name = rr::Name::root()),
            ("another question", |m| m.queries.push(m.queries[0].clone())),
        ] {
            let error = answer(change).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }

    #[test]
    fn a_server_that_could_not_read_the_question_need_not_repeat_it() {
        let reply = answer(|message| {
            message.queries.clear();
            message.metadata.response_code = ResponseCode::FormErr;
        });
        assert_eq!(reply.unwrap().status, Status::FormatError);
    }

    proptest! {
        #[test]
        fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = read(&bytes, &question());
        }

        #[test]
        fn no_damaged_answer_breaks_the_reader(place in 0usize..60, byte in any::<u8>()) {
            let mut bytes = query(&question(), true).to_vec().unwrap();
            bytes[2] |= 0x80;
            let place = place % bytes.len();
            bytes[place] = byte;
            let _ = read(&bytes, &question());
        }
    }
}
