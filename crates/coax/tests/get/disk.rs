//! Files: their names, what is there before, and disks that refuse.

use std::fs;

use testkit::{Program, peer_or_skip, skip};

use crate::{Nginx, coax, event, names, noise};

#[test]
fn a_file_has_its_name_when_it_is_whole() {
    let bytes = noise(1, 3_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let outcome = coax(&["-o", "y", &nginx.url("x")]).dir(folder.path()).run().exits(0).prints("");
    assert_eq!(outcome.err(), "");
    assert!(fs::read(folder.path().join("y")).unwrap() == bytes);
    assert_eq!(names(folder.path()), ["y"]);
}

#[test]
fn an_empty_file_is_a_file() {
    let Some(nginx) = Nginx::start(&[("x", b"")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    coax(&["-O", &nginx.url("x")]).dir(folder.path()).run().exits(0).prints("x\n");
    assert_eq!(fs::read(folder.path().join("x")).unwrap(), b"");
    assert_eq!(names(folder.path()), ["x"]);
}

#[test]
fn a_stranger_chooses_no_place() {
    let Some(nginx) = Nginx::start(&[("x", b"12345")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let inner = folder.path().join("a/b");
    fs::create_dir_all(&inner).unwrap();
    coax(&["-O", &nginx.url("named")]).dir(&inner).run().exits(0).prints("evil name\n");
    assert_eq!(names(&inner), ["evil name"]);
    assert_eq!(names(folder.path()), ["a"]);
}

#[test]
fn what_is_there_is_replaced_only_where_that_was_asked_for() {
    let Some(nginx) = Nginx::start(&[("x", b"new")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("x");
    fs::write(&file, "old").unwrap();
    let url = nginx.url("x");
    let outcome = coax(&["-O", &url]).dir(folder.path()).run();
    let outcome = outcome.fails(5, "coax: x is there already");
    assert!(outcome.err().contains("\nhint: --replace"), "{}", outcome.shown());
    assert_eq!(outcome.out(), "");
    assert_eq!((fs::read_to_string(&file).unwrap(), outcome.out()), ("old".into(), String::new()));
    coax(&["-O", "--replace", &url]).dir(folder.path()).run().exits(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    fs::write(&file, "old").unwrap();
    // What fails leaves the old one.
    coax(&["-o", "x", &nginx.url("nowhere")]).dir(folder.path()).run().exits(1);
    assert_eq!(fs::read_to_string(&file).unwrap(), "old");
    coax(&["-o", "x", &url]).dir(folder.path()).run().exits(0);
    assert_eq!(fs::read_to_string(&file).unwrap(), "new");
    assert_eq!(names(folder.path()), ["x"]);
}

#[test]
fn a_link_stays_a_link_and_a_device_a_device() {
    let Some(nginx) = Nginx::start(&[("x", b"new")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let (real, link) = (folder.path().join("real"), folder.path().join("link"));
    fs::write(&real, "old").unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    coax(&["-o", link.to_str().unwrap(), &nginx.url("x")]).run().exits(0);
    assert!(link.is_symlink());
    assert_eq!(fs::read_to_string(&real).unwrap(), "new");
    coax(&["-o", "/dev/null", &nginx.url("x")]).run().exits(0);
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    assert_eq!(names(folder.path()), ["link", "real"]);
}

#[test]
fn two_do_not_fetch_into_one_file() {
    let Some(nginx) = Nginx::start(&[("x", &noise(1, 4_000_000))]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let slow = coax(&["-o", "x", "--json", &nginx.url("slower/x")]).dir(folder.path()).start();
    slow.expect_out("\"progress\"");
    coax(&["-o", "x", &nginx.url("x")]).dir(folder.path()).run().fails(5, "by another process");
}

#[test]
fn a_full_disk_is_told_and_goes_on_when_there_is_room() {
    let bytes = noise(5, 6_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let Some(unshare) = peer_or_skip("unshare") else { return };
    if Program::new(&unshare).args(["-m", "true"]).run().code() != 0 {
        return skip("a disk of one's own needs root: sudo cargo test");
    }
    let folder = tempfile::tempdir().unwrap();
    let script = r#"
set -u
mount -t tmpfs -o size=3m none "$1" && cd "$1"
"$2" get -o x "$3"; echo "exit $?"
mount -o remount,size=30m "$1"
"$2" get -o x "$3" --json > events; echo "exit $?"
grep -c '"resumed":[1-9]' events
cmp x "$4" && echo same"#;
    let args = [
        folder.path().display().to_string(),
        env!("CARGO_BIN_EXE_coax").to_owned(),
        nginx.url("x"),
        nginx.file("x").display().to_string(),
    ];
    let program = Program::new(unshare).args(["-m", "bash", "-c", script, "full"]).args(args);
    let outcome = program.run().exits(0).prints("exit 5\nexit 0\n1\nsame\n");
    let words = "coax: cannot write x.part: no space left on device";
    assert!(outcome.err().contains(words), "{}", outcome.shown());
}

#[test]
fn a_folder_that_may_not_be_written_is_told() {
    let Some(nginx) = Nginx::start(&[("x", b"12345")]) else { return };
    let Some(setpriv) = peer_or_skip("setpriv") else { return };
    let nobody = ["--reuid", "65534", "--clear-groups", "--"];
    if Program::new(&setpriv).args(nobody).arg("true").run().code() != 0 {
        return skip("to become nobody needs root: sudo cargo test");
    }
    let args = ["get", "-o", "/etc/coax-test", &nginx.url("x")];
    let program = Program::new(setpriv).args(nobody).arg(env!("CARGO_BIN_EXE_coax")).args(args);
    program.run().fails(5, "cannot write /etc/coax-test.part: permission denied");
    let args = ["-o", "/nowhere/x", &nginx.url("x")];
    coax(&args).run().fails(5, "cannot write /nowhere/x: /nowhere is no folder");
}

#[test]
fn a_slow_server_gets_more_connections_and_a_fast_one_does_not() {
    let bytes = noise(6, 64_000_000);
    let Some(nginx) = Nginx::start(&[("x", &bytes)]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let fetch = |path: &str| {
        let program = coax(&["--json", "-o", "x", &nginx.url(path)]).dir(folder.path());
        let report = event(&program.run().exits(0), "fetch");
        assert!(fs::read(folder.path().join("x")).unwrap() == bytes);
        report["connections"].as_u64().unwrap()
    };
    assert!(fetch("slow/x") >= 4);
    assert_eq!(fetch("x"), 1);
    assert_eq!(names(folder.path()), ["x"]);
}
