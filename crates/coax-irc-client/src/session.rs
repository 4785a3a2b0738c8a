//! Coming in, and staying in.
//!
//! Capabilities are asked for where the server has them (IRCv3 "Capability Negotiation", 302), then
//! the client signs in if it has an account, by SCRAM where the server has it and by PLAIN (RFC 4616)
//! otherwise, then it is in. A brief session waits for nothing before that. A name that is taken gets
//! a tail, as clients do. A refusal is final and says why in the server's words.
//!
//! Nothing here knows what is talked about.

use coax_irc::{CapSet, Capability, Casemapping, Message, SaslPiece, SaslPieces, sasl_pieces};

use crate::scram::{Distrusted, Scram};

/// Names are tried this often before it is the caller's turn to find one.
const NAMES: u32 = 16;
/// Names are cut to this many letters before a tail is put to them.
const STEM: usize = 26;

/// What is asked for where the server has it.
const WANTED: CapSet = CapSet::of(&[
    Capability::AccountTag,
    Capability::Batch,
    Capability::Chathistory,
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
    /// Letters and digits that nobody can guess, other ones each time: SCRAM needs them.
    pub nonce: String,
    /// Whether nobody on the way can read along.
    pub secure: bool,
}

/// One connection to a server.
#[derive(Debug)]
pub struct Session {
    identity: Identity,
    nick: String,
    renamed: u32,
    offered: CapSet,
    caps: CapSet,
    stage: Stage,
    /// Whether it waits for nothing before it is in.
    brief: bool,
    /// The ways to sign in, where the server lists them.
    mechanisms: Option<Vec<String>>,
    /// The attempt at SCRAM; none is PLAIN.
    scram: Option<Scram>,
    pieces: SaslPieces,
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
    /// The password is about to be sent so that others on the way can read it.
    Exposes,
    /// The server will not have it, for this reason.
    Refused(String),
    /// The server is not the one that knows the password.
    Distrusted(String),
}

impl Session {
    /// A session that has not begun.
    pub fn new(identity: Identity) -> Session {
        let nick = identity.nick.clone();
        Session {
            identity,
            nick,
            renamed: 0,
            offered: CapSet::default(),
            caps: CapSet::default(),
            stage: Stage::Opening,
            brief: false,
            mechanisms: None,
            scram: None,
            pieces: SaslPieces::default(),
        }
    }

    /// A session for somebody who says something and leaves: without an account it is in after one
    /// round trip.
    pub fn brief(identity: Identity) -> Session {
        let brief = identity.account.is_none();
        Session { brief, ..Session::new(identity) }
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
        let user = format!("USER {} 0 * :{}", user(&self.identity.nick), self.identity.real_name);
        let (nick, end) = (format!("NICK {}", self.nick), "CAP END".to_owned());
        let rest = match self.brief {
            true => vec!["CAP REQ :echo-message".to_owned(), nick, user, end],
            false => vec!["CAP LS 302".to_owned(), nick, user],
        };
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
            ("AUTHENTICATE", true) => self.authenticate(&param(0)),
            ("903", true) => send("CAP END"),
            ("908", true) => {
                self.mechanisms = Some(list(&param(1)));
                Vec::new()
            }
            ("904", true) if self.may_try_plain() => self.sign_in(false),
            ("902" | "904" | "905" | "906", true) => self.refused(last()),
            ("001", true) => self.welcome(param(0)),
            ("433" | "436" | "437", true) => self.rename(last()),
            ("432" | "464" | "465" | "ERROR", true) => self.refused(last()),
            ("NICK", _) => self.renamed_to(message, param(0)),
            _ => Vec::new(),
        }
    }

    fn capabilities(&mut self, verb: &str, second: &str, names: &str) -> Vec<Step> {
        for word in names.split_ascii_whitespace() {
            if let Some(mechanisms) = word.strip_prefix("sasl=").filter(|_| verb == "LS") {
                self.mechanisms = Some(list(mechanisms));
            }
        }
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
                if self.brief || self.stage == Stage::In {
                    Vec::new()
                } else if self.identity.account.is_some() && self.has(Capability::Sasl) {
                    self.sign_in(self.has_mechanism(SCRAM))
                } else {
                    self.end_of_capabilities()
                }
            }
            "NAK" if !self.brief => self.end_of_capabilities(),
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

    /// Whether the server has this way to sign in, as far as it says.
    fn has_mechanism(&self, name: &str) -> bool {
        self.mechanisms.as_ref().is_none_or(|known| known.iter().any(|it| it == name))
    }

    /// SCRAM failed: perhaps the account cannot be proved so. Where others can read along, only a
    /// server that has nothing better gets the password itself.
    fn may_try_plain(&self) -> bool {
        let open = self.identity.secure || !self.has_mechanism(SCRAM);
        self.scram.is_some() && open && self.has_mechanism(PLAIN)
    }

    fn sign_in(&mut self, by_scram: bool) -> Vec<Step> {
        let Some((name, password)) = &self.identity.account else { return Vec::new() };
        self.pieces = SaslPieces::default();
        self.scram = by_scram.then(|| Scram::new(name, password, &self.identity.nonce));
        if by_scram {
            return send(format!("AUTHENTICATE {SCRAM}"));
        }
        let warning = (!self.identity.secure).then_some(Step::Exposes);
        warning.into_iter().chain(send(format!("AUTHENTICATE {PLAIN}"))).collect()
    }

    fn authenticate(&mut self, piece: &str) -> Vec<Step> {
        let Some((name, password)) = &self.identity.account else { return Vec::new() };
        let Ok(SaslPiece::Whole(said)) = self.pieces.take(piece.as_bytes()) else {
            return Vec::new();
        };
        let answer = match &mut self.scram {
            Some(scram) => scram.answer(&said),
            None => Ok(format!("\0{name}\0{password}").into_bytes()),
        };
        match answer {
            Ok(message) => {
                let pieces = sasl_pieces(&message).into_iter();
                pieces.map(|piece| Step::Send(format!("AUTHENTICATE {piece}"))).collect()
            }
            Err(Distrusted(why)) => {
                self.stage = Stage::Over;
                vec![Step::Distrusted(why.to_owned())]
            }
        }
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
        let stem = &self.identity.nick[..self.identity.nick.floor_char_boundary(STEM)];
        // Farther away each time: many with the same name find theirs in a few steps.
        self.nick = match self.renamed {
            few @ 1..=2 => format!("{stem}{}", "_".repeat(few as usize)),
            many => format!("{stem}{}", 1_u64 << (many - 2)),
        };
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

const SCRAM: &str = "SCRAM-SHA-256";
const PLAIN: &str = "PLAIN";

fn list(names: &str) -> Vec<String> {
    names.split(',').map(str::to_ascii_uppercase).collect()
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
            nonce: "fyko+d2lbbFgONRv9qkxdawL".into(),
            secure: false,
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
    fn it_signs_in_by_the_best_way_there_is() {
        let mut session = ada(Some("ada"));
        let asked = hear(&mut session, ":s CAP * LS :sasl=PLAIN,SCRAM-SHA-256");
        assert_eq!(asked, sent("CAP REQ :sasl"));
        let begun = hear(&mut session, ":s CAP * ACK :sasl");
        assert_eq!(begun, sent("AUTHENTICATE SCRAM-SHA-256"), "and no word of the password");
        let named = hear(&mut session, "AUTHENTICATE +");
        assert_eq!(named, sent("AUTHENTICATE biwsbj1hZGEscj1meWtvK2QybGJiRmdPTlJ2OXFreGRhd0w="));
        let refused = hear(&mut session, ":s 904 * :SASL authentication failed");
        assert_eq!(refused, [Step::Refused("SASL authentication failed".into())]);
        let refused = hear(&mut ada(Some("ada")), ":s CAP * LS :example.org/x");
        assert!(
            matches!(refused[..], [Step::Refused(_)]),
            "nobody signs in where there is no SASL"
        );
    }

    #[test]
    fn the_password_itself_is_sent_where_nothing_better_is_and_not_without_a_word() {
        let mut session = ada(Some("ada"));
        hear(&mut session, ":s CAP * LS :sasl=PLAIN");
        let begun = hear(&mut session, ":s CAP * ACK :sasl");
        assert_eq!(begun, [Step::Exposes, Step::Send("AUTHENTICATE PLAIN".into())]);
        assert_eq!(hear(&mut session, "AUTHENTICATE +"), sent("AUTHENTICATE AGFkYQBzZWNyZXQ="));
        assert_eq!(hear(&mut session, ":s 903 * :done"), sent("CAP END"));
        // A server that does not say what it has says so when it is asked.
        let mut session = ada(Some("ada"));
        hear(&mut session, ":s CAP * LS :sasl");
        let begun = hear(&mut session, ":s CAP * ACK :sasl");
        assert_eq!(begun, sent("AUTHENTICATE SCRAM-SHA-256"));
        hear(&mut session, ":s 908 * PLAIN :are available");
        let plain = hear(&mut session, ":s 904 * :failed");
        assert_eq!(plain, [Step::Exposes, Step::Send("AUTHENTICATE PLAIN".into())]);
        let refused = hear(&mut session, ":s 904 * :failed");
        assert_eq!(refused, [Step::Refused("failed".into())], "and that is the last attempt");
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_not_believed() {
        let mut session = ada(Some("ada"));
        hear(&mut session, ":s CAP * LS :sasl=SCRAM-SHA-256");
        hear(&mut session, ":s CAP * ACK :sasl");
        hear(&mut session, "AUTHENTICATE +");
        let steps = hear(&mut session, "AUTHENTICATE cj1vdGhlcixzPVcyMlosaT00MDk2");
        assert!(matches!(steps[..], [Step::Distrusted(_)]), "{steps:?}");
    }

    #[test]
    fn a_brief_session_waits_for_nothing_before_it_is_in() {
        let mut session = Session::brief(ada(None).identity);
        let begun = session.begin();
        assert_eq!(begun, ["CAP REQ :echo-message", "NICK ada", "USER ada 0 * :Ada", "CAP END"]);
        assert_eq!(hear(&mut session, ":s CAP * ACK :echo-message"), []);
        assert!(session.has(Capability::EchoMessage));
        assert_eq!(hear(&mut session, ":s 433 * ada :in use"), sent("NICK ada_"));
        assert_eq!(hear(&mut session, ":s 001 ada_ :Welcome"), [Step::In]);
        let mut session = Session::brief(ada(Some("ada")).identity);
        assert_eq!(session.begin()[0], "CAP LS 302", "signing in takes its time");
        assert_eq!(hear(&mut session, ":s CAP * LS :sasl"), sent("CAP REQ :sasl"));
    }

    #[test]
    fn a_taken_name_gets_a_tail_that_is_soon_free() {
        let mut session = ada(None);
        for next in ["ada_", "ada__", "ada2", "ada4", "ada8"] {
            assert_eq!(hear(&mut session, ":s 433 * x :in use"), sent(&format!("NICK {next}")));
            assert_eq!(session.nick(), next);
        }
        let mut steps = (0..20).flat_map(|_| hear(&mut session, ":s 433 * ada :in use"));
        assert!(steps.any(|step| step == Step::Refused("in use".into())), "not for ever");
    }
}
