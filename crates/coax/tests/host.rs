//! `coax host` as a process.

#![allow(clippy::unwrap_used, reason = "a broken test bench fails its test")]

use std::process::Command;

fn coax(words: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_coax"));
    let output = command.env_remove("COAX_JSON").args(words).output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn a_person_sees_the_name_and_loopback() {
    let (code, stdout) = coax(&["host"]);
    assert_eq!(code, Some(0));
    let name = rustix::system::uname().nodename().to_string_lossy().into_owned();
    assert_eq!(stdout.lines().next(), Some(name.as_str()));
    assert!(stdout.contains("\n  outside IPv4  ") && stdout.contains("\n  outside IPv6  "));
    assert!(stdout.contains("  up  loopback\n  127.0.0.1/8\n"), "{stdout}");
}

#[test]
fn a_program_gets_one_event_with_every_interface() {
    let (code, stdout) = coax(&["host", "--json"]);
    assert_eq!(code, Some(0));
    let event: serde_json::Value = serde_json::from_str(&stdout).unwrap();
    assert_eq!(event["event"], "host");
    let interfaces = event["interfaces"].as_array().unwrap();
    let indexes: Vec<_> = interfaces.iter().map(|one| one["index"].as_u64().unwrap()).collect();
    assert!(indexes.is_sorted());
    let loopback = interfaces.iter().find(|one| one["loopback"] == true).unwrap();
    assert_eq!(loopback["addresses"][0]["address"], "127.0.0.1");
    assert_eq!(loopback["addresses"][0]["prefix"], 8);
}
