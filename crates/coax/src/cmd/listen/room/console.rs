//! What is typed here, to those it is meant for.
//!
//! On a terminal `@2 text` is for member 2 alone. A pipe is not read before somebody is there to
//! hear it, so nothing of it is lost.

use std::sync::Arc;

use coax_net::{Decoder, Descriptor, Framing, cause_in_words};

use super::Room;
use super::members::To;
use crate::failure::{Exit, Failure};
use crate::session;

/// Read at once.
const AT_ONCE: usize = 64 << 10;

/// Passes on local input until it ends, and then waits for ever: the end of input ends nobody
/// else's conversation.
pub(super) async fn dictate(room: Arc<Room>, mute: bool) -> Result<(), Failure> {
    if !mute {
        let stdin = session::take_stdin()?;
        pass_on(&room, &stdin).await?;
        for id in room.members.end().await {
            room.out.talk(&format!("coax: [{id}] dropped: it does not read what is sent"));
        }
    }
    std::future::pending().await
}

async fn pass_on(room: &Room, stdin: &Descriptor) -> Result<(), Failure> {
    let lines = room.terminal || room.framing != Framing::Raw;
    let mut decoder = Decoder::new(if lines { Framing::Line } else { Framing::Raw });
    let mut buffer = vec![0; AT_ONCE];
    loop {
        if !room.terminal {
            room.members.somebody().await;
        }
        let mut pieces = Vec::new();
        let read = stdin.read(&mut buffer).await.map_err(|error| {
            let cause = cause_in_words(&error);
            Failure::new(Exit::Machine, format!("cannot read standard input: {cause}"))
        })?;
        let fed = match read {
            0 => decoder.finish(|piece| pieces.push(piece.to_vec())),
            count => decoder.feed(&buffer[..count], |piece| pieces.push(piece.to_vec())),
        };
        for piece in pieces {
            typed(room, &piece, lines).await;
        }
        fed.map_err(|error| Failure::new(Exit::Usage, format!("cannot send: {error}")))?;
        if read == 0 {
            return Ok(());
        }
    }
}

async fn typed(room: &Room, piece: &[u8], line: bool) {
    let (to, text) = match addressed(piece).filter(|_| room.terminal) {
        Some((id, text)) => (To::One(id), text),
        None => (To::All, piece),
    };
    if let To::One(id) = to
        && !room.members.numbers().contains(&id)
    {
        return room.out.talk(&format!("coax: nobody here is number {id}; {}", who(room)));
    }
    let framing = match room.framing {
        Framing::Raw if line && room.crlf => Framing::Crlf,
        Framing::Raw if line => Framing::Line,
        framing => framing,
    };
    let mut bytes = Vec::new();
    match framing.encode(text, &mut bytes) {
        Ok(()) => room.say(&bytes, to).await,
        Err(error) => room.out.talk(&format!("coax: not sent: {error}")),
    }
}

/// `@2 text` is for number 2.
fn addressed(line: &[u8]) -> Option<(u64, &[u8])> {
    let rest = line.strip_prefix(b"@")?;
    let space = rest.iter().position(|byte| *byte == b' ')?;
    let id = std::str::from_utf8(&rest[..space]).ok()?.parse().ok()?;
    Some((id, &rest[space + 1..]))
}

fn who(room: &Room) -> String {
    let numbers: Vec<String> = room.members.numbers().iter().map(ToString::to_string).collect();
    match numbers.is_empty() {
        true => "nobody is here at all".to_owned(),
        false => format!("here: {}", numbers.join(", ")),
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
