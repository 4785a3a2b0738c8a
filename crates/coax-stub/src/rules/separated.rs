//! Tables with two columns: CSV and TSV.
//!
//! CSV is that of RFC 4180: a cell may stand in double quotes, then it may hold commas, newlines,
//! and quotes written twice. TSV has no quotes and no escapes: a cell is what stands between tab
//! and newline. A first row `request,reply` is a heading; a request stands in one row only.
//!
//! Nothing here knows what the cells are for.

use std::ops::Range;

use super::RulesError;
use crate::table::{Refused, Table};

/// How cells are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Separator {
    Comma,
    Tab,
}

impl Separator {
    fn byte(self) -> u8 {
        match self {
            Separator::Comma => b',',
            Separator::Tab => b'\t',
        }
    }

    fn name(self) -> &'static str {
        match self {
            Separator::Comma => "comma",
            Separator::Tab => "tab",
        }
    }
}

/// Reads a table.
pub(super) fn read(text: &[u8], separator: Separator) -> Result<Table, RulesError> {
    let start = if text.starts_with(b"\xef\xbb\xbf") { 3 } else { 0 };
    let lines = text.iter().filter(|byte| **byte == b'\n').count() + 1;
    let mut table = Table::with_room(lines, text.len());
    let mut reader = Reader { text, separator, at: start, line: 1 };
    let mut cells = [Cell::default(), Cell::default()];
    while reader.row(&mut cells)? {
        let [request, reply] = &cells;
        let heading = request.at.start == start
            && request.bytes.eq_ignore_ascii_case(b"request")
            && reply.bytes.eq_ignore_ascii_case(b"reply");
        if heading {
            continue;
        }
        table
            .push(&request.bytes, &reply.bytes, request.line)
            .map_err(|refused| RulesError::at(text, request.at.clone(), refusal(&refused)))?;
    }
    match table.len() {
        0 => Err(RulesError::at(text, text.len()..text.len(), "expected a row: request, reply")),
        _ => Ok(table),
    }
}

pub(super) fn refusal(refused: &Refused) -> String {
    match refused {
        Refused::Known(line) => format!("expected a new request: line {line} has the same"),
        Refused::Full => "the table holds more than 4 GiB of text".to_owned(),
    }
}

/// One cell, and where it stands.
#[derive(Debug, Default)]
struct Cell {
    bytes: Vec<u8>,
    at: Range<usize>,
    line: usize,
}

struct Reader<'a> {
    text: &'a [u8],
    separator: Separator,
    at: usize,
    line: usize,
}

impl Reader<'_> {
    /// Reads the next row; false at the end.
    fn row(&mut self, cells: &mut [Cell; 2]) -> Result<bool, RulesError> {
        while self.line_end() > 0 {
            self.end_line();
        }
        if self.at == self.text.len() {
            return Ok(false);
        }
        let [request, reply] = cells;
        self.cell(request)?;
        if self.peek() != Some(self.separator.byte()) {
            let name = self.separator.name();
            return self.wrong(self.at..self.at, format!("expected a {name} and the reply"));
        }
        self.at += 1;
        self.cell(reply)?;
        if self.peek() == Some(self.separator.byte()) {
            let why = match self.separator {
                Separator::Comma => "expected the end of the row; a cell with a comma needs quotes",
                Separator::Tab => "expected the end of the row: there are two columns",
            };
            return self.wrong(self.at..self.at + 1, why);
        }
        self.end_line();
        Ok(true)
    }

    fn peek(&self) -> Option<u8> {
        self.text.get(self.at).copied()
    }

    /// How many bytes of line end are here.
    fn line_end(&self) -> usize {
        match &self.text[self.at..] {
            [b'\r', b'\n', ..] => 2,
            [b'\n', ..] => 1,
            _ => 0,
        }
    }

    fn end_line(&mut self) {
        self.at += self.line_end();
        self.line += 1;
    }

    fn cell(&mut self, cell: &mut Cell) -> Result<(), RulesError> {
        cell.bytes.clear();
        (cell.line, cell.at) = (self.line, self.at..self.at);
        match self.separator == Separator::Comma && self.peek() == Some(b'"') {
            true => self.quoted(cell)?,
            false => self.plain(cell)?,
        }
        cell.at.end = self.at;
        Ok(())
    }

    fn plain(&mut self, cell: &mut Cell) -> Result<(), RulesError> {
        let start = self.at;
        while let Some(byte) = self.peek() {
            if byte == self.separator.byte() || self.line_end() > 0 {
                break;
            }
            if byte == b'"' && self.separator == Separator::Comma {
                let why = "expected no quote here; a cell with quotes stands in quotes, each \
                           written twice";
                return self.wrong(self.at..self.at + 1, why);
            }
            self.at += 1;
        }
        cell.bytes.extend_from_slice(&self.text[start..self.at]);
        Ok(())
    }

    fn quoted(&mut self, cell: &mut Cell) -> Result<(), RulesError> {
        let start = self.at;
        self.at += 1;
        loop {
            match self.text[self.at..] {
                [] => return self.wrong(start..start + 1, "expected a closing quote for this one"),
                [b'"', b'"', ..] => {
                    cell.bytes.push(b'"');
                    self.at += 2;
                }
                [b'"', ..] => break,
                [byte, ..] => {
                    self.line += usize::from(byte == b'\n');
                    cell.bytes.push(byte);
                    self.at += 1;
                }
            }
        }
        self.at += 1;
        match self.peek() {
            None => Ok(()),
            Some(byte) if byte == self.separator.byte() || self.line_end() > 0 => Ok(()),
            Some(_) => self.wrong(
                self.at..self.at + 1,
                "expected a comma or the end of the row after the quote",
            ),
        }
    }

    fn wrong<T>(&self, span: Range<usize>, message: impl Into<String>) -> Result<T, RulesError> {
        Err(RulesError::at(self.text, span, message))
    }
}

#[cfg(test)]
mod tests {
    use super::{Separator, read};
    use proptest::prelude::*;

    fn rows(text: &str, separator: Separator) -> Vec<(String, String, usize)> {
        let table = read(text.as_bytes(), separator).unwrap();
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let row = |row| (text(table.request(row)), text(table.reply(row)), table.line(row));
        (0..table.len()).map(row).collect()
    }

    fn row(request: &str, reply: &str, line: usize) -> (String, String, usize) {
        (request.to_owned(), reply.to_owned(), line)
    }

    #[test]
    fn cells_are_read_as_rfc_4180_says() {
        assert_eq!(
            rows("Request,reply\r\na,b\r\n\n\"x,\"\"\ny\",\n z , w", Separator::Comma),
            [row("a", "b", 2), row("x,\"\ny", "", 4), row(" z ", " w", 6)]
        );
        assert_eq!(rows("\u{feff}request,reply\na,b", Separator::Comma), [row("a", "b", 2)]);
    }

    #[test]
    fn a_tab_table_has_no_quotes() {
        assert_eq!(
            rows("a\t\"b, c\"\n\\n\t\r\n", Separator::Tab),
            [row("a", "\"b, c\"", 1), row("\\n", "", 2)]
        );
    }

    #[test]
    fn each_mistake_has_its_place() {
        use Separator::{Comma, Tab};
        let table = [
            ("", Comma, (1, 1), "expected a row"),
            ("request,reply\n", Comma, (2, 1), "expected a row"),
            ("a,b\nc\n", Comma, (2, 2), "expected a comma and the reply"),
            ("a,b,c\n", Comma, (1, 4), "a cell with a comma needs quotes"),
            ("a,b\n\"c,d\n", Comma, (2, 1), "expected a closing quote"),
            ("a,\"b\"c\n", Comma, (1, 6), "after the quote"),
            ("a,b\"c\n", Comma, (1, 4), "expected no quote here"),
            ("a,b\nb,c\na,d\n", Comma, (3, 1), "line 1 has the same"),
            ("a\tb\tc\n", Tab, (1, 4), "two columns"),
            ("a b\n", Tab, (1, 4), "expected a tab"),
        ];
        for (text, separator, place, words) in table {
            let error = read(text.as_bytes(), separator).unwrap_err();
            assert_eq!(error.place(), Some(place), "{text:?}: {}", error.message());
            assert!(error.message().contains(words), "{text:?}: {}", error.message());
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(cells in prop::collection::vec("[a,\"\n\r]{1,5}", 1..20)) {
            let mut text = String::new();
            for (number, cell) in cells.iter().enumerate() {
                let quoted = format!("\"{}\"", cell.replace('"', "\"\""));
                text.push_str(&format!("{number},{quoted}\n"));
            }
            let read = rows(&text, Separator::Comma);
            let replies = read.into_iter().map(|(_, reply, _)| reply).collect::<Vec<_>>();
            prop_assert_eq!(replies, cells);
        }
    }
}
