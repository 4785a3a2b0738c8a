//! `coax url`, as a person runs it.

use std::process::{Command, Stdio};

/// Exit code, stdout, stderr.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = Command::new(env!("CARGO_BIN_EXE_coax"))
        .arg("url")
        .args(args)
        .env_remove("COAX_JSON")
        .stdin(Stdio::null())
        .output()
        .expect("coax runs");
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8(output.stdout).expect("UTF-8"),
        String::from_utf8(output.stderr).expect("UTF-8"),
    )
}

#[test]
fn every_part_has_its_line_and_the_password_stays_hidden() {
    let url = "https://bob:s3cret@example.com/a%20b?q=x+y&z=%1b%5B2J%0aw#top";
    let (code, stdout, stderr) = run(&[url]);
    let expected = "\
scheme    https
user      bob
password  ***
host      example.com
port      443 (implied by https)
path      /a%20b
query     q = x y
query     z = \\u{1b}[2J\\nw
fragment  top
";
    assert_eq!((code, stdout.as_str(), stderr.as_str()), (0, expected, ""));
}

#[test]
fn json_has_the_parts_decoded_and_no_password() {
    let (code, stdout, _) = run(&["--json", "http://u:s3cret@[::1]:8080/p?a=%0a&b"]);
    assert_eq!(code, 0);
    assert!(!stdout.contains("s3cret"), "{stdout}");
    let event: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(event["event"], "url");
    assert_eq!((&event["host"], &event["port"]), (&"::1".into(), &8080.into()));
    assert_eq!((&event["password"], &event["port_given"]), (&true.into(), &true.into()));
    assert_eq!(event["query"][0]["value"], "\n");
    assert_eq!(event["query"][1]["name"], "b");
    assert!(event["fragment"].is_null());
}

#[test]
fn nothing_of_a_url_is_lost_or_decoded_twice() {
    let url = "http://Bücher.example/a%20b?a=%ff&b=%2b+#%20x";
    let (code, stdout, _) = run(&["--json", url]);
    let event: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &event["fragment"]), (0, &"%20x".into()));
    assert_eq!(event["query"][0]["value"], "\u{fffd}");
    assert_eq!(
        (&event["query"][0]["raw"], &event["query"][1]["raw"]),
        (&"a=%ff".into(), &"b=%2b+".into())
    );
    assert_eq!(event["host"], "xn--bcher-kva.example");
    assert_eq!(event["unicode_host"], "bücher.example");
    for url in ["http://[fe80::1%lo]/", "http://[fe80::1%25lo]/", "tcp://[fe80::1%lo]:80"] {
        let (code, stdout, stderr) = run(&[url]);
        assert!(code == 0 && stdout.contains("host      fe80::1%lo\n"), "{url} {stdout} {stderr}");
    }
    for url in ["http://bücher.example/", "tcp://bücher.example:80", "bücher.example:80"] {
        let (_, stdout, _) = run(&[url]);
        let forms = "host      xn--bcher-kva.example\nunicode   bücher.example\n";
        assert!(stdout.contains(forms), "{url} {stdout}");
    }
}

#[test]
fn ports_are_implied_by_the_service_table_too() {
    for (url, line) in [
        ("ssh://git@host/repo", "port      22 (implied by ssh)"),
        ("https://host:443", "port      443"),
        ("wss://host", "port      443 (implied by wss)"),
    ] {
        let (code, stdout, _) = run(&[url]);
        assert!(code == 0 && stdout.lines().any(|found| found == line), "{url}: {stdout}");
    }
}

#[test]
fn endpoints_have_parts_as_well() {
    for (text, expected) in [
        ("localhost:http", "scheme    tcp\nhost      localhost\nport      80\n"),
        (
            "udp://:5353?join=239.1.2.3",
            "scheme    udp\nhost      *\nport      5353\nquery     join = 239.1.2.3\n",
        ),
        ("unix:/run/x", "scheme    unix\npath      /run/x\n"),
        ("@name", "scheme    unix\npath      @name\n"),
        ("exec:'ls -l'", "scheme    exec\ncommand   ls -l\n"),
        ("stdio:", "scheme    stdio\n"),
    ] {
        assert_eq!(run(&[text]), (0, expected.to_owned(), String::new()), "{text}");
    }
}

#[test]
fn what_is_no_url_is_refused_in_one_line_without_its_password() {
    for (text, line) in [
        (
            "example.com",
            "'example.com' is not a URL: the scheme is missing; write https://example.com",
        ),
        ("http://h:x/", "'http://h:x/' is not a URL: the port is not a number from 0 to 65535"),
        (
            "http://u:s3cret@h:x/",
            "'http://u:***@h:x/' is not a URL: the port is not a number from 0 to 65535",
        ),
        ("tcp://h", "'tcp://h' is not an endpoint: missing port; write tcp://h:PORT"),
    ] {
        assert_eq!(run(&[text]), (2, String::new(), format!("coax: {line}\n")), "{text}");
    }
    assert_eq!(run(&[]).0, 2);
}
