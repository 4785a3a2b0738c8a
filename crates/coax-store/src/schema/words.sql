-- The words of every message as this program cuts them, not as the index would: every script, parts
-- of those without spaces, emoji. What begins with three given letters is found as if that were a
-- word. The index keeps no texts, and is filled by the program.
DROP TABLE search;
DROP VIEW searchable;
CREATE VIRTUAL TABLE search USING fts5(
    words, singles, scope,
    content = '', columnsize = 0, tokenize = 'ascii', prefix = '3'
);
