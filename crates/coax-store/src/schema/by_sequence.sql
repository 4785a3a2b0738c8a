-- A conversation is read in the order in which it was said, whatever the clock said meanwhile.
DROP INDEX talk;
DROP INDEX event;
CREATE INDEX talk ON message (conversation) WHERE kind < 2;
CREATE INDEX event ON message (conversation) WHERE kind >= 2;
