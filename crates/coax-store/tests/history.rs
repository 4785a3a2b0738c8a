//! Pages of a conversation, beside a list that is simply cut.
//!
//! Nothing here knows tables.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use coax_store::{
    Anchor, Conversations, Entry, Kind, Page, Place, Redact, Slice, Store, StoreErrorKind, Target,
};
use proptest::prelude::*;

fn entry(target: &Target, number: usize, time: i64, kind: Kind) -> Entry {
    Entry {
        target: target.clone(),
        time,
        msgid: format!("m{number}"),
        kind,
        sender: "ada!ada@host".to_owned(),
        account: None,
        text: format!("text {number}"),
        tags: vec![0, 255],
    }
}

/// A store with messages m0, m1, … at these times in one conversation.
fn spoken(times: &[i64]) -> (Store, Target) {
    let (store, target) = (Store::in_memory().unwrap(), Target::channel("#lobby"));
    for (number, time) in times.iter().enumerate() {
        store.apply(entry(&target, number, *time, Kind::Message)).unwrap();
    }
    (store, target)
}

fn ids(store: &Store, target: &Target, slice: Slice, limit: usize, events: bool) -> Vec<String> {
    let page = Page { target: target.clone(), slice, limit, events };
    let rows = store.reader().page(&page).unwrap();
    assert!(rows.is_sorted_by_key(|row| row.place()));
    rows.into_iter().map(|row| row.entry.msgid).collect()
}

fn msgid(id: &str) -> Anchor {
    Anchor::Msgid(id.to_owned())
}

#[test]
fn every_slice_begins_and_ends_where_it_should() {
    use Anchor::Time;
    use Slice::{After, Around, Before, Between, Latest, LatestAfter};
    // m2 and m3 in one millisecond.
    let (store, lobby) = spoken(&[10, 20, 30, 30, 40, 50]);
    let cases: [(Slice, usize, &[&str]); 19] = [
        (Latest, 2, &["m4", "m5"]),
        (Latest, 0, &[]),
        (Latest, 99, &["m0", "m1", "m2", "m3", "m4", "m5"]),
        (LatestAfter(msgid("m2")), 99, &["m3", "m4", "m5"]),
        (LatestAfter(msgid("m2")), 1, &["m5"]),
        (LatestAfter(Time(30)), 99, &["m4", "m5"]),
        (Before(msgid("m3")), 2, &["m1", "m2"]),
        (Before(Time(30)), 99, &["m0", "m1"]),
        (After(msgid("m2")), 2, &["m3", "m4"]),
        (After(Time(30)), 1, &["m4"]),
        (After(msgid("m5")), 9, &[]),
        (Between(msgid("m1"), msgid("m4")), 1, &["m2"]),
        (Between(msgid("m4"), msgid("m1")), 1, &["m3"]),
        (Between(Time(10), Time(40)), 99, &["m1", "m2", "m3"]),
        (Between(msgid("m2"), msgid("m2")), 9, &[]),
        (Around(msgid("m3")), 3, &["m2", "m3", "m4"]),
        (Around(msgid("m3")), 1, &["m3"]),
        (Around(Time(30)), 4, &["m0", "m1", "m2", "m3"]),
        (Around(Time(31)), 2, &["m3", "m4"]),
    ];
    for (slice, limit, expected) in cases {
        let shown = format!("{slice:?} {limit}");
        assert_eq!(ids(&store, &lobby, slice, limit, false), expected, "{shown}");
    }
}

#[test]
fn an_entry_comes_back_as_it_was_given() {
    let store = Store::in_memory().unwrap();
    let given = Entry {
        account: Some("ada".to_owned()),
        text: "\u{2}fett\0 ünd \u{1f980}".to_owned(),
        ..entry(&Target::private("bob", "ada"), 1, -5, Kind::Kick)
    };
    let place = store.apply(given.clone()).unwrap();
    let target = Target::private("ada", "bob");
    let found = store.reader().message(&target, "m1").unwrap().unwrap();
    assert_eq!(found.place(), place);
    assert_eq!(found.redacted, None);
    assert_eq!(found.entry, Entry { target: target.clone(), ..given });
    assert_eq!(store.reader().message(&Target::channel("ada"), "m1").unwrap(), None);
}

#[test]
fn events_come_only_when_asked_for_and_do_not_push_out_talk() {
    let (store, lobby) = (Store::in_memory().unwrap(), Target::channel("#lobby"));
    for number in 0..20 {
        let kind = if number % 5 == 0 { Kind::Notice } else { Kind::Join };
        store.apply(entry(&lobby, number, number as i64, kind)).unwrap();
    }
    assert_eq!(ids(&store, &lobby, Slice::Latest, 3, false), ["m5", "m10", "m15"]);
    assert_eq!(ids(&store, &lobby, Slice::Latest, 3, true), ["m17", "m18", "m19"]);
    let after = Slice::After(msgid("m13"));
    assert_eq!(ids(&store, &lobby, after, 3, true), ["m14", "m15", "m16"]);
    // An anchor may be an event, even when events are not asked for.
    let after = Slice::After(msgid("m13"));
    assert_eq!(ids(&store, &lobby, after, 3, false), ["m15"]);
}

#[test]
fn an_id_of_another_conversation_is_no_anchor() {
    let (store, lobby) = spoken(&[1]);
    let other = Target::channel("#other");
    store.apply(entry(&other, 7, 7, Kind::Message)).unwrap();
    let slice = Slice::Before(msgid("m7"));
    let page = Page { target: lobby, slice, limit: 9, events: true };
    let error = store.reader().page(&page).unwrap_err();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (StoreErrorKind::Missing, "no message 'm7'")
    );
}

#[test]
fn an_id_is_kept_once_and_its_neighbours_all_the_same() {
    let (store, lobby) = (Store::in_memory().unwrap(), Target::channel("#lobby"));
    let (tell, told) = std::sync::mpsc::channel();
    // Sent without waiting, so that they share a transaction.
    for number in [1, 2, 1, 3] {
        let tell = tell.clone();
        let receipt = move |kept: Result<Place, _>| {
            tell.send((number, kept.map_err(|it: coax_store::StoreError| it.kind()))).unwrap()
        };
        store.send(entry(&lobby, number, 5, Kind::Message), receipt).unwrap();
    }
    drop(tell);
    let told: Vec<_> = told.iter().map(|(number, kept)| (number, kept.err())).collect();
    assert_eq!(told, [(1, None), (2, None), (1, Some(StoreErrorKind::Exists)), (3, None)]);
    assert_eq!(ids(&store, &lobby, Slice::Latest, 9, true), ["m1", "m2", "m3"]);
}

#[test]
fn what_makes_no_sense_is_refused() {
    let store = Store::in_memory().unwrap();
    for target in [Target::channel(""), Target::private("", "ada"), Target::private("ada", "")] {
        let error = store.apply(entry(&target, 1, 1, Kind::Message)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Invalid);
    }
    let long = Entry {
        text: "x".repeat(Entry::MOST_BYTES),
        ..entry(&Target::channel("#lobby"), 1, 1, Kind::Message)
    };
    assert_eq!(store.apply(long).unwrap_err().kind(), StoreErrorKind::Invalid);
}

#[test]
fn a_redacted_message_leaves_its_place_and_a_note() {
    let (store, lobby) = spoken(&[1, 2, 3]);
    let redact = |msgid: &str, target: &Target| Redact {
        target: target.clone(),
        msgid: msgid.to_owned(),
        note: b"spam".to_vec(),
    };
    store.apply(redact("m1", &lobby)).unwrap();
    let found = store.reader().message(&lobby, "m1").unwrap().unwrap();
    assert_eq!((found.entry.text.as_str(), found.entry.tags.len()), ("", 0));
    assert_eq!(found.redacted.as_deref(), Some(&b"spam"[..]));
    assert_eq!(ids(&store, &lobby, Slice::Latest, 9, false), ["m0", "m1", "m2"]);
    // A second time is another note and no harm.
    store.apply(redact("m1", &lobby)).unwrap();
    store.reader().check().unwrap();
    for (msgid, target) in [("m9", lobby), ("m1", Target::channel("#other"))] {
        let error = store.apply(redact(msgid, &target)).unwrap_err();
        assert_eq!(error.kind(), StoreErrorKind::Missing);
    }
}

#[test]
fn a_clock_that_was_set_back_hides_nothing_and_moves_nothing() {
    // The clock was ahead for two messages, and right again after.
    let (store, lobby) = spoken(&[10, 20, 9000, 9010, 30, 40]);
    let all = ["m0", "m1", "m2", "m3", "m4", "m5"];
    for (slice, expected) in [
        (Slice::Latest, &all[..]),
        (Slice::After(msgid("m3")), &all[4..]),
        (Slice::After(Anchor::Time(20)), &all[2..]),
        (Slice::Before(msgid("m5")), &all[..5]),
        (Slice::Before(Anchor::Time(50)), &["m0", "m1", "m4", "m5"]),
        (Slice::LatestAfter(Anchor::Time(30)), &["m2", "m3", "m5"]),
        (Slice::Between(msgid("m2"), msgid("m5")), &["m3", "m4"]),
        (Slice::Between(msgid("m5"), msgid("m2")), &["m3", "m4"]),
    ] {
        assert_eq!(ids(&store, &lobby, slice.clone(), 99, false), expected, "{slice:?}");
    }
    let exported: Vec<_> = store.reader().export(Some(lobby)).map(Result::unwrap).collect();
    assert!(exported.iter().map(|it| it.entry.msgid.as_str()).eq(all));
    assert_eq!(store.reader().latest_time().unwrap(), Some(9010));
}

#[test]
fn conversations_are_listed_by_their_last_word() {
    let store = Store::in_memory().unwrap();
    let said = [
        (Target::channel("#a"), 10, Kind::Message),
        (Target::channel("#b"), 20, Kind::Message),
        (Target::channel("#b"), 90, Kind::Join),
        (Target::private("ada", "bob"), 30, Kind::Message),
        (Target::private("eve", "ada"), 40, Kind::Message),
        (Target::private("eve", "bob"), 50, Kind::Message),
        (Target::private("ada", "ada"), 60, Kind::Message),
    ];
    for (number, (target, time, kind)) in said.iter().enumerate() {
        store.apply(entry(target, number, *time, *kind)).unwrap();
    }
    let list = |from, to, limit, events| {
        let channels = ["#a", "#b", "#none"].map(str::to_owned).to_vec();
        let person = Some("ada".to_owned());
        let asked = Conversations { channels, person, from, to, limit, events };
        let found = store.reader().conversations(&asked).unwrap();
        found.into_iter().map(|it| it.latest.time).collect::<Vec<_>>()
    };
    assert_eq!(list(0, 100, 9, false), [10, 20, 30, 40, 60]);
    assert_eq!(list(0, 100, 9, true), [10, 30, 40, 60, 90]);
    assert_eq!(list(10, 60, 9, false), [20, 30, 40]);
    assert_eq!(list(0, 100, 2, false), [10, 20]);
    assert_eq!(list(100, 0, 2, false), [60, 40]);
}

#[test]
fn an_export_is_everything_in_its_order() {
    let times: Vec<_> = (0..1203).map(|it| i64::from(it * 7 % 100)).collect();
    let (store, lobby) = spoken(&times);
    store.apply(entry(&Target::channel("#other"), 5000, 5, Kind::Quit)).unwrap();
    let all: Vec<_> = store.reader().export(None).map(|it| it.unwrap()).collect();
    let expected = (0..1203).chain([5000]).map(|it| format!("m{it}"));
    assert!(all.iter().map(|it| it.entry.msgid.clone()).eq(expected));
    let one: Vec<_> = store.reader().export(Some(lobby)).map(|it| it.unwrap().place()).collect();
    assert_eq!(one.len(), 1203);
    assert!(one.is_sorted());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Pages of any length, forward or backward, by id, place or both, give everything once.
    #[test]
    fn pages_in_any_mixture_give_every_entry_once_and_in_order(
        times in prop::collection::vec(0_i64..8, 1..60),
        kinds in prop::collection::vec(any::<bool>(), 60),
        start in any::<prop::sample::Index>(),
        steps in prop::collection::vec((any::<bool>(), any::<bool>(), 1_usize..9), 130),
        events in any::<bool>(),
    ) {
        let (store, lobby) = (Store::in_memory().unwrap(), Target::channel("#lobby"));
        let mut all = Vec::new();
        for (number, (time, talk)) in times.iter().zip(&kinds).enumerate() {
            let kind = if *talk { Kind::Message } else { Kind::Join };
            let place = store.apply(entry(&lobby, number, *time, kind)).unwrap();
            if *talk || events {
                all.push((place, format!("m{number}")));
            }
        }
        all.sort();
        let first = Slice::Around(Anchor::Time(times[start.index(times.len())]));
        let page = |slice, limit| {
            let page = Page { target: lobby.clone(), slice, limit, events };
            store.reader().page(&page).unwrap().into_iter()
                .map(|row| (row.place(), row.entry.msgid)).collect::<Vec<_>>()
        };
        let mut seen = page(first, 2);
        prop_assert!(all.is_empty() || !seen.is_empty());
        let anchor = |at: &(Place, String), by_id: bool| match by_id {
            true => Anchor::Msgid(at.1.clone()),
            false => Anchor::Place(at.0),
        };
        for (forward, by_id, limit) in steps {
            if seen.is_empty() { break; }
            if forward {
                let after = page(Slice::After(anchor(seen.last().unwrap(), by_id)), limit);
                seen.extend(after);
            } else {
                let before = page(Slice::Before(anchor(&seen[0], by_id)), limit);
                seen.splice(0..0, before);
            }
        }
        let begins = all.iter().position(|it| Some(it) == seen.first()).unwrap_or(0);
        prop_assert_eq!(&all[begins..begins + seen.len()], &seen[..]);
        while let Some(first) = seen.first() {
            let before = page(Slice::Before(anchor(first, true)), 7);
            if before.is_empty() { break; }
            seen.splice(0..0, before);
        }
        while let Some(last) = seen.last() {
            let after = page(Slice::After(anchor(last, false)), 7);
            if after.is_empty() { break; }
            seen.extend(after);
        }
        prop_assert_eq!(seen, all);
    }

    /// A slice of the store is a slice of the list.
    #[test]
    fn a_slice_is_what_a_naive_cut_is(
        times in prop::collection::vec(0_i64..12, 1..40),
        from in -1_i64..13, to in -1_i64..13, limit in 0_usize..12, which in 0..6,
    ) {
        let (store, lobby) = spoken(&times);
        // In the order in which it was said, whatever the clock said.
        let all: Vec<_> = times.iter().copied().enumerate().map(|(at, time)| (time, at)).collect();
        let cut = |above: i64, below: i64| {
            all.iter().filter(|it| above < it.0 && it.0 < below).copied().collect::<Vec<_>>()
        };
        let newest = |rows: Vec<(i64, usize)>, limit: usize| rows[rows.len().saturating_sub(limit)..].to_vec();
        let oldest = |rows: Vec<(i64, usize)>, limit: usize| rows[..rows.len().min(limit)].to_vec();
        let (low, high) = (i64::MIN, i64::MAX);
        let (slice, expected) = match which {
            0 => (Slice::Latest, newest(cut(low, high), limit)),
            1 => (Slice::LatestAfter(Anchor::Time(from)), newest(cut(from, high), limit)),
            2 => (Slice::Before(Anchor::Time(from)), newest(cut(low, from), limit)),
            3 => (Slice::After(Anchor::Time(from)), oldest(cut(from, high), limit)),
            4 if from <= to => (Slice::Between(Anchor::Time(from), Anchor::Time(to)), oldest(cut(from, to), limit)),
            4 => (Slice::Between(Anchor::Time(from), Anchor::Time(to)), newest(cut(to, from), limit)),
            _ => {
                let middle = all.iter().position(|it| it.0 >= from).unwrap_or(all.len());
                let mut rows = newest(all[..middle].to_vec(), limit / 2);
                rows.extend(oldest(all[middle..].to_vec(), limit - limit / 2));
                (Slice::Around(Anchor::Time(from)), rows)
            }
        };
        let expected: Vec<_> = expected.into_iter().map(|(_, at)| format!("m{at}")).collect();
        prop_assert_eq!(ids(&store, &lobby, slice, limit, false), expected);
    }
}
