//! A hub, clients of it, and a store that answers its questions.
//!
//! Nothing here knows what should come of it.

use std::collections::BTreeMap;

use coax_chat::Settings;
use coax_chat::hub::{
    Answer, ClientId, Effect, Effects, Hub, Input, Keep, Known, Origin, Question, Ticket, Time,
};
use coax_store::{Account, Name, Password, Register, Store, StoreError, StoreErrorKind};

/// Everything a client of today asks for.
pub const MODERN: &str = "CAP REQ :batch message-tags server-time echo-message labeled-response \
                          account-tag draft/chathistory draft/event-playback soju.im/search";

pub struct Bench {
    pub hub: Hub,
    pub now: u64,
    pub store: Store,
    effects: Effects,
    questions: Vec<(Ticket, Question)>,
    /// Whether the disk takes nothing.
    pub disk_fails: bool,
    /// Whether questions are answered at once.
    pub answers: bool,
    read: BTreeMap<ClientId, Vec<String>>,
    clients: u32,
}

impl Bench {
    pub fn new(settings: &str) -> Bench {
        Bench::with(settings, Store::in_memory().unwrap(), 1_700_000_000_000)
    }

    /// A server that finds what an earlier one left behind.
    pub fn with(settings: &str, store: Store, now: u64) -> Bench {
        let settings = format!("[operators]\nroot = \"secret\"\n{settings}");
        let mut hub = Hub::new(Settings::parse(&settings).unwrap(), Time(now));
        let reader = store.reader();
        let (accounts, channels) = (reader.accounts().unwrap(), reader.channels().unwrap());
        let hosts = reader.shelf("hosts").unwrap();
        let lives = reader.shelf("lives").unwrap();
        let kept_out = reader.shelf("kept-out").unwrap();
        hub.recall(Known { accounts, channels, hosts, lives, kept_out, ..Known::default() });
        Bench {
            hub,
            now,
            store,
            effects: Effects::default(),
            questions: Vec::new(),
            disk_fails: false,
            answers: true,
            read: BTreeMap::new(),
            clients: 0,
        }
    }

    /// The server ends and begins again; nobody is there any more.
    pub fn restarted(self, settings: &str) -> Bench {
        Bench::with(settings, self.store, self.now + 1000)
    }

    /// Somebody who is there, without capabilities.
    pub fn plain(&mut self, nick: &str) -> ClientId {
        let who = self.arrive();
        self.say(who, &format!("NICK {nick}"));
        self.say(who, "USER u 0 * :Real Name");
        self.hear(who);
        who
    }

    /// Somebody who is there, with all capabilities of today.
    pub fn modern(&mut self, nick: &str) -> ClientId {
        let who = self.plain(nick);
        self.say(who, MODERN);
        self.hear(who);
        who
    }

    /// Somebody with an account of that name, which is made if it is not there.
    pub fn signed_in(&mut self, nick: &str) -> ClientId {
        if !self.store.reader().accounts().unwrap().iter().any(|it| it.name.shown == nick) {
            self.account(nick);
        }
        let who = self.arrive();
        self.say(who, MODERN);
        self.say(who, "CAP REQ sasl");
        self.say(who, "AUTHENTICATE PLAIN");
        let given = data_encoding::BASE64.encode(format!("\0{nick}\0sesame").as_bytes());
        self.say(who, &format!("AUTHENTICATE {given}"));
        self.say(who, &format!("NICK {nick}"));
        self.say(who, "USER u 0 * :Real Name");
        self.say(who, "CAP END");
        assert!(self.hear(who).iter().any(|line| line.contains(" 900 ")), "{nick} is signed in");
        who
    }

    /// An account made by the operators.
    pub fn account(&mut self, name: &str) {
        let key = name.to_ascii_lowercase();
        let account = Account {
            name: Name::new(&*key, name),
            password: Password { phc: Some("hash".to_owned()), scram: None },
            created: self.now as i64,
            nicks: vec![Name::new(&*key, name)],
            settings: "{}".to_owned(),
            ..Account::default()
        };
        self.store.apply(Register(account.clone())).unwrap();
        self.hub.recall(Known { accounts: vec![account], ..Known::default() });
    }

    pub fn arrive(&mut self) -> ClientId {
        self.arrive_as(Origin { host: "host".into(), address: "::1".into(), ..Origin::default() })
    }

    /// Somebody who has said nothing yet, from anywhere.
    pub fn arrive_as(&mut self, origin: Origin) -> ClientId {
        let client = ClientId(self.clients);
        self.clients += 1;
        self.apply(Input::Arrive { client, origin });
        client
    }

    pub fn gone(&mut self, client: ClientId) {
        self.apply(Input::Gone { client, why: "gone" });
    }

    /// A line, and a millisecond later.
    pub fn say(&mut self, client: ClientId, line: &str) {
        self.now += 1;
        self.apply(Input::Line { client, line: line.as_bytes() });
    }

    /// What a line brings its sender.
    pub fn ask(&mut self, client: ClientId, line: &str) -> Vec<String> {
        self.hear(client);
        self.say(client, line);
        self.hear(client)
    }

    /// What a client has read since the last time, without `time=` and the names of messages.
    pub fn hear(&mut self, client: ClientId) -> Vec<String> {
        let lines = self.read.remove(&client).unwrap_or_default();
        lines.iter().map(|line| without_chance(line)).collect()
    }

    /// The same, as it was sent.
    pub fn hear_all(&mut self, client: ClientId) -> Vec<String> {
        self.read.remove(&client).unwrap_or_default()
    }

    pub fn apply(&mut self, input: Input<'_>) {
        self.hub.apply(Time(self.now), input, &mut self.effects);
        self.carry_out();
        while self.answers && !self.questions.is_empty() {
            self.answer();
        }
    }

    /// Answers the oldest question that is out.
    pub fn answer(&mut self) {
        let (ticket, question) = self.questions.remove(0);
        let answer = match question {
            Question::Keep(_) if self.disk_fails => Answer::Failed,
            question => find_out(&self.store, question),
        };
        self.hub.apply(Time(self.now), Input::Answer { ticket, answer }, &mut self.effects);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        for effect in self.effects.drain().collect::<Vec<_>>() {
            match effect {
                Effect::Send { to, line } => {
                    let line = std::str::from_utf8(&line).unwrap().trim_end().to_owned();
                    self.read.entry(to).or_default().push(line);
                }
                Effect::Ask { ticket, question } => self.questions.push((ticket, question)),
                Effect::Keep(_) if self.disk_fails => {}
                Effect::Keep(keep) => put(&self.store, *keep).unwrap(),
                _ => {}
            }
        }
        self.hub.check();
    }
}

fn put(store: &Store, keep: Keep) -> Result<(), StoreError> {
    match keep {
        Keep::Entry(it) => store.apply(it).map(drop),
        Keep::Account(it) => store.apply(it),
        Keep::Password(it) => store.apply(it),
        Keep::Settings(it) => store.apply(it),
        Keep::Nick(it) => store.apply(it),
        Keep::Certificate(it) => store.apply(it),
        Keep::NoCertificate(it) => store.apply(it),
        Keep::NoAccount(it) => store.apply(it),
        Keep::Channel(it) => store.apply(it),
        Keep::NoChannel(it) => store.apply(it),
        Keep::ChannelName(it) => store.apply(it),
        Keep::Redact(it) => store.apply(it).map(drop),
        Keep::Shelf(it) => store.apply(it),
    }
}

/// What the store says; passwords are right if they are `sesame`.
fn find_out(store: &Store, question: Question) -> Answer {
    let reader = store.reader();
    let failed = |error: coax_store::StoreError| match error.kind() {
        StoreErrorKind::Missing => Answer::Missing,
        StoreErrorKind::Invalid => Answer::Invalid(error.to_string()),
        _ => Answer::Failed,
    };
    match question {
        Question::Verify { password, .. } => Answer::Verified(&*password == b"sesame"),
        Question::Hash { .. } => {
            let phc = Some("hash".to_owned());
            Answer::Hashed(Box::new(Password { phc, scram: None }))
        }
        Question::Draw => Answer::Drawn([7; 18]),
        Question::Page(page) => reader.page(&page).map_or_else(failed, Answer::Page),
        Question::Conversations(asked) => {
            reader.conversations(&asked).map_or_else(failed, Answer::Conversations)
        }
        Question::Search(searches) => {
            let found = searches.iter().map(|search| reader.search(search));
            let found = found.collect::<Result<Vec<_>, _>>();
            found.map_or_else(failed, |found| Answer::Found(found.concat()))
        }
        Question::Message { target, msgid } => {
            let found = reader.message(&target, &msgid);
            found.map_or_else(failed, |kept| Answer::Message(kept.map(Box::new)))
        }
        Question::Keep(keep) => match put(store, *keep) {
            Ok(()) => Answer::Stored,
            Err(error) if error.kind() == StoreErrorKind::Exists => Answer::Exists,
            Err(error) => failed(error),
        },
    }
}

fn without_chance(line: &str) -> String {
    let Some((tags, rest)) = line.strip_prefix('@').and_then(|line| line.split_once(' ')) else {
        return line.to_owned();
    };
    let told = |tag: &&str| !tag.starts_with("time=") && !tag.starts_with("msgid=");
    let tags = tags.split(';').filter(told).collect::<Vec<_>>().join(";");
    match tags.is_empty() {
        true => rest.to_owned(),
        false => format!("@{tags} {rest}"),
    }
}

/// The texts of talk among lines, in their order.
pub fn talk(lines: &[String]) -> Vec<&str> {
    let texts = lines.iter().filter_map(|line| line.split_once(" PRIVMSG ")?.1.split_once(" :"));
    texts.map(|(_, text)| text).collect()
}

/// The msgid of a line.
pub fn msgid(line: &str) -> &str {
    let (_, rest) = line.split_once("msgid=").unwrap();
    rest.split([';', ' ']).next().unwrap()
}
