//! Plain lines: somebody with `nc`, or with the ten-line program people write when they learn.
//!
//! A translator between two languages that never sees a socket: what is typed becomes lines of IRC
//! for the hub, what the hub says becomes text that a person reads. So a plain caller is a user like
//! any other, and every rule of the hub holds for it.
//!
//! It knows the channel that is talked in, and its own name; nothing else.

use coax_irc::Message;

/// The most bytes of text in one line of IRC: what 512 leave after any prefix and target.
const LONGEST_TEXT: usize = 380;

/// One plain caller: its name, and the channel its words go to.
#[derive(Debug)]
pub(super) struct Plain {
    nick: String,
    channel: String,
    guests: u64,
    arrived: bool,
}

/// What one line turns into.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Turned {
    /// Lines of IRC for the hub, without their ends.
    pub(super) hub: Vec<String>,
    /// Lines of text for the caller, without their ends.
    pub(super) caller: Vec<String>,
}

impl Turned {
    fn hub(lines: impl IntoIterator<Item = String>) -> Self {
        Self { hub: lines.into_iter().collect(), ..Self::default() }
    }

    fn caller(line: impl Into<String>) -> Self {
        Self { caller: vec![line.into()], ..Self::default() }
    }
}

impl Plain {
    /// A caller who will be called `guest` and a number, `guests` or the next that is free, and who
    /// talks in `channel`.
    #[must_use]
    pub(super) fn new(guests: u64, channel: &str) -> Self {
        Self { nick: format!("guest{guests}"), channel: channel.to_owned(), guests, arrived: false }
    }

    /// What opens the conversation with the hub.
    #[must_use]
    pub(super) fn hello(&self) -> Turned {
        Turned::hub([format!("NICK {}", self.nick), "USER plain 0 * :plain lines".to_owned()])
    }

    /// What the caller typed, as IRC. A line that begins with a slash is a command, `//` is a slash.
    #[must_use]
    pub(super) fn typed(&mut self, line: &str) -> Turned {
        let line = line.trim_end_matches(['\r', '\n']).replace(['\r', '\n', '\0'], " ");
        let words = match line.strip_prefix('/') {
            Some(command) if !command.starts_with('/') => return self.command(command),
            Some(escaped) => escaped,
            None => &line,
        };
        if words.trim().is_empty() {
            return Turned::default();
        }
        Turned::hub(portions(words).map(|part| format!("PRIVMSG {} :{part}", self.channel)))
    }

    fn command(&mut self, command: &str) -> Turned {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let rest = rest.trim();
        match (verb.to_ascii_lowercase().as_str(), rest) {
            ("nick", "") => {
                Turned::caller(format!("you are {}; another name: /nick ada", self.nick))
            }
            ("nick", name) => Turned::hub([format!("NICK :{name}")]),
            ("join", "") => Turned::caller("which channel? /join #lobby"),
            ("join", name) => Turned::hub([format!("JOIN :{}", channel(name))]),
            ("part" | "leave", _) => Turned::hub([format!("PART {}", self.channel)]),
            ("who" | "names", _) => Turned::hub([format!("NAMES {}", self.channel)]),
            ("me", doing) => {
                let line = |part| format!("PRIVMSG {} :\x01ACTION {part}\x01", self.channel);
                Turned::hub(portions(doing).map(line))
            }
            ("msg", words) => match words.split_once(' ') {
                Some((to, text)) => {
                    Turned::hub(portions(text).map(|part| format!("PRIVMSG {to} :{part}")))
                }
                None => Turned::caller("to whom, and what? /msg ada hello"),
            },
            ("topic", "") => Turned::hub([format!("TOPIC {}", self.channel)]),
            ("topic", topic) => Turned::hub([format!("TOPIC {} :{topic}", self.channel)]),
            ("quit", "") => Turned::hub(["QUIT".to_owned()]),
            ("quit", reason) => Turned::hub([format!("QUIT :{reason}")]),
            ("help", _) => Turned {
                caller: HELP.iter().map(ToString::to_string).collect(),
                ..Turned::default()
            },
            _ => Turned::caller(format!("there is no /{verb}; /help shows what there is")),
        }
    }

    /// What the hub said, as text. `line` is one line of IRC without its end.
    #[must_use]
    pub(super) fn heard(&mut self, line: &[u8]) -> Turned {
        let Ok(message) = Message::parse(line) else { return Turned::default() };
        let heard = Heard::new(&message);
        let params = heard.params.iter().map(String::as_str).collect::<Vec<_>>();
        match (heard.command.as_str(), params.as_slice()) {
            ("PING", [token, ..]) => Turned::hub([format!("PONG :{token}")]),
            ("001", [nick, ..]) => self.welcome(nick),
            ("433" | "432" | "437", _) if !self.arrived => self.next_guest(),
            ("PRIVMSG", [target, text]) => self.said(&heard.nick, target, text),
            ("NOTICE", [_, text]) if heard.nick.is_empty() => Turned::caller(clean(text)),
            ("NOTICE", [_, text]) => Turned::caller(format!("-{}- {}", heard.nick, clean(text))),
            _ => self.event(&heard, &params),
        }
    }

    fn welcome(&mut self, nick: &str) -> Turned {
        self.arrived = true;
        nick.clone_into(&mut self.nick);
        let caller = vec![format!("welcome, you are {nick}. /help shows what you can type.")];
        Turned { hub: vec![format!("JOIN {}", self.channel)], caller }
    }

    fn next_guest(&mut self) -> Turned {
        self.guests += 1;
        self.nick = format!("guest{}", self.guests);
        Turned::hub([format!("NICK {}", self.nick)])
    }

    fn said(&self, nick: &str, target: &str, text: &str) -> Turned {
        let action = text.strip_prefix("\x01ACTION ").map(|text| text.trim_end_matches('\x01'));
        let said = match action {
            Some(doing) => format!("* {nick} {}", clean(doing)),
            None if text.starts_with('\x01') => return Turned::default(),
            None => format!("{nick}: {}", clean(text)),
        };
        let bare = target.trim_start_matches(['~', '&', '@', '%', '+']);
        Turned::caller(match bare {
            _ if same(bare, &self.channel) => said,
            _ if bare.starts_with('#') => format!("[{bare}] {said}"),
            _ => format!("(to you) {said}"),
        })
    }

    fn event(&mut self, heard: &Heard, params: &[&str]) -> Turned {
        let nick = heard.nick.as_str();
        let mine = same(nick, &self.nick);
        match (heard.command.as_str(), params) {
            ("JOIN", [channel, ..]) if mine => {
                (*channel).clone_into(&mut self.channel);
                Turned::caller(format!("you talk in {channel} now"))
            }
            ("JOIN", [channel, ..]) => Turned::caller(format!("* {nick} joined {channel}")),
            ("PART", [channel, ..]) => Turned::caller(format!("* {nick} left {channel}")),
            ("QUIT", _) => Turned::caller(format!("* {nick} is gone")),
            ("KICK", [channel, who, ..]) => {
                Turned::caller(format!("* {nick} removed {who} from {channel}"))
            }
            ("NICK", [name]) => {
                if mine {
                    (*name).clone_into(&mut self.nick);
                }
                Turned::caller(format!("* {nick} is now {name}"))
            }
            ("TOPIC", [channel, topic]) => {
                Turned::caller(format!("* topic of {channel}: {}", clean(topic)))
            }
            ("332", [_, channel, topic]) => {
                Turned::caller(format!("topic of {channel}: {}", clean(topic)))
            }
            ("331", [_, channel, ..]) => Turned::caller(format!("{channel} has no topic")),
            ("353", [_, _, channel, names]) => {
                Turned::caller(format!("in {channel}: {}", names.trim_end()))
            }
            ("ERROR", [text]) => Turned::caller(clean(text)),
            ("FAIL" | "WARN" | "NOTE", [.., text]) => Turned::caller(clean(text)),
            (error, [_, about @ .., text]) if error.len() == 3 && error.starts_with(['4', '5']) => {
                Turned::caller([about, &[clean(text).as_str()]].concat().join(": "))
            }
            _ => Turned::default(),
        }
    }
}

const HELP: [&str; 9] = [
    "what you type is said in your channel, and",
    "/nick NAME       gives you another name",
    "/join #CHANNEL   talks there from now on",
    "/who             who is here",
    "/me TEXT         * you do something",
    "/msg NAME TEXT   to one person only",
    "/topic [TEXT]    what this channel is about",
    "/part            leaves the channel",
    "/quit            ends",
];

/// The parts of a message that a plain caller needs, as text.
struct Heard {
    nick: String,
    command: String,
    params: Vec<String>,
}

impl Heard {
    fn new(message: &Message<'_>) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let person = message.source().filter(|source| source.user.is_some());
        let nick = person.map_or_else(String::new, |source| text(source.nick));
        let params = message.params.iter().map(text).collect();
        Self { nick, command: text(message.command), params }
    }
}

fn channel(name: &str) -> String {
    let sign = if name.starts_with(['#', '&']) { "" } else { "#" };
    format!("{sign}{name}")
}

fn same(one: &str, other: &str) -> bool {
    one.eq_ignore_ascii_case(other)
}

/// Text without what would move a terminal's cursor, colour it or turn its direction.
fn clean(text: &str) -> String {
    let unseen = |letter: char| {
        letter.is_control() || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
    };
    text.chars().filter(|&letter| !unseen(letter)).collect()
}

/// The text in parts that one line of IRC can hold, cut between characters.
fn portions(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let part = &rest[..rest.floor_char_boundary(LONGEST_TEXT)];
        rest = &rest[part.len()..];
        Some(part)
    })
}

#[cfg(test)]
mod tests {
    use super::Plain;

    fn ada() -> Plain {
        let mut ada = Plain::new(7, "#lobby");
        assert_eq!(ada.hello().hub, ["NICK guest7", "USER plain 0 * :plain lines"]);
        assert_eq!(ada.heard(b":s 001 guest7 :Welcome").hub, ["JOIN #lobby"]);
        assert_eq!(ada.heard(b":guest7!plain@host JOIN #lobby").caller, ["you talk in #lobby now"]);
        ada
    }

    #[test]
    fn what_is_typed_is_said_in_the_channel() {
        let table: [(&str, &[&str]); 12] = [
            ("hello there\r\n", &["PRIVMSG #lobby :hello there"]),
            ("//slash", &["PRIVMSG #lobby :/slash"]),
            ("  ", &[]),
            ("/nick ada", &["NICK :ada"]),
            ("/join den", &["JOIN :#den"]),
            ("/who", &["NAMES #lobby"]),
            ("/me waves", &["PRIVMSG #lobby :\u{1}ACTION waves\u{1}"]),
            ("/msg bob psst, you", &["PRIVMSG bob :psst, you"]),
            ("/topic", &["TOPIC #lobby"]),
            ("/quit", &["QUIT"]),
            ("/dance", &[]),
            ("a\0b\rQUIT", &["PRIVMSG #lobby :a b QUIT"]),
        ];
        for (typed, hub) in table {
            assert_eq!(ada().typed(typed).hub, hub, "{typed:?}");
        }
        assert_eq!(ada().typed("/dance").caller, ["there is no /dance; /help shows what there is"]);
    }

    #[test]
    fn what_is_said_is_text() {
        let table: [(&str, &[&str]); 12] = [
            (":bob!b@h PRIVMSG #lobby :hi", &["bob: hi"]),
            (":bob!b@h PRIVMSG @#lobby :hi", &["bob: hi"]),
            (":bob!b@h PRIVMSG #den :hi", &["[#den] bob: hi"]),
            (":bob!b@h PRIVMSG guest7 :hi", &["(to you) bob: hi"]),
            (":bob!b@h PRIVMSG #lobby :\u{1}ACTION waves\u{1}", &["* bob waves"]),
            (":bob!b@h PRIVMSG #lobby :\u{1}VERSION\u{1}", &[]),
            (":bob!b@h PRIVMSG #lobby :\u{1b}[2Jx\u{202e}y", &["bob: [2Jxy"]),
            (":bob!b@h JOIN #lobby", &["* bob joined #lobby"]),
            (":bob!b@h NICK eve", &["* bob is now eve"]),
            (":s 353 guest7 = #lobby :@bob guest7", &["in #lobby: @bob guest7"]),
            (":s 404 guest7 #lobby :Cannot send to channel", &["#lobby: Cannot send to channel"]),
            ("no message at all \0", &[]),
        ];
        for (line, caller) in table {
            assert_eq!(ada().heard(line.as_bytes()).caller, caller, "{line:?}");
        }
    }

    #[test]
    fn a_guest_whose_name_is_taken_gets_the_next() {
        let mut guest = Plain::new(7, "#lobby");
        assert_eq!(guest.heard(b":s 433 * guest7 :Nickname is in use").hub, ["NICK guest8"]);
        assert_eq!(guest.heard(b":s 001 guest8 :Welcome").hub, ["JOIN #lobby"]);
        let taken = guest.heard(b":s 433 guest8 ada :Nickname is in use");
        assert_eq!(taken.hub, [""; 0], "from now on the person decides");
        assert_eq!(taken.caller, ["ada: Nickname is in use"]);
    }

    #[test]
    fn long_words_are_cut_between_characters_and_lose_nothing() {
        let text = "ä".repeat(1000);
        let said = ada().typed(&text).hub;
        let joined = said
            .iter()
            .map(|line| line.strip_prefix("PRIVMSG #lobby :").expect("talk"))
            .collect::<String>();
        assert_eq!(joined, text);
        assert!(said.iter().all(|line| line.len() < 400), "each fits into a line");
    }
}
