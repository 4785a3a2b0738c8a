//! What a file must be.

use std::fs;

use testkit::{Program, peer_or_skip};

use crate::{Nginx, coax, event, names, noise};

/// As `sha256sum` says.
fn sha256(path: &std::path::Path) -> String {
    let outcome = Program::new("sha256sum").arg(path).run().exits(0);
    outcome.out()[..64].to_owned()
}

#[test]
fn a_file_that_is_right_is_there_and_one_that_is_not_is_not() {
    if peer_or_skip("sha256sum").is_none() {
        return;
    }
    let Some(nginx) = Nginx::start(&[("x", &noise(1, 5_000_000)), ("y", b"small")]) else { return };
    for name in ["x", "y"] {
        let folder = tempfile::tempdir().unwrap();
        let (right, wrong) = (sha256(&nginx.file(name)), "0".repeat(64));
        let url = nginx.url(name);
        let program = coax(&["--sha256", &wrong, "-O", &url]).dir(folder.path());
        let words =
            format!("coax: {url} is not what it must be: its SHA-256 is {right}, not {wrong}");
        program.run().fails(4, &words);
        assert_eq!(names(folder.path()), [""; 0]);
        let program = coax(&["--json", "--sha256", &right, "-O", &url]).dir(folder.path());
        assert_eq!(event(&program.run().exits(0), "fetch")["sha256"], right);
        assert!(fs::read(folder.path().join(name)).unwrap() == fs::read(nginx.file(name)).unwrap());
    }
}

#[test]
fn a_list_says_what_each_file_must_be() {
    if peer_or_skip("sha256sum").is_none() {
        return;
    }
    let Some(nginx) = Nginx::start(&[("a", b"aaa"), ("b", b"bbb"), ("c", b"ccc")]) else { return };
    let www = nginx.file("").display().to_string();
    let list =
        Program::shell("cd $0 && sha256sum a b | tee SHA256SUMS", [&www]).run().exits(0).out();
    let folder = tempfile::tempdir().unwrap();
    let (a, b, c) = (nginx.url("a"), nginx.url("b"), nginx.url("c"));
    let sums = nginx.url("SHA256SUMS");
    coax(&["-O", "--sha256", &sums, &a, &b]).dir(folder.path()).run().exits(0);
    assert_eq!(names(folder.path()), ["a", "b"]);
    coax(&["-O", "--sha256", &sums, &c]).dir(folder.path()).run().fails(4, "does not have c");
    let file = folder.path().join("list");
    fs::write(&file, list.replace(&list[..64], &"1".repeat(64))).unwrap();
    let file = file.display().to_string();
    let outcome = coax(&["-O", "--replace", "--sha256", &file, &a, &b]).dir(folder.path()).run();
    assert!(outcome.err().contains("1 of 2 URLs were not fetched"), "{}", outcome.shown());
    outcome.exits(4);
    coax(&["--sha256", &nginx.url("a"), &a]).run().fails(2, "holds no SHA-256 sum");
    coax(&["--sha256", &nginx.url("nowhere"), &a]).run().fails(1, "404");
}

#[test]
fn a_sum_is_right_with_many_connections() {
    if peer_or_skip("sha256sum").is_none() {
        return;
    }
    let Some(nginx) = Nginx::start(&[("x", &noise(6, 64_000_000))]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let right = sha256(&nginx.file("x"));
    let program = coax(&["--json", "--sha256", &right, "-O", &nginx.url("slow/x")]);
    let report = event(&program.dir(folder.path()).run().exits(0), "fetch");
    assert!(report["connections"].as_u64().unwrap() >= 4, "{report}");
    assert_eq!(report["sha256"], right);
}

#[test]
fn what_went_to_stdout_is_summed_up_as_well() {
    let Some(nginx) = Nginx::start(&[("x", b"abc")]) else { return };
    let right = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    coax(&["--sha256", right, &nginx.url("x")]).run().exits(0).prints("abc");
    let wrong = right.replace('b', "c");
    coax(&["--sha256", &wrong, &nginx.url("x")]).run().fails(4, "is not what it must be");
}

#[test]
fn a_sum_is_read_in_every_usual_form() {
    let Some(openssl) = peer_or_skip("openssl") else { return };
    let Some(nginx) = Nginx::start(&[("x", b"abc")]) else { return };
    let folder = tempfile::tempdir().unwrap();
    let sum = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    let url = nginx.url("x");
    let www = nginx.file("").display().to_string();
    let said = |program: Program| program.dir(&www).run().exits(0).out();
    let openssls = said(Program::new(&openssl).args(["dgst", "-sha256", "x"]));
    let coreutils = said(Program::new("sha256sum").arg("x"));
    let tagged = said(Program::new("sha256sum").args(["--tag", "x"]));
    let tabbed = coreutils.replace("  ", "\t");
    for list in [openssls, coreutils.clone(), tagged, tabbed, format!("\u{feff}{coreutils}")] {
        fs::write(folder.path().join("list"), &list).unwrap();
        coax(&["--sha256", "list", &url]).dir(folder.path()).run().exits(0).prints("abc");
        fs::write(folder.path().join("list"), list.replace(sum, &"1".repeat(64))).unwrap();
        coax(&["--sha256", "list", &url])
            .dir(folder.path())
            .run()
            .fails(4, "is not what it must be");
    }
    coax(&["--sha256", &format!("sha256:{sum}"), &url]).run().exits(0).prints("abc");
    fs::write(folder.path().join("list"), said(Program::new("sha512sum").arg("x"))).unwrap();
    let other = coax(&["--sha256", "list", &url]).dir(folder.path()).run();
    other.fails(2, "'list' holds SHA-512 sums, and only SHA-256 is compared");
    coax(&["--sha256", &"a".repeat(40), &url]).run().fails(2, "that is a sum of SHA-1");
    let listed = format!("\u{feff}{url}\n");
    assert_eq!(coax(&["-f", "-", "-o", "-"]).run_with(&listed).out(), "abc");
}
