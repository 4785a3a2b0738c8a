//! Whatever a name server sends is an answer in plain text of a bounded size, or is refused.
#![no_main]

use std::sync::OnceLock;

use coax_dns::{Question, RecordType, Reply};
use libfuzzer_sys::fuzz_target;

static QUESTIONS: OnceLock<Vec<Question>> = OnceLock::new();

fuzz_target!(|bytes: &[u8]| {
    let questions = QUESTIONS.get_or_init(|| {
        let ask = |record_type: &RecordType| Question::new("a.b", *record_type).ok();
        RecordType::ALL.iter().filter_map(ask).collect()
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
    let Ok(reply) = Reply::read(&message, question) else { return };
    assert!(reply.records.len() <= message.len());
    for record in reply.records {
        let text = format!("{} {}", record.name, record.value);
        assert!(text.bytes().all(|byte| matches!(byte, b' '..=b'~')), "{text:?}");
        assert!(record.name.ends_with('.') && record.name.len() <= 4 * 255);
        // A byte becomes four at most; a name in the value may be elsewhere in the message.
        assert!(text.len() <= 5 * message.len() + 10_000);
    }
});
