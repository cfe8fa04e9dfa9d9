-- Rows on their way into groups, sorted in runs that are merged again: there while a run puts them together, and no longer.
CREATE TABLE spill (
    id          INTEGER PRIMARY KEY,
    owner       TEXT NOT NULL,
    chunk       INTEGER NOT NULL,
    block       INTEGER NOT NULL,
    rows_sealed BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX spill_block ON spill (owner, chunk, block);
