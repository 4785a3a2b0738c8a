//! However a stream is cut, its messages are the same, none is over the limit, nothing is lost.
#![no_main]

use coax_net::{Decoder, Framing, FramingError};
use libfuzzer_sys::fuzz_target;

type Messages = Result<Vec<Vec<u8>>, FramingError>;

fn decode<'a>(framing: Framing, pieces: impl Iterator<Item = &'a [u8]>) -> Messages {
    let mut messages = Vec::new();
    let mut decoder = Decoder::new(framing);
    for piece in pieces {
        decoder.feed(piece, |message| messages.push(message.to_vec()))?;
    }
    decoder.finish(|message| messages.push(message.to_vec()))?;
    Ok(messages)
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (choice, size, bytes) = input;
    let framing = Framing::ALL[choice as usize % Framing::ALL.len()].1;
    let whole = decode(framing, std::iter::once(bytes).filter(|bytes| !bytes.is_empty()));
    let cut = decode(framing, bytes.chunks(size as usize + 1));
    if !matches!(framing, Framing::Raw | Framing::Chunk) {
        assert_eq!(whole, cut);
    }
    let Ok(messages) = whole else { return };
    let mut again = Vec::new();
    for message in &messages {
        if framing.encode(message, &mut again).is_err() {
            return;
        }
    }
    // A carriage return that was part of a line's mark is not there any more; nothing else may be.
    if matches!(framing, Framing::Nul | Framing::Len32) {
        assert_eq!(decode(framing, std::iter::once(&again[..])), Ok(messages));
    }
});
