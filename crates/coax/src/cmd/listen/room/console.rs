//! What is typed or fed here, to those it is meant for.
//!
//! On a terminal `@2 text` is for member 2 alone. A pipe is not read before somebody is there to
//! hear it, so nothing of it is lost.
//!
//! Nothing here knows how a message reaches a member.

use std::sync::Arc;

use coax_net::{Decoder, Descriptor, Filter, Framing, FramingError, Pieces, cause_in_words};

use super::Room;
use super::members::To;
use crate::failure::{Exit, Failure};
use crate::session::{self, Outward};

/// Read at once.
const AT_ONCE: usize = 64 << 10;

/// Passes on local input until it ends, and then waits for ever: the end of input ends nobody
/// else's conversation.
pub(super) async fn dictate(room: Arc<Room>, mute: bool) -> Result<(), Failure> {
    if !mute {
        let stdin = session::take_stdin()?;
        let input = Input::of(&room);
        pass_on(&room, &stdin, input).await?;
        room.members.end();
    }
    std::future::pending().await
}

async fn pass_on(room: &Room, stdin: &Descriptor, mut input: Input) -> Result<(), Failure> {
    let mut buffer = vec![0; AT_ONCE];
    loop {
        if !room.terminal {
            room.members.somebody().await;
        }
        let read = stdin.read(&mut buffer).await.map_err(|error| {
            let cause = cause_in_words(&error);
            Failure::new(Exit::Machine, format!("cannot read standard input: {cause}"))
        })?;
        let mut pieces = Vec::new();
        let fed = input.feed(&buffer[..read], &mut pieces);
        for piece in pieces {
            if !room.terminal {
                // The last one may have left while we read.
                room.members.somebody().await;
            }
            send(room, &input, piece).await;
        }
        fed.map_err(|error| Failure::new(Exit::Usage, format!("cannot send: {error}")))?;
        if read == 0 {
            return Ok(());
        }
    }
}

/// How local input becomes messages.
enum Input {
    /// A line is a message.
    Lines(Decoder, Framing),
    /// Bytes as they come, with returns added where asked for.
    Bytes(Outward),
}

impl Input {
    fn of(room: &Room) -> Input {
        let framing = match room.framing {
            Framing::Raw if !room.terminal => {
                return Input::Bytes(Outward::new(Framing::Raw).crlf(room.crlf));
            }
            Framing::Raw if room.crlf => Framing::Crlf,
            Framing::Raw => Framing::Line,
            framing => framing,
        };
        Input::Lines(Decoder::new(Framing::Line), framing)
    }

    /// Appends what `bytes` complete; none are the end.
    fn feed(&mut self, bytes: &[u8], pieces: &mut Vec<Vec<u8>>) -> Result<(), FramingError> {
        match self {
            Input::Lines(lines, _) if bytes.is_empty() => {
                lines.finish(|line| pieces.push(line.to_vec()))
            }
            Input::Lines(lines, _) => lines.feed(bytes, |line| pieces.push(line.to_vec())),
            Input::Bytes(_) if bytes.is_empty() => Ok(()),
            Input::Bytes(filter) => {
                let mut output = Pieces::default();
                let fed = filter.feed(bytes, &mut output);
                pieces.push(std::mem::take(output.bytes()));
                fed
            }
        }
    }
}

async fn send(room: &Room, input: &Input, piece: Vec<u8>) {
    let Input::Lines(_, framing) = input else { return room.say(piece, To::All).await };
    let (to, text) = match addressed(&piece).filter(|_| room.terminal) {
        Some((id, text)) => (To::One(id), text),
        None => (To::All, &piece[..]),
    };
    if let Some(why) = nobody(room, to) {
        return room.voice.talk(&format!("coax: not sent: {why}"));
    }
    let mut bytes = Vec::new();
    match framing.encode(text, &mut bytes) {
        Ok(()) => room.say(bytes, to).await,
        Err(error) => room.voice.talk(&format!("coax: not sent: {error}")),
    }
}

/// `@2 text` is for number 2.
fn addressed(line: &[u8]) -> Option<(u64, &[u8])> {
    let rest = line.strip_prefix(b"@")?;
    let space = rest.iter().position(|byte| *byte == b' ')?;
    let id = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
    Some((id, &rest[space + 1..]))
}

/// Why nobody would hear it, if so.
fn nobody(room: &Room, to: To) -> Option<String> {
    let here = room.members.numbers();
    match to {
        _ if here.is_empty() => Some("nobody is here".to_owned()),
        To::One(id) if !here.contains(&id) => {
            let numbers: Vec<String> = here.iter().map(ToString::to_string).collect();
            Some(format!("nobody here is number {id}; here: {}", numbers.join(", ")))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::addressed;

    #[test]
    fn a_line_is_addressed_by_a_number_and_a_space() {
        assert_eq!(addressed(b"@2 hello there"), Some((2, &b"hello there"[..])));
        for plain in [&b"hello"[..], b"@", b"@2", b"@two hi", b"@ 2 hi", b"2 hi"] {
            assert_eq!(addressed(plain), None, "{plain:?}");
        }
    }
}
