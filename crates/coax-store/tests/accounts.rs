//! Accounts and registered channels.

#![allow(clippy::unwrap_used, reason = "a test says what it expects by failing")]

use coax_store::{
    Access, Account, AddFingerprint, AddNick, Change, Channel, Mask, Name, Options, Password,
    Register, RemoveAccount, RemoveChannel, RemoveFingerprint, RemoveNick, RenameAccount,
    RenameChannel, SaveChannel, Scram, Seen, SetPassword, SetSettings, Store, StoreErrorKind,
    Topic,
};

fn account(name: &str) -> Account {
    Account {
        name: Name::new(name.to_lowercase(), name),
        password: Password { phc: Some("$argon2id$…".to_owned()), scram: None },
        created: 5,
        settings: "{}".to_owned(),
        ..Account::default()
    }
}

fn with(names: &[&str]) -> Store {
    let store = Store::in_memory().unwrap();
    for name in names {
        store.apply(Register(account(name))).unwrap();
    }
    store
}

/// Kind and line of a refusal.
fn refused<C: Change>(store: &Store, change: C) -> (StoreErrorKind, String) {
    let error = store.apply(change).map(drop).unwrap_err();
    (error.kind(), error.to_string())
}

fn key(key: &str) -> String {
    key.to_owned()
}

#[test]
fn an_account_comes_back_as_it_was_given_after_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let scram = Scram {
        salt: vec![0, 1],
        iterations: 4096,
        stored_key: vec![2; 32],
        server_key: vec![3; 32],
    };
    let given = Account {
        password: Password { phc: None, scram: Some(scram) },
        seen: Some(9),
        settings: r#"{"always-on":true}"#.to_owned(),
        fingerprints: vec![key("aa"), key("bb")],
        nicks: vec![Name::new("ada", "Ada"), Name::new("ada_", "Ada_")],
        ..account("Ada")
    };
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    store.apply(Register(given.clone())).unwrap();
    store.close().unwrap();
    let store = Store::open(folder.path(), &Options::default()).unwrap();
    let found = Some(given.clone());
    assert_eq!(store.reader().account("ada").unwrap(), found);
    assert_eq!(store.reader().account_of_nick("ada_").unwrap(), found);
    assert_eq!(store.reader().account_of_nick("ada").unwrap(), found);
    assert_eq!(store.reader().account_of_fingerprint("bb").unwrap(), found);
    assert_eq!(store.reader().accounts().unwrap(), [given]);
    assert_eq!(store.reader().account("Ada").unwrap(), None);
    assert!(!format!("{found:?}").contains("stored_key"), "keys in a log");
}

#[test]
fn a_name_belongs_to_one() {
    let store = with(&["Ada", "Bob"]);
    store.apply(AddNick { key: key("ada"), nick: Name::new("countess", "Countess") }).unwrap();
    let taken = |what: &str| (StoreErrorKind::Exists, what.to_owned());
    assert_eq!(refused(&store, Register(account("ADA"))), taken("account 'ADA' is taken"));
    let nick = || Name::new("countess", "Countess");
    assert_eq!(refused(&store, Register(account("Countess"))), taken("nick 'Countess' is taken"));
    assert_eq!(
        refused(&store, AddNick { key: key("bob"), nick: nick() }),
        taken("nick 'Countess' is taken")
    );
    assert_eq!(
        refused(&store, RenameAccount { key: key("bob"), name: nick() }),
        taken("nick 'Countess' is taken")
    );
    // Nothing of what was refused is left.
    let names: Vec<_> =
        store.reader().accounts().unwrap().into_iter().map(|it| it.name.key).collect();
    assert_eq!(names, ["ada", "bob"]);
    let found = store.reader().account("bob").unwrap().unwrap();
    assert_eq!(found.nicks, [Name::new("bob", "Bob")]);
}

#[test]
fn what_half_succeeded_is_taken_back_without_its_neighbours() {
    let store = with(&["Ada"]);
    let (tell, told) = std::sync::mpsc::channel();
    let fingerprints = vec![key("cc")];
    let half = Account { nicks: vec![Name::new("ada", "Ada")], fingerprints, ..account("Eve") };
    for change in [account("Bob"), half, account("Dan")] {
        let tell = tell.clone();
        store.send(Register(change), move |it| tell.send(it.is_ok()).unwrap()).unwrap();
    }
    drop(tell);
    assert_eq!(told.iter().collect::<Vec<_>>(), [true, false, true]);
    let all = store.reader().accounts().unwrap();
    assert_eq!(
        all.iter().map(|it| it.name.key.as_str()).collect::<Vec<_>>(),
        ["ada", "bob", "dan"]
    );
    assert_eq!(store.reader().account_of_fingerprint("cc").unwrap(), None);
}

#[test]
fn a_rename_moves_everything_but_the_old_name() {
    let store = with(&["Ada", "Bob"]);
    store.apply(AddNick { key: key("ada"), nick: Name::new("al", "al") }).unwrap();
    let channel = Channel {
        name: Name::new("#a", "#A"),
        founder: Some(key("ada")),
        access: vec![Access { account: key("ada"), level: key("admin") }],
        ..Channel::default()
    };
    store.apply(SaveChannel(channel)).unwrap();
    // To one of its own nicks.
    store.apply(RenameAccount { key: key("ada"), name: Name::new("al", "AL") }).unwrap();
    let found = store.reader().account("al").unwrap().unwrap();
    assert_eq!(found.nicks, [Name::new("al", "AL")]);
    let channel = &store.reader().channels().unwrap()[0];
    assert_eq!(channel.founder.as_deref(), Some("al"));
    assert_eq!(channel.access[0].account, "al");
    // The old name is free.
    store.apply(Register(account("Ada"))).unwrap();
    // Another way to write the same name.
    store.apply(RenameAccount { key: key("bob"), name: Name::new("bob", "BOB") }).unwrap();
    assert_eq!(store.reader().account_of_nick("bob").unwrap().unwrap().name.shown, "BOB");
}

#[test]
fn password_settings_signs_of_life_and_certificates_change() {
    let store = with(&["Ada", "Bob"]);
    let password = Password { phc: Some(key("$new")), scram: None };
    store.apply(SetPassword { key: key("ada"), password: password.clone() }).unwrap();
    store.apply(SetSettings { key: key("ada"), settings: key("[]") }).unwrap();
    for time in [7, 9, 8] {
        store.apply(Seen { key: key("ada"), time }).unwrap();
    }
    let fingerprint = key("ff");
    store.apply(AddFingerprint { key: key("ada"), fingerprint: fingerprint.clone() }).unwrap();
    let found = store.reader().account("ada").unwrap().unwrap();
    assert_eq!((found.password, found.settings.as_str(), found.seen), (password, "[]", Some(9)));
    assert_eq!(found.fingerprints, ["ff"]);
    let again = AddFingerprint { key: key("bob"), fingerprint: fingerprint.clone() };
    assert_eq!(refused(&store, again).0, StoreErrorKind::Exists);
    let wrong = RemoveFingerprint { key: key("bob"), fingerprint: fingerprint.clone() };
    assert_eq!(refused(&store, wrong).1, "account 'bob' has no certificate ff");
    store.apply(RemoveFingerprint { key: key("ada"), fingerprint }).unwrap();
    assert_eq!(store.reader().account_of_fingerprint("ff").unwrap(), None);
}

#[test]
fn nobody_cannot_be_changed() {
    let store = with(&[]);
    let none = (StoreErrorKind::Missing, "no account 'x'".to_owned());
    let nick = Name::new("y", "y");
    let password = Password::default();
    assert_eq!(refused(&store, SetPassword { key: key("x"), password }), none);
    assert_eq!(refused(&store, RemoveAccount { key: key("x") }), none);
    assert_eq!(refused(&store, RenameAccount { key: key("x"), name: nick.clone() }), none);
    assert_eq!(refused(&store, AddNick { key: key("x"), nick }), none);
    assert_eq!(refused(&store, Seen { key: key("x"), time: 1 }), none);
    let nobody = Account::default();
    assert_eq!(refused(&store, Register(nobody)).0, StoreErrorKind::Invalid);
}

#[test]
fn an_account_that_goes_takes_its_nicks_and_access_along() {
    let store = with(&["Ada", "Bob"]);
    store.apply(AddNick { key: key("bob"), nick: Name::new("b", "b") }).unwrap();
    let name = refused(&store, RemoveNick { key: key("bob"), nick: key("bob") });
    assert_eq!(name.1, "'bob' is the name of the account itself");
    let access = ["ada", "bob"].map(|it| Access { account: key(it), level: key("op") }).to_vec();
    let founder = Some(key("ada"));
    let channel = Channel { name: Name::new("#a", "#A"), founder, access, ..Channel::default() };
    store.apply(SaveChannel(channel)).unwrap();
    store.apply(RemoveAccount { key: key("bob") }).unwrap();
    assert_eq!(store.reader().account_of_nick("b").unwrap(), None);
    let channel = &store.reader().channels().unwrap()[0];
    assert_eq!(channel.access, [Access { account: key("ada"), level: key("op") }]);
    store.apply(RemoveAccount { key: key("ada") }).unwrap();
    assert_eq!(store.reader().channels().unwrap(), [], "its channels are nobody's");
}

#[test]
fn channels_come_back_whole_and_are_replaced_whole() {
    let store = with(&["Ada", "Bob"]);
    let mask =
        |list: &str, mask: &str| Mask { list: key(list), mask: key(mask), by: key("ada"), time: 3 };
    let full = Channel {
        name: Name::new("#b", "#B"),
        founder: Some(key("ada")),
        registered: 7,
        topic: Some(Topic { text: key("talk"), by: key("ada!a@h"), time: 8 }),
        modes: key("+nt"),
        settings: key("{}"),
        access: vec![
            Access { account: key("ada"), level: key("founder") },
            Access { account: key("bob"), level: key("voice") },
        ],
        masks: vec![mask("I", "x!*@*"), mask("b", "*!*@evil"), mask("b", "y!*@*")],
    };
    let bare = Channel { name: Name::new("#a", "#a"), ..Channel::default() };
    store.apply(SaveChannel(full.clone())).unwrap();
    store.apply(SaveChannel(bare.clone())).unwrap();
    assert_eq!(store.reader().channels().unwrap(), [bare.clone(), full.clone()]);
    let less = Channel { topic: None, access: Vec::new(), masks: Vec::new(), ..full.clone() };
    store.apply(SaveChannel(less.clone())).unwrap();
    assert_eq!(store.reader().channels().unwrap(), [bare.clone(), less.clone()]);
    // A refused one changes nothing.
    let access = vec![Access { account: key("nobody"), level: key("op") }];
    let wrong = Channel { modes: key("+m"), access, ..less.clone() };
    assert_eq!(refused(&store, SaveChannel(wrong)).1, "no account 'nobody'");
    assert_eq!(store.reader().channels().unwrap(), [bare, less]);
    let onto = RenameChannel { key: key("#b"), name: Name::new("#a", "#A") };
    assert_eq!(refused(&store, onto).1, "channel '#A' is registered");
    store.apply(RenameChannel { key: key("#b"), name: Name::new("#c", "#C") }).unwrap();
    store.apply(RemoveChannel { key: key("#a") }).unwrap();
    let names: Vec<_> =
        store.reader().channels().unwrap().into_iter().map(|it| it.name.shown).collect();
    assert_eq!(names, ["#C"]);
    let gone = refused(&store, RemoveChannel { key: key("#b") });
    assert_eq!(gone, (StoreErrorKind::Missing, "channel '#b' is not registered".to_owned()));
}
