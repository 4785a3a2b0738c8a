//! What others wrote, as text and nothing else.
//!
//! The codes that IRC clients use for colours, and the sequences that a terminal obeys, are taken away
//! whole: without its first byte a sequence would leave its letters behind (`04red`, `[31m`). What is
//! left has no control characters and none that turn the direction of the text (UAX #9 §2).
//!
//! Nothing here knows who reads it.

/// `text` without codes, controls and what turns its direction.
pub(super) fn clean(text: &str) -> String {
    let mut seen = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(letter) = rest.chars().next() {
        let code = code(rest);
        rest = &rest[code.max(letter.len_utf8())..];
        if code == 0 && !is_unseen(letter) {
            seen.push(letter);
        }
    }
    seen
}

fn is_unseen(letter: char) -> bool {
    let turns = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    turns || letter.is_control()
}

/// How many bytes at the beginning are a code.
fn code(text: &str) -> usize {
    let mut letters = text.chars();
    let first = letters.next().unwrap_or_default();
    let rest = letters.as_str();
    let length = match (first, rest.chars().next()) {
        // The colours of mIRC: up to two digits each, and those of hexadecimal digits.
        ('\x03', _) => pair(rest, |colour| run(colour, 2, |it| it.is_ascii_digit())),
        ('\x04', _) => pair(rest, |colour| {
            let digits = run(colour, 6, |it| it.is_ascii_hexdigit());
            if digits == 6 { 6 } else { 0 }
        }),
        // ECMA-48: a control sequence, a string, or an escape of a few letters.
        ('\x1b', Some('[')) => 1 + sequence(&rest[1..]),
        ('\u{9b}', _) => sequence(rest),
        ('\x1b', Some(']' | 'P' | 'X' | '^' | '_')) => 1 + string(&rest[1..]),
        ('\u{90}' | '\u{98}' | '\u{9d}' | '\u{9e}' | '\u{9f}', _) => string(rest),
        ('\x1b', _) => {
            let between = run(rest, rest.len(), |it| (' '..='/').contains(&it));
            between + run(&rest[between..], 1, |it| ('0'..='~').contains(&it))
        }
        _ => return 0,
    };
    first.len_utf8() + length
}

/// One colour, or two with a comma between.
fn pair(text: &str, colour: impl Fn(&str) -> usize) -> usize {
    let one = colour(text);
    let other = text[one..].strip_prefix(',').map_or(0, colour);
    if one > 0 && other > 0 { one + 1 + other } else { one }
}

/// Parameters, what is between, and the letter that ends it.
fn sequence(text: &str) -> usize {
    let parameters = run(text, text.len(), |it| ('0'..='?').contains(&it));
    let between = parameters + run(&text[parameters..], text.len(), |it| (' '..='/').contains(&it));
    between + run(&text[between..], 1, |it| ('@'..='~').contains(&it))
}

/// All up to the end of a string; nothing of it where it has none, so that no text is lost.
fn string(text: &str) -> usize {
    let end = text.find(['\x07', '\u{9c}', '\x1b']);
    end.map_or(0, |end| {
        let rest = &text[end..];
        let terminator = if rest.starts_with("\x1b\\") {
            2
        } else if rest.starts_with('\x1b') {
            0
        } else {
            rest.chars().next().map_or(0, char::len_utf8)
        };
        end + terminator
    })
}

/// How many bytes of ASCII at the beginning are of this kind.
fn run(text: &str, most: usize, is_one: impl Fn(char) -> bool) -> usize {
    text.chars().take(most).take_while(|&letter| is_one(letter)).count()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn codes_go_whole() {
        for (written, seen) in [
            ("\u{3}04red\u{3} plain", "red plain"),
            ("\u{3}4,12red on blue\u{3}", "red on blue"),
            ("\u{3}123 three", "3 three"),
            ("\u{3},5 a comma", ",5 a comma"),
            ("\u{4}FF0000,00ff00hex\u{4}", "hex"),
            ("\u{4}FF00no", "FF00no"),
            ("\u{2}bold\u{f} \u{1d}italic\u{1d} \u{1f}under\u{16}", "bold italic under"),
            ("\u{1b}[31mred\u{1b}[0m", "red"),
            ("\u{1b}[2J\u{1b}[?25l\u{1b}[38;2;1;2;3mx", "x"),
            ("\u{9b}31mred", "red"),
            ("\u{1b}]0;title\u{7}x\u{1b}]8;;http://a\u{1b}\\y", "xy"),
            ("\u{1b}]0;no end", "0;no end"),
            ("\u{9d}0;title\u{9c}x", "x"),
            ("\u{1b}P1$r\u{1b}\\x", "x"),
            ("\u{1b}cx\u{1b}(Bx\u{1b}7x", "xxx"),
            ("\u{1b}[3é", "é"),
            ("end \u{1b}", "end "),
            ("x\u{202e}y\u{2066}\u{7f}\u{85}z", "xyz"),
            ("naïve — 日本語 🎉", "naïve — 日本語 🎉"),
        ] {
            assert_eq!(clean(written), seen, "{written:?}");
        }
    }
}
