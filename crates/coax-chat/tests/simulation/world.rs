//! A hub, what a session layer would know of it, and what must be true after each step.
//!
//! The store here gives more than it is asked for, so whatever is told too much is the hub's fault.
//!
//! Nothing here chooses steps.

use std::collections::BTreeMap;

use coax_chat::Settings;
use coax_chat::hub::{
    Answer, ClientId, Effect, Effects, Hub, Input, Keep, Origin, Question, Ticket, Time,
};
use coax_store::{Account, Conversation, Entry, Hit, Kept, Name, Password, Register, Target};

use crate::watch::Watch;
use crate::{CLIENTS, Step};

/// A hub, and what a session layer would know.
pub(crate) struct World {
    hub: Hub,
    effects: Effects,
    now: u64,
    connected: Vec<bool>,
    held: Vec<bool>,
    questions: Vec<(Ticket, Question)>,
    /// Every effect of the step, as text.
    pub(crate) told: Vec<String>,
    kept: Vec<Written>,
    /// How often each channel began, by its folded name.
    lives: BTreeMap<String, u32>,
    watch: Watch,
    /// What each client could read when it asked last.
    rights: BTreeMap<ClientId, Rights>,
    /// Whether what is told now was said before.
    is_past: bool,
}

/// Whose history somebody may read.
#[derive(Clone, Default)]
struct Rights {
    /// Which life of which channel.
    lives: BTreeMap<String, u32>,
    account: Option<String>,
}

/// Something in the history.
struct Written {
    kept: Kept,
    /// In which life of its channel it was said.
    life: u32,
}

impl World {
    pub(crate) fn new(ack: &str) -> World {
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
            kept: Vec::new(),
            lives: BTreeMap::new(),
            watch: Watch::default(),
            rights: BTreeMap::new(),
            is_past: false,
        }
    }

    pub(crate) fn take(&mut self, step: &Step) {
        self.now += 1_700;
        match step {
            Step::Arrive(who) if !self.connected[*who as usize] => {
                self.connected[*who as usize] = true;
                self.held[*who as usize] = false;
                self.watch.forget(ClientId(*who));
                let origin =
                    Origin { host: "h".into(), address: "::1".into(), ..Origin::default() };
                self.apply(Input::Arrive { client: ClientId(*who), origin });
            }
            Step::Gone(who) if self.connected[*who as usize] => {
                self.connected[*who as usize] = false;
                self.apply(Input::Gone { client: ClientId(*who), why: "gone" });
            }
            Step::Line(who, line) if self.is_listening(*who) => {
                let line = self.watch.labelled(ClientId(*who), line);
                self.apply(Input::Line { client: ClientId(*who), line: line.as_bytes() });
            }
            Step::Everyone(line) => {
                (0..CLIENTS).for_each(|who| self.take(&Step::Line(who, line.clone())));
            }
            Step::Tick => self.apply(Input::Tick),
            Step::Account(name) => {
                let password = Password { phc: Some("phc".to_owned()), scram: None };
                let (key, settings) = (name.to_ascii_lowercase(), "{}".to_owned());
                let (name, created) = (Name::new(&*key, &**name), self.now as i64);
                let account = Account { name, password, created, settings, ..Account::default() };
                self.apply(Input::Kept(Box::new(Keep::Account(Register(account)))));
            }
            Step::Answer(good) if !self.questions.is_empty() => {
                let (ticket, question) = self.questions.remove(0);
                self.is_past = matches!(question, Question::Page(_) | Question::Search(_));
                let answer = self.answer(question, *good);
                self.apply(Input::Answer { ticket, answer });
                self.is_past = false;
            }
            _ => {}
        }
    }

    fn is_listening(&self, who: u32) -> bool {
        self.connected[who as usize] && !self.held[who as usize]
    }

    fn apply(&mut self, input: Input<'_>) {
        self.hub.apply(Time(self.now), input, &mut self.effects);
        for effect in self.effects.drain().collect::<Vec<_>>() {
            self.told.push(format!("{effect:?}"));
            match effect {
                Effect::Send { to, line } => self.check_line(to, &line),
                Effect::SendAll { to, head, tails } => {
                    tails.iter().for_each(|tail| self.check_line(to, &[&*head, tail].concat()));
                }
                Effect::Close { client } => self.connected[client.0 as usize] = false,
                Effect::Hold { client } => {
                    let now = self.rights_of(client);
                    // What is asked next was thought of before.
                    let rights = self.rights.entry(client).or_default();
                    if !std::mem::replace(&mut self.held[client.0 as usize], true) {
                        *rights = now;
                    }
                }
                Effect::Release { client } => self.held[client.0 as usize] = false,
                Effect::Ask { ticket, question } => {
                    if let Question::Keep(keep) = &question
                        && let Keep::Entry(entry) = &**keep
                    {
                        self.write(entry);
                    }
                    self.questions.push((ticket, question));
                }
                Effect::Keep(keep) => {
                    if let Keep::Entry(entry) = *keep {
                        self.write(&entry);
                    }
                }
                _ => {}
            }
        }
        self.hub.check();
        for name in ["#one", "#two"] {
            if !self.hub.has_channel(name) {
                *self.lives.entry(name.to_owned()).or_default() += 1;
            }
        }
        for who in 0..CLIENTS {
            let (is_here, held) = (self.connected[who as usize], self.held[who as usize]);
            self.watch.check(ClientId(who), is_here, held);
        }
    }

    fn rights_of(&self, who: ClientId) -> Rights {
        let names = ["#one", "#two"].into_iter();
        let open = names.filter(|it| self.hub.is_member(who, it) || self.hub.is_operator(who));
        let lives = open.map(|it| (it.to_owned(), self.life_of(&Target::channel(it)))).collect();
        Rights { lives, account: self.hub.account(who).map(str::to_ascii_lowercase) }
    }

    fn life_of(&self, target: &Target) -> u32 {
        match target {
            Target::Channel(key) => self.lives.get(key).copied().unwrap_or_default(),
            Target::Private(..) => 0,
        }
    }

    fn write(&mut self, entry: &Entry) {
        let life = self.life_of(&entry.target);
        let sequence = self.kept.len() as i64;
        let kept = Kept { sequence, entry: entry.clone(), redacted: None };
        assert!(self.kept.iter().all(|it| it.kept.entry.msgid != entry.msgid), "a name of two");
        self.kept.push(Written { kept, life });
    }

    /// A store that gives more than it was asked for: all of the conversation, whatever the bounds.
    fn answer(&self, question: Question, good: bool) -> Answer {
        let of = |target: &Target, talk: bool| {
            let rows = self
                .kept
                .iter()
                .map(|it| &it.kept)
                .filter(move |it| !talk || it.entry.kind.is_talk());
            rows.filter(|it| it.entry.target == *target).cloned().collect::<Vec<_>>()
        };
        match question {
            _ if !good => Answer::Failed,
            Question::Page(page) => Answer::Page(of(&page.target, !page.events)),
            Question::Search(searches) => {
                let targets = searches.iter().flat_map(|search| &search.within);
                let rows = targets.flat_map(|target| of(target, true));
                Answer::Found(rows.map(|kept| Hit { kept, marks: Vec::new() }).collect())
            }
            Question::Conversations(asked) => {
                let of_person = |target: &Target| match target {
                    Target::Channel(key) => asked.channels.contains(key),
                    Target::Private(one, other) => {
                        asked.person.as_ref().is_some_and(|it| it == one || it == other)
                    }
                };
                let rows = self.kept.iter().map(|it| &it.kept);
                let rows = rows.filter(|it| of_person(&it.entry.target));
                let found = rows.map(|it| (it.entry.target.clone(), it.place()));
                let found = found.collect::<BTreeMap<_, _>>().into_iter();
                Answer::Conversations(
                    found.map(|(target, latest)| Conversation { target, latest }).collect(),
                )
            }
            other => answer(&other),
        }
    }

    /// What was said before is told only to whom it was said, or could have been.
    fn check_history(&self, to: ClientId, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let Some((tags, _)) = line.strip_prefix('@').and_then(|line| line.split_once(' ')) else {
            return;
        };
        let value = |key| tags.split(';').find_map(|tag| tag.strip_prefix(key));
        let Some(msgid) = value("msgid=") else { return };
        let rights = self.rights.get(&to).cloned().unwrap_or_default();
        let mut told = self.kept.iter().filter(|it| it.kept.entry.msgid.starts_with(msgid));
        let may = told.any(|it| match &it.kept.entry.target {
            Target::Channel(key) => rights.lives.get(key) == Some(&it.life),
            Target::Private(one, other) => {
                rights.account.as_ref().is_some_and(|me| me == one || me == other)
            }
        });
        assert!(may, "history of others: {line}");
    }
}

impl World {
    /// A line goes to somebody who is there, is one line, and is not too long.
    fn check_line(&mut self, to: ClientId, line: &[u8]) {
        assert!(self.connected[to.0 as usize], "a line to nobody: {line:?}");
        assert!(line.ends_with(b"\r\n"), "half a line");
        let inside = &line[..line.len() - 2];
        assert!(!inside.contains(&b'\n') && !inside.contains(&b'\r'), "two lines in one");
        let tags = match line[0] {
            b'@' => line.iter().position(|b| *b == b' ').expect("a source, then a space") + 1,
            _ => 0,
        };
        assert!(line.len() - tags <= 512, "a line over 512 bytes");
        match self.is_past {
            true => self.check_history(to, inside),
            false => self.check_channel_talk(to, &inside[tags..]),
        }
        self.watch.heard(to, inside, self.is_past);
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

fn answer(question: &Question) -> Answer {
    match question {
        Question::Verify { hash, .. } => Answer::Verified(hash.is_some()),
        Question::Hash { .. } => {
            let phc = Some("$argon2id$not-a-hash".to_owned());
            Answer::Hashed(Box::new(coax_store::Password { phc, scram: None }))
        }
        Question::Draw => Answer::Drawn([7; 18]),
        Question::Message { .. } => Answer::Message(None),
        _ => Answer::Stored,
    }
}
