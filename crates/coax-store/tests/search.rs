//! Search, beside reading everything and comparing words.
//!
//! Nothing here knows tables.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use coax_store::{Entry, Kind, Redact, Search, Store, StoreErrorKind, Target};
use proptest::prelude::*;

fn entry(number: usize, channel: &str, nick: &str, time: i64, text: &str) -> Entry {
    Entry {
        target: Target::channel(channel),
        time,
        msgid: format!("m{number}"),
        kind: Kind::Message,
        sender: format!("{nick}!user@host"),
        account: nick.strip_suffix('_').map(str::to_owned),
        text: text.to_owned(),
        tags: Vec::new(),
    }
}

fn said(texts: &[&str]) -> Store {
    let store = Store::in_memory().unwrap();
    for (number, text) in texts.iter().enumerate() {
        store.apply(entry(number, "#lobby", "ada", number as i64, text)).unwrap();
    }
    store
}

fn words(words: &str) -> Search {
    Search { words: words.to_owned(), limit: 100, ..Search::default() }
}

fn ids(store: &Store, search: &Search) -> Vec<String> {
    let hits = store.reader().search(search).unwrap();
    hits.into_iter().map(|hit| hit.kept.entry.msgid).collect()
}

#[test]
fn all_words_are_there_newest_first() {
    let store = said(&["red green", "green", "Grün blue", "GREEN and red.", "evergreen reds"]);
    for (typed, expected) in [
        ("green", &["m3", "m1", "m0"][..]),
        ("red green", &["m3", "m0"]),
        ("grun", &["m2"]),
        ("GRÜN", &["m2"]),
        ("gre", &[]),
        ("gre*", &["m3", "m1", "m0"]),
        ("red*", &["m4", "m3", "m0"]),
        ("and-red", &["m3"]),
        ("red-and", &[]),
        ("green !!!", &["m3", "m1", "m0"]),
        ("green ** -", &["m3", "m1", "m0"]),
        ("!!!", &[]),
        ("**", &[]),
    ] {
        assert_eq!(ids(&store, &words(typed)), expected, "{typed}");
    }
    assert_eq!(ids(&store, &Search { limit: 1, ..words("green") }), ["m3"]);
    let next = Search { older_than: Some(4), limit: 1, ..words("green") };
    assert_eq!(ids(&store, &next), ["m1"]);
}

#[test]
fn what_a_person_types_is_never_syntax() {
    let store = said(&["NOT a OR b", "near text scope n616461 t1"]);
    for typed in [
        "\"",
        "\"\"",
        "a\" OR \"b",
        "(",
        ")",
        "NOT",
        "OR",
        "AND",
        "a OR",
        "NEAR(a b)",
        "text:",
        "scope:t1",
        "-a",
        "+",
        "^a",
        "{text}:a",
        "text : b",
        "a\0b",
        "'; DROP TABLE message; --",
        "\u{fdd0}",
        "%",
        "\\",
    ] {
        store.reader().search(&words(typed)).unwrap();
    }
    assert_eq!(ids(&store, &words("NOT b")), ["m0"]);
    // The words of the scope are found in texts only where they are in the text.
    assert_eq!(ids(&store, &words("t1")), ["m1"]);
    assert_eq!(ids(&store, &words("n616461")), ["m1"]);
}

#[test]
fn a_search_for_nothing_is_refused() {
    let store = said(&["abc"]);
    for typed in ["", "  ", "a*", "ab*"] {
        let error = store.reader().search(&words(typed)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Invalid, "{typed}");
    }
}

#[test]
fn conversation_speaker_account_and_time_narrow_it() {
    let store = Store::in_memory().unwrap();
    for (number, channel, nick, time) in [
        (0, "#a", "Ada", 10),
        (1, "#b", "bob_", 20),
        (2, "#a", "ada", 30),
        (3, "#c", "eve", 40),
        // The clock was set back.
        (4, "#a", "bob_", 15),
    ] {
        store.apply(entry(number, channel, nick, time, "word")).unwrap();
    }
    let within = |keys: &[&str]| keys.iter().map(|it| Target::channel(*it)).collect::<Vec<_>>();
    let base = || words("word");
    let cases = [
        (base(), &["m4", "m3", "m2", "m1", "m0"][..]),
        (Search { within: within(&["#a"]), ..base() }, &["m4", "m2", "m0"]),
        (Search { within: within(&["#b", "#c", "#none"]), ..base() }, &["m3", "m1"]),
        (Search { within: within(&["#none"]), ..base() }, &[]),
        (Search { nick: Some("ADA".to_owned()), ..base() }, &["m2", "m0"]),
        (Search { nick: Some("ad".to_owned()), ..base() }, &[]),
        (Search { account: Some("bob".to_owned()), ..base() }, &["m4", "m1"]),
        (Search { after: Some(10), before: Some(40), ..base() }, &["m4", "m2", "m1"]),
        (Search { after: Some(40), ..base() }, &[]),
        (Search { before: Some(10), ..base() }, &[]),
        (Search { words: String::new(), within: within(&["#b"]), ..base() }, &["m1"]),
        (Search { nick: Some("ada".to_owned()), before: Some(30), ..base() }, &["m0"]),
    ];
    for (search, expected) in cases {
        assert_eq!(ids(&store, &search), expected, "{search:?}");
    }
}

#[test]
fn the_words_are_marked_where_they_are() {
    let store = said(&["Der Käse, der käsige KASE: käse"]);
    let hit = &store.reader().search(&words("kase der")).unwrap()[0];
    let marked: Vec<_> = hit.marks.iter().map(|it| &hit.kept.entry.text[it.clone()]).collect();
    assert_eq!(marked, ["Der", "Käse", "der", "KASE", "käse"]);
    let store = said(&["我家在上海东边。"]);
    let hit = &store.reader().search(&words("海东 家")).unwrap()[0];
    let marked: Vec<_> = hit.marks.iter().map(|it| &hit.kept.entry.text[it.clone()]).collect();
    assert_eq!(marked, ["家", "海东"]);
}

#[test]
fn every_script_is_found() {
    let store = said(&[
        "我家在上海东边。",
        "東京で会議があります",
        "회의는 세 시에 있습니다",
        "ภาษาไทยไม่มีช่องว่าง",
        "ភាសាខ្មែរ ພາສາລາວ မြန်မာစာ བོད་སྐད།",
        "done 🎉👍🏽",
        "Die Straße, œuvre, Łódź",
        "Ещё раз, мой друг",
        "ＦＵＬＬｗｉｄｔｈ ｶﾅ",
        "\u{3}04red\u{3} \u{2}bo\u{2}ld",
    ]);
    for (typed, expected) in [
        ("上海", &["m0"][..]),
        ("家在上海东", &["m0"]),
        ("海上", &[]),
        ("海", &["m0"]),
        ("我 边", &["m0"]),
        ("上海*", &["m0"]),
        ("東京", &["m1"]),
        ("会議", &["m1"]),
        ("회의", &["m2"]),
        ("\u{1112}\u{116c}\u{110b}\u{1174}", &["m2"]),
        ("ภาษา", &["m3"]),
        ("ไทย", &["m3"]),
        ("ខ្មែរ", &["m4"]),
        ("ພາສາ", &["m4"]),
        ("မြန်မာ", &["m4"]),
        ("བོད་སྐ", &["m4"]),
        ("🎉", &["m5"]),
        ("👍", &["m5"]),
        ("👍🏿", &["m5"]),
        ("strasse", &["m6"]),
        ("STRASSE", &["m6"]),
        ("straße", &["m6"]),
        ("oeuvre lodz", &["m6"]),
        ("еще", &["m7"]),
        ("мои", &[]),
        ("fullwidth カナ", &["m8"]),
        ("red bold", &["m9"]),
    ] {
        assert_eq!(ids(&store, &words(typed)), expected, "{typed}");
    }
}

#[test]
fn what_was_taken_back_is_not_found() {
    let store = said(&["secret word", "another secret"]);
    let target = Target::channel("#lobby");
    store.apply(Redact { target, msgid: "m0".to_owned(), note: Vec::new() }).unwrap();
    assert_eq!(ids(&store, &words("secret")), ["m1"]);
    assert_eq!(ids(&store, &words("word")), [""; 0]);
}

#[test]
fn events_are_not_found() {
    let store = said(&["word"]);
    let topic = Entry { kind: Kind::Topic, ..entry(9, "#lobby", "ada", 9, "word") };
    store.apply(topic).unwrap();
    assert_eq!(ids(&store, &words("word")), ["m0"]);
}

const VOCABULARY: [&str; 12] =
    ["red", "RED", "redder", "réd", "green", "Greens", "blau", "ÄPFEL", "apfel", "a", "42", "x-y"];

/// Lower case without accents, cut at everything that is neither letter nor digit.
fn tokens(text: &str) -> Vec<String> {
    let plain = text.to_lowercase().replace('é', "e").replace('ä', "a");
    plain
        .split(|it: char| !it.is_alphanumeric())
        .filter(|it| !it.is_empty())
        .map(str::to_owned)
        .collect()
}

/// Whether the tokens of a word stand side by side in a text, the last one perhaps a beginning.
fn has(text: &[String], word: &str) -> bool {
    let (stem, star) = (word.trim_end_matches('*'), word.ends_with('*'));
    let wanted = tokens(stem);
    text.windows(wanted.len()).any(|window| {
        window.iter().zip(&wanted).enumerate().all(|(at, (it, wanted))| {
            match star && at + 1 == wanted.len() {
                true => it.starts_with(&**wanted),
                false => {
                    it == wanted || star && at + 1 == window.len() && it.starts_with(&**wanted)
                }
            }
        })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn search_finds_what_reading_everything_finds(
        texts in prop::collection::vec((prop::collection::vec(0..VOCABULARY.len(), 0..6), 0_usize..3, 0_usize..3, 0_i64..9), 1..50),
        wanted in prop::collection::vec((0..VOCABULARY.len(), any::<bool>()), 1..4),
        channel in prop::option::of(0_usize..3),
        nick in prop::option::of(0_usize..3),
        after in prop::option::of(0_i64..9),
        before in prop::option::of(0_i64..9),
        limit in 1_usize..20,
    ) {
        let store = Store::in_memory().unwrap();
        let entries: Vec<_> = texts.iter().enumerate().map(|(number, (words, channel, nick, time))| {
            let text = words.iter().map(|it| VOCABULARY[*it]).collect::<Vec<_>>().join(" ");
            entry(number, &format!("#{channel}"), &format!("n{nick}"), *time, &text)
        }).collect();
        for entry in &entries {
            store.apply(entry.clone()).unwrap();
        }
        let wanted: Vec<_> = wanted.iter().map(|(word, star)| {
            let word = VOCABULARY[*word];
            let long = word.chars().count() >= 3 && !word.contains('-');
            if *star && long { format!("{word}*") } else { word.to_owned() }
        }).collect();
        let expected: Vec<_> = entries.iter().rev().filter(|entry| {
            let text = tokens(&entry.text);
            wanted.iter().all(|word| has(&text, word))
                && channel.is_none_or(|it| entry.target == Target::channel(format!("#{it}")))
                && nick.is_none_or(|it| entry.sender.starts_with(&format!("n{it}!")))
                && after.is_none_or(|it| entry.time > it)
                && before.is_none_or(|it| entry.time < it)
        }).map(|entry| entry.msgid.clone()).take(limit).collect();
        let search = Search {
            words: wanted.join(" "),
            within: channel.iter().map(|it| Target::channel(format!("#{it}"))).collect(),
            nick: nick.map(|it| format!("N{it}")),
            after, before, limit,
            ..Search::default()
        };
        prop_assert_eq!(ids(&store, &search), expected);
    }

    #[test]
    fn any_part_of_a_script_without_spaces_is_found(
        texts in prop::collection::vec("[上海东边🎉a。 ]{0,12}", 1..30),
        wanted in "[上海东边]{1,4}",
    ) {
        let store = said(&texts.iter().map(|it| &**it).collect::<Vec<_>>());
        let expected: Vec<_> = texts.iter().enumerate().rev()
            .filter(|(_, text)| text.contains(&wanted))
            .map(|(number, _)| format!("m{number}"))
            .collect();
        let found = store.reader().search(&words(&wanted)).unwrap();
        for hit in &found {
            prop_assert!(!hit.marks.is_empty());
        }
        prop_assert_eq!(found.into_iter().map(|it| it.kept.entry.msgid).collect::<Vec<_>>(), expected);
    }
}
