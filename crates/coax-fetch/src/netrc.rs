//! Logins of this user, in the file that ftp began and everybody reads (netrc(5)).
//!
//! The first entry for a machine counts; `default` counts for machines that have none. Words that
//! other programs put there (`protocol`, `port`) are passed over, and written down for whoever looks.
//! What breaks the file itself is an error with its line.
//!
//! Nothing here decides who is told a login.

use std::env;
use std::path::{Path, PathBuf};

use coax_net::cause_in_words;

use crate::error::{FetchError, FetchErrorKind, Trouble};
use crate::request::Credentials;

mod words;

use words::{Word, Words};

/// Logins by machine.
#[derive(Clone, Debug, Default)]
pub struct Netrc {
    entries: Vec<Entry>,
    passed_over: Vec<(usize, String)>,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    /// `None` for the default.
    machine: Option<String>,
    login: Option<String>,
    password: Option<Secret>,
}

#[derive(Clone)]
struct Secret(String);

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

impl Netrc {
    /// The file that `NETRC` names, else `~/.netrc`. None at all is `None`, unless `NETRC` names it.
    pub fn of_this_user() -> Result<Option<Netrc>, FetchError> {
        let named = env::var_os("NETRC").filter(|path| !path.is_empty()).map(PathBuf::from);
        let home = || env::home_dir().map(|home| home.join(".netrc"));
        match (named, home()) {
            (Some(path), _) => Netrc::read(&path).map(Some),
            (None, Some(path)) if path.exists() => Netrc::read(&path).map(Some),
            _ => Ok(None),
        }
    }

    /// Reads a file. The error names it, and the line.
    pub fn read(path: &Path) -> Result<Netrc, FetchError> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let why = format!("cannot read {}: {}", path.display(), cause_in_words(&error));
            FetchError::general(Trouble::new(FetchErrorKind::Local, why))
        })?;
        Netrc::parse(&text).map_err(|(line, why)| {
            let why = format!("cannot use {}: line {line}: {why}", path.display());
            FetchError::general(Trouble::new(FetchErrorKind::Invalid, why))
        })
    }

    /// Reads the text of such a file; an error is a line, counted from 1, and what is wrong there.
    pub fn parse(text: &str) -> Result<Netrc, (usize, String)> {
        let mut words = Words::new(text);
        let mut entries: Vec<Entry> = Vec::new();
        let mut passed_over = Vec::new();
        while let Some(Word { line, text: keyword }) = words.keyword()? {
            let mut value = || match words.value()? {
                Some(value) => Ok(value.text),
                None => Err((line, format!("'{keyword}' has nothing behind it"))),
            };
            let lone = || (line, format!("'{keyword}' stands before any 'machine'"));
            match keyword.as_str() {
                "machine" => {
                    entries.push(Entry { machine: Some(value()?), ..Entry::default() });
                }
                "default" => entries.push(Entry::default()),
                "login" | "user" => {
                    entries.last_mut().ok_or_else(lone)?.login = Some(value()?);
                }
                "password" | "passwd" => {
                    entries.last_mut().ok_or_else(lone)?.password = Some(Secret(value()?));
                }
                "account" => drop(value()?),
                "macdef" => words.skip_macro(),
                _ => passed_over.push((line, unknown(&keyword))),
            }
        }
        Ok(Netrc { entries, passed_over })
    }

    /// What was passed over: lines, counted from 1, and what is wrong there.
    pub fn passed_over(&self) -> &[(usize, String)] {
        &self.passed_over
    }

    /// The login for `host`; with `user`, of that user. `default` counts only if `or_default`.
    pub(crate) fn find(
        &self,
        host: &str,
        user: Option<&str>,
        or_default: bool,
    ) -> Option<Credentials> {
        let fits = |entry: &&Entry| match (user, &entry.login) {
            (Some(user), Some(login)) => user == login,
            _ => true,
        };
        let is_host =
            |entry: &&Entry| entry.machine.as_ref().is_some_and(|it| it.eq_ignore_ascii_case(host));
        let named = self.entries.iter().filter(is_host).find(fits);
        let default =
            || self.entries.iter().filter(|entry| entry.machine.is_none() && or_default).find(fits);
        let entry = named.or_else(default)?;
        let user = user.map(str::to_owned).or_else(|| entry.login.clone())?;
        let password = entry.password.as_ref().map(|it| it.0.clone()).unwrap_or_default();
        Some(Credentials { user, password })
    }
}

/// A password that was taken for a keyword is not shown.
fn unknown(keyword: &str) -> String {
    let near = ["machine", "default", "login", "password", "account", "macdef"];
    let known = near.iter().find(|known| known.eq_ignore_ascii_case(keyword));
    match known {
        Some(known) => format!("'{keyword}' is written '{known}'"),
        None => "expected machine, default, login, password, account or macdef".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const FILE: &str = "\
# a comment
machine h.example login me password s3cret
machine two.example
    login first
    password \"with \\\"quotes\\\" and spaces\"
macdef init
cd /tmp
machine not-this-one login x password y

machine two.example login second account ignored password #hash
default login anonymous password me@here
";

    fn login(text: &str, host: &str, user: Option<&str>, or_default: bool) -> Option<String> {
        let found = Netrc::parse(text).unwrap().find(host, user, or_default);
        found.map(|it| format!("{}:{}", it.user, it.password))
    }

    #[test]
    fn the_first_entry_that_fits_counts() {
        let table = [
            ("h.example", None, true, Some("me:s3cret")),
            ("H.EXAMPLE", None, true, Some("me:s3cret")),
            ("h.example", Some("me"), true, Some("me:s3cret")),
            ("two.example", None, true, Some("first:with \"quotes\" and spaces")),
            ("two.example", Some("second"), true, Some("second:#hash")),
            ("not-this-one", None, false, None),
            ("other.example", None, true, Some("anonymous:me@here")),
            ("other.example", None, false, None),
            ("other.example", Some("me"), true, None),
        ];
        for (host, user, or_default, found) in table {
            assert_eq!(login(FILE, host, user, or_default).as_deref(), found, "{host} {user:?}");
        }
        assert_eq!(login("", "h", None, true), None);
        assert_eq!(login("machine h login me", "h", None, true).as_deref(), Some("me:"));
    }

    #[test]
    fn what_cannot_be_understood_is_named_with_its_line() {
        let table = [
            ("machine", 1, "'machine' has nothing behind it"),
            ("\nlogin me", 2, "'login' stands before any 'machine'"),
            ("machine h password \"open\nlogin x", 1, "the quote is not closed"),
        ];
        for (text, line, why) in table {
            assert_eq!(Netrc::parse(text).map(|_| ()), Err((line, why.to_owned())), "{text}");
        }
    }

    #[test]
    fn words_that_are_not_known_are_passed_over() {
        let text = "machine h\nprotocol https port 443\nlogin me Password x\npassword s\nmachine b login you";
        assert_eq!(login(text, "h", None, true).as_deref(), Some("me:s"));
        assert_eq!(login(text, "b", None, true).as_deref(), Some("you:"));
        let netrc = Netrc::parse(text).unwrap();
        let lines = netrc.passed_over().iter().map(|(line, why)| (*line, why.as_str()));
        let expected = "expected machine, default, login, password, account or macdef";
        let written = "'Password' is written 'password'";
        let wanted = [(2, expected), (2, expected), (2, expected), (2, expected)];
        let wanted = wanted.into_iter().chain([(3, written), (3, expected)]);
        assert_eq!(lines.collect::<Vec<_>>(), wanted.collect::<Vec<_>>());
    }

    #[test]
    fn a_password_is_not_shown() {
        let shown = format!("{:?}", Netrc::parse(FILE).unwrap());
        assert!(!shown.contains("s3cret") && shown.contains("two.example"), "{shown}");
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(machine|default|login|password|macdef|\"|\\\\|#|[ \\n]|\\PC){0,40}") {
            if let Ok(netrc) = Netrc::parse(&text) {
                let _ = netrc.find("h", None, true);
            }
        }
    }
}
