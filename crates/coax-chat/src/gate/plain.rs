//! Plain lines: somebody with `nc`, or with the ten-line program people write when they learn.
//!
//! A plain caller is a user like any other, who comes in under a guest's name and into one channel,
//! so every rule of the hub holds for it. The words are [`Talk`]'s.
//!
//! Nothing here sees a socket.

use coax_irc::Message;
use coax_irc_client::{Said, SaidKind, Talk, Turned};

/// Lines of what was said before that are shown.
const EARLIER: usize = 10;

/// One plain caller.
#[derive(Debug)]
pub(super) struct Plain {
    guest: u64,
    /// How far away the next name is that is tried.
    step: u64,
    arrived: bool,
    settled: bool,
    talk: Talk,
}

impl Plain {
    /// A caller who will be called `guest` and a number, `guest` or the next that is free, and who
    /// talks in `channel`.
    pub(super) fn new(guest: u64, channel: &str) -> Plain {
        Plain {
            guest,
            step: 1,
            arrived: false,
            settled: false,
            talk: Talk::new(format!("guest{guest}"), channel),
        }
    }

    /// What opens the conversation with the hub.
    pub(super) fn hello(&self) -> Turned {
        let caps = "CAP REQ :batch draft/chathistory server-time".to_owned();
        let (nick, user) = (format!("NICK {}", self.talk.nick()), "USER plain 0 * :plain lines");
        let server = vec![caps, nick, user.to_owned(), "CAP END".to_owned()];
        Turned { server, ..Turned::default() }
    }

    /// Whether the caller is where it may talk, or knows why not. What is typed before has to wait.
    pub(super) fn is_settled(&self) -> bool {
        self.settled
    }

    /// What the caller typed, as IRC.
    pub(super) fn typed(&self, line: &str) -> Turned {
        self.talk.typed(line)
    }

    /// What the hub said, as text, or what it is answered. `line` is without its end.
    pub(super) fn heard(&mut self, line: &[u8]) -> Turned {
        let Ok(message) = Message::parse(line) else { return Turned::default() };
        let said = self.talk.heard(&message);
        // The first thing told after the welcome is the channel, or that it is closed to the caller.
        let told = said
            .as_ref()
            .is_some_and(|said| matches!(said.kind, SaidKind::Event | SaidKind::Error));
        self.settled |= self.arrived && told;
        match message.command {
            b"PING" => hub(format!("PONG :{}", last(&message))),
            b"001" => self.welcome(),
            b"433" | b"432" | b"437" if !self.arrived => self.next_guest(),
            _ => Turned {
                person: said.iter().map(|said| self.talk.shown(said)).collect(),
                server: said.as_ref().and_then(earlier).into_iter().collect(),
            },
        }
    }

    fn welcome(&mut self) -> Turned {
        self.arrived = true;
        let greeting =
            format!("welcome, you are {}. /help shows what you can type.", self.talk.nick());
        Turned { person: vec![greeting], ..hub(format!("JOIN {}", self.talk.channel())) }
    }

    /// Farther away each time: somebody who holds the next hundred names holds up nobody.
    fn next_guest(&mut self) -> Turned {
        let next = self.guest.wrapping_add(self.step);
        let step = self.step.saturating_mul(2);
        *self = Plain { step, ..Plain::new(next, self.talk.channel()) };
        hub(format!("NICK {}", self.talk.nick()))
    }
}

/// Asks for what was said before in a channel that was just joined.
fn earlier(said: &Said) -> Option<String> {
    said.joined.then(|| format!("CHATHISTORY LATEST {} * {EARLIER}", said.target))
}

fn hub(line: String) -> Turned {
    Turned { server: vec![line], ..Turned::default() }
}

fn last(message: &Message<'_>) -> String {
    String::from_utf8_lossy(message.params.iter().last().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::Plain;

    #[test]
    fn a_hundred_names_that_are_taken_are_passed_in_a_few_steps() {
        let mut guest = Plain::new(1, "#lobby");
        let taken =
            |name: &str| name["NICK guest".len()..].parse::<u32>().expect("a number") <= 100;
        let mut name = guest.hello().server[1].clone();
        let mut tried = 0;
        while taken(&name) {
            name = guest.heard(b":s 433 * x :Nickname is already in use").server[0].clone();
            tried += 1;
        }
        assert_eq!((name.as_str(), tried), ("NICK guest128", 7));
    }

    #[test]
    fn a_guest_whose_name_is_taken_gets_the_next() {
        let mut guest = Plain::new(7, "#lobby");
        let hello = guest.hello().server;
        assert_eq!(hello[1..], ["NICK guest7", "USER plain 0 * :plain lines", "CAP END"]);
        assert_eq!(guest.heard(b":s 433 * guest7 :Nickname is in use").server, ["NICK guest8"]);
        assert_eq!(guest.heard(b":s 001 guest8 :Welcome").server, ["JOIN #lobby"]);
        assert!(!guest.is_settled(), "it has not joined yet");
        let joined = guest.heard(b":guest8!p@h JOIN #lobby");
        assert_eq!(joined.server, ["CHATHISTORY LATEST #lobby * 10"]);
        assert!(guest.is_settled());
        let taken = guest.heard(b":s 433 guest8 ada :Nickname is in use");
        assert_eq!(taken.server, [""; 0], "from now on the person decides");
        assert_eq!(taken.person, ["ada: Nickname is in use"]);
        assert_eq!(guest.heard(b"PING :a b").server, ["PONG :a b"]);
        assert_eq!(guest.heard(b"no line \0").person, [""; 0]);
    }
}
