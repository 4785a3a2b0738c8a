//! `CAP LS [<version>]` · `CAP LIST` · `CAP REQ :[-]<name> …` · `CAP END`
//!
//! LS and REQ before registration hold it up until END. A request is taken whole or not at all.

use coax_irc::{CapRequest, Capability as Cap, pack};

use super::Words;
use crate::hub::Turn;
use coax_irc::numeric as n;

/// Bytes of names on one line, which has room for the server's name and a nick as well.
const ROOM: usize = 380;

pub(super) fn run(turn: &mut Turn<'_>, words: &Words<'_>) {
    match &*words[0].to_ascii_uppercase() {
        "LS" => ls(turn, words.get(1)),
        "LIST" => list(turn),
        "REQ" => request(turn, words.get(1).unwrap_or_default()),
        "END" => end(turn),
        _ => turn.reply(n::ERR_INVALIDCAPCMD, &[words[0], "Invalid CAP command"]),
    }
}

fn ls(turn: &mut Turn<'_>, version: Option<&str>) {
    negotiate(turn);
    let version = version.and_then(|version| version.parse().ok()).unwrap_or(301);
    let me = turn.me_mut();
    me.cap_version = me.cap_version.max(version);
    let version = me.cap_version;
    if version >= 302 {
        let caps = turn.my_caps().with(Cap::CapNotify);
        turn.hub.clients.set_caps(turn.who, caps);
    }
    let room = if version >= 302 { ROOM } else { 440 };
    let lines = turn.offer().lines(version, room);
    tell_lines(turn, "LS", &lines);
}

fn list(turn: &mut Turn<'_>) {
    let names = turn.my_caps().iter().map(Cap::name).collect::<Vec<_>>();
    let mut lines = pack(names, b' ', ROOM, usize::MAX);
    if lines.is_empty() {
        lines.push(Vec::new());
    }
    if turn.me().cap_version < 302 {
        lines.truncate(1);
    }
    tell_lines(turn, "LIST", &lines);
}

fn tell_lines(turn: &mut Turn<'_>, subcommand: &str, lines: &[Vec<u8>]) {
    let nick = turn.my_nick();
    for (at, line) in lines.iter().enumerate() {
        let line = String::from_utf8_lossy(line);
        match at + 1 < lines.len() {
            true => turn.say(turn.who, "CAP", &[&nick, subcommand, "*", &line]),
            false => turn.say(turn.who, "CAP", &[&nick, subcommand, &line]),
        }
    }
}

fn request(turn: &mut Turn<'_>, wanted: &str) {
    negotiate(turn);
    let nick = turn.my_nick();
    // STS is told, never asked for. IRCv3 *sts*.
    let offered = turn.offer().set().without(Cap::Sts);
    let pinned = turn.me().cap_version >= 302;
    match CapRequest::parse(wanted.as_bytes(), offered) {
        // Who speaks 302 is told of changes whether it asked or not.
        Ok(request) if !(pinned && request.off.has(Cap::CapNotify)) => {
            let caps = request.applied_to(turn.my_caps());
            turn.hub.clients.set_caps(turn.who, caps);
            turn.say(turn.who, "CAP", &[&nick, "ACK", wanted]);
        }
        _ => turn.say(turn.who, "CAP", &[&nick, "NAK", wanted]),
    }
}

fn end(turn: &mut Turn<'_>) {
    if let Some(registration) = &mut turn.me_mut().registration {
        registration.negotiating = false;
        turn.try_to_welcome();
    }
}

fn negotiate(turn: &mut Turn<'_>) {
    if let Some(registration) = &mut turn.me_mut().registration {
        registration.negotiating = true;
    }
}
