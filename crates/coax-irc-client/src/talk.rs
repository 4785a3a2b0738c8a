//! Between people and IRC: what is typed becomes lines, what is said becomes text.
//!
//! Somebody with `nc` and somebody in a terminal read and type the same. A slash and a word are a
//! command; everything else is said in the channel one is in. What others wrote is cleaned of what
//! would move a terminal's cursor or turn its direction. What was said before one came is marked.
//!
//! Nothing here knows how one comes in; [`crate::Session`] does, or a server's gate.

mod clean;
mod command;

use clean::clean;
use coax_irc::{Casemapping, Ctcp, Message};

/// A person in a conversation.
#[derive(Clone, Debug)]
pub struct Talk {
    nick: String,
    channel: String,
    /// The batches of history that are being told.
    past: Vec<String>,
}

/// What one typed line turns into.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Turned {
    /// Lines of IRC for the server, without their ends.
    pub server: Vec<String>,
    /// Lines of text for the person, without their ends.
    pub person: Vec<String>,
}

/// Something that was said or done, as it concerns a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Said {
    /// What it is.
    pub kind: SaidKind,
    /// Who; empty for the server.
    pub nick: String,
    /// Where, or to whom; empty where that says nothing.
    pub target: String,
    /// What; a sentence of its own for everything but talk.
    pub text: String,
    /// Since when it has been said, where that was before one came: `2026-12-01 14:02 UTC`.
    pub earlier: Option<String>,
    /// Whether one talks in `target` from now on.
    pub joined: bool,
}

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SaidKind {
    /// Talk.
    Message,
    /// `/me`.
    Action,
    /// What programs say.
    Notice,
    /// Who came, left, is called otherwise now; topics, names.
    Event,
    /// What did not work.
    Error,
}

impl Talk {
    /// Of `nick`, whose words go to `channel`.
    pub fn new(nick: impl Into<String>, channel: impl Into<String>) -> Talk {
        Talk { nick: nick.into(), channel: channel.into(), past: Vec::new() }
    }

    /// What the person is called now.
    pub fn nick(&self) -> &str {
        &self.nick
    }

    /// Where the person's words go.
    pub fn channel(&self) -> &str {
        &self.channel
    }

    /// What a line of the server says to the person, if anything.
    pub fn heard(&mut self, message: &Message<'_>) -> Option<Said> {
        let person = message.source().filter(|source| source.user.is_some());
        let nick = person.map_or_else(String::new, |source| text(source.nick));
        let params = message.params.iter().map(text).collect::<Vec<_>>();
        let params = params.iter().map(String::as_str).collect::<Vec<_>>();
        let batch = message.tags.value(b"batch").map(|batch| text(&batch));
        let past = batch.is_some_and(|batch| self.past.contains(&batch));
        if past && !message.is("PRIVMSG") && !message.is("NOTICE") {
            return None;
        }
        let mut said = self.said(text(message.command).as_str(), nick, &params)?;
        if past {
            let time = message.tags.value(b"time").map(|time| text(&time)).unwrap_or_default();
            said.earlier = Some(moment(&time));
        }
        Some(said)
    }

    fn said(&mut self, command: &str, nick: String, params: &[&str]) -> Option<Said> {
        match (command, params) {
            ("BATCH", [name, "chathistory", ..]) => {
                self.past.extend(name.strip_prefix('+').map(str::to_owned));
                None
            }
            ("BATCH", [name, ..]) => {
                self.past.retain(|known| name.strip_prefix('-') != Some(known));
                None
            }
            ("001", [nick, ..]) => {
                (*nick).clone_into(&mut self.nick);
                None
            }
            ("PRIVMSG", [target, said]) => self.message(nick, target, said),
            ("NOTICE", [target, said]) => Some(said_by(SaidKind::Notice, nick, target, said)),
            (command, params) => self.event(command, nick, params),
        }
    }

    fn message(&self, nick: String, target: &str, said: &str) -> Option<Said> {
        let target = target.trim_start_matches(['~', '&', '@', '%', '+']);
        match Ctcp::read(said.as_bytes()) {
            None => Some(said_by(SaidKind::Message, nick, target, said)),
            Some(ctcp) if ctcp.is_action() => {
                Some(said_by(SaidKind::Action, nick, target, &text(ctcp.params)))
            }
            Some(_) => None,
        }
    }

    fn event(&mut self, command: &str, nick: String, params: &[&str]) -> Option<Said> {
        let mine = same(&nick, &self.nick);
        let (target, said) = match (command, params) {
            ("JOIN", [channel, ..]) if mine => {
                (*channel).clone_into(&mut self.channel);
                let text = format!("you talk in {channel} now");
                let said = said_by(SaidKind::Event, nick, channel, &text);
                return Some(Said { joined: true, ..said });
            }
            ("JOIN", [channel, ..]) => (*channel, format!("{nick} joined {channel}")),
            ("PART", [channel, ..]) => (*channel, format!("{nick} left {channel}")),
            ("QUIT", _) => ("", format!("{nick} is gone")),
            ("KICK", [channel, who, ..]) => {
                (*channel, format!("{nick} removed {who} from {channel}"))
            }
            ("NICK", [name]) => {
                if mine {
                    (*name).clone_into(&mut self.nick);
                }
                ("", format!("{nick} is now {name}"))
            }
            ("TOPIC", [channel, topic]) => (*channel, format!("topic of {channel}: {topic}")),
            ("332", [_, channel, topic]) => (*channel, format!("topic of {channel}: {topic}")),
            ("331", [_, channel, ..]) => (*channel, format!("{channel} has no topic")),
            ("353", [_, _, channel, names]) => {
                (*channel, format!("in {channel}: {}", names.trim_end()))
            }
            _ => return error(command, params),
        };
        Some(said_by(SaidKind::Event, nick, target, &said))
    }

    /// How a person reads it.
    pub fn shown(&self, said: &Said) -> String {
        let words = self.words(said);
        said.earlier.as_ref().map_or_else(|| words.clone(), |when| format!("[{when}] {words}"))
    }

    fn words(&self, said: &Said) -> String {
        let Said { kind, nick, target, text, .. } = said;
        let words = match kind {
            SaidKind::Message => format!("{nick}: {text}"),
            SaidKind::Action => format!("* {nick} {text}"),
            SaidKind::Notice if nick.is_empty() => return text.clone(),
            SaidKind::Notice => format!("-{nick}- {text}"),
            SaidKind::Event => return format!("* {text}"),
            SaidKind::Error => return text.clone(),
        };
        match target.as_str() {
            here if same(here, &self.channel) => words,
            channel if channel.starts_with(['#', '&']) => format!("[{channel}] {words}"),
            _ if same(nick, &self.nick) => format!("(to {target}) {words}"),
            _ => format!("(to you) {words}"),
        }
    }
}

/// What did not work: the numerics 400 to 599, and standard replies.
fn error(command: &str, params: &[&str]) -> Option<Said> {
    let (about, said) = match (command, params) {
        ("ERROR", [said]) => (&[][..], *said),
        ("FAIL" | "WARN" | "NOTE", [_, _, .., said]) => (&[][..], *said),
        // Where there is no history, nobody asked for it by hand.
        ("FAIL", ["CHATHISTORY", ..]) => return None,
        // That there is no message of the day is no mistake of anybody.
        ("422", _) => return None,
        (number, [_, about @ .., said]) if number.len() == 3 && number.starts_with(['4', '5']) => {
            (about, *said)
        }
        _ => return None,
    };
    let words = about.iter().copied().chain([said]).collect::<Vec<_>>();
    Some(said_by(SaidKind::Error, String::new(), "", &words.join(": ")))
}

fn said_by(kind: SaidKind, nick: String, target: &str, text: &str) -> Said {
    let (nick, target, text) = (clean(&nick), clean(target), clean(text));
    Said { kind, nick, target, text, earlier: None, joined: false }
}

/// `2026-12-01T14:02:07.123Z` as people read it.
fn moment(time: &str) -> String {
    match (time.get(..10), time.get(11..16)) {
        (Some(day), Some(clock)) => clean(&format!("{day} {clock} UTC")),
        _ => "earlier".to_owned(),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn same(one: &str, other: &str) -> bool {
    Casemapping::Rfc7613.same(one.as_bytes(), other.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::Talk;
    use coax_irc::Message;

    fn heard(line: &str) -> Option<String> {
        let mut ada = Talk::new("ada", "#lobby");
        let said = ada.heard(&Message::parse(line.as_bytes()).expect("a line"));
        said.map(|said| ada.shown(&said))
    }

    #[test]
    fn what_is_said_is_text() {
        let table = [
            (":bob!b@h PRIVMSG #lobby :hi", Some("bob: hi")),
            (":bob!b@h PRIVMSG @#lobby :hi", Some("bob: hi")),
            (":bob!b@h PRIVMSG #den :hi", Some("[#den] bob: hi")),
            (":bob!b@h PRIVMSG ada :hi", Some("(to you) bob: hi")),
            (":ada!a@h PRIVMSG bob :hi", Some("(to bob) ada: hi")),
            (":bob!b@h PRIVMSG #lobby :\u{1}ACTION waves\u{1}", Some("* bob waves")),
            (":bob!b@h PRIVMSG #lobby :\u{1}VERSION\u{1}", None),
            (":bob!b@h PRIVMSG #lobby :\u{1b}[2Jx\u{202e}y", Some("bob: xy")),
            (":b\u{1b}[31mob!b@h PRIVMSG #lobby :hi", Some("bob: hi")),
            (":s NOTICE ada :take care", Some("take care")),
            (":bob!b@h JOIN #lobby", Some("* bob joined #lobby")),
            (":ada!a@h JOIN #den", Some("* you talk in #den now")),
            (":bob!b@h NICK eve", Some("* bob is now eve")),
            (":s 353 ada = #lobby :@bob ada", Some("* in #lobby: @bob ada")),
            (":s 404 ada #lobby :Cannot send to channel", Some("#lobby: Cannot send to channel")),
            (":s 372 ada :- motd", None),
        ];
        for (line, expected) in table {
            assert_eq!(heard(line).as_deref(), expected, "{line:?}");
        }
    }

    #[test]
    fn what_was_said_before_is_marked() {
        let mut ada = Talk::new("ada", "#lobby");
        let mut heard = |line: &str| {
            let said = ada.heard(&Message::parse(line.as_bytes()).expect("a line"));
            said.map(|said| ada.shown(&said))
        };
        assert_eq!(heard(":s BATCH +h1 chathistory #lobby"), None);
        let line = "@batch=h1;time=2026-12-01T14:02:07.123Z :bob!b@h PRIVMSG #lobby :hi";
        assert_eq!(heard(line).as_deref(), Some("[2026-12-01 14:02 UTC] bob: hi"));
        assert_eq!(heard("@batch=h1 :ada!a@h JOIN #den"), None, "that is over");
        assert_eq!(heard(":s BATCH -h1"), None);
        assert_eq!(heard(line).as_deref(), Some("bob: hi"), "no batch of history any more");
    }
}
