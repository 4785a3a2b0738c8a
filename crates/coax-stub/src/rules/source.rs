//! The file that rules come from, and how it is written.
//!
//! Its name says which: `.csv`, `.tsv`, `.json`, `.toml`, unless the caller does. A recording is a
//! fifth way to write rules.
//!
//! Nothing here decides when it is read again.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use super::separated::{self, Separator};
use super::{Rules, RulesError, Stamp, json, toml};
use crate::record::replay;

/// How rules are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Two columns, RFC 4180.
    Csv,
    /// Two columns with a tab between them.
    Tsv,
    /// Requests and replies.
    Json,
    /// Rules.
    Toml,
    /// What [`crate::Recorder`] wrote; `paced` waits before a reply as long as was waited then.
    Recording {
        /// Whether to wait.
        paced: bool,
    },
}

impl Format {
    /// The formats a file name can say, each with its name.
    pub const NAMED: [(&'static str, Format); 4] = [
        ("csv", Format::Csv),
        ("tsv", Format::Tsv),
        ("json", Format::Json),
        ("toml", Format::Toml),
    ];

    /// The one that `path` is named after.
    pub fn of(path: &Path) -> Option<Format> {
        let extension = path.extension()?.to_str()?;
        let named = Format::NAMED.iter().find(|(name, _)| name.eq_ignore_ascii_case(extension));
        named.map(|(_, format)| *format)
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = Format::NAMED.iter().find(|(_, format)| format == self);
        f.write_str(named.map_or("recording", |(name, _)| name))
    }
}

/// A file of rules.
#[derive(Clone, Debug)]
pub struct Source {
    path: PathBuf,
    format: Format,
}

impl Source {
    /// The file at `path`, written like this.
    pub fn new(path: impl Into<PathBuf>, format: Format) -> Source {
        Source { path: path.into(), format }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Reads the rules.
    pub fn read(&self) -> Result<Rules, RulesError> {
        // A change while it is read shows as a stamp that is not this one.
        let stamp = Stamp::of(&self.path);
        let read = fs::read(&self.path).map_err(|error| RulesError::unreadable(&error));
        let folder = self.path.parent().unwrap_or(Path::new(""));
        let rules = read.and_then(|text| Source::parse(&text, self.format, folder));
        let mut rules = rules.map_err(|error| error.in_file(&self.path))?;
        rules.files.insert(0, (self.path.clone(), stamp));
        Ok(rules)
    }

    /// Rules from `text`; the files it names are found from `folder`.
    pub fn parse(text: &[u8], format: Format, folder: &Path) -> Result<Rules, RulesError> {
        Ok(match format {
            Format::Csv => Rules::of_table(separated::read(text, Separator::Comma)?),
            Format::Tsv => Rules::of_table(separated::read(text, Separator::Tab)?),
            Format::Json => Rules::of_table(json::read(text)?),
            Format::Toml => toml::read(text, folder)?,
            Format::Recording { paced } => replay::read(text, paced)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::Format;
    use std::path::Path;

    #[test]
    fn a_name_says_the_format() {
        assert_eq!(Format::of(Path::new("a/b.CSV")), Some(Format::Csv));
        assert_eq!(Format::of(Path::new("b.toml")), Some(Format::Toml));
        assert_eq!(Format::of(Path::new("csv")), None);
        assert_eq!(Format::of(Path::new("b.txt")), None);
    }
}
