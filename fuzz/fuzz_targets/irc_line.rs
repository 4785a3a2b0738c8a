//! Whatever a stranger sends is cut into lines of a bounded size, and what is read is written back.
#![no_main]

use coax_irc::{Casemapping, Ctcp, Framer, Line, LineBudget, Mask, Message, ModeTable, Rank};
use libfuzzer_sys::fuzz_target;

const MODES: ModeTable<'_> =
    ModeTable { lists: "beI", always: "k", when_set: "l", flags: "imnst", ranks: Rank::ALL };

fuzz_target!(|bytes: &[u8]| {
    let Some((&size, stream)) = bytes.split_first() else { return };
    let mut framer = Framer::new(LineBudget::CLIENT);
    let mut out = Vec::new();
    for mut chunk in stream.chunks(usize::from(size) + 1) {
        while let Some(line) = framer.next(&mut chunk) {
            let Ok(line) = line else { continue };
            assert_eq!(LineBudget::CLIENT.check(line), Ok(()));
            if let Ok(message) = Message::parse(line) {
                read(&message);
                write_back(&message, &mut out);
            }
        }
        assert!(framer.pending().len() <= LineBudget::CLIENT.total());
    }
});

fn read(message: &Message<'_>) {
    let text = message.params.get(1).unwrap_or_default();
    let _ = Ctcp::read(text);
    let _ = coax_irc::parse_time(text);
    let _ = coax_irc::check_nick(text, 32);
    let _ = coax_irc::check_channel(text, 64);
    assert!(MODES.read(text, message.params.iter().skip(2)).count() <= text.len());
    let source = message.params.get(0).unwrap_or_default();
    let folded = Casemapping::Rfc1459.fold(source);
    let _ = Mask::of_source(text, Casemapping::Rfc1459).matches(folded.as_bytes());
}

fn write_back(message: &Message<'_>, out: &mut Vec<u8>) {
    let Ok(command) = std::str::from_utf8(message.command) else { return };
    out.clear();
    let mut line = Line::new(out);
    for tag in message.tags.iter() {
        line = line.raw_tag(tag.key, tag.raw);
    }
    let line = match message.source() {
        Some(source) if !source.raw.is_empty() => line.source(source.raw).command(command),
        _ => line.command(command),
    };
    let (last, others) = (message.params.len().checked_sub(1), message.params.iter());
    let line = others.take(last.unwrap_or(0)).fold(line, |line, param| line.param(param));
    match last.and_then(|last| message.params.get(last)) {
        Some(last) => line.text(last),
        None => line.end(),
    };
    let written = out.strip_suffix(b"\r\n").expect("a line ends");
    assert_eq!(LineBudget::SERVER.check(written), Ok(()));
    let again = Message::parse(written).expect("what was written is a message");
    assert_eq!(again.command, message.command);
}
