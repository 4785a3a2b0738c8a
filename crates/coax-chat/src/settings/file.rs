//! Settings from text, and text from settings.
//!
//! A mistake is told with the line or the key it is in, and with what was probably meant.
//!
//! Nothing here knows any key: they stand in the table.

use toml::de::{DeTable, DeValue};
use toml::{Table, Value};

use super::keys::{KEYS, Key, empty};
use super::{Settings, SettingsError};

/// Every key at its default.
pub(super) fn default() -> Settings {
    let mut settings = empty();
    for key in KEYS {
        let read = written(key.default).map(|value| (key.read)(&mut settings, &value));
        debug_assert!(matches!(read, Some(Ok(()))), "the default of {} cannot be read", key.name);
    }
    settings
}

/// A value as it is written in a file.
fn written(text: &str) -> Option<Value> {
    format!("it = {text}").parse::<Table>().ok()?.remove("it")
}

pub(super) fn parse(text: &str) -> Result<Settings, SettingsError> {
    let table = text.parse::<Table>().map_err(|error| SettingsError {
        place: error.span().map(|span| place(text, span.start)),
        message: error.message().lines().collect::<Vec<_>>().join(", "),
        hint: None,
    })?;
    read(&table).map_err(|(path, error)| SettingsError { place: find_place(text, &path), ..error })
}

/// Where a mistake is: the names that lead there.
type Path = Vec<String>;

fn read(table: &Table) -> Result<Settings, (Path, SettingsError)> {
    let mut settings = default();
    for (section, value) in table {
        match find(section) {
            Some(key) => {
                apply(key, &mut settings, value).map_err(|error| (vec![section.clone()], error))?;
            }
            None => read_section(section, value, &mut settings)?,
        }
    }
    if settings.sts && settings.certificate.is_none() {
        let message = "listen.sts needs listen.certificate: nobody believes one that is made here";
        let error = SettingsError { place: None, message: message.to_owned(), hint: None };
        return Err((vec!["listen".to_owned(), "sts".to_owned()], error));
    }
    Ok(settings)
}

/// The line and the column of a byte, from 1; a column is a character.
fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let start = before.rfind('\n').map_or(0, |end| end + 1);
    (before.matches('\n').count() + 1, before[start..].chars().count() + 1)
}

/// The place of the key that a path leads to. Only asked for when something is wrong there, so the
/// text is read a second time, with its places.
fn find_place(text: &str, path: &[String]) -> Option<(usize, usize)> {
    let root = DeTable::parse(text).ok()?;
    let mut table = root.get_ref();
    let mut at = None;
    for name in path {
        let (key, value) = table.iter().find(|(key, _)| key.get_ref() == name.as_str())?;
        at = Some(key.span().start);
        match value.get_ref() {
            DeValue::Table(inner) => table = inner,
            _ => break,
        }
    }
    at.map(|at| place(text, at))
}

fn read_section(
    section: &str,
    value: &Value,
    settings: &mut Settings,
) -> Result<(), (Path, SettingsError)> {
    let known = KEYS.iter().any(|key| key.name.starts_with(&format!("{section}.")));
    let Some(table) = value.as_table().filter(|_| known) else {
        return Err((vec![section.to_owned()], unknown(section)));
    };
    for (name, value) in table {
        let path = || vec![section.to_owned(), name.clone()];
        let name = format!("{section}.{name}");
        let key = find(&name).ok_or_else(|| (path(), unknown(&name)))?;
        apply(key, settings, value).map_err(|error| (path(), error))?;
    }
    Ok(())
}

fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

fn apply(key: &Key, settings: &mut Settings, value: &Value) -> Result<(), SettingsError> {
    let default = written(key.default);
    if default.as_ref() != Some(value) {
        settings.given.insert(key.name, value.to_string());
    }
    (key.read)(settings, value).map_err(|why| SettingsError {
        place: None,
        message: format!("{} {why}, not {value}", key.name),
        hint: Some(format!("{} = {}", key.name, key.default)),
    })
}

fn unknown(name: &str) -> SettingsError {
    let sections = KEYS.iter().filter_map(|key| key.name.split('.').next());
    let names = KEYS.iter().map(|key| key.name).chain(sections);
    SettingsError {
        place: None,
        message: format!("there is no setting '{name}'"),
        hint: Some(match nearest(name, names) {
            Some(near) => format!("did you mean {near}?"),
            None => "coax chat config lists them all".to_owned(),
        }),
    }
}

/// What was probably meant by `name`, if anything that is known looks like it.
pub fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let near = known.min_by_key(|known| distance(name, known));
    near.filter(|known| distance(name, known) <= 1 + name.len() / 4)
}

/// How many letters must change to make one word of the other.
fn distance(one: &str, other: &str) -> usize {
    let other = other.chars().collect::<Vec<_>>();
    let mut row = (0..=other.len()).collect::<Vec<_>>();
    for (at, letter) in one.chars().enumerate() {
        let mut corner = std::mem::replace(&mut row[0], at + 1);
        for (column, theirs) in other.iter().enumerate() {
            let change = corner + usize::from(letter != *theirs);
            corner = row[column + 1];
            row[column + 1] = change.min(corner + 1).min(row[column] + 1);
        }
    }
    row[other.len()]
}

/// The file that says what is so anyway: every key with its default, and what it means.
pub fn commented_default() -> String {
    let mut text = String::from("# Settings of coax chat serve. Every key is at its default.\n");
    let mut section = "";
    for key in KEYS {
        let (ours, name) = key.name.split_once('.').unwrap_or((key.name, ""));
        if ours != section {
            text.push_str(&format!("\n[{ours}]\n"));
            section = ours;
        }
        text.push_str(&format!("# {}\n", key.about));
        match name {
            "" => text.push_str("# ada = \"secret\"\n"),
            name => text.push_str(&format!("{name} = {}\n", key.default)),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{commented_default, parse};
    use crate::Settings;

    #[test]
    fn the_commented_default_says_what_is_so_anyway() {
        assert_eq!(parse(&commented_default()), Ok(Settings::default()));
        assert_eq!(parse(""), Ok(Settings::default()));
    }

    #[test]
    fn a_mistake_is_told_with_its_line_and_column() {
        for (text, place) in [
            ("[limits]\n  nick-lenght = 9", (2, 3)),
            ("[limits]\nchannels = 4\nsendq = \"ü\"", (3, 1)),
            ("# é\n[sever]", (2, 2)),
            ("limits.sendq = 1\nlimits.sendk = 1", (2, 8)),
            ("[operators]\nada = 7", (1, 2)),
            ("a = \"é\" = 1", (1, 9)),
            ("[limits", (1, 8)),
        ] {
            assert_eq!(parse(text).unwrap_err().place, Some(place), "{text:?}");
        }
    }

    #[test]
    fn a_key_nobody_knows_is_told_with_what_was_meant() {
        let told = |text: &str| {
            let error = parse(text).unwrap_err();
            (error.message, error.hint.unwrap_or_default())
        };
        assert_eq!(
            told("[limits]\nnick-lenght = 9"),
            (
                "there is no setting 'limits.nick-lenght'".into(),
                "did you mean limits.nick-length?".into()
            )
        );
        assert_eq!(
            told("[sever]\nname = \"a\""),
            ("there is no setting 'sever'".into(), "did you mean server?".into())
        );
        assert_eq!(
            told("[limits]\nnick-length = \"a\""),
            (
                "limits.nick-length is a whole number, 0 or more, not \"a\"".into(),
                "limits.nick-length = 32".into()
            )
        );
    }
}
