//! What a person typed, as IRC.
//!
//! A slash and a word of letters are a command, `//` is a slash, all else is talk: a path such as
//! `/usr/bin/env` too. From a pipe every line is talk. Talk too long for one line is said in several, cut
//! between characters.
//!
//! Nothing here knows what came of it.

use coax_irc::escape_into;

use super::{Talk, Turned};

/// The most bytes of text in one line of IRC: what 512 leave after any prefix and target.
const LONGEST_TEXT: usize = 380;

/// The most bytes of what is searched for: escaped, they are twice as many.
const LONGEST_SEARCH: usize = 200;

const HELP: [&str; 11] = [
    "what you type is said in your channel, and",
    "//TEXT           says /TEXT",
    "/nick NAME       gives you another name",
    "/join #CHANNEL   talks there from now on",
    "/who             who is here",
    "/me TEXT         * you do something",
    "/msg NAME TEXT   to one person only",
    "/topic [TEXT]    what this channel is about",
    "/search WORDS    what was said before, here and in your other channels",
    "/part            leaves the channel",
    "/quit            ends",
];

impl Talk {
    /// What a typed line turns into.
    pub fn typed(&self, line: &str) -> Turned {
        let line = line.trim_end_matches(['\r', '\n']).replace(['\r', '\n', '\0'], " ");
        let words = match line.strip_prefix('/') {
            Some(command) if is_command(command) => return self.command(command),
            Some(escaped) if escaped.starts_with('/') => escaped,
            _ => &line,
        };
        self.talk(words)
    }

    /// What a line turns into that is talk, whatever it begins with: a pipe's.
    pub fn piped(&self, line: &str) -> Turned {
        self.talk(&line.trim_end_matches(['\r', '\n']).replace(['\r', '\n', '\0'], " "))
    }

    fn talk(&self, words: &str) -> Turned {
        if words.trim().is_empty() {
            return Turned::default();
        }
        server(portions(words).map(|part| format!("PRIVMSG {} :{part}", self.channel)))
    }

    fn command(&self, command: &str) -> Turned {
        let (verb, rest) = command.split_once(' ').unwrap_or((command, ""));
        let (rest, here) = (rest.trim(), &self.channel);
        match (verb.to_ascii_lowercase().as_str(), rest) {
            ("nick", "") => person(format!("you are {}; another name: /nick ada", self.nick)),
            ("nick", name) => server([format!("NICK :{name}")]),
            ("join", "") => person("which channel? /join #lobby"),
            ("join", name) => server([format!("JOIN :{}", channel(name))]),
            ("part" | "leave", _) => server([format!("PART {here}")]),
            ("who" | "names", _) => server([format!("NAMES {here}")]),
            ("me", doing) => {
                server(portions(doing).map(|part| format!("PRIVMSG {here} :\x01ACTION {part}\x01")))
            }
            ("msg", words) => match words.split_once(' ') {
                Some((to, text)) => {
                    server(portions(text).map(|part| format!("PRIVMSG {to} :{part}")))
                }
                None => person("to whom, and what? /msg ada hello"),
            },
            ("topic", "") => server([format!("TOPIC {here}")]),
            ("topic", topic) => server([format!("TOPIC {here} :{topic}")]),
            ("search", "") => person("for what? /search rust compiler"),
            ("search", words) => server([search(words)]),
            ("quit", "") => server(["QUIT".to_owned()]),
            ("quit", reason) => server([format!("QUIT :{reason}")]),
            ("help", _) => Turned { person: HELP.map(str::to_owned).to_vec(), ..Turned::default() },
            _ => person(format!("there is no /{verb}; /help shows what there is")),
        }
    }
}

/// A word of letters, alone or before a space.
fn is_command(text: &str) -> bool {
    let word = text.split(char::is_whitespace).next().unwrap_or_default();
    !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

fn server(lines: impl IntoIterator<Item = String>) -> Turned {
    Turned { server: lines.into_iter().collect(), ..Turned::default() }
}

fn person(line: impl Into<String>) -> Turned {
    Turned { person: vec![line.into()], ..Turned::default() }
}

/// A search for words, escaped like the value of a tag.
fn search(words: &str) -> String {
    let mut value = Vec::new();
    escape_into(&words.as_bytes()[..words.floor_char_boundary(LONGEST_SEARCH)], &mut value);
    format!("SEARCH text={};limit=20", String::from_utf8_lossy(&value))
}

fn channel(name: &str) -> String {
    let sign = if name.starts_with(['#', '&']) { "" } else { "#" };
    format!("{sign}{name}")
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
    use super::super::Talk;

    #[test]
    fn what_is_typed_is_said_in_the_channel() {
        let table: [(&str, &[&str]); 17] = [
            ("/usr/bin/foo: not found", &["PRIVMSG #lobby :/usr/bin/foo: not found"]),
            ("/", &["PRIVMSG #lobby :/"]),
            ("/etc: x", &["PRIVMSG #lobby :/etc: x"]),
            ("hello there\r\n", &["PRIVMSG #lobby :hello there"]),
            ("//slash", &["PRIVMSG #lobby :/slash"]),
            ("  ", &[]),
            ("/nick ada", &["NICK :ada"]),
            ("/join den", &["JOIN :#den"]),
            ("/who", &["NAMES #lobby"]),
            ("/me waves", &["PRIVMSG #lobby :\u{1}ACTION waves\u{1}"]),
            ("/msg bob psst, you", &["PRIVMSG bob :psst, you"]),
            ("/topic", &["TOPIC #lobby"]),
            ("/search", &[]),
            ("/search two words; \\", &["SEARCH text=two\\swords\\:\\s\\\\;limit=20"]),
            ("/quit", &["QUIT"]),
            ("/dance", &[]),
            ("a\0b\rQUIT", &["PRIVMSG #lobby :a b QUIT"]),
        ];
        let ada = Talk::new("ada", "#lobby");
        for (typed, lines) in table {
            assert_eq!(ada.typed(typed).server, lines, "{typed:?}");
        }
        for line in ["/nick evil", "/msg bob secret", "//x", "/quit", "plain"] {
            assert_eq!(ada.piped(line).server, [format!("PRIVMSG #lobby :{line}")], "{line}");
        }
        assert_eq!(ada.typed("/dance").person, ["there is no /dance; /help shows what there is"]);
    }

    #[test]
    fn long_words_are_cut_between_characters_and_lose_nothing() {
        let text = "ä".repeat(1000);
        let lines = Talk::new("ada", "#lobby").typed(&text).server;
        let said = lines.iter().map(|line| line.strip_prefix("PRIVMSG #lobby :").expect("talk"));
        assert_eq!(said.collect::<String>(), text);
        assert!(lines.iter().all(|line| line.len() < 400), "each fits into a line");
    }
}
