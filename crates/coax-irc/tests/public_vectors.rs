//! The vectors of ircdocs/parser-tests, which every IRC parser is measured by.

#![allow(clippy::unwrap_used)]

use coax_irc::{Casemapping, Line, Mask, Message, Source, is_hostname};
use serde_json::Value;

fn vectors(text: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(text).unwrap();
    all["tests"].as_array().unwrap().clone()
}

fn texts(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn lines_are_split_as_the_vectors_say() {
    let tests = vectors(include_str!("vectors/msg-split.json"));
    assert_eq!(tests.len(), 35);
    for test in tests {
        let input = test["input"].as_str().unwrap();
        let atoms = &test["atoms"];
        let message = Message::parse(input.as_bytes()).unwrap();
        assert_eq!(message.command, atoms["verb"].as_str().unwrap().as_bytes(), "{input}");
        let source = message.source().map(|source| source.raw);
        assert_eq!(source, atoms["source"].as_str().map(str::as_bytes), "{input}");
        let params: Vec<_> = texts(&atoms["params"]).into_iter().map(str::as_bytes).collect();
        assert_eq!(message.params.iter().collect::<Vec<_>>(), params, "{input}");
        let tags: Vec<_> = atoms["tags"].as_object().into_iter().flatten().collect();
        for (key, value) in &tags {
            let read = message.tags.value(key.as_bytes());
            assert_eq!(read.as_deref(), value.as_str().map(str::as_bytes), "{input}");
        }
        let mut keys: Vec<_> = message.tags.iter().map(|tag| tag.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), tags.len(), "{input}");
    }
}

#[test]
fn lines_are_joined_as_the_vectors_say() {
    let tests = vectors(include_str!("vectors/msg-join.json"));
    assert_eq!(tests.len(), 18);
    for test in tests {
        let atoms = &test["atoms"];
        let mut out = Vec::new();
        let mut line = Line::new(&mut out);
        for (key, value) in atoms["tags"].as_object().into_iter().flatten() {
            line = line.tag(key, value.as_str().unwrap().as_bytes());
        }
        let verb = atoms["verb"].as_str().unwrap();
        let mut line = match atoms["source"].as_str() {
            Some(source) => line.source(source.as_bytes()).command(verb),
            None => line.command(verb),
        };
        let params = texts(&atoms["params"]);
        match params.split_last() {
            Some((last, others)) => {
                for param in others {
                    line = line.param(param.as_bytes());
                }
                line.last(last.as_bytes());
            }
            None => {
                line.end();
            }
        }
        let written = String::from_utf8(out).unwrap();
        let written = written.strip_suffix("\r\n").unwrap();
        assert!(texts(&test["matches"]).contains(&written), "{written}: {test}");
    }
}

#[test]
fn masks_match_as_the_vectors_say() {
    let tests = vectors(include_str!("vectors/mask-match.json"));
    assert_eq!(tests.len(), 6);
    for test in tests {
        let written = test["mask"].as_str().unwrap();
        let mask = Mask::of_text(written.as_bytes(), Casemapping::Rfc1459);
        let matches =
            |text: &str| mask.matches(Casemapping::Rfc1459.fold(text.as_bytes()).as_bytes());
        for text in texts(&test["matches"]) {
            assert!(matches(text), "{written} {text}");
        }
        for text in texts(&test["fails"]) {
            assert!(!matches(text), "{written} {text}");
        }
    }
}

#[test]
fn sources_are_split_as_the_vectors_say() {
    let tests = vectors(include_str!("vectors/userhost-split.json"));
    assert_eq!(tests.len(), 7);
    for test in tests {
        let source = Source::new(test["source"].as_str().unwrap().as_bytes());
        let part = |name: &str| test["atoms"][name].as_str().unwrap_or_default().as_bytes();
        assert_eq!(source.nick, part("nick"), "{test}");
        assert_eq!(source.user.unwrap_or_default(), part("user"), "{test}");
        assert_eq!(source.host.unwrap_or_default(), part("host"), "{test}");
    }
}

#[test]
fn hosts_are_valid_as_the_vectors_say() {
    let tests = vectors(include_str!("vectors/validate-hostname.json"));
    assert_eq!(tests.len(), 19);
    for test in tests {
        let host = test["host"].as_str().unwrap();
        assert_eq!(is_hostname(host.as_bytes()), test["valid"].as_bool().unwrap(), "{host:?}");
    }
}
