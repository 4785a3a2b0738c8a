//! Coming in, and staying in.
//!
//! Capabilities are asked for where the server has them (IRCv3 "Capability Negotiation", 302), then
//! the client signs in if it has an account (SASL PLAIN, RFC 4616), then it is in. A name that is
//! taken gets a tail, as clients do. A refusal is final and says why in the server's words.
//!
//! Nothing here knows what is talked about.

use coax_irc::{CapSet, Capability, Casemapping, Message, sasl_pieces};

/// Names are tried this often before it is the caller's turn to find one.
const NAMES: u8 = 5;

/// What is asked for where the server has it.
const WANTED: CapSet = CapSet::of(&[
    Capability::AccountTag,
    Capability::EchoMessage,
    Capability::MessageTags,
    Capability::ServerTime,
]);

/// Who comes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The wished name.
    pub nick: String,
    /// What WHOIS says beside it.
    pub real_name: String,
    /// The account's name and password.
    pub account: Option<(String, String)>,
    /// The server's password (PASS).
    pub password: Option<String>,
}

/// One connection to a server.
#[derive(Debug)]
pub struct Session {
    identity: Identity,
    nick: String,
    renamed: u8,
    offered: CapSet,
    caps: CapSet,
    stage: Stage,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Opening,
    In,
    Over,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this line.
    Send(String),
    /// The client is in, under the session's nick.
    In,
    /// The server will not have it, for this reason.
    Refused(String),
}

impl Session {
    /// A session that has not begun.
    pub fn new(identity: Identity) -> Session {
        let nick = identity.nick.clone();
        let (offered, caps) = (CapSet::default(), CapSet::default());
        Session { identity, nick, renamed: 0, offered, caps, stage: Stage::Opening }
    }

    /// The name, as the server has it.
    pub fn nick(&self) -> &str {
        &self.nick
    }

    /// Whether the server granted it.
    pub fn has(&self, capability: Capability) -> bool {
        self.caps.has(capability)
    }

    /// The lines to begin with.
    pub fn begin(&self) -> Vec<String> {
        let pass = self.identity.password.iter().map(|password| format!("PASS :{password}"));
        let rest = [
            "CAP LS 302".to_owned(),
            format!("NICK {}", self.nick),
            format!("USER {} 0 * :{}", user(&self.identity.nick), self.identity.real_name),
        ];
        pass.chain(rest).collect()
    }

    /// What a line of the server asks for; most ask for nothing.
    pub fn hear(&mut self, message: &Message<'_>) -> Vec<Step> {
        let param = |place| text(message.params.get(place).unwrap_or_default());
        let last = || text(message.params.iter().last().unwrap_or_default());
        let opening = self.stage == Stage::Opening;
        match (text(message.command).as_str(), opening) {
            ("PING", _) => send(format!("PONG :{}", last())),
            ("CAP", _) => self.capabilities(&param(1), &param(2), &last()),
            ("AUTHENTICATE", true) if param(0) == "+" => self.authenticate(),
            ("903", true) => send("CAP END"),
            ("902" | "904" | "905" | "906" | "908", true) => self.refused(last()),
            ("001", true) => self.welcome(param(0)),
            ("433" | "436" | "437", true) => self.rename(last()),
            ("432" | "464" | "465" | "ERROR", true) => self.refused(last()),
            ("NICK", _) => self.renamed_to(message, param(0)),
            _ => Vec::new(),
        }
    }

    fn capabilities(&mut self, verb: &str, second: &str, names: &str) -> Vec<Step> {
        let names = names.split_ascii_whitespace().filter_map(|word| word.split('=').next());
        let named = names.filter_map(|name| Capability::named(name.as_bytes())).collect::<CapSet>();
        match verb {
            "LS" => {
                self.offered = self.offered.union(named);
                // A star says that the list goes on.
                if second == "*" { Vec::new() } else { self.ask() }
            }
            "ACK" => {
                self.caps = self.caps.union(named);
                match self.identity.account.is_some() && self.has(Capability::Sasl) {
                    true => send("AUTHENTICATE PLAIN"),
                    false => self.end_of_capabilities(),
                }
            }
            "NAK" => self.end_of_capabilities(),
            _ => Vec::new(),
        }
    }

    fn ask(&mut self) -> Vec<Step> {
        let signs_in = self.identity.account.is_some();
        let wanted = if signs_in { WANTED.with(Capability::Sasl) } else { WANTED };
        let names =
            wanted.intersection(self.offered).iter().map(Capability::name).collect::<Vec<_>>();
        match names.is_empty() {
            true => self.end_of_capabilities(),
            false => send(format!("CAP REQ :{}", names.join(" "))),
        }
    }

    fn end_of_capabilities(&mut self) -> Vec<Step> {
        match self.identity.account.is_some() && !self.has(Capability::Sasl) {
            true => self.refused("the server has no accounts to sign in to".to_owned()),
            false => send("CAP END"),
        }
    }

    fn authenticate(&self) -> Vec<Step> {
        let Some((name, password)) = &self.identity.account else { return Vec::new() };
        let message = format!("\0{name}\0{password}");
        let pieces = sasl_pieces(message.as_bytes());
        pieces.into_iter().map(|piece| Step::Send(format!("AUTHENTICATE {piece}"))).collect()
    }

    fn welcome(&mut self, nick: String) -> Vec<Step> {
        (self.stage, self.nick) = (Stage::In, nick);
        vec![Step::In]
    }

    fn rename(&mut self, why: String) -> Vec<Step> {
        if self.renamed == NAMES {
            return self.refused(why);
        }
        self.renamed += 1;
        self.nick.push('_');
        send(format!("NICK {}", self.nick))
    }

    fn renamed_to(&mut self, message: &Message<'_>, nick: String) -> Vec<Step> {
        if message
            .source()
            .is_some_and(|source| Casemapping::Rfc7613.same(source.nick, self.nick.as_bytes()))
        {
            self.nick = nick;
        }
        Vec::new()
    }

    fn refused(&mut self, why: String) -> Vec<Step> {
        self.stage = Stage::Over;
        vec![Step::Refused(why)]
    }
}

fn send(line: impl Into<String>) -> Vec<Step> {
    vec![Step::Send(line.into())]
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A user name that every server takes: letters and digits of the nick.
fn user(nick: &str) -> String {
    let letters = nick.chars().filter(char::is_ascii_alphanumeric).take(10).collect::<String>();
    if letters.is_empty() { "coax".to_owned() } else { letters }
}

#[cfg(test)]
mod tests {
    use super::{Identity, Session, Step};
    use coax_irc::{Capability, Message};

    fn ada(account: Option<&str>) -> Session {
        let account = account.map(|name| (name.to_owned(), "secret".to_owned()));
        Session::new(Identity {
            nick: "ada".into(),
            real_name: "Ada".into(),
            account,
            password: None,
        })
    }

    fn hear(session: &mut Session, line: &str) -> Vec<Step> {
        session.hear(&Message::parse(line.as_bytes()).expect("a line"))
    }

    fn sent(line: &str) -> Vec<Step> {
        vec![Step::Send(line.to_owned())]
    }

    #[test]
    fn it_asks_for_what_the_server_has_and_comes_in() {
        let mut session = ada(None);
        assert_eq!(session.begin(), ["CAP LS 302", "NICK ada", "USER ada 0 * :Ada"]);
        assert_eq!(hear(&mut session, ":s CAP * LS * :sasl=PLAIN server-time"), []);
        let asked = hear(&mut session, ":s CAP * LS :echo-message example.org/x");
        assert_eq!(asked, sent("CAP REQ :echo-message server-time"));
        assert_eq!(hear(&mut session, ":s CAP * ACK :echo-message server-time"), sent("CAP END"));
        assert!(session.has(Capability::EchoMessage) && !session.has(Capability::Sasl));
        assert_eq!(hear(&mut session, ":s 001 ada :Welcome"), [Step::In]);
        assert_eq!(hear(&mut session, "PING :x y"), sent("PONG :x y"));
        hear(&mut session, ":ada!a@h NICK eve");
        assert_eq!(session.nick(), "eve");
    }

    #[test]
    fn it_signs_in_where_it_has_an_account() {
        let mut session = ada(Some("ada"));
        assert_eq!(hear(&mut session, ":s CAP * LS :sasl"), sent("CAP REQ :sasl"));
        assert_eq!(hear(&mut session, ":s CAP * ACK :sasl"), sent("AUTHENTICATE PLAIN"));
        assert_eq!(hear(&mut session, "AUTHENTICATE +"), sent("AUTHENTICATE AGFkYQBzZWNyZXQ="));
        assert_eq!(hear(&mut session, ":s 903 * :done"), sent("CAP END"));
        let refused = hear(&mut ada(Some("ada")), ":s 904 * :SASL authentication failed");
        assert_eq!(refused, [Step::Refused("SASL authentication failed".into())]);
        let refused = hear(&mut ada(Some("ada")), ":s CAP * LS :batch");
        assert!(
            matches!(refused[..], [Step::Refused(_)]),
            "nobody signs in where there is no SASL"
        );
    }

    #[test]
    fn a_taken_name_gets_a_tail_a_few_times() {
        let mut session = ada(None);
        assert_eq!(hear(&mut session, ":s 433 * ada :in use"), sent("NICK ada_"));
        for _ in 0..4 {
            hear(&mut session, ":s 433 * ada :in use");
        }
        assert_eq!(hear(&mut session, ":s 433 * ada :in use"), [Step::Refused("in use".into())]);
    }
}
