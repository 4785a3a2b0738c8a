//! `coax scan` beside the scanners people use: fast, and right.
//!
//! Every table has network namespaces of its own, so that what else runs on the machine has no port
//! in it, and every answer is compared with the truth: a fast wrong answer is shown as wrong.
//!
//! RustScan has no Debian package: it is looked for at `COAX_BENCH_RUSTSCAN`, in `~/.cargo/bin` and
//! in `PATH`. Whoever is missing has a row that says so.

mod answer;
mod bare;
mod few;
mod hosts;
mod loopback;
mod loss;
mod network;
mod scanner;
mod space;
mod syn;
mod world;
mod zoo;

use super::prepare;
use super::table::Table;

pub(crate) use bare::scan as bare_scan;

type Measurement = fn(&Wish) -> Result<Table, String>;

const TABLES: [(&str, Measurement); 7] = [
    ("loopback", loopback::run),
    ("loss", loss::run),
    ("network", network::run),
    ("hosts", hosts::run),
    ("few", few::run),
    ("syn", syn::run),
    ("zoo", zoo::run),
];

/// What was asked for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Wish {
    /// The tables; all where none is named.
    tables: Vec<String>,
    /// Rounds of each, where not the table's own number.
    runs: Option<usize>,
    /// Whether those who need minutes have a turn.
    slow: bool,
}

/// Measures what `words` ask for and hands over each table when it is done.
pub(super) fn run(words: &[&str], show: &mut dyn FnMut(Table)) -> Result<(), String> {
    let wish = Wish::read(words)?;
    prepare()?;
    for (name, measure) in TABLES {
        // The zoo installs sixty packages, so it is asked for by name.
        let wanted = wish.tables.is_empty() && name != "zoo";
        if wanted || wish.tables.iter().any(|wished| wished == name) {
            show(measure(&wish)?);
        }
    }
    Ok(())
}

impl Wish {
    fn read(words: &[&str]) -> Result<Wish, String> {
        let (mut wish, mut words) = (Wish::default(), words.iter());
        while let Some(&word) = words.next() {
            match word {
                "--slow" => wish.slow = true,
                "--runs" => {
                    let number = words.next().and_then(|word| word.parse().ok());
                    let number = number.filter(|&number| number > 0);
                    wish.runs = Some(number.ok_or("--runs needs a number, such as --runs 100")?);
                }
                name if TABLES.iter().any(|(table, _)| *table == name) => {
                    wish.tables.push(name.to_owned());
                }
                other => return Err(unknown(other)),
            }
        }
        Ok(wish)
    }
}

fn unknown(word: &str) -> String {
    let names = TABLES.map(|(name, _)| name).join(", ");
    format!("bench scan has no {word}; there are {names}, --runs N, --slow, --json")
}

#[cfg(test)]
mod tests {
    use super::Wish;

    #[test]
    fn tables_and_options_stand_in_any_order() {
        let wish = Wish::read(&["loss", "--runs", "100", "--slow", "few"]).unwrap();
        let tables = ["loss", "few"].map(str::to_owned).to_vec();
        assert_eq!(wish, Wish { tables, runs: Some(100), slow: true });
        assert_eq!(Wish::read(&[]), Ok(Wish::default()));
    }

    #[test]
    fn what_is_not_known_is_refused() {
        let why = Wish::read(&["lots"]).unwrap_err();
        assert!(why.contains("no lots; there are loopback, loss,"), "{why}");
        for words in [vec!["--runs"], vec!["--runs", "0"], vec!["--runs", "few"]] {
            assert!(Wish::read(&words).unwrap_err().contains("--runs 100"), "{words:?}");
        }
    }
}
