//! What operators rely on, with a clock that the test winds: waiting after wrong passwords, sessions
//! of an account, who is kept out, what CAP says of TLS.
//!
//! The hub is given everything as values, so an hour takes no time.

#![allow(clippy::unwrap_used)]

use coax_chat::Settings;
use coax_chat::hub::{
    Answer, Cause, ClientId, Effect, Effects, Hub, Input, Means, Note, Origin, Question, Ticket,
    Time, Way,
};
use coax_store::Password;

/// `ada` and a password, for SASL PLAIN.
const ADA: &str = "AUTHENTICATE AGFkYQBzZXNhbWU=";

struct World {
    hub: Hub,
    now: u64,
    next: u32,
    heard: Vec<(u32, String)>,
    notes: Vec<Note>,
    questions: Vec<(Ticket, Question)>,
}

impl World {
    fn new(settings: &str) -> World {
        let settings = Settings::parse(settings).unwrap();
        World {
            hub: Hub::new(settings, Time(1_700_000_000_000)),
            now: 1_700_000_000_000,
            next: 0,
            heard: Vec::new(),
            notes: Vec::new(),
            questions: Vec::new(),
        }
    }

    fn apply(&mut self, input: Input<'_>) {
        let mut effects = Effects::default();
        self.hub.apply(Time(self.now), input, &mut effects);
        let mut kept = Vec::new();
        for effect in effects.drain() {
            match effect {
                Effect::Send { to, line } => {
                    self.heard.push((to.0, String::from_utf8_lossy(&line).into_owned()));
                }
                Effect::Note(note) => self.notes.push(*note),
                Effect::Ask { ticket, question: Question::Keep(_) } => kept.push(ticket),
                Effect::Ask { ticket, question } => self.questions.push((ticket, question)),
                _ => {}
            }
        }
        self.hub.check();
        // The disk takes everything, at once.
        for ticket in kept {
            self.apply(Input::Answer { ticket, answer: Answer::Stored });
        }
    }

    fn wait(&mut self, seconds: u64) {
        self.now += seconds * 1000;
    }

    fn arrive(&mut self, origin: Origin) -> u32 {
        self.next += 1;
        self.apply(Input::Arrive { client: ClientId(self.next), origin });
        self.next
    }

    /// Somebody who has registered.
    fn join(&mut self, nick: &str, address: &str) -> u32 {
        let who = self.arrive(from(address));
        self.say(who, &format!("NICK {nick}"));
        self.say(who, "USER u 0 * :r");
        who
    }

    fn say(&mut self, who: u32, line: &str) {
        self.apply(Input::Line { client: ClientId(who), line: line.as_bytes() });
    }

    /// Answers what was asked, as if every password were right, or wrong.
    fn answer(&mut self, right: bool) -> usize {
        let questions = std::mem::take(&mut self.questions);
        let count = questions.len();
        for (ticket, question) in questions {
            let answer = match question {
                Question::Verify { hash, .. } => Answer::Verified(right && hash.is_some()),
                Question::Hash { .. } => {
                    let phc = Some("$argon2id$".to_owned());
                    Answer::Hashed(Box::new(Password { phc, scram: None }))
                }
                _ => Answer::Failed,
            };
            self.apply(Input::Answer { ticket, answer });
        }
        count
    }

    fn register(&mut self, nick: &str, address: &str) -> u32 {
        let who = self.join(nick, address);
        self.say(who, "NS REGISTER sesame");
        self.answer(true);
        who
    }

    /// The last line somebody heard.
    fn last(&self, who: u32) -> &str {
        let mine = self.heard.iter().rev().find(|(to, _)| *to == who);
        mine.map(|(_, line)| line.trim_end()).unwrap_or_default()
    }

    /// Tries a password by SASL from an address; whether it was looked at.
    fn tries(&mut self, address: &str, right: bool) -> bool {
        let who = self.arrive(from(address));
        self.say(who, "AUTHENTICATE PLAIN");
        self.say(who, ADA);
        let looked_at = self.answer(right) > 0;
        let numeric = if looked_at && right { " 903 " } else { " 904 " };
        assert!(self.last(who).contains(numeric), "{}", self.last(who));
        self.apply(Input::Gone { client: ClientId(who), why: "gone" });
        looked_at
    }
}

fn from(address: &str) -> Origin {
    Origin { host: address.to_owned(), address: address.to_owned(), ..Origin::default() }
}

#[test]
fn wrong_passwords_make_one_wait_longer_each_time_and_never_for_ever() {
    let mut world = World::new("");
    world.register("ada", "198.51.100.1");
    assert!((0..5).all(|_| world.tries("192.0.2.1", false)), "five are free");
    let mut waits = Vec::new();
    for _ in 0..8 {
        let mut waited = 0;
        while !world.tries("192.0.2.1", false) {
            world.wait(1);
            waited += 1;
        }
        waits.push(waited);
    }
    assert_eq!(waits, [1, 2, 4, 8, 16, 32, 64, 128]);
    // The right one is refused as well where one has to wait, and is taken after.
    assert!(!world.tries("192.0.2.1", true), "it waits like a wrong one");
    assert!(world.tries("192.0.2.2", true), "the owner, elsewhere, does not wait for a stranger");
    world.wait(256);
    assert!(world.tries("192.0.2.1", true));
}

#[test]
fn the_owner_comes_in_from_home_while_others_guess() {
    let mut world = World::new("");
    world.register("ada", "198.51.100.1");
    assert!(world.tries("198.51.100.1", true));
    let stranger = |number: u32| format!("192.0.2.{}", number % 200);
    for number in 0..300 {
        world.tries(&stranger(number), false);
    }
    assert!(!world.tries("203.0.113.1", true), "elsewhere they wait");
    assert!(world.tries("198.51.100.1", true), "at home they do not");
}

#[test]
fn a_hundred_attempts_at_the_same_time_are_a_hundred() {
    let mut world = World::new("");
    world.register("ada", "198.51.100.1");
    for _ in 0..100 {
        let who = world.arrive(from("192.0.2.1"));
        world.say(who, "AUTHENTICATE PLAIN");
        world.say(who, ADA);
    }
    assert_eq!(world.questions.len(), 5, "the others are not even looked at");
}

#[test]
fn nickserv_oper_and_scram_wait_as_well() {
    let mut world = World::new("[operators]\nroot = \"secret\"");
    world.register("ada", "198.51.100.1");
    let eve = world.join("eve", "192.0.2.1");
    for _ in 0..5 {
        world.say(eve, "NS IDENTIFY ada wrong");
        assert_eq!(world.answer(false), 1);
    }
    world.say(eve, "NS IDENTIFY ada sesame");
    assert!(world.last(eve).ends_with("Too many wrong passwords: try again in 1 s"));
    assert_eq!(world.answer(true), 0);
    for _ in 0..5 {
        world.say(eve, "OPER root wrong");
        assert!(world.last(eve).ends_with("Password incorrect"));
    }
    world.say(eve, "OPER root secret");
    assert!(world.last(eve).ends_with("Too many wrong passwords: try again in 1 s"));
    let scram = world.arrive(from("192.0.2.1"));
    world.say(scram, "AUTHENTICATE SCRAM-SHA-256");
    // n,,n=ada,r=rOprNGfwEbeRWgbNEkqO
    world.say(scram, "AUTHENTICATE biwsbj1hZGEscj1yT3ByTkdmd0ViZVJXZ2JORWtxTw==");
    assert!(world.last(scram).contains(" 904 "), "{}", world.last(scram));
    world.wait(1);
    world.say(eve, "OPER root secret");
    assert!(world.heard.iter().any(|(to, line)| *to == eve && line.contains(" 381 ")));
    assert_eq!(world.hub.counts().tries[..3], [[0, 0, 1], [0, 5, 1], [1, 5, 1]]);
    let early = |note: &&Note| matches!(note, Note::NotSignedIn { wait: 1, .. });
    assert_eq!(world.notes.iter().filter(early).count(), 3);
    let oper = |note: &Note| matches!(note, Note::NotSignedIn { means: Means::Oper, .. });
    assert!(world.notes.iter().any(oper));
}

#[test]
fn the_servers_password_is_guessed_as_slowly_and_that_is_noted() {
    let mut world = World::new("[server]\npassword = \"sesame\"");
    let come = |world: &mut World, nick: &str, address: &str, password: &str| {
        let who = world.arrive(from(address));
        world.say(who, &format!("PASS {password}"));
        world.say(who, &format!("NICK {nick}"));
        world.say(who, "USER u 0 * :r");
        world.last(who).to_owned()
    };
    assert!(!come(&mut world, "ada", "192.0.2.1", "sesame").contains("ERROR"));
    for number in 0..3000 {
        let told = come(&mut world, &format!("n{number}"), "192.0.2.1", &format!("p{number}"));
        assert!(told.starts_with("ERROR"), "{told}");
    }
    let [right, wrong, early] = world.hub.counts().tries[Means::Server as usize];
    assert_eq!((right, wrong, early), (1, 15, 2985));
    let first = |note: &&Note| matches!(note, Note::NotSignedIn { is_first: true, .. });
    assert_eq!(world.notes.iter().filter(first).count(), 1, "one line for the log");
    let told = come(&mut world, "eve", "192.0.2.1", "sesame");
    assert!(told.contains("Too many wrong passwords: try again in 1 s"), "{told}");
    // Who was here before, and who comes from elsewhere, does not wait.
    world.apply(Input::Gone { client: ClientId(1), why: "gone" });
    assert!(!come(&mut world, "ada", "192.0.2.1", "sesame").contains("ERROR"));
    assert!(!come(&mut world, "bob", "192.0.2.2", "sesame").contains("ERROR"));
    // No password is no guess.
    for number in 0..30 {
        let who = world.join(&format!("m{number}"), "192.0.2.3");
        assert!(world.last(who).contains("(192.0.2.3) Password incorrect"), "{}", world.last(who));
    }
    assert!(!come(&mut world, "sue", "192.0.2.3", "sesame").contains("ERROR"));
}

#[test]
fn the_key_of_a_channel_is_guessed_as_slowly() {
    let mut world = World::new("");
    let ada = world.join("ada", "198.51.100.1");
    world.say(ada, "JOIN #den");
    world.say(ada, "MODE #den +k sesame");
    let eve = world.join("eve", "192.0.2.1");
    for number in 0..100 {
        world.say(eve, &format!("JOIN #den k{number}"));
        assert!(world.last(eve).contains(" 475 "), "{}", world.last(eve));
    }
    assert_eq!(world.hub.counts().tries[Means::Key as usize], [0, 5, 95]);
    world.say(eve, "JOIN #den sesame");
    assert!(world.last(eve).contains("too many wrong keys, try again in 1 s"));
    let bob = world.join("bob", "192.0.2.1");
    world.say(bob, "JOIN #den sesame");
    assert!(world.hub.is_member(ClientId(bob), "#den"), "a neighbour who knows it comes in");
    world.wait(1);
    world.say(eve, "JOIN #den sesame");
    assert!(world.hub.is_member(ClientId(eve), "#den"));
}

#[test]
fn a_bot_with_a_wrong_password_does_not_keep_its_neighbours_out() {
    let mut world = World::new("[operators]\nroot = \"secret\"");
    let names = ["ada", "bob", "sue"];
    let people = names.map(|nick| world.register(nick, "192.0.2.1"));
    let bot = world.join("bot", "192.0.2.1");
    for _ in 0..22 {
        world.say(bot, "NS IDENTIFY botty wrong");
        world.answer(false);
        if world.last(bot).contains("ERROR") {
            break;
        }
    }
    for (who, name) in people.into_iter().zip(names) {
        world.say(who, &format!("NS IDENTIFY {name} sesame"));
        assert_eq!(world.answer(true), 1, "{name} is looked at");
    }
    world.say(people[0], "OPER root secret");
    assert!(world.hub.is_operator(ClientId(people[0])));
}

#[test]
fn a_password_that_could_not_be_looked_at_is_not_a_wrong_one() {
    let mut world = World::new("");
    world.register("ada", "198.51.100.1");
    for _ in 0..50 {
        let who = world.arrive(from("192.0.2.1"));
        world.say(who, "AUTHENTICATE PLAIN");
        world.say(who, ADA);
        let (ticket, _) = world.questions.remove(0);
        world.apply(Input::Answer { ticket, answer: Answer::Failed });
        assert!(world.last(who).ends_with("could not be checked just now: try again"));
    }
    assert!(world.tries("192.0.2.1", true));
    assert_eq!(world.hub.counts().tries[Means::Sasl as usize], [1, 0, 0]);
}

#[test]
fn the_password_of_a_gateway_is_guessed_as_slowly() {
    let mut world = World::new("[listen]\nwebirc = { \"10.0.0.1\" = \"sesame\" }");
    for number in 0..50 {
        let who = world.arrive(from("10.0.0.1"));
        world.say(who, &format!("WEBIRC p{number} gate h 192.0.2.7"));
        assert!(world.last(who).starts_with("ERROR"), "{}", world.last(who));
    }
    assert_eq!(world.hub.counts().tries[Means::WebIrc as usize], [0, 5, 45]);
    world.wait(1);
    let who = world.arrive(from("10.0.0.1"));
    world.say(who, "WEBIRC sesame gate h 192.0.2.7");
    assert_eq!(world.hub.counts().tries[Means::WebIrc as usize], [1, 5, 45]);
}

#[test]
fn a_network_of_ipv6_is_one_neighbour_and_another_is_another() {
    let mut world = World::new("[limits]\nper-address = 3");
    for last in 1..=3 {
        let who = world.join(&format!("a{last}"), &format!("2001:db8:1:2::{last:x}"));
        assert!(!world.last(who).starts_with("ERROR"), "{}", world.last(who));
    }
    let fourth = world.arrive(from("2001:db8:1:2:ffff::4"));
    assert!(world.last(fourth).contains("Too many connections from your address"));
    let other = world.join("other", "2001:db8:1:3::1");
    assert!(!world.last(other).starts_with("ERROR"));
    world.apply(Input::Gone { client: ClientId(1), why: "gone" });
    let again = world.join("again", "2001:db8:1:2:ffff::5");
    assert!(!world.last(again).starts_with("ERROR"), "one left");
}

#[test]
fn an_address_makes_so_many_accounts_in_an_hour() {
    let mut world = World::new("[accounts]\nper-address = 3");
    for number in 0..10 {
        world.register(&format!("n{number}"), "2001:db8::1");
    }
    assert_eq!(world.hub.account_count(), 3);
    world.register("elsewhere", "2001:db8:0:1::1");
    assert_eq!(world.hub.account_count(), 4);
    world.wait(60 * 60);
    let late = world.register("late", "2001:db8::2");
    assert_eq!(world.hub.account_count(), 5, "{}", world.last(late));
}

#[test]
fn nobody_waits_where_that_is_switched_off() {
    let mut world = World::new("[accounts]\nwrong-passwords = 0");
    world.register("ada", "198.51.100.1");
    assert!((0..100).all(|_| world.tries("192.0.2.1", false)));
}

#[test]
fn an_account_has_so_many_sessions_and_one_more_when_one_ends() {
    let mut world = World::new("[limits]\nper-account = 2");
    let first = world.register("ada", "198.51.100.1");
    let sign_in = |world: &mut World, nick: &str| {
        let who = world.join(nick, "198.51.100.2");
        world.say(who, "NS IDENTIFY ada sesame");
        world.answer(true);
        (who, world.last(who).ends_with("You are now identified for ada"))
    };
    assert!(sign_in(&mut world, "ada2").1);
    let (third, identified) = sign_in(&mut world, "ada3");
    assert!(!identified);
    assert!(world.last(third).ends_with("Too many are signed in to that account already"));
    let by_sasl = world.arrive(from("198.51.100.3"));
    world.say(by_sasl, "AUTHENTICATE PLAIN");
    world.say(by_sasl, ADA);
    world.answer(true);
    assert!(world.last(by_sasl).contains(" 904 "));
    world.apply(Input::Gone { client: ClientId(first), why: "gone" });
    assert!(sign_in(&mut world, "ada4").1);
}

#[test]
fn whoever_is_kept_out_goes_at_once_and_when_they_say_who_they_are() {
    let mut world = World::new("[operators]\nroot = \"secret\"");
    let root = world.join("root", "198.51.100.9");
    world.say(root, "OPER root secret");
    let mallory = world.register("mallory", "192.0.2.1");
    let other = world.join("other", "192.0.2.2");
    let bystander = world.join("bystander", "203.0.113.1");
    world.say(root, "KLINE 10 *!*@192.0.2.2 :enough");
    assert!(world.last(other).contains("You are kept out of this server: enough"));
    world.say(root, "KLINE $a:mallory :enough");
    assert!(world.last(mallory).starts_with("ERROR"));
    let again = world.join("again", "192.0.2.77");
    world.say(again, "NS IDENTIFY mallory sesame");
    world.answer(true);
    assert!(world.last(again).starts_with("ERROR"), "{}", world.last(again));
    let kept_out = |note: &&Note| matches!(note, Note::Left { cause: Cause::KeptOut, .. });
    assert_eq!(world.notes.iter().filter(kept_out).count(), 3);
    // Ten minutes later the one with a term may come back, and nobody else was touched.
    let early = world.join("early", "192.0.2.2");
    assert!(world.last(early).starts_with("ERROR"));
    world.wait(601);
    let late = world.join("late", "192.0.2.2");
    assert!(world.last(late).contains(" 422 "));
    world.say(bystander, "PING here");
    assert!(world.last(bystander).contains("PONG"));
}

#[test]
fn an_operator_who_keeps_somebody_out_stays_whatever_was_kept_out_before() {
    let mut world = World::new("[operators]\nroot = \"secret\"");
    let root = world.join("root", "198.51.100.9");
    world.say(root, "OPER root secret");
    let other = world.join("other", "192.0.2.2");
    world.say(root, "KLINE 10 boss!*@* :no");
    world.say(root, "NICK boss");
    world.say(root, "KLINE 10 other!*@* :no");
    assert!(world.last(other).starts_with("ERROR"), "{}", world.last(other));
    assert!(world.last(root).contains("1 put out"), "{}", world.last(root));
}

#[test]
fn cap_tells_irc_clients_to_come_by_tls_and_nobody_else() {
    let own = "certificate = \"a\"\ncertificate-key = \"b\"\nsts = true\nsts-port = 6697\n";
    let offer = |settings: &str, secure: bool, way: Way, version: &str| {
        let mut world = World::new(&format!("[listen]\n{settings}"));
        let who = world.arrive(Origin { secure, way, ..from("192.0.2.1") });
        world.say(who, &format!("CAP LS {version}"));
        let words = world.heard.iter().flat_map(|(_, line)| line.split_whitespace());
        let sts = words.filter(|word| word.starts_with("sts")).map(str::to_owned);
        let sts = sts.collect::<Vec<_>>().join(" ");
        world.say(who, "CAP REQ sts");
        assert!(world.last(who).contains(" NAK "), "{}", world.last(who));
        sts
    };
    assert_eq!(offer(own, false, Way::Irc, "302"), "sts=port=6697");
    assert_eq!(offer(own, true, Way::Irc, "302"), "sts=duration=2592000");
    assert_eq!(offer(own, false, Way::Irc, ""), "");
    assert_eq!(offer(own, false, Way::WebSocket, "302"), "");
    assert_eq!(offer("", true, Way::Irc, "302"), "");
    // Taken back: those who had it are told where they are.
    let back = format!("{own}sts-duration = 0");
    assert_eq!(offer(&back, true, Way::Irc, "302"), "sts=duration=0");
    assert_eq!(offer(&back, false, Way::Irc, "302"), "");
    let alone = Settings::parse("[listen]\nsts = true").unwrap_err();
    assert_eq!(alone.place, Some((2, 1)));
}

#[test]
fn a_cloaked_address_is_shown_to_nobody_but_operators() {
    let mut world = World::new("[server]\ncloak = true\n[operators]\nroot = \"secret\"");
    let eve = world.join("eve", "198.51.100.1");
    let ada = world.join("ada", "192.0.2.55");
    for line in ["CAP REQ :userhost-in-names extended-monitor", "MONITOR + ada", "JOIN #c"] {
        world.say(eve, line);
    }
    for line in ["JOIN #c", "PRIVMSG #c :hello", "TOPIC #c :tea", "AWAY :out", "NICK ada_"] {
        world.say(ada, line);
    }
    let asks = ["WHO #c", "WHO ada_ %uhinr", "WHOIS ada_", "USERHOST ada_", "NAMES #c", "LINKS"];
    asks.iter().for_each(|line| world.say(eve, line));
    world.say(ada, "QUIT :bye");
    world.say(eve, "WHOWAS ada_");
    let of_eve = world.heard.iter().filter(|(to, _)| *to == eve).map(|(_, line)| line);
    let of_eve = of_eve.cloned().collect::<String>();
    assert!(of_eve.matches(".cloak").count() > 8, "{of_eve}");
    assert!(!of_eve.contains("192.0.2.55"), "{of_eve}");
    let again = world.join("ada", "192.0.2.55");
    world.say(eve, "OPER root secret");
    world.say(eve, "WHOIS ada");
    assert!(world.heard.iter().any(|(to, line)| *to == eve && line.contains("192.0.2.55")));
    // Two from one address have one cloak, and a ban of it holds.
    let cloak = |world: &World, who: u32| {
        let welcome = world.heard.iter().find(|(to, line)| *to == who && line.contains(" 001 "));
        welcome.unwrap().1.trim_end().rsplit('@').next().unwrap().to_owned()
    };
    assert_eq!(cloak(&world, ada), cloak(&world, again));
    assert_ne!(cloak(&world, ada), cloak(&world, eve));
}

#[test]
fn operators_alone_are_told_what_operators_should_know() {
    let mut world = World::new("[operators]\nroot = \"secret\"");
    let (root, ada) = (world.join("root", "192.0.2.1"), world.join("ada", "192.0.2.2"));
    world.say(root, "OPER root secret");
    world.apply(Input::Notice { text: "the disk is full" });
    assert!(world.last(root).ends_with("NOTICE root :the disk is full"));
    assert!(!world.last(ada).contains("disk"));
}

#[test]
fn a_note_never_holds_a_password() {
    let mut world = World::new("[operators]\nroot = \"hush-oper\"");
    let ada = world.join("ada", "192.0.2.1");
    world.say(ada, "NS REGISTER hush-account");
    world.answer(true);
    world.say(ada, "OPER root hush-wrong");
    world.say(ada, "OPER root hush-oper");
    world.say(ada, "NS IDENTIFY ada hush-account");
    world.answer(false);
    world.say(ada, "NS PASSWD hush-account hush-new");
    world.answer(true);
    world.say(ada, "QUIT :bye");
    assert!(world.notes.len() >= 6, "{:?}", world.notes);
    assert!(!format!("{:?}", world.notes).contains("hush"), "{:?}", world.notes);
}
