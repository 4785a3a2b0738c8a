//! Random commands of many clients, and what must be true after each.
//!
//! Every step is one input. Afterwards: a line went only to somebody who is there, a channel's talk
//! only to its members, its history only to members of the same life, each label was answered once,
//! whoever speaks has the host that was told before, nobody is in a channel without the channel
//! knowing, and a second hub that got the same inputs said the same to the last byte.

#![allow(clippy::unwrap_used)]

#[path = "simulation/watch.rs"]
mod watch;
#[path = "simulation/world.rs"]
mod world;

use proptest::prelude::*;
use world::World;

const CLIENTS: u32 = 6;
const NICKS: [&str; 6] = ["ada", "Bob", "carl", "dora", "ADA", "B0b"];
const CHANNELS: [&str; 3] = ["#one", "#two", "#ONE"];

/// What a step does.
#[derive(Clone, Debug)]
enum Step {
    Arrive(u32),
    Gone(u32),
    Line(u32, String),
    /// All say it, one after the other.
    Everyone(String),
    Tick,
    /// The owner of the server makes an account, or gives it another password.
    Account(&'static str),
    /// Answers the oldest question that is out.
    Answer(bool),
}

fn nick() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&NICKS[..])
}

fn channel() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&CHANNELS[..])
}

/// A tag in front, or nothing. The number is put in when the line is said: no label comes twice.
fn label() -> impl Strategy<Value = &'static str> {
    prop::sample::select(&["", "@label=# "][..])
}

fn line() -> impl Strategy<Value = String> {
    let text = "[ -~]{0,20}";
    let modes = prop::sample::select(
        &[
            "+o", "-o", "+v", "+b", "-b", "+l", "+W 5", "-W", "+k", "-k", "+i-i", "+mnst", "+q",
            "+e", "+I", "b",
        ][..],
    );
    prop_oneof![
        3 => nick().prop_map(|nick| format!("NICK {nick}")),
        3 => Just("USER u 0 * :real".to_owned()),
        1 => Just("CAP LS 302".to_owned()),
        2 => Just("CAP REQ :message-tags server-time echo-message batch labeled-response".to_owned()),
        1 => Just("CAP REQ :extended-join multi-prefix away-notify account-tag account-notify".to_owned()),
        1 => Just("CAP REQ :chghost draft/chathistory draft/event-playback soju.im/search".to_owned()),
        2 => Just("CAP END".to_owned()),
        8 => channel().prop_map(|name| format!("JOIN {name}")),
        3 => channel().prop_map(|name| format!("PART {name} :bye")),
        8 => (channel(), text).prop_map(|(name, text)| format!("PRIVMSG {name} :{text}")),
        3 => (nick(), text).prop_map(|(nick, text)| format!("@label=# PRIVMSG {nick} :{text}")),
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
        4 => (channel(), label()).prop_map(|(name, label)| format!("{label}CHATHISTORY LATEST {name} * 5")),
        2 => (channel(), nick()).prop_map(|(name, nick)| format!("CHATHISTORY AFTER {name} msgid={nick} 5")),
        1 => nick().prop_map(|nick| format!("CHATHISTORY LATEST {nick} * 5")),
        1 => Just("CHATHISTORY TARGETS timestamp=2001-01-01T00:00:00.000Z timestamp=2099-01-01T00:00:00.000Z 9".to_owned()),
        3 => (text, label()).prop_map(|(text, label)| format!("{label}SEARCH text={}", text.replace([' ', ';', '\\'], ""))),
        4 => channel().prop_map(|name| format!("SEARCH in={name}")),
        2 => (prop::sample::select(&["n0", "n1", "n2", "ada"][..]), prop::sample::select(&["a.b", "user/x", "no@host"][..])).prop_map(|(nick, host)| format!("CHGHOST {nick} {host}")),
        1 => (nick(), prop::sample::select(&["a.b", "user/x"][..])).prop_map(|(nick, host)| format!("HS SET {nick} {host}")),
        1 => prop::sample::select(&["HS ON", "HS OFF", "NS LOGOUT", "NS IDENTIFY ada sesame", "HS LIST"][..]).prop_map(str::to_owned),
        1 => (label(), nick()).prop_map(|(label, nick)| format!("{label}KLINE 5 {nick}!*@* :why")),
        1 => (channel(), channel()).prop_map(|(old, new)| format!("RENAME {old} {new}")),
        1 => nick().prop_map(|nick| format!("SHUN 5 {nick}!*@* :why")),
        1 => nick().prop_map(|nick| format!("UNSHUN {nick}!*@*")),
        1 => channel().prop_map(|name| format!("REDACT {name} m1")),
        3 => (nick(), text, label()).prop_map(|(nick, text, label)| format!("{label}PRIVMSG #one,#two,{nick} :{text}")),
        1 => Just("KLINE 5 dora :why".to_owned()),
        1 => Just("AUTHENTICATE PLAIN".to_owned()),
        1 => Just("AUTHENTICATE AGFkYQBzZXNhbWU=".to_owned()),
        1 => label().prop_map(|label| format!("{label}QUIT :bye")),
        2 => Just("OPER root secret".to_owned()),
        1 => nick().prop_map(|nick| format!("KILL {nick} :why")),
        2 => "[ -~]{0,40}",
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => (0..CLIENTS).prop_map(Step::Arrive),
        1 => (0..CLIENTS).prop_map(Step::Gone),
        40 => (0..CLIENTS, line()).prop_map(|(who, line)| Step::Line(who, line)),
        1 => channel().prop_map(|name| Step::Everyone(format!("PART {name}"))),
        1 => Just(Step::Tick),
        1 => nick().prop_map(Step::Account),
        4 => any::<bool>().prop_map(Step::Answer),
    ]
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
        for world in [&mut one, &mut other] {
            world.take(&Step::Line(5, "OPER root secret".to_owned()));
        }
        for step in &steps {
            one.told.clear();
            other.told.clear();
            one.take(step);
            other.take(step);
            prop_assert_eq!(&one.told, &other.told, "the same inputs, something else: {:?}", step);
        }
    }
}
