//! Many words on few lines.
//!
//! Words are joined until the next one finds no room, in the order given, none of them cut. NAMES,
//! CAP LS, ISUPPORT and MONITOR lists are made of this.
//!
//! Nothing here knows what the words are for.

/// Joins words with `separator` into lines of at most `room` bytes and `most` words.
///
/// A word longer than a whole line stands alone on one; whoever writes it cuts it.
pub fn pack<W: AsRef<[u8]>>(
    words: impl IntoIterator<Item = W>,
    separator: u8,
    room: usize,
    most: usize,
) -> Vec<Vec<u8>> {
    let mut lines: Vec<Vec<u8>> = Vec::new();
    let mut on_line = 0;
    for word in words {
        let word = word.as_ref();
        match lines.last_mut() {
            Some(line) if on_line < most && line.len() + 1 + word.len() <= room => {
                line.push(separator);
                line.extend_from_slice(word);
                on_line += 1;
            }
            _ => {
                lines.push(word.to_vec());
                on_line = 1;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::pack;

    #[test]
    fn a_line_is_filled_to_the_last_byte_and_no_further() {
        let lines = pack(["ab", "cd", "e", "longest", "f"], b' ', 5, 9);
        assert_eq!(lines, [&b"ab cd"[..], b"e", b"longest", b"f"]);
    }

    #[test]
    fn a_line_has_no_more_words_than_asked() {
        assert_eq!(pack(["a", "b", "c"], b',', 99, 2), [&b"a,b"[..], b"c"]);
        assert_eq!(pack([""; 0], b',', 99, 2), [&b""[..]; 0]);
    }
}
