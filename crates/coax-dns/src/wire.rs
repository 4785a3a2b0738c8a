//! DNS messages: what is sent, and what came back (RFC 1035 §4).
//!
//! An answer counts only when it is an answer, to this question, and whole; anything else is the
//! peer's fault and is said in words. Every length in it is a stranger's claim.
//!
//! How a message travels is not known here.

mod layout;
mod reader;
mod value;

use hickory_proto::op::{Edns, Message, MessageType, OpCode, Query};
use hickory_proto::rr;

use crate::{Question, Record, RecordType, Status};
use reader::{Reader, WireName};

/// Fits an Ethernet frame whatever is wrapped around it, so it is never cut on the way
/// (the "DNS flag day 2020" figure).
const UDP_PAYLOAD: u16 = 1232;

/// What a message said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The server's verdict.
    pub status: Status,
    /// The answer section in the server's order, aliases included.
    pub records: Vec<Record>,
    /// The server keeps the zone itself.
    pub authoritative: bool,
    /// The server also looks up what others keep.
    pub recursive: bool,
    /// The zone whose server says that there is nothing, or nothing more: the owner of the SOA record
    /// beside the answer (RFC 2308 §3).
    pub zone: Option<String>,
    /// It did not fit the transport: there is more.
    pub truncated: bool,
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
    bytes.extend(wire_name(question));
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

/// The question's name as it travels.
fn wire_name(question: &Question) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(64);
    for label in question.name.iter() {
        // A name's labels are at most 63 bytes long.
        bytes.push(label.len() as u8);
        bytes.extend(label);
    }
    bytes.push(0);
    bytes
}

/// The question's name as zone files write it.
pub(crate) fn name_in_words(question: &Question) -> String {
    let bytes = wire_name(question);
    let name = Reader::new(&bytes).name().expect("a question has a name that fits the wire");
    name.text()
}

impl Reply {
    /// Reads an answer to `question`; the error says what is wrong with it.
    ///
    /// The answer section is kept whole, whatever it holds. Of the other sections only the form is
    /// looked at.
    pub fn read(bytes: &[u8], question: &Question) -> Result<Reply, &'static str> {
        read(bytes, question, false)
    }

    /// Reads one of several messages that answer together: it need not repeat the question.
    pub(crate) fn read_next(bytes: &[u8], question: &Question) -> Result<Reply, &'static str> {
        read(bytes, question, true)
    }
}

fn read(bytes: &[u8], question: &Question, is_next: bool) -> Result<Reply, &'static str> {
    const BROKEN: &str = "the answer cannot be read";
    let mut reader = Reader::new(bytes);
    let header = Header::read(&mut reader).ok_or(BROKEN)?;
    if header.flags & 0x8000 == 0 {
        return Err("the answer is not an answer");
    }
    let asked = wire_name(question);
    let mut is_about = header.questions == 1;
    for _ in 0..header.questions {
        let (name, number) = read_question(&mut reader).ok_or(BROKEN)?;
        is_about &= name.is(&asked) && number == question.record_type.number();
    }
    let status = status(header.flags & 15);
    let empty_is_fine = is_next || matches!(status, Status::FormatError | Status::NotImplemented);
    if !(is_about || header.questions == 0 && empty_is_fine) {
        return Err("the answer is about another question");
    }
    let flag = |bit| header.flags & bit != 0;
    let (authoritative, truncated, recursive) = (flag(0x400), flag(0x200), flag(0x80));
    let (records, zone) = match read_records(&mut reader, &header) {
        Some(read) => read,
        // Cut anywhere, as it says itself; it is to be asked for again (RFC 2181 §9).
        None if truncated => (Vec::new(), None),
        None => return Err(BROKEN),
    };
    Ok(Reply { status, records, authoritative, recursive, zone, truncated })
}

/// RFC 1035 §4.1.1.
struct Header {
    flags: u16,
    questions: u16,
    answers: u16,
    authorities: u16,
    additional: u16,
}

impl Header {
    fn read(reader: &mut Reader<'_>) -> Option<Header> {
        reader.take(2)?;
        let (flags, questions, answers) = (reader.u16()?, reader.u16()?, reader.u16()?);
        let (authorities, additional) = (reader.u16()?, reader.u16()?);
        Some(Header { flags, questions, answers, authorities, additional })
    }
}

fn read_question(reader: &mut Reader<'_>) -> Option<(WireName, u16)> {
    let question = (reader.name()?, reader.u16()?);
    reader.take(2)?;
    Some(question)
}

/// The answer, and the owner of an SOA record among the authorities.
fn read_records(reader: &mut Reader<'_>, header: &Header) -> Option<(Vec<Record>, Option<String>)> {
    // A number of records is the sender's claim: no room is made for more than can be there.
    let mut records = Vec::with_capacity(usize::from(header.answers).min(8));
    for _ in 0..header.answers {
        let name = reader.name()?;
        let (number, ttl, data) = read_body(reader)?;
        records.push(Record { name: name.text(), ttl, value: value::read(number, data)? });
    }
    let mut zone = None;
    for _ in 0..header.authorities {
        let name = reader.name()?;
        let (number, ..) = read_body(reader)?;
        if number == RecordType::SOA.number() {
            zone = Some(name.text());
        }
    }
    for _ in 0..header.additional {
        reader.name()?;
        read_body(reader)?;
    }
    Some((records, zone))
}

/// What follows a record's name: its type, class, time to live and data, RFC 1035 §4.1.3.
fn read_body<'a>(reader: &mut Reader<'a>) -> Option<(u16, u32, Reader<'a>)> {
    let number = reader.u16()?;
    reader.take(2)?;
    let (ttl, length) = (reader.u32()?, reader.u16()?);
    Some((number, ttl, reader.part(length.into())?))
}

fn status(code: u16) -> Status {
    match code {
        0 => Status::Ok,
        1 => Status::FormatError,
        2 => Status::ServerFailed,
        3 => Status::NoSuchName,
        4 => Status::NotImplemented,
        5 => Status::Refused,
        other => Status::Other(other),
    }
}

#[cfg(test)]
mod tests;
