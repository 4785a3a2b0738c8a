//! The command that was typed, to be typed again.
//!
//! Words are quoted as a shell reads them. What may hold a secret is not repeated where it might be
//! written down.
//!
//! Nothing here reads the command line.

use std::ffi::OsString;

/// Options whose words may be secret, long and short.
const SECRET: [&str; 7] =
    ["--user", "--header", "--data", "--form", "--cookie", "--proxy", "--via"];
const SECRET_LETTERS: &str = "uHdFb";

/// `coax` with `words`, or a way to say it without them.
pub(super) fn command(words: impl Iterator<Item = OsString>) -> String {
    let words: Vec<_> = words.map(|word| word.to_string_lossy().into_owned()).collect();
    if words.iter().any(|word| may_be_secret(word)) {
        return "the same command".to_owned();
    }
    let quoted = words.iter().map(|word| quoted(word));
    std::iter::once("coax".to_owned()).chain(quoted).collect::<Vec<_>>().join(" ")
}

fn may_be_secret(word: &str) -> bool {
    let letters = word.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
    let short = letters.is_some_and(|letters| letters.contains(|it| SECRET_LETTERS.contains(it)));
    let long = SECRET.iter().any(|option| word.starts_with(option));
    short || long || word.contains('@')
}

fn quoted(word: &str) -> String {
    let plain = |it: char| it.is_ascii_alphanumeric() || "-_./:=,+%~".contains(it);
    if !word.is_empty() && word.chars().all(plain) && !word.starts_with('~') {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', "'\\''"))
}

#[cfg(test)]
mod tests {
    use super::command;

    fn of(words: &[&str]) -> String {
        command(words.iter().map(Into::into))
    }

    #[test]
    fn words_are_quoted_as_a_shell_reads_them() {
        assert_eq!(
            of(&["get", "-o", "a b", "http://h/x?y=1&z"]),
            "coax get -o 'a b' 'http://h/x?y=1&z'"
        );
        assert_eq!(of(&["get", "-O", "it's", ""]), r"coax get -O 'it'\''s' ''");
    }

    #[test]
    fn secrets_are_not_repeated() {
        for word in ["-uada:secret", "--user=ada:x", "-Ou", "http://ada:x@h/", "--header", "-H"] {
            assert_eq!(of(&["get", word]), "the same command", "{word}");
        }
    }
}
