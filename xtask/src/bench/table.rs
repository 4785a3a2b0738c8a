//! A table of measurements, for people and for programs.
//!
//! Both come from the same cells: numbers keep their full precision in JSON and are rounded for
//! people.

use serde_json::{Map, Value, json};

/// One value.
pub(super) enum Cell {
    Text(String),
    /// A number and the decimals people see.
    Number(f64, usize),
}

/// A table and what a reader must know about it.
pub(super) struct Table {
    pub(super) title: String,
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Cell>>,
    pub(super) notes: Vec<String>,
}

impl Cell {
    pub(super) fn text(text: impl Into<String>) -> Cell {
        Cell::Text(text.into())
    }

    fn shown(&self) -> String {
        match self {
            Cell::Text(text) => text.clone(),
            Cell::Number(number, decimals) => format!("{number:.decimals$}"),
        }
    }

    fn json(&self) -> Value {
        match self {
            Cell::Text(text) => json!(text),
            Cell::Number(number, _) => json!(number),
        }
    }
}

impl Table {
    pub(super) fn new(title: impl Into<String>, columns: &[&str]) -> Table {
        let columns = columns.iter().map(|name| (*name).to_owned()).collect();
        Table { title: title.into(), columns, rows: Vec::new(), notes: Vec::new() }
    }

    /// Aligned columns: names to the left, numbers to the right.
    pub(super) fn text(&self) -> String {
        let cells = self.rows.iter().map(|row| row.iter().map(Cell::shown).collect::<Vec<_>>());
        let lines = std::iter::once(self.columns.clone()).chain(cells).collect::<Vec<_>>();
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
        };
        let mut text = format!("{}\n\n", self.title);
        for line in &lines {
            let cells = line.iter().enumerate().map(|(column, cell)| {
                let width = width(column).unwrap_or_default();
                if column == 0 { format!("{cell:<width$}") } else { format!("{cell:>width$}") }
            });
            text.push_str(cells.collect::<Vec<_>>().join("  ").trim_end());
            text.push('\n');
        }
        self.notes.iter().for_each(|note| text.push_str(&format!("\n{note}")));
        text
    }

    pub(super) fn json(&self) -> Value {
        let rows = self.rows.iter().map(|row| {
            let pairs = self.columns.iter().zip(row);
            pairs.map(|(name, cell)| (name.clone(), cell.json())).collect::<Map<_, _>>()
        });
        json!({ "title": self.title, "rows": rows.collect::<Vec<_>>(), "notes": self.notes })
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Table};

    #[test]
    fn people_and_programs_get_the_same_cells() {
        let mut table = Table::new("speed", &["who", "MiB/s"]);
        table.rows.push(vec![Cell::text("coax"), Cell::Number(1234.56, 1)]);
        table.rows.push(vec![Cell::text("nc"), Cell::Number(7.0, 1)]);
        assert_eq!(table.text(), "speed\n\nwho    MiB/s\ncoax  1234.6\nnc       7.0\n");
        assert_eq!(table.json()["rows"][0]["MiB/s"], 1234.56);
    }
}
