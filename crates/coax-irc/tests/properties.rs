//! What must hold for every line, however a stranger or a server makes one.

#![allow(clippy::unwrap_used)]

use coax_irc::{
    Casemapping, Fit, Framer, Line, LineBudget, Message, ModeChange, ModeItem, ModeTable, Rank,
    Sign, TooLong, format_time, glob, parse_time, render_modes, unescape,
};
use proptest::prelude::*;

const TABLE: ModeTable<'_> =
    ModeTable { lists: "beI", always: "k", when_set: "l", flags: "imnst", ranks: Rank::ALL };

#[derive(Clone, Debug)]
struct Parts {
    tags: Vec<(String, Vec<u8>)>,
    source: Option<Vec<u8>>,
    command: String,
    params: Vec<Vec<u8>>,
    last: Option<Vec<u8>>,
}

/// A byte that may stand in a parameter, the dangerous ones often.
fn byte() -> impl Strategy<Value = u8> {
    prop_oneof![Just(b':'), Just(b'@'), Just(b';'), Just(b'\\'), Just(b'='), 1u8..=255]
        .prop_filter("ends a line", |byte| !matches!(byte, 0 | b'\r' | b'\n'))
}

fn word() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(byte(), 1..9)
        .prop_map(|mut word| {
            word.retain(|byte| *byte != b' ');
            word
        })
        .prop_filter("is no word", |word| !word.is_empty() && word[0] != b':')
}

fn parts() -> impl Strategy<Value = Parts> {
    let tags = prop::collection::vec(("[a-z]{1,5}", prop::collection::vec(1u8..=255, 0..9)), 0..4);
    let last = prop::option::of(prop::collection::vec(byte(), 0..30));
    let params = prop::collection::vec(word(), 0..20);
    (tags, prop::option::of(word()), "[A-Z]{1,9}|[0-9]{3}", params, last).prop_map(
        |(tags, source, command, params, last)| Parts { tags, source, command, params, last },
    )
}

fn write(parts: &Parts, colon: bool) -> (Vec<u8>, Fit) {
    let mut out = Vec::new();
    let mut line = Line::new(&mut out);
    for (key, value) in &parts.tags {
        line = line.tag(key, value);
    }
    let line = match &parts.source {
        Some(source) => line.source(source).command(&parts.command),
        None => line.command(&parts.command),
    };
    let line = parts.params.iter().fold(line, |line, param| line.param(param));
    let fit = match &parts.last {
        Some(last) if colon => line.text(last),
        Some(last) => line.last(last),
        None => line.end(),
    };
    (out, fit)
}

/// Lines as anyone would cut them who has all bytes at once.
fn cut_naively(stream: &[u8]) -> Vec<Result<Vec<u8>, TooLong>> {
    let mut lines: Vec<&[u8]> = stream.split(|byte| *byte == b'\n').collect();
    let unfinished = lines.pop().unwrap();
    let without_cr = |line: &[u8]| line.strip_suffix(b"\r").unwrap_or(line).to_vec();
    let check = |line: Vec<u8>| LineBudget::CLIENT.check(&line).map(|()| line);
    let mut cut: Vec<_> = lines.into_iter().map(|line| check(without_cr(line))).collect();
    cut.extend(check(without_cr(unfinished)).err().map(Err));
    cut
}

/// A stream with lines around the limits, and ends of all kinds.
fn stream() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        Just(b"\n".to_vec()),
        Just(b"\r\n".to_vec()),
        Just(b"\r".to_vec()),
        Just(b"\n@".to_vec()),
        Just(b" ".to_vec()),
        (490usize..520).prop_map(|length| vec![b'x'; length]),
        (4080usize..4100).prop_map(|length| vec![b't'; length]),
        prop::collection::vec(any::<u8>(), 0..20),
    ];
    prop::collection::vec(piece, 0..30).prop_map(|pieces| pieces.concat())
}

/// A glob as its definition says it, without care for time.
fn glob_naively(pattern: &[char], text: &[char]) -> bool {
    match (pattern, text) {
        ([], []) => true,
        (['*', rest @ ..], _) => (0..=text.len()).any(|at| glob_naively(rest, &text[at..])),
        (['\\', wanted @ ('*' | '?' | '\\'), rest @ ..], [first, behind @ ..]) => {
            wanted == first && glob_naively(rest, behind)
        }
        (['\\', '*' | '?' | '\\', ..], []) => false,
        (['?', rest @ ..], [_, behind @ ..]) => glob_naively(rest, behind),
        ([wanted, rest @ ..], [first, behind @ ..]) => {
            wanted == first && glob_naively(rest, behind)
        }
        _ => false,
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(parts in parts(), colon: bool) {
        let (out, fit) = write(&parts, colon);
        prop_assert_eq!(fit, Fit::Whole);
        let line = out.strip_suffix(b"\r\n").unwrap();
        let message = Message::parse(line).unwrap();
        prop_assert_eq!(message.command, parts.command.as_bytes());
        prop_assert_eq!(message.source().map(|it| it.raw.to_vec()), parts.source.clone());
        let params: Vec<_> = parts.params.iter().chain(&parts.last).map(Vec::as_slice).collect();
        prop_assert_eq!(message.params.iter().collect::<Vec<_>>(), params.clone());
        prop_assert_eq!(message.params.len(), params.len());
        for (at, param) in params.iter().enumerate() {
            prop_assert_eq!(message.params.get(at), Some(*param));
        }
        let tags: Vec<_> = message.tags.iter().map(|tag| (tag.key, tag.value())).collect();
        prop_assert_eq!(tags.len(), parts.tags.len());
        for ((key, value), (wanted_key, wanted)) in tags.iter().zip(&parts.tags) {
            prop_assert_eq!(*key, wanted_key.as_bytes());
            prop_assert_eq!(value.as_ref(), wanted.as_slice());
        }
    }

    #[test]
    fn a_written_line_is_one_line_within_its_budgets(
        tags in prop::collection::vec(("\\PC{0,9}", prop::collection::vec(any::<u8>(), 0..3000)), 0..6),
        source in prop::collection::vec(any::<u8>(), 0..80),
        params in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..200), 0..5),
        text in prop::collection::vec(any::<u8>(), 0..700),
        ending in 0..3,
    ) {
        let mut out = b"before\r\n".to_vec();
        let line = tags.iter().fold(Line::new(&mut out), |line, (key, value)| line.tag(key, value));
        let line = line.source(&source).command("PRIVMSG");
        let line = params.iter().fold(line, |line, param| line.param(param));
        match ending {
            0 => line.text(&text),
            1 => line.last(&text),
            _ => line.words(&text).end(),
        };
        let line = out.strip_prefix(b"before\r\n").unwrap().strip_suffix(b"\r\n").unwrap();
        prop_assert!(!line.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n')));
        prop_assert_eq!(LineBudget::SERVER.check(line), Ok(()));
        let message = Message::parse(line).unwrap();
        prop_assert_eq!(message.command, b"PRIVMSG");
        if ending == 0 && !params.is_empty() {
            let most = params.len() + 1;
            prop_assert!(message.params.len() <= most);
        }
    }

    #[test]
    fn text_is_cut_between_characters(text in "\\PC{480,700}") {
        let mut out = Vec::new();
        let fit = Line::new(&mut out).command("PRIVMSG").param(b"#c").text(text.as_bytes());
        prop_assert!(std::str::from_utf8(&out).is_ok());
        prop_assert_eq!(fit == Fit::Whole, "PRIVMSG #c :".len() + text.len() <= 510);
        prop_assert!(fit == Fit::Whole || out.len() >= 509);
    }

    #[test]
    fn lines_are_the_same_however_the_bytes_arrive(
        stream in stream(),
        sizes in prop::collection::vec(1usize..900, 1..50),
    ) {
        let mut framer = Framer::new(LineBudget::CLIENT);
        let (mut lines, mut rest) = (Vec::new(), stream.as_slice());
        for size in sizes.iter().cycle() {
            let (mut chunk, behind) = rest.split_at((*size).min(rest.len()));
            while let Some(line) = framer.next(&mut chunk) {
                lines.push(line.map(<[u8]>::to_vec));
            }
            prop_assert!(framer.pending().len() <= LineBudget::CLIENT.total());
            rest = behind;
            if rest.is_empty() {
                break;
            }
        }
        prop_assert_eq!(lines, cut_naively(&stream));
    }

    #[test]
    fn any_line_is_read_or_refused(line in prop::collection::vec(any::<u8>(), 0..600)) {
        if let Ok(message) = Message::parse(&line) {
            prop_assert!(!message.command.is_empty());
            for tag in message.tags.iter() {
                prop_assert!(tag.value().len() <= line.len());
            }
            let _ = message.source();
        }
    }

    #[test]
    fn escapes_come_back(value in prop::collection::vec(1u8..=255, 0..50)) {
        let mut escaped = Vec::new();
        coax_irc::escape_into(&value, &mut escaped);
        prop_assert!(!escaped.iter().any(|byte| matches!(byte, b' ' | b';' | b'\r' | b'\n')));
        let plain = unescape(&escaped);
        prop_assert_eq!(plain.as_ref(), value.as_slice());
    }

    #[test]
    fn a_glob_matches_what_its_definition_says(pattern in "[ab*?é\\\\]{0,9}", text in "[ab*?é\\\\]{0,9}") {
        let characters = |text: &str| text.chars().collect::<Vec<_>>();
        let naive = glob_naively(&characters(&pattern), &characters(&text));
        prop_assert_eq!(glob(pattern.as_bytes(), text.as_bytes()), naive);
    }

    #[test]
    fn a_mask_matches_what_its_glob_does(pattern in "[aB*?]{0,9}", text in "[Ab*?]{0,9}") {
        let mask = coax_irc::Mask::of_text(pattern.as_bytes(), Casemapping::Ascii);
        let folded = text.to_lowercase();
        let wanted = glob(pattern.to_lowercase().as_bytes(), folded.as_bytes());
        prop_assert_eq!(mask.matches(folded.as_bytes()), wanted);
    }

    #[test]
    fn changes_of_modes_come_back(
        changes in prop::collection::vec((any::<bool>(), 0usize..15, "[a-z0-9!@*]{1,9}"), 0..30),
        most in 1usize..8,
        room in 30usize..100,
    ) {
        let letters = b"qaohvbeIklimnst";
        let changes: Vec<_> = changes.iter().map(|(plus, at, argument)| {
            let sign = if *plus { Sign::Plus } else { Sign::Minus };
            let flag = *at >= 10 || (letters[*at] == b'l' && !plus);
            let argument = (!flag).then_some(argument.as_bytes());
            ModeChange { sign, letter: letters[*at], argument }
        }).collect();
        let mut read = Vec::new();
        for line in render_modes(changes.iter().copied(), most, room) {
            prop_assert!(line.len() <= room);
            let mut words = line.split(|byte| *byte == b' ');
            let letters = words.next().unwrap();
            let arguments: Vec<_> = words.collect();
            prop_assert!(arguments.len() <= most);
            for item in TABLE.read(letters, arguments) {
                let ModeItem::Change(change) = item else { panic!("{item:?}") };
                read.push((change.sign, change.letter, change.argument.map(<[u8]>::to_vec)));
            }
        }
        let sent: Vec<_> =
            changes.iter().map(|it| (it.sign, it.letter, it.argument.map(<[u8]>::to_vec))).collect();
        prop_assert_eq!(read, sent);
    }

    #[test]
    fn modes_of_any_bytes_are_read(
        letters in prop::collection::vec(any::<u8>(), 0..30),
        arguments in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5), 0..5),
    ) {
        let items = TABLE.read(&letters, arguments.iter().map(Vec::as_slice)).count();
        prop_assert!(items <= letters.len());
    }

    #[test]
    fn a_moment_comes_back(millis in 0u64..253_402_300_800_000) {
        prop_assert_eq!(parse_time(&format_time(millis)), Some(millis));
    }

    #[test]
    fn any_text_is_a_moment_or_none(text in "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}[.0-9]{0,5}Z") {
        if let Some(millis) = parse_time(text.as_bytes()) {
            prop_assert_eq!(parse_time(&format_time(millis)), Some(millis));
        }
    }

    #[test]
    fn names_are_the_same_when_their_keys_are(one in "[Aa\\[{~^é]{0,4}", other in "[Aa\\[{~^é]{0,4}") {
        for rule in [Casemapping::Ascii, Casemapping::Rfc1459, Casemapping::Rfc1459Strict] {
            let (a, b) = (one.as_bytes(), other.as_bytes());
            prop_assert_eq!(rule.same(a, b), rule.fold(a) == rule.fold(b));
        }
    }
}
