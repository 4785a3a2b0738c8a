//! The keys of names, folded by the rule for all scripts.
//!
//! The first version folded ASCII alone, so `#Ünal` and `#ünal` were two. Now they are one name: who
//! had it first keeps it, registered ones before others, and the others get another name with all that
//! is theirs. So no history is read by those it does not belong to, and nothing is lost.
//!
//! Nothing here knows messages.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, params};

use crate::entry::name_key;

/// A name and what it is changed to, as people see both.
type Renamed = Vec<(String, String)>;

/// Gives every name its key; what had to be called otherwise.
pub(super) fn refold(conn: &Connection) -> rusqlite::Result<Renamed> {
    let mut renamed = Renamed::new();
    let accounts = owned(conn, "account", "created", &mut renamed)?;
    let nicks = nicks(pairs(conn, "SELECT key, name FROM nick")?, &accounts.new);
    change_all(conn, "UPDATE nick SET key = ?2 WHERE key = ?1", &nicks.new)?;
    for (_, name) in &renamed {
        change(conn, "UPDATE nick SET name = ?2 WHERE key = ?1", name, name)?;
    }
    let channels = owned(conn, "channel", "registered", &mut renamed)?;
    let said = conversations(conn, &channels, &accounts, &mut renamed)?;
    let shelved = pairs(conn, "SELECT DISTINCT key, key FROM shelf")?;
    for (key, _) in shelved {
        let new = said.get(&key).or(accounts.new.get(&key)).cloned();
        let new = new.unwrap_or_else(|| name_key(&key));
        if new != key && !key.is_ascii() {
            change(conn, "UPDATE OR IGNORE shelf SET key = ?2 WHERE key = ?1", &key, &new)?;
        }
    }
    Ok(renamed)
}

/// Which keys become which.
struct Keys {
    new: HashMap<String, String>,
    taken: HashSet<String>,
    /// All that there were: who has to be called otherwise is not called so either.
    before: HashSet<String>,
}

impl Keys {
    fn of(all: &[(String, String)]) -> Keys {
        let before = all.iter().map(|(key, _)| key.clone()).collect();
        Keys { new: HashMap::new(), taken: HashSet::new(), before }
    }

    /// The key of a name from now on, and whether it is another name.
    fn give(&mut self, key: &str) -> (String, bool) {
        let wanted = name_key(key);
        let mut new = wanted.clone();
        let mut number = 2;
        while self.taken.contains(&new) || (new != wanted && self.before.contains(&new)) {
            new = format!("{wanted}_{number}");
            number += 1;
        }
        self.taken.insert(new.clone());
        if new != key {
            self.new.insert(key.to_owned(), new.clone());
        }
        let is_another = new != wanted;
        (new, is_another)
    }
}

/// Nicks, of which an account's own name has its key already.
fn nicks(all: Vec<(String, String)>, accounts: &HashMap<String, String>) -> Keys {
    let mut keys = Keys::of(&all);
    keys.taken.extend(accounts.values().cloned());
    for (key, _) in all {
        match accounts.get(&key) {
            Some(new) => drop(keys.new.insert(key, new.clone())),
            None => drop(keys.give(&key)),
        }
    }
    keys
}

/// Accounts or registered channels: the oldest keeps its name.
fn owned(
    conn: &Connection,
    table: &str,
    age: &str,
    renamed: &mut Renamed,
) -> rusqlite::Result<Keys> {
    let all = pairs(conn, &format!("SELECT key, name FROM {table} ORDER BY {age}, id"))?;
    let mut keys = Keys::of(&all);
    let mut names = HashMap::new();
    for (key, name) in &all {
        let (new, is_another) = keys.give(key);
        if is_another {
            renamed.push((name.clone(), new.clone()));
            names.insert(key.clone(), new);
        }
    }
    let sql = format!("UPDATE {table} SET key = ?2 WHERE key = ?1");
    change_all(conn, &sql, &keys.new)?;
    for (key, name) in names {
        let key = keys.new.get(&key).unwrap_or(&key);
        change(conn, &format!("UPDATE {table} SET name = ?2 WHERE key = ?1"), key, &name)?;
    }
    Ok(keys)
}

/// What was said goes with its channel. Those that nobody registered take what names are left.
fn conversations(
    conn: &Connection,
    channels: &Keys,
    accounts: &Keys,
    renamed: &mut Renamed,
) -> rusqlite::Result<HashMap<String, String>> {
    let registered = pairs(conn, "SELECT key, key FROM channel")?;
    let before = channels.new.iter().map(|(old, new)| (new.as_str(), old.as_str()));
    let before = before.collect::<HashMap<_, _>>();
    let all = pairs(conn, "SELECT first, second FROM conversation ORDER BY id")?;
    let mut keys = Keys::of(&all);
    // Under its old key, what belongs to a registered channel.
    for (key, _) in &registered {
        let old = before.get(key.as_str()).copied().unwrap_or(key);
        keys.taken.insert(key.clone());
        keys.new.insert(old.to_owned(), key.clone());
    }
    let rooms = all.iter().filter(|(_, second)| second.is_empty()).map(|(first, _)| first);
    let (same, other): (Vec<_>, Vec<_>) =
        rooms.filter(|key| !keys.new.contains_key(*key)).partition(|key| name_key(key) == **key);
    for key in same.into_iter().chain(other) {
        let (new, is_another) = keys.give(key);
        if is_another {
            renamed.push((key.clone(), new));
        }
    }
    keys.new.retain(|old, new| old != new);
    let sql = "UPDATE conversation SET first = ?2 WHERE first = ?1 AND second = ''";
    change_all(conn, sql, &keys.new)?;
    for (one, other) in all.iter().filter(|(one, other)| !(one.is_ascii() && other.is_ascii())) {
        if other.is_empty() {
            continue;
        }
        let key = |it: &String| accounts.new.get(it).cloned().unwrap_or_else(|| name_key(it));
        let mut two = [key(one), key(other)];
        two.sort_unstable();
        let [first, second] = two;
        let sql = "UPDATE OR IGNORE conversation SET first = ?3, second = ?4
                    WHERE first = ?1 AND second = ?2";
        conn.execute(sql, params![one, other, first, second])?;
    }
    Ok(keys.new)
}

/// Through names that nobody has, since one may take what another gives up.
fn change_all(
    conn: &Connection,
    sql: &str,
    keys: &HashMap<String, String>,
) -> rusqlite::Result<()> {
    let between = |key: &str| format!("\u{1}{key}");
    keys.iter().try_for_each(|(old, _)| change(conn, sql, old, &between(old)))?;
    keys.iter().try_for_each(|(old, new)| change(conn, sql, &between(old), new))
}

fn change(conn: &Connection, sql: &str, old: &str, new: &str) -> rusqlite::Result<()> {
    conn.prepare_cached(sql)?.execute([old, new]).map(|_| ())
}

fn pairs(conn: &Connection, sql: &str) -> rusqlite::Result<Vec<(String, String)>> {
    let mut statement = conn.prepare(sql)?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    rows.collect()
}
