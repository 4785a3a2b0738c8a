//! What the index has of a message, put in and taken out.
//!
//! The index keeps no texts: what is taken out has to be what was put in, word for word. Both come
//! from the row of the message. The scope is words no text can have in its column: the conversation,
//! the nick, the account. So a rare speaker of a common word is found at once.
//!
//! Nothing here looks anything up.

use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use super::words::indexed;
use crate::entry::Entry;
use crate::entry::name_key;

/// The columns of the index for one message.
struct Columns {
    words: String,
    singles: String,
    scope: String,
}

impl Columns {
    fn new(conversation: i64, sender: &str, account: Option<&str>, text: &str) -> Columns {
        let (words, singles) = indexed(text);
        let nick = sender.split_once('!').map_or(sender, |(nick, _)| nick);
        let account = account.map(|it| format!(" {}", account_word(it))).unwrap_or_default();
        let scope = format!("{} {}{account}", conversation_word(conversation), nick_word(nick));
        Columns { words, singles, scope }
    }

    /// Of a row of [`ROWS`], from its second column on.
    fn of_row(row: &Row<'_>) -> rusqlite::Result<Columns> {
        let (sender, account, text) = (row.get_ref(2)?, row.get_ref(3)?, row.get_ref(4)?);
        Ok(Columns::new(row.get(1)?, sender.as_str()?, account.as_str_or_null()?, text.as_str()?))
    }

    fn put(&self, insert: &mut CachedStatement<'_>, id: i64) -> rusqlite::Result<()> {
        insert.execute(params![id, self.words, self.singles, self.scope]).map(|_| ())
    }
}

const INSERT: &str = "INSERT INTO search (rowid, words, singles, scope) VALUES (?, ?, ?, ?)";
const DELETE: &str = "INSERT INTO search (search, rowid, words, singles, scope)
                      VALUES ('delete', ?, ?, ?, ?)";
/// What can be found: talk that was not taken back.
const ROWS: &str = "SELECT id, conversation, sender, account, text FROM message
                     WHERE kind < 2 AND redacted IS NULL";

pub(super) fn conversation_word(id: i64) -> String {
    format!("t{id}")
}

/// One word for a nick, in any case.
pub(super) fn nick_word(nick: &str) -> String {
    format!("n{}", hex(&name_key(nick)))
}

pub(super) fn account_word(key: &str) -> String {
    format!("a{}", hex(&name_key(key)))
}

fn hex(text: &str) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |it: u8| char::from(DIGITS[usize::from(it)]);
    text.bytes().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).collect()
}

/// Makes the words of a message findable.
pub(crate) fn index(
    conn: &Connection,
    id: i64,
    conversation: i64,
    entry: &Entry,
) -> rusqlite::Result<()> {
    let account = entry.account.as_deref();
    let columns = Columns::new(conversation, &entry.sender, account, &entry.text);
    columns.put(&mut conn.prepare_cached(INSERT)?, id)
}

/// Takes the words of a message out of the index. The row must still be as it was put in.
pub(crate) fn unindex(conn: &Connection, id: i64) -> rusqlite::Result<()> {
    let columns = conn
        .prepare_cached(&format!("{ROWS} AND id = ?"))?
        .query_row([id], Columns::of_row)
        .optional()?;
    columns.map_or(Ok(()), |it| it.put(&mut conn.prepare_cached(DELETE)?, id))
}

/// Fills an empty index from all messages. `progress` hears after each few thousand how many are
/// done, and of how many.
pub(crate) fn reindex(
    conn: &Connection,
    progress: &mut dyn FnMut(u64, u64),
) -> rusqlite::Result<()> {
    const TOLD: u64 = 4096;
    let all =
        conn.query_row("SELECT count(*) FROM message WHERE kind < 2", [], |row| row.get(0))?;
    let (mut select, mut insert) = (conn.prepare(ROWS)?, conn.prepare_cached(INSERT)?);
    let (mut rows, mut done) = (select.query([])?, 0);
    while let Some(row) = rows.next()? {
        Columns::of_row(row)?.put(&mut insert, row.get(0)?)?;
        done += 1;
        if done % TOLD == 0 {
            progress(done, all);
        }
    }
    Ok(())
}
