-- Who talks with whom. A channel has no second; a pair is sorted.
CREATE TABLE conversation (
    id     INTEGER PRIMARY KEY,
    first  TEXT NOT NULL,
    second TEXT NOT NULL,
    UNIQUE (first, second)
) STRICT;
CREATE INDEX conversation_second ON conversation (second) WHERE second != '';

-- What was said, in the order of its arrival.
CREATE TABLE message (
    id           INTEGER PRIMARY KEY,
    conversation INTEGER NOT NULL,
    time         INTEGER NOT NULL,
    msgid        TEXT NOT NULL UNIQUE,
    kind         INTEGER NOT NULL,
    sender       TEXT NOT NULL,
    account      TEXT,
    text         TEXT NOT NULL,
    tags         BLOB NOT NULL,
    redacted     BLOB
) STRICT;
-- Each row is in one of the two, so a busy door does not stand between a reader and the talk.
CREATE INDEX talk ON message (conversation, time) WHERE kind < 2;
CREATE INDEX event ON message (conversation, time) WHERE kind >= 2;

-- The times that occur in each 1024 ids: where a search by time has to look. Never too narrow.
CREATE TABLE span (
    block    INTEGER PRIMARY KEY,
    earliest INTEGER NOT NULL,
    latest   INTEGER NOT NULL
) STRICT;

-- What the index is made of. The scope is words no text can contain by chance in its column: the
-- conversation, the nick, the account. So a rare speaker of a common word is found at once. What
-- begins with three given letters is found as if that were a word.
CREATE VIEW searchable AS
SELECT id, text,
       't' || conversation
           || ' n' || hex(lower(substr(sender, 1, instr(sender || '!', '!') - 1)))
           || coalesce(' a' || hex(account), '') AS scope
  FROM message
 WHERE kind < 2 AND redacted IS NULL;
CREATE VIRTUAL TABLE search USING fts5(
    text, scope,
    content = 'searchable', content_rowid = 'id', columnsize = 0,
    tokenize = 'unicode61 remove_diacritics 2', prefix = '3'
);

CREATE TABLE account (
    id               INTEGER PRIMARY KEY,
    key              TEXT NOT NULL UNIQUE,
    name             TEXT NOT NULL,
    password         TEXT,
    scram_salt       BLOB,
    scram_iterations INTEGER,
    scram_stored_key BLOB,
    scram_server_key BLOB,
    created          INTEGER NOT NULL,
    seen             INTEGER,
    settings         TEXT NOT NULL
) STRICT;
-- Every nick that belongs to an account, its own name included.
CREATE TABLE nick (
    key     TEXT PRIMARY KEY,
    name    TEXT NOT NULL,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX nick_account ON nick (account);
CREATE TABLE fingerprint (
    fingerprint TEXT PRIMARY KEY,
    account     INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX fingerprint_account ON fingerprint (account);

CREATE TABLE channel (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    name       TEXT NOT NULL,
    founder    INTEGER REFERENCES account (id) ON DELETE RESTRICT,
    registered INTEGER NOT NULL,
    topic      TEXT,
    topic_by   TEXT,
    topic_time INTEGER,
    modes      TEXT NOT NULL,
    settings   TEXT NOT NULL
) STRICT;
CREATE INDEX channel_founder ON channel (founder);
CREATE TABLE access (
    channel INTEGER NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    account INTEGER NOT NULL REFERENCES account (id) ON DELETE CASCADE,
    level   TEXT NOT NULL,
    PRIMARY KEY (channel, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX access_account ON access (account);
CREATE TABLE mask (
    channel INTEGER NOT NULL REFERENCES channel (id) ON DELETE CASCADE,
    list    TEXT NOT NULL,
    mask    TEXT NOT NULL,
    set_by  TEXT NOT NULL,
    time    INTEGER NOT NULL,
    PRIMARY KEY (channel, list, mask)
) STRICT, WITHOUT ROWID;

-- Small things the server wants back after a restart.
CREATE TABLE shelf (
    shelf TEXT NOT NULL,
    key   TEXT NOT NULL,
    value BLOB NOT NULL,
    PRIMARY KEY (shelf, key)
) STRICT, WITHOUT ROWID;
