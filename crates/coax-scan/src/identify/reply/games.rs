//! Answers of game servers, and of the chat beside them.
//!
//! Of a status only the game and its version are told: players and maps come and go.
//!
//! Nothing here joins a game.

use super::{Recognised, known, named};
use crate::identify::cursor::Cursor;
use crate::identify::text::{after, title, up_to};

/// Information, or a challenge first (Valve developer community, "Server queries").
pub(in crate::identify) fn source(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let rest = answer.strip_prefix(&[0xFF; 4])?;
    match *rest.first()? {
        b'A' => known(rest.len() == 5, "source-engine"),
        b'I' => {
            let texts = rest.get(2..)?.split(|&byte| byte == 0).collect::<Vec<_>>();
            (texts.len() > 4).then(|| named("source-engine", title(texts[3])))?
        }
        _ => None,
    }
}

/// `infoResponse` (quake3 source, `sv_main.c`).
pub(in crate::identify) fn quake(_: &[u8], answer: &[u8]) -> Option<Recognised> {
    let keys = answer.strip_prefix(b"\xFF\xFF\xFF\xFFinfoResponse\n")?;
    named("quake", after(keys, "\\gamename\\").map(|rest| up_to(rest, "\\")).and_then(title))
}

/// Type 9, our session, a number in digits (Minecraft wiki, "Query").
pub(in crate::identify) fn minecraft_query(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [9, rest @ .., 0] = answer else { return None };
    let (session, number) = rest.split_at_checked(4)?;
    let digits = number.iter().all(|byte| byte.is_ascii_digit() || *byte == b'-');
    known(asked.get(3..7)? == session && digits && !number.is_empty(), "minecraft")
}

/// An unconnected pong with RakNet's magic number; edition, name, protocol, version in a text.
pub(in crate::identify) fn minecraft_bedrock(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let mut rest = Cursor(answer);
    let (kind, _time, _server) = (rest.byte()?, rest.take(8)?, rest.take(8)?);
    if kind != 0x1C || rest.take(16)? != asked.get(9..25)? {
        return None;
    }
    let length = rest.short()?;
    let version = rest.take(length.into())?.split(|&byte| byte == b';').nth(3).and_then(title);
    named("minecraft-bedrock", version.map(|it| format!("Minecraft {it}")))
}

/// A version, our eight bytes, three numbers (Mumble protocol, "UDP ping").
pub(in crate::identify) fn mumble(asked: &[u8], answer: &[u8]) -> Option<Recognised> {
    let [0, major, minor, patch, rest @ ..] = answer else { return None };
    let ours = asked.get(4..12)? == rest.get(..8)?;
    let product = format!("Murmur {major}.{minor}.{patch}");
    (ours && answer.len() == 24).then(|| named("mumble", Some(product)))?
}
