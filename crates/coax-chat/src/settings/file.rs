//! Settings from text, and text from settings.
//!
//! A mistake is told with the line or the key it is in, and with what was probably meant.
//!
//! Nothing here knows any key: they stand in the table.

use toml::{Table, Value};

use super::keys::{KEYS, Key, empty};
use super::{Settings, SettingsError};

/// Every key at its default.
pub(super) fn default() -> Settings {
    let mut settings = empty();
    for key in KEYS {
        let table = format!("it = {}", key.default).parse::<Table>();
        let value = table.ok().and_then(|mut table| table.remove("it"));
        let read = value.map(|value| (key.read)(&mut settings, &value));
        debug_assert!(matches!(read, Some(Ok(()))), "the default of {} cannot be read", key.name);
    }
    settings
}

pub(super) fn parse(text: &str) -> Result<Settings, SettingsError> {
    let table = text.parse::<Table>().map_err(|error| {
        let line = error.span().map(|span| text[..span.start].lines().count().max(1));
        let place = line.map(|line| format!("line {line}: ")).unwrap_or_default();
        SettingsError { message: format!("{place}{}", error.message()), hint: None }
    })?;
    let mut settings = default();
    for (section, value) in &table {
        match find(section) {
            Some(key) => apply(key, &mut settings, value)?,
            None => read_section(section, value, &mut settings)?,
        }
    }
    Ok(settings)
}

fn read_section(
    section: &str,
    value: &Value,
    settings: &mut Settings,
) -> Result<(), SettingsError> {
    let known = KEYS.iter().any(|key| key.name.starts_with(&format!("{section}.")));
    let Some(table) = value.as_table().filter(|_| known) else { return Err(unknown(section)) };
    for (name, value) in table {
        let name = format!("{section}.{name}");
        let key = find(&name).ok_or_else(|| unknown(&name))?;
        apply(key, settings, value)?;
    }
    Ok(())
}

fn find(name: &str) -> Option<&'static Key> {
    KEYS.iter().find(|key| key.name == name)
}

fn apply(key: &Key, settings: &mut Settings, value: &Value) -> Result<(), SettingsError> {
    (key.read)(settings, value).map_err(|why| SettingsError {
        message: format!("{} {why}, not {value}", key.name),
        hint: Some(format!("{} = {}", key.name, key.default)),
    })
}

fn unknown(name: &str) -> SettingsError {
    let sections = KEYS.iter().filter_map(|key| key.name.split('.').next());
    let names = KEYS.iter().map(|key| key.name).chain(sections);
    SettingsError {
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
