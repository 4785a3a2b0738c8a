//! Many URLs at once.

use std::fs;

use crate::{Nginx, coax, events, names, noise};

#[test]
fn one_that_fails_stops_no_other() {
    let files: Vec<_> =
        (0..50).map(|it| (format!("f{it}"), noise(it, 1000 * it as usize))).collect();
    let borrowed: Vec<_> = files.iter().map(|(name, bytes)| (name.as_str(), &bytes[..])).collect();
    let Some(nginx) = Nginx::start(&borrowed) else { return };
    let folder = tempfile::tempdir().unwrap();
    let mut list = String::from("# files\n\n");
    for (name, _) in &files {
        list.push_str(&nginx.url(&format!("{name}\n")));
        list.push_str(&nginx.url(&format!("not-{name}\n")));
    }
    let into = folder.path().join("deep/");
    fs::create_dir(&into).unwrap();
    let into = into.display().to_string();
    let outcome = coax(&["-i", "-", "-o", &into]).run_with(&list);
    assert_eq!(outcome.code(), 1, "{}", outcome.shown());
    assert!(outcome.err().contains("coax: 50 of 100 URLs were not fetched"), "{}", outcome.shown());
    for (name, bytes) in &files {
        assert!(fs::read(folder.path().join("deep").join(name)).unwrap() == *bytes, "{name}");
        assert!(outcome.out().contains(&format!("/{name}\n")), "{name}: {}", outcome.shown());
    }
    assert_eq!(names(&folder.path().join("deep")).len(), 50);
}

#[test]
fn files_that_are_there_stay_and_so_does_what_is_not_of_coax() {
    let bytes = noise(1, 5_000);
    let Some(nginx) = Nginx::start(&[("a", &bytes), ("b", &bytes), ("c", &bytes)]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("a"), "mine").unwrap();
    fs::write(at("b.part"), "mine").unwrap();
    fs::write(at("c.part.state"), "mine").unwrap();
    let urls = ["a", "b", "c"].map(|name| nginx.url(name));
    let args = ["-O", "--parallel", "2", &urls[0], &urls[1], &urls[2]];
    let outcome = coax(&args).dir(folder.path()).run().exits(5);
    for said in [
        "coax: a is there already\nhint: --replace, --skip-existing, or -o with another name\n",
        "coax: 1 of 3 URLs were not fetched\n",
    ] {
        assert!(outcome.err().contains(said), "{}", outcome.shown());
    }
    let there = ["a", "b", "b.part", "c", "c.part.state"];
    let mine = || {
        for name in ["b.part", "c.part.state"] {
            assert_eq!(fs::read(at(name)).unwrap(), b"mine", "{name}");
        }
        assert_eq!(names(folder.path()), there);
    };
    assert_eq!(fs::read(at("a")).unwrap(), b"mine");
    assert!(fs::read(at("b")).unwrap() == bytes);
    mine();
    coax(&args).arg("--replace").dir(folder.path()).run().exits(0);
    assert!(fs::read(at("a")).unwrap() == bytes);
    mine();
}

#[test]
fn each_url_has_an_event() {
    let Some(nginx) = Nginx::start(&[("a", b"aaa"), ("b", b"bb")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (a, b, c) = (nginx.url("a"), nginx.url("b"), nginx.url("c"));
    let outcome = coax(&["--json", "-O", &a, &b, &c]).dir(folder.path()).run().exits(1);
    let events = events(&outcome);
    let of =
        |url: &str| events.iter().find(|it| it["event"] == "fetch" && it["url"] == url).unwrap();
    assert_eq!(
        (&of(&a)["ok"], &of(&a)["bytes"], &of(&a)["file"]),
        (&true.into(), &3.into(), &"a".into())
    );
    assert_eq!((&of(&c)["ok"], &of(&c)["exit"]), (&false.into(), &1.into()));
    let summary = events.iter().find(|it| it["event"] == "get-summary").unwrap();
    assert_eq!((&summary["fetched"], &summary["failed"]), (&2.into(), &1.into()));
}
