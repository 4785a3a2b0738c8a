//! Whatever a name server sends is an answer in plain text of a bounded size, or is refused.
//!
//! A message alone seldom gets as far as a record, so the same bytes are also put where records
//! stand: behind a question that fits, and as the data of one record of each type.
#![no_main]

use std::sync::OnceLock;

use coax_dns::{Question, RecordType, Reply};
use libfuzzer_sys::fuzz_target;

static QUESTIONS: OnceLock<Vec<Question>> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let questions = QUESTIONS.get_or_init(|| {
        RecordType::named().filter_map(|one| Question::new("a.b", one).ok()).collect()
    });
    // The question is put where an answer repeats it, or the fuzzer would only ever guess at it.
    let Some((&which, sent)) = bytes.split_first() else { return };
    let question = &questions[usize::from(which) % questions.len()];
    let _ = Reply::read(sent, question);
    let mut message = sent.to_vec();
    if let Some(place) = message.get_mut(2..21) {
        let number = question.record_type.number().to_be_bytes();
        place[0] |= 0x80;
        place[2..4].copy_from_slice(&[0, 1]);
        place[10..].copy_from_slice(&[1, b'a', 1, b'b', 0, number[0], number[1], 0, 1]);
    }
    look(&message, question);
    look(&one_record(sent, question), question);
});

/// An answer with one record, of the type asked for, whose data the fuzzer chose.
fn one_record(data: &[u8], question: &Question) -> Vec<u8> {
    let data = &data[..data.len().min(60_000)];
    let number = question.record_type.number().to_be_bytes();
    let mut message = vec![0, 0, 0x81, 0x80, 0, 1, 0, 1, 0, 0, 0, 0];
    message.extend([1, b'a', 1, b'b', 0, number[0], number[1], 0, 1]);
    message.extend([0xc0, 12, number[0], number[1], 0, 1, 0, 0, 0, 60]);
    message.extend((data.len() as u16).to_be_bytes());
    message.extend(data);
    message
}

fn look(message: &[u8], question: &Question) {
    let Ok(reply) = Reply::read(message, question) else { return };
    assert!(reply.records.len() <= message.len());
    for record in reply.records {
        let text = format!("{} {}", record.name, record.value);
        assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
        assert!(record.name.ends_with('.') && record.name.len() <= 4 * 255);
        // A byte becomes four at most; a name in the value may be elsewhere in the message.
        assert!(text.len() <= 5 * message.len() + 10_000);
    }
}
