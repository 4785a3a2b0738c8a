//! `coax service`, as a person runs it.

use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};

fn coax() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coax"));
    command.arg("service").env_remove("COAX_JSON").stdin(Stdio::null());
    command
}

/// Exit code, stdout, stderr.
fn run(args: &[&str]) -> (i32, String, String) {
    let output = coax().args(args).output().expect("coax runs");
    (
        output.status.code().unwrap_or(-1),
        String::from_utf8(output.stdout).expect("UTF-8"),
        String::from_utf8(output.stderr).expect("UTF-8"),
    )
}

#[test]
fn a_name_gives_its_ports_with_what_they_are() {
    let (code, stdout, stderr) = run(&["http", "--tcp"]);
    assert_eq!(
        (code, stdout.as_str(), stderr.as_str()),
        (0, "http 80/tcp  World Wide Web HTTP (aliases: www, www-http)\n", "")
    );
    assert_eq!(run(&["www", "--tcp"]).1, stdout, "an alias leads to the same service");
}

#[test]
fn a_port_gives_its_names_by_protocol() {
    let (code, both, _) = run(&["443"]);
    assert_eq!(code, 0);
    assert!(both.contains("https 443/tcp") && both.contains("https 443/udp"), "{both}");
    let (_, one, _) = run(&["443/udp"]);
    assert!(one.starts_with("https 443/udp") && one.lines().count() == 1, "{one}");
    assert_eq!(run(&["443", "--udp"]).1, one);
    assert!(run(&["ethernet/ip-1/udp"]).1.starts_with("EtherNet/IP-1 2222/udp"));
    assert!(run(&["ethernet/ip-1"]).1.starts_with("EtherNet/IP-1 2222/tcp"));
    assert_eq!(run(&["HTTPS/udp", "--tcp"]).1, one, "what the argument says is nearer");
}

#[test]
fn what_is_not_known_does_not_keep_the_rest_from_being_told() {
    let (code, stdout, stderr) = run(&["htpt", "domain/udp", "zzzzzz"]);
    assert_eq!(code, 1);
    assert!(stdout.starts_with("domain 53/udp"), "{stdout}");
    assert_eq!(
        stderr,
        "coax: no service is known for 'htpt', 'zzzzzz'\nhint: did you mean http?\n"
    );
}

#[test]
fn a_name_of_another_protocol_is_pointed_out() {
    for args in [&["ircu", "--udp"][..], &["ircu/udp"]] {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stdout.as_str()), (1, ""));
        assert!(stderr.ends_with("\nhint: ircu exists for tcp only\n"), "{stderr}");
    }
}

#[test]
fn a_wrong_question_is_refused_before_anything_is_told() {
    for (args, words) in [
        (&["domain", "70000"][..], "a port is a number from 0 to 65535"),
        (&["80/icmp"], "after '/' comes tcp, udp, sctp or dccp"),
        (&["/tcp"], "write a name or a number"),
        (&[""], "write a name or a number"),
        (&[], "required"),
        (&["--all", "http"], "cannot be used"),
    ] {
        let (code, stdout, stderr) = run(args);
        assert_eq!((code, stdout.as_str()), (2, ""), "{args:?}");
        assert!(stderr.contains(words), "{stderr}");
        assert!(stderr.lines().count() <= 2, "{stderr}");
    }
}

#[test]
fn json_has_one_event_a_service() {
    let (code, stdout, _) = run(&["domain", "--udp", "--json"]);
    assert_eq!((code, stdout.lines().count()), (0, 1));
    let event: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(event["event"], "service");
    assert_eq!((&event["name"], &event["port"]), (&"domain".into(), &53.into()));
    assert_eq!(event["protocol"], "udp");
    let (code, stdout, _) = run(&["nosuchname", "--json"]);
    let event: serde_json::Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!((code, &event["event"]), (1, &"error".into()));
}

#[test]
fn all_is_the_whole_table_and_a_reader_may_leave_early() {
    let (code, stdout, _) = run(&["--all"]);
    assert_eq!(code, 0);
    assert!(stdout.lines().count() > 11_000);
    let mut child = coax()
        .arg("--all")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("coax runs");
    let mut reader = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = String::new();
    reader.read_line(&mut line).expect("a line");
    drop(reader);
    let mut stderr = String::new();
    child.stderr.take().expect("piped").read_to_string(&mut stderr).expect("UTF-8");
    assert_eq!((child.wait().expect("ends").code(), stderr.as_str()), (Some(0), ""));
    assert!(line.starts_with("tcpmux 1/tcp"), "{line}");
}
