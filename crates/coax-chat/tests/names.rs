//! Who is in a channel of many, after all kinds of changes.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;

use coax_chat::Settings;
use coax_chat::hub::{ClientId, Effect, Effects, Hub, Input, Origin, Time};

const NOW: Time = Time(1_700_000_000_000);
const MEMBERS: u32 = 200;

fn say(hub: &mut Hub, who: u32, line: &str) -> Vec<Effect> {
    let mut effects = Effects::default();
    hub.apply(NOW, Input::Line { client: ClientId(who), line: line.as_bytes() }, &mut effects);
    hub.check();
    effects.drain().collect()
}

fn arrive(hub: &mut Hub, who: u32) {
    let origin = Origin { host: "h".into(), address: "::1".into(), ..Origin::default() };
    let input = Input::Arrive { client: ClientId(who), origin };
    hub.apply(NOW, input, &mut Effects::default());
    say(hub, who, &format!("NICK n{who}"));
    say(hub, who, "USER u 0 * :r");
}

/// The names that a client is told.
fn names(hub: &mut Hub, who: u32, line: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for effect in say(hub, who, line) {
        let Effect::SendAll { to, head, tails } = effect else { continue };
        assert_eq!(to, ClientId(who));
        let head = String::from_utf8_lossy(&head).into_owned();
        assert!(head.ends_with(" #c :") && head.contains(" 353 "), "{head}");
        for tail in tails.iter() {
            let tail = String::from_utf8_lossy(tail).into_owned();
            for name in tail.trim_end().split(' ') {
                assert!(names.insert(name.to_owned()), "{name} is named twice");
            }
        }
    }
    names
}

#[test]
fn names_are_of_those_who_are_there_now() {
    let mut hub = Hub::new(Settings::default(), NOW);
    for who in 0..MEMBERS {
        arrive(&mut hub, who);
        let read = names(&mut hub, who, "JOIN #c");
        assert_eq!(read.len(), who as usize + 1, "all who were there, and the one who came");
    }
    // From the first, a middle and the last block, and the last of all.
    for who in [1, 63, 64, 100, MEMBERS - 1] {
        say(&mut hub, who, "PART #c");
    }
    say(&mut hub, 70, "NICK other");
    say(&mut hub, 0, "MODE #c +v n80");
    let mut wanted = (2..MEMBERS - 1).map(|who| format!("n{who}")).collect::<BTreeSet<_>>();
    wanted.retain(|name| !["n63", "n64", "n100", "n70", "n80"].contains(&name.as_str()));
    wanted.extend(["@n0", "other", "+n80"].map(str::to_owned));
    assert_eq!(names(&mut hub, 5, "NAMES #c"), wanted);

    say(&mut hub, 6, "CAP REQ :userhost-in-names");
    let whole = names(&mut hub, 6, "NAMES #c");
    assert!(whole.contains("other!~u@h") || whole.contains("other!u@h"), "{whole:?}");
    assert_eq!(whole.len(), wanted.len());
}

#[test]
fn names_with_a_label_are_a_batch_of_whole_lines() {
    let mut hub = Hub::new(Settings::default(), NOW);
    for who in 0..100 {
        arrive(&mut hub, who);
        say(&mut hub, who, "JOIN #c");
    }
    say(&mut hub, 7, "CAP REQ :labeled-response batch message-tags");
    let lines = say(&mut hub, 7, "@label=x NAMES #c").into_iter().map(|effect| match effect {
        Effect::Send { line, .. } => String::from_utf8_lossy(&line).into_owned(),
        other => panic!("{other:?}"),
    });
    let lines = lines.collect::<Vec<_>>();
    assert!(lines[0].starts_with("@label=x ") && lines[0].contains(" BATCH +"), "{lines:?}");
    let named = lines.iter().filter(|line| line.starts_with("@batch=") && line.contains(" 353 "));
    assert!(named.count() >= 2, "{lines:?}");
}
