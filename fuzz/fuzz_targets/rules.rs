//! Whatever a rules file holds, it is read or told with its place; a row that was read is found.
#![no_main]

use std::path::Path;

use coax_stub::{Format, Source};
use libfuzzer_sys::fuzz_target;

const FORMATS: [Format; 5] = [
    Format::Csv,
    Format::Tsv,
    Format::Json,
    Format::Toml,
    Format::Recording { paced: true },
];

fuzz_target!(|input: &[u8]| {
    let Some((first, text)) = input.split_first() else { return };
    let format = FORMATS[usize::from(*first) % FORMATS.len()];
    // A regular expression may take long to compile; that is the author's own time.
    match Source::parse(text, format, Path::new("/nonexistent")) {
        Ok(rules) => {
            assert!(!rules.is_empty());
            assert_eq!(rules.never_hit(), rules.len());
            assert!(rules.hits().all(|hits| hits.count == 0 && !hits.rule.contains('\n')));
        }
        Err(error) => {
            if let Some((line, column)) = error.place() {
                let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
                assert!((1..=lines).contains(&line), "line {line} of {lines}");
                assert!((1..=text.len() + 1).contains(&column));
                let excerpt = error.excerpt().unwrap_or_default();
                let mut shown = excerpt.lines();
                let (above, below) = (shown.next().unwrap(), shown.next().unwrap());
                assert!(below.trim_end().ends_with('^') && shown.next().is_none());
                let caret = below.chars().position(|letter| letter == '^').unwrap();
                assert!(caret <= above.chars().count(), "the caret stands beside the line");
                assert!(!excerpt.contains(|letter: char| letter.is_control() && letter != '\n'));
            }
        }
    }
});
