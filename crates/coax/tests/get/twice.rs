//! A second run of the same command, and files that were there before it.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::Path;

use testkit::Program;

use crate::{Nginx, coax, event, names, noise, serve};

/// 2001-09-09, the day of every file of the test's nginx.
const OLD: u64 = 1_000_000_000;

fn read(folder: &Path, name: &str) -> Vec<u8> {
    fs::read(folder.join(name)).unwrap()
}

#[test]
fn the_second_run_of_a_command_succeeds() {
    let (one, two) = (noise(1, 5_000), noise(2, 900_000));
    let Some(nginx) = Nginx::start(&[("one", &one), ("two", &two)]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (first, second) = (nginx.url("one"), nginx.url("two"));
    for args in [&["-O", &first, &second][..], &["-o", "new/", &first, &second]] {
        let saved = coax(args).dir(folder.path()).run().exits(0).out();
        let again = coax(args).arg("--json").dir(folder.path()).run().exits(0);
        assert_eq!(again.out().matches("\"was_there\":true").count(), 2, "{}", again.shown());
        let sort = |text: String| {
            let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.sort();
            lines
        };
        let again = coax(args).dir(folder.path()).run().exits(0);
        assert_eq!((sort(again.out()), again.err()), (sort(saved), String::new()));
    }
    assert_eq!(names(folder.path()), ["new", "one", "two"]);
    // Another file of the same length, and newer.
    nginx.put("one", &noise(3, 5_000));
    let file = fs::File::options().write(true).open(nginx.file("one")).unwrap();
    file.set_modified(std::time::SystemTime::now() + std::time::Duration::from_secs(3600)).unwrap();
    coax(&["-O", &first]).dir(folder.path()).run().fails(5, "coax: one is there already");
    coax(&["-O", "--skip-existing", &first]).dir(folder.path()).run().exits(0).prints("one\n");
    assert!(read(folder.path(), "one") == one);
    coax(&["-O", "--if-newer", &first]).dir(folder.path()).run().exits(0);
    assert!(read(folder.path(), "one") == noise(3, 5_000));
}

#[test]
fn a_file_that_is_there_is_told_by_its_sum() {
    let bytes = noise(1, 5_000);
    let script = "
s = listen()
while True:
    c, _ = s.accept()
    asked(c)
    answer(c, '200 OK', [], open(sys.argv[1], 'rb').read())
    c.close()
";
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    fs::write(&there, &bytes).unwrap();
    let Some((_server, url)) = serve(script, &[there.to_str().unwrap()]) else { return };
    let args = ["-O", &url];
    coax(&args).dir(folder.path()).run().exits(0);
    coax(&args).dir(folder.path()).run().exits(0).prints("x\n");
    let sums = Program::new("sha256sum").arg("x").dir(folder.path()).run().out();
    fs::write(folder.path().join("sums"), sums).unwrap();
    let summed = ["-O", "--sha256", "sums", &url];
    coax(&summed).dir(folder.path()).run().exits(0).prints("x\n");
    fs::write(folder.path().join("x"), "mine").unwrap();
    coax(&summed).dir(folder.path()).run().fails(5, "x is there already");
    assert_eq!(read(folder.path(), "x"), b"mine");
}

#[test]
fn only_what_is_newer_is_fetched() {
    let Some(nginx) = Nginx::start(&[("x", b"new")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let args = ["--if-newer", "-o", "x", "--json", &nginx.url("x")];
    let report = event(&coax(&args).dir(folder.path()).run().exits(0), "fetch");
    assert_eq!((&report["status"], &report["bytes"]), (&200.into(), &3.into()));
    fs::write(folder.path().join("x"), "mine").unwrap();
    let report = event(&coax(&args).dir(folder.path()).run().exits(0), "fetch");
    assert_eq!(report["was_there"], true);
    assert_eq!(read(folder.path(), "x"), b"mine");
    assert_eq!(names(folder.path()), ["x"]);
    // nginx says 304 for its own date alone.
    coax(&["-o", "x", "--remote-time", &nginx.url("x")]).dir(folder.path()).run().exits(0);
    let report = event(&coax(&args).dir(folder.path()).run().exits(0), "fetch");
    assert_eq!((&report["status"], &report["was_there"]), (&304.into(), &true.into()));
    assert_eq!(names(folder.path()), ["x"]);
}

#[test]
fn a_file_has_the_servers_time_where_that_is_asked_for() {
    let Some(nginx) = Nginx::start(&[("x", b"\0new")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (url, path) = (nginx.url("x"), folder.path().join("x"));
    coax(&["-o", "x", &url]).dir(folder.path()).run().exits(0);
    assert!(fs::metadata(&path).unwrap().mtime() > OLD as i64 + 1000);
    coax(&["-o", "x", "--remote-time", &url]).dir(folder.path()).run().exits(0);
    assert_eq!(fs::metadata(&path).unwrap().mtime(), OLD as i64);
    coax(&["--remote-time", &url]).run().fails(2, "--remote-time is for files");
}

#[test]
fn what_a_file_was_stays_with_the_name_or_is_told() {
    let Some(nginx) = Nginx::start(&[("x", b"new")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let url = nginx.url("x");
    fs::write(at("x"), "old").unwrap();
    fs::set_permissions(at("x"), fs::Permissions::from_mode(0o750)).unwrap();
    fs::hard_link(at("x"), at("other")).unwrap();
    let outcome = coax(&["-o", "x", &url]).dir(folder.path()).run().exits(0);
    assert!(outcome.err().contains("x: 1 other name keeps what was there (hard links)"));
    assert_eq!(fs::metadata(at("x")).unwrap().mode() & 0o7777, 0o750);
    assert_eq!(
        (read(folder.path(), "x"), read(folder.path(), "other")),
        (b"new".into(), b"old".into())
    );
    // A link that leads to nothing yet is followed.
    symlink("later", at("link")).unwrap();
    coax(&["-o", "link", &url]).dir(folder.path()).run().exits(0);
    assert!(at("link").is_symlink());
    assert_eq!(read(folder.path(), "later"), b"new");
}

#[test]
fn what_lies_under_our_names_is_left_alone() {
    let bytes = noise(1, 3_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::write(at("mine"), "mine").unwrap();
    let lay = |kind: &str| match kind {
        "file" => fs::write(at("x.part"), "mine").unwrap(),
        "empty" => fs::write(at("x.part"), "").unwrap(),
        "hard" => fs::hard_link(at("mine"), at("x.part")).unwrap(),
        "soft" => symlink("mine", at("x.part")).unwrap(),
        "folder" => fs::create_dir(at("x.part")).unwrap(),
        "pipe" => drop(Program::new("mkfifo").arg(at("x.part")).run().exits(0)),
        _ => fs::write(at("x.part.state"), "mine").unwrap(),
    };
    for kind in ["file", "empty", "hard", "soft", "folder", "pipe", "state"] {
        lay(kind);
        let before = ["x.part", "x.part.state"].map(|name| fs::symlink_metadata(at(name)).ok());
        let outcome = coax(&["-o", "x", &nginx.url("x")]).dir(folder.path()).run().exits(0);
        assert_eq!(outcome.err(), "", "{kind}");
        assert!(read(folder.path(), "x") == bytes, "{kind}");
        let after = ["x.part", "x.part.state"].map(|name| fs::symlink_metadata(at(name)).ok());
        for (before, after) in before.iter().zip(&after) {
            let same = |it: &fs::Metadata| (it.ino(), it.len(), it.mtime(), it.mtime_nsec());
            assert_eq!(before.as_ref().map(same), after.as_ref().map(same), "{kind}");
        }
        assert_eq!(read(folder.path(), "mine"), b"mine", "{kind}");
        for name in names(folder.path()) {
            let gone = match name.as_str() {
                "mine" => continue,
                "x.part" if kind == "folder" => fs::remove_dir(at(&name)),
                _ => fs::remove_file(at(&name)),
            };
            gone.unwrap();
        }
    }
}

#[test]
fn folders_are_made_before_anything_is_asked_for() {
    let Some(nginx) = Nginx::start(&[("a", b"aaa"), ("b", b"bbb")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (a, b) = (nginx.url("a"), nginx.url("b"));
    coax(&["-o", "new/", &a, &b]).dir(folder.path()).run().exits(0);
    assert_eq!(names(&folder.path().join("new")), ["a", "b"]);
    let nobody = "http://127.0.0.1:1/x";
    for args in [&["-o", "p/q/", nobody][..], &["-o", "p/q/x", nobody]] {
        let refused = coax(args).dir(folder.path()).run().exits(5);
        assert!(refused.err().contains("hint: --create-dirs"), "{}", refused.shown());
    }
    assert_eq!(names(folder.path()), ["new"]);
    coax(&["-o", "p/q/x", "--create-dirs", &a]).dir(folder.path()).run().exits(0);
    coax(&["-o", "r/s/", "--create-dirs", &a]).dir(folder.path()).run().exits(0);
    assert_eq!(read(folder.path(), "p/q/x"), b"aaa");
    assert_eq!(read(folder.path(), "r/s/a"), b"aaa");
}

#[test]
fn a_dash_is_standard_output() {
    let Some(nginx) = Nginx::start(&[("x", b"page"), (".ignore", b"it")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let url = nginx.url("x");
    coax(&["-o", "-", &url]).dir(folder.path()).run().exits(0).prints("page");
    coax(&["-o", "-", "--json", &url]).dir(folder.path()).run().fails(2, "with --json");
    coax(&["-o", "-", &url, &url]).dir(folder.path()).run().fails(2, "all go to stdout");
    assert_eq!(names(folder.path()), [""; 0]);
    coax(&["-o", "./-", &url]).dir(folder.path()).run().exits(0);
    coax(&["-O", &nginx.url(".ignore")]).dir(folder.path()).run().exits(0).prints(".ignore\n");
    assert_eq!(names(folder.path()), ["-", ".ignore"]);
}
