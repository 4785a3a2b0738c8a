//! Answers, honest and not.

use std::net::{Ipv4Addr, Ipv6Addr};

use hickory_proto::op::ResponseCode;
use proptest::prelude::*;

use super::*;
use crate::{RecordType, Value};

fn question() -> Question {
    Question::new("example.test", RecordType::A).unwrap()
}

fn answer(change: impl FnOnce(&mut Message)) -> Result<Reply, &'static str> {
    let mut message = query(&question(), true);
    message.metadata.message_type = MessageType::Response;
    change(&mut message);
    Reply::read(&message.to_vec().unwrap(), &question())
}

/// An answer with one record of type `number`; its name and `data` may point at the question's
/// name, which is at 12, and at its parent, at 20.
fn with_record(number: u16, data: &[u8]) -> Vec<u8> {
    let mut bytes = query_bytes(&question(), false);
    bytes[2] |= 0x80;
    bytes[7] = 1;
    bytes.extend([0xc0, 12]);
    bytes.extend(number.to_be_bytes());
    bytes.extend([0, 1, 0, 0, 0, 60]);
    bytes.extend(u16::try_from(data.len()).unwrap().to_be_bytes());
    bytes.extend(data);
    bytes
}

fn value_of(number: u16, data: &[u8]) -> Option<Value> {
    let mut records = Reply::read(&with_record(number, data), &question()).ok()?.records;
    assert_eq!((records[0].name.as_str(), records[0].ttl), ("example.test.", 60));
    records.pop().map(|record| record.value)
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
            let question = Question::new(name, RecordType::HTTPS).unwrap();
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
            (|m: &mut Message| m.metadata.message_type = MessageType::Query) as fn(&mut Message),
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

#[test]
fn the_verdict_and_the_flags_are_told() {
    let reply = answer(|message| {
        message.metadata.authoritative = true;
        message.metadata.truncation = true;
        message.metadata.response_code = ResponseCode::NXDomain;
    });
    let reply = reply.unwrap();
    assert!(reply.authoritative && reply.truncated);
    assert_eq!(reply.status, Status::NoSuchName);
}

#[test]
fn a_truncated_answer_may_be_cut_anywhere() {
    let mut bytes = with_record(1, &[192, 0, 2, 1]);
    bytes.truncate(bytes.len() - 3);
    assert!(Reply::read(&bytes, &question()).is_err(), "cut, and does not say so");
    bytes[2] |= 0x02;
    let reply = Reply::read(&bytes, &question()).unwrap();
    assert!(reply.truncated && reply.records.is_empty());
}

#[test]
fn every_type_is_read_to_its_last_byte() {
    for (number, data, text) in [
        (1, &[192, 0, 2, 1][..], "192.0.2.1"),
        (28, &Ipv6Addr::LOCALHOST.octets(), "::1"),
        (2, b"\x02ns\xc0\x0c", "ns.example.test."),
        (5, b"\xc0\x14", "test."),
        (12, b"\0", "."),
        (15, b"\0\x0a\x04mail\xc0\x0c", "10 mail.example.test."),
        (16, b"\x01a\0\x02\"b", r#""a" "" "\"b""#),
        (33, b"\0\x01\0\x02\x13\xc4\xc0\x0c", "1 2 5060 example.test."),
        (
            6,
            b"\xc0\x0c\x01h\xc0\x0c\0\0\0\x07\0\0\0\x01\0\0\0\x02\0\0\0\x03\xff\xff\xff\xff",
            "example.test. h.example.test. 7 1 2 3 4294967295",
        ),
        (257, b"\x80\x05issueca.test", r#"128 issue "ca.test""#),
        (39, b"\xc0\x14", "test."),
        (0xff00, b"\x01\xab", "\\# 2 01AB"),
        (0xff00, b"", "\\# 0"),
    ] {
        let value = value_of(number, data);
        assert_eq!(value.map(|value| value.to_string()).as_deref(), Some(text), "{number}");
        // The strings of a text may end anywhere; the rarer types are shown as bytes then.
        if !matches!(number, 16 | 39 | 257 | 0xff00) {
            assert_eq!(value_of(number, &data[..data.len() - 1]), None, "{number}");
            assert_eq!(value_of(number, &[data, &[0]].concat()), None, "{number}");
        }
    }
}

#[test]
fn the_parameters_of_a_web_server_are_read() {
    let of = |params: &[u8]| value_of(65, &[b"\0\x01\0", params].concat());
    let address = Ipv4Addr::new(192, 0, 2, 1).octets();
    for (params, text) in [
        (&b""[..], ""),
        (b"\0\0\0\x04\0\x01\0\x04", " mandatory=alpn,ipv4hint"),
        (b"\0\x01\0\x06\x02h2\x02h3\0\x02\0\0", r#" alpn="h2,h3" no-default-alpn"#),
        (b"\0\x03\0\x02\x20\xfb", " port=8443"),
        (&[&[0, 4, 0, 8][..], &address, &address].concat(), " ipv4hint=192.0.2.1,192.0.2.1"),
        (b"\0\x05\0\x02ab", " ech=YWI="),
        (&[&[0, 6, 0, 16][..], &[0; 16]].concat(), " ipv6hint=::"),
        (b"\x02\x9b\0\x02a\xff", r#" key667="a\255""#),
    ] {
        let value = of(params).map(|value| value.to_string());
        assert_eq!(value, Some(format!("1 .{text}")), "{params:?}");
    }
    for wrong in [
        &b"\0"[..],
        b"\0\x03\0\x03\x20\xfb\0",
        b"\0\x03\0\x09\x20\xfb",
        b"\0\x04\0\0",
        b"\0\x01\0\x01\0",
        b"\0\x02\0\x01x",
        b"\0\x05\0\0\0\x05\0\0",
        b"\0\x05\0\0\0\x03\0\x02\0\x01",
    ] {
        assert_eq!(of(wrong), None, "{wrong:?}");
    }
}

#[test]
fn a_record_that_goes_beyond_the_message_is_refused() {
    let whole = with_record(1, &[192, 0, 2, 1]);
    for end in 0..whole.len() {
        assert!(Reply::read(&whole[..end], &question()).is_err(), "{end}");
    }
    for place in [4, 6, 8, 10] {
        let mut claims = whole.clone();
        claims[place] = 0xff;
        assert!(Reply::read(&claims, &question()).is_err(), "{place}");
    }
}

#[test]
fn the_largest_answer_is_read_whole() {
    let text = [&[255][..], &[0x1b; 255]].concat().repeat(255);
    let Some(Value::Txt(strings)) = value_of(16, &text) else { panic!("a text was read") };
    assert_eq!(strings.len(), 255);
    let count = u16::try_from((65_535 - 30) / 16).unwrap();
    let mut bytes = query_bytes(&question(), false);
    bytes[2] |= 0x80;
    bytes[6..8].copy_from_slice(&count.to_be_bytes());
    let record = [0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 10, 1, 2, 3];
    (0..count).for_each(|_| bytes.extend(record));
    let reply = Reply::read(&bytes, &question()).unwrap();
    assert_eq!(reply.records.len(), usize::from(count));
}

proptest! {
    #[test]
    fn no_bytes_break_the_reader(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Reply::read(&bytes, &question());
    }

    #[test]
    fn any_value_prints_as_plain_text_or_is_refused(
        number in prop_oneof![Just(65u16), Just(6), Just(16), Just(257), 0u16..300],
        data in proptest::collection::vec(prop_oneof![any::<u8>(), 0u8..8], 0..120),
    ) {
        if let Some(value) = value_of(number, &data) {
            let text = value.to_string();
            prop_assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
        }
    }

    #[test]
    fn no_damaged_answer_breaks_the_reader(
        damage in proptest::collection::vec((0usize..100, any::<u8>()), 1..4)
    ) {
        let mut bytes = with_record(15, b"\0\x0a\x04mail\xc0\x0c");
        for (place, byte) in damage {
            let place = place % bytes.len();
            bytes[place] = byte;
        }
        let _ = Reply::read(&bytes, &question());
    }
}
