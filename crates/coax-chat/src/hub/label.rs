//! Replies that say which command they reply to. IRCv3 *labeled-response*.
//!
//! What a labelled command sends to its sender is gathered: nothing becomes an ACK, one line gets
//! the label, several become a batch that has it. A command that waits for answers is replied to
//! when the last of them is there, so a label is answered once.
//!
//! Nothing here knows any command.

use std::sync::Arc;

use super::effects::SharedLine;
use super::turn::Turn;

/// A labelled command that is not over.
#[derive(Debug)]
pub(crate) struct Labelled {
    /// Escaped, as it came.
    pub(super) label: Box<str>,
    /// What was replied so far.
    pub(super) lines: Vec<SharedLine>,
}

impl Turn<'_> {
    /// Runs a command whose replies carry `label`, here already escaped.
    pub(crate) fn labelled(&mut self, label: &str, run: impl FnOnce(&mut Turn<'_>)) {
        self.go_on_labelled(Labelled { label: label.into(), lines: Vec::new() }, run);
    }

    /// Runs what follows an answer.
    pub(super) fn go_on_labelled(&mut self, it: Labelled, run: impl FnOnce(&mut Turn<'_>)) {
        self.out.gather(self.who, it.lines);
        run(self);
        let lines = self.out.gathered();
        let Some(client) = self.hub.clients.find_mut(self.who) else { return };
        if client.held {
            client.labelled = Some(Box::new(Labelled { label: it.label, lines }));
            return;
        }
        for line in self.label(&it.label, lines) {
            self.out.send(self.who, line);
        }
    }

    fn label(&mut self, label: &str, lines: Vec<SharedLine>) -> Vec<SharedLine> {
        let server = self.hub.settings.server_name.clone();
        match &lines[..] {
            [] => vec![shared(&format!("@label={label} :{server} ACK\r\n"))],
            [line] => vec![tagged(line, "label", label)],
            [first, .., last] if is_one_batch(first, last) => {
                let first = tagged(first, "label", label);
                std::iter::once(first).chain(lines.into_iter().skip(1)).collect()
            }
            _ => {
                let batch = format!("r{}", self.serial());
                let begin = format!("@label={label} :{server} BATCH +{batch} labeled-response\r\n");
                let end = format!(":{server} BATCH -{batch}\r\n");
                let inner = lines.iter().map(|line| match is_in_batch(line) {
                    true => line.clone(),
                    false => tagged(line, "batch", &batch),
                });
                let whole = std::iter::once(shared(&begin)).chain(inner);
                whole.chain(std::iter::once(shared(&end))).collect()
            }
        }
    }
}

fn shared(text: &str) -> SharedLine {
    Arc::from(text.as_bytes())
}

/// The line with one more tag in front.
fn tagged(line: &[u8], name: &str, value: &str) -> SharedLine {
    let mut tagged = format!("@{name}={value}").into_bytes();
    match line.strip_prefix(b"@") {
        Some(rest) => {
            tagged.push(b';');
            tagged.extend_from_slice(rest);
        }
        None => {
            tagged.push(b' ');
            tagged.extend_from_slice(line);
        }
    }
    Arc::from(tagged)
}

/// The tags of a line, and the rest of it.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let end = line.iter().position(|byte| *byte == b' ').unwrap_or(line.len());
    match line.strip_prefix(b"@") {
        Some(_) => (&line[1..end], &line[(end + 1).min(line.len())..]),
        None => (&[], line),
    }
}

fn is_in_batch(line: &[u8]) -> bool {
    split(line).0.split(|byte| *byte == b';').any(|tag| tag.starts_with(b"batch="))
}

/// The name of the batch a line begins (`+`) or ends (`-`).
fn batch_word(line: &[u8], sign: u8) -> Option<&[u8]> {
    let mut words = split(line).1.split(|byte| matches!(byte, b' ' | b'\r'));
    let (_, command, name) = (words.next()?, words.next()?, words.next()?);
    name.strip_prefix(b":").unwrap_or(name).strip_prefix(&[sign]).filter(|_| command == b"BATCH")
}

/// Whether the replies are one batch already.
fn is_one_batch(first: &[u8], last: &[u8]) -> bool {
    let begun = batch_word(first, b'+');
    begun.is_some() && begun == batch_word(last, b'-')
}

#[cfg(test)]
mod tests {
    use super::{is_one_batch, tagged};

    #[test]
    fn a_label_stands_before_the_other_tags() {
        assert_eq!(&*tagged(b":a PONG x\r\n", "label", "7"), b"@label=7 :a PONG x\r\n");
        assert_eq!(&*tagged(b"@t=1 :a PONG\r\n", "label", "7"), b"@label=7;t=1 :a PONG\r\n");
    }

    #[test]
    fn one_batch_is_known_by_its_name() {
        assert!(is_one_batch(b":a BATCH +x chathistory #c\r\n", b":a BATCH -x\r\n"));
        assert!(is_one_batch(b":a BATCH +x :netsplit\r\n", b":a BATCH :-x\r\n"));
        assert!(!is_one_batch(b":a BATCH +x netsplit\r\n", b":a BATCH -y\r\n"));
    }
}
