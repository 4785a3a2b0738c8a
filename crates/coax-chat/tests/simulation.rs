//! Random commands of many clients, and what must be true after each.
//!
//! Every step is one input. Afterwards: a line went only to somebody who is there, a channel's talk
//! only to its members, nobody is in a channel without the channel knowing, and a second hub that got
//! the same inputs said the same to the last byte.

#![allow(clippy::unwrap_used)]

use coax_chat::Settings;
use coax_chat::hub::{
    Answer, ClientId, Effect, Effects, Hub, Input, Origin, Question, Ticket, Time,
};
use proptest::prelude::*;

const CLIENTS: u32 = 6;
const NICKS: [&str; 5] = ["ada", "Bob", "carl", "dora", "ADA"];
const CHANNELS: [&str; 3] = ["#one", "#two", "#ONE"];

/// What a step does.
#[derive(Clone, Debug)]
enum Step {
    Arrive(u32),
    Gone(u32),
    Line(u32, String),
    Tick,
    /// Answers the oldest question that is out.
    Answer(bool),
}

fn nick() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&NICKS[..])
}

fn channel() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&CHANNELS[..])
}

fn line() -> impl Strategy<Value = String> {
    let text = "[ -~]{0,20}";
    let modes = prop::sample::select(
        &["+o", "-o", "+v", "+b", "-b", "+l", "+k", "-k", "+i-i", "+mnst", "+q", "+e", "+I", "b"][..],
    );
    prop_oneof![
        3 => nick().prop_map(|nick| format!("NICK {nick}")),
        3 => Just("USER u 0 * :real".to_owned()),
        1 => Just("CAP LS 302".to_owned()),
        2 => Just("CAP REQ :message-tags server-time echo-message batch labeled-response".to_owned()),
        1 => Just("CAP REQ :extended-join multi-prefix away-notify account-tag account-notify".to_owned()),
        2 => Just("CAP END".to_owned()),
        8 => channel().prop_map(|name| format!("JOIN {name}")),
        3 => channel().prop_map(|name| format!("PART {name} :bye")),
        8 => (channel(), text).prop_map(|(name, text)| format!("PRIVMSG {name} :{text}")),
        3 => (nick(), text).prop_map(|(nick, text)| format!("@label=x PRIVMSG {nick} :{text}")),
        2 => (channel(), nick()).prop_map(|(name, nick)| format!("KICK {name} {nick} :out")),
        4 => (channel(), modes, nick()).prop_map(|(name, modes, nick)| format!("MODE {name} {modes} {nick}")),
        2 => (channel(), nick()).prop_map(|(name, nick)| format!("INVITE {nick} {name}")),
        1 => (channel(), text).prop_map(|(name, text)| format!("TOPIC {name} :{text}")),
        1 => nick().prop_map(|nick| format!("MONITOR + {nick}")),
        1 => nick().prop_map(|nick| format!("WHOIS {nick}")),
        1 => Just("WHO *".to_owned()),
        2 => channel().prop_map(|name| format!("NAMES {name}")),
        1 => Just("CAP REQ :userhost-in-names".to_owned()),
        1 => Just("LIST".to_owned()),
        1 => Just("AWAY :out".to_owned()),
        1 => Just("NS REGISTER sesame".to_owned()),
        1 => Just("NS DROP ada".to_owned()),
        1 => channel().prop_map(|name| format!("CS REGISTER {name}")),
        1 => channel().prop_map(|name| format!("CS DROP {name}")),
        1 => channel().prop_map(|name| format!("CHATHISTORY LATEST {name} * 5")),
        1 => (channel(), channel()).prop_map(|(old, new)| format!("RENAME {old} {new}")),
        1 => channel().prop_map(|name| format!("REDACT {name} m1")),
        3 => (nick(), text).prop_map(|(nick, text)| format!("PRIVMSG #one,#two,{nick} :{text}")),
        1 => Just("KLINE 5 dora :why".to_owned()),
        1 => Just("AUTHENTICATE PLAIN".to_owned()),
        1 => Just("AUTHENTICATE AGFkYQBzZXNhbWU=".to_owned()),
        1 => Just("QUIT :bye".to_owned()),
        1 => Just("OPER root secret".to_owned()),
        1 => nick().prop_map(|nick| format!("KILL {nick} :why")),
        2 => "[ -~]{0,40}",
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..CLIENTS).prop_map(Step::Arrive),
        1 => (0..CLIENTS).prop_map(Step::Gone),
        40 => (0..CLIENTS, line()).prop_map(|(who, line)| Step::Line(who, line)),
        1 => Just(Step::Tick),
        4 => any::<bool>().prop_map(Step::Answer),
    ]
}

/// A hub, and what a session layer would know.
struct World {
    hub: Hub,
    effects: Effects,
    now: u64,
    connected: Vec<bool>,
    held: Vec<bool>,
    questions: Vec<(Ticket, Question)>,
    told: Vec<String>,
}

impl World {
    fn new(ack: &str) -> World {
        let text = format!("[operators]\nroot = \"secret\"\n[history]\nack = \"{ack}\"");
        let settings = Settings::parse(&text).expect("settings");
        World {
            hub: Hub::new(settings, Time(1_700_000_000_000)),
            effects: Effects::default(),
            now: 1_700_000_000_000,
            connected: vec![false; CLIENTS as usize],
            held: vec![false; CLIENTS as usize],
            questions: Vec::new(),
            told: Vec::new(),
        }
    }

    fn take(&mut self, step: &Step) {
        self.now += 1_700;
        match step {
            Step::Arrive(who) if !self.connected[*who as usize] => {
                self.connected[*who as usize] = true;
                self.held[*who as usize] = false;
                let origin =
                    Origin { host: "h".into(), address: "::1".into(), ..Origin::default() };
                self.apply(Input::Arrive { client: ClientId(*who), origin });
            }
            Step::Gone(who) if self.connected[*who as usize] => {
                self.connected[*who as usize] = false;
                self.apply(Input::Gone { client: ClientId(*who), why: "gone" });
            }
            Step::Line(who, line) if self.is_listening(*who) => {
                self.apply(Input::Line { client: ClientId(*who), line: line.as_bytes() });
            }
            Step::Tick => self.apply(Input::Tick),
            Step::Answer(good) if !self.questions.is_empty() => {
                let (ticket, question) = self.questions.remove(0);
                let answer = answer(&question, *good);
                self.apply(Input::Answer { ticket, answer });
            }
            _ => {}
        }
    }

    fn is_listening(&self, who: u32) -> bool {
        self.connected[who as usize] && !self.held[who as usize]
    }

    fn apply(&mut self, input: Input<'_>) {
        self.hub.apply(Time(self.now), input, &mut self.effects);
        self.told.clear();
        for effect in self.effects.drain().collect::<Vec<_>>() {
            self.told.push(format!("{effect:?}"));
            match effect {
                Effect::Send { to, line } => self.check_line(to, &line),
                Effect::SendAll { to, head, tails } => {
                    tails.iter().for_each(|tail| self.check_line(to, &[&*head, tail].concat()));
                }
                Effect::Close { client } => self.connected[client.0 as usize] = false,
                Effect::Hold { client } => self.held[client.0 as usize] = true,
                Effect::Release { client } => self.held[client.0 as usize] = false,
                Effect::Ask { ticket, question } => self.questions.push((ticket, question)),
                _ => {}
            }
        }
        self.hub.check();
    }
}

impl World {
    fn check_line(&self, to: ClientId, line: &[u8]) {
        assert!(self.connected[to.0 as usize], "a line to nobody: {line:?}");
        assert!(line.ends_with(b"\r\n"), "half a line");
        let inside = &line[..line.len() - 2];
        assert!(!inside.contains(&b'\n') && !inside.contains(&b'\r'), "two lines in one");
        let tags = match line[0] {
            b'@' => line.iter().position(|b| *b == b' ').expect("a source, then a space") + 1,
            _ => 0,
        };
        assert!(line.len() - tags <= 512, "a line over 512 bytes");
        self.check_channel_talk(to, &inside[tags..]);
    }

    /// What is said in a channel is heard by its members, and by nobody else.
    fn check_channel_talk(&self, to: ClientId, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let mut words = line.split(' ').skip(1);
        if let (Some("PRIVMSG" | "TOPIC"), Some(target)) = (words.next(), words.next()) {
            let is_channel = target.starts_with('#');
            assert!(!is_channel || self.hub.is_member(to, target), "told to a stranger: {line}");
        }
    }
}

fn answer(question: &Question, good: bool) -> Answer {
    match question {
        _ if !good => Answer::Failed,
        Question::Verify { hash, .. } => Answer::Verified(hash.is_some()),
        Question::Hash { .. } => {
            let phc = Some("$argon2id$not-a-hash".to_owned());
            Answer::Hashed(Box::new(coax_store::Password { phc, scram: None }))
        }
        Question::Draw => Answer::Drawn([7; 18]),
        Question::Page(_) => Answer::Page(Vec::new()),
        Question::Message { .. } => Answer::Message(None),
        Question::Conversations(_) => Answer::Conversations(Vec::new()),
        _ => Answer::Stored,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn whatever_clients_do_the_hub_stays_whole(
        steps in prop::collection::vec(step(), 1..250),
        ack in prop::sample::select(&["memory", "disk"][..]),
    ) {
        let (mut one, mut other) = (World::new(ack), World::new(ack));
        for who in 0..CLIENTS {
            for line in [format!("NICK n{who}"), "USER u 0 * :r".into(), "JOIN #one".into()] {
                for world in [&mut one, &mut other] {
                    world.take(&Step::Arrive(who));
                    world.take(&Step::Line(who, line.clone()));
                }
            }
        }
        for step in &steps {
            one.take(step);
            other.take(step);
            prop_assert_eq!(&one.told, &other.told, "the same inputs, something else: {:?}", step);
        }
    }
}
