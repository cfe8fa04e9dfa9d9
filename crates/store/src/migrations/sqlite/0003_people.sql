-- People are found by what is known of them: an index of those that a target holds, questions to a person, and what people decided.

-- What an index of people was read from, and how far. `shape` says what was taken from each of them: another one needs another reading.
CREATE TABLE people_index (
    id     INTEGER PRIMARY KEY,
    name   TEXT NOT NULL UNIQUE,
    system TEXT NOT NULL,
    shape  TEXT NOT NULL
) STRICT;
CREATE TABLE people_cursor (
    people_index INTEGER NOT NULL REFERENCES people_index (id) ON DELETE CASCADE,
    partition    TEXT NOT NULL,
    value        TEXT NOT NULL,
    time         TEXT,
    PRIMARY KEY (people_index, partition)
) STRICT, WITHOUT ROWID;
CREATE TABLE person (
    id           INTEGER PRIMARY KEY,
    people_index INTEGER NOT NULL REFERENCES people_index (id) ON DELETE CASCADE,
    target_id    TEXT NOT NULL,
    body_sealed  BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX person_target ON person (people_index, target_id);
-- Keys are keyed hashes: they lead to people, and say nothing of them.
CREATE TABLE person_key (
    people_index INTEGER NOT NULL,
    key          INTEGER NOT NULL,
    person       INTEGER NOT NULL REFERENCES person (id) ON DELETE CASCADE,
    PRIMARY KEY (people_index, key, person)
) STRICT, WITHOUT ROWID;
CREATE INDEX person_key_person ON person_key (person);

CREATE TABLE review (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    flow            TEXT NOT NULL,
    source_system   TEXT NOT NULL,
    source_resource TEXT NOT NULL,
    source_id       TEXT NOT NULL,
    part            TEXT NOT NULL,
    place           TEXT NOT NULL,
    target_system   TEXT NOT NULL,
    target_resource TEXT NOT NULL,
    candidates      TEXT NOT NULL,
    first_at        INTEGER NOT NULL,
    last_at         INTEGER NOT NULL,
    closed_at       INTEGER
) STRICT;
CREATE UNIQUE INDEX review_open ON review (flow, source_id, part) WHERE closed_at IS NULL;
CREATE INDEX review_source ON review (source_id) WHERE closed_at IS NULL;

-- What people decided, never changed: the newest one on a record holds.
CREATE TABLE decision (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    kind            TEXT NOT NULL,
    flow            TEXT NOT NULL,
    source_system   TEXT NOT NULL,
    source_resource TEXT NOT NULL,
    source_id       TEXT NOT NULL,
    part            TEXT NOT NULL,
    target_system   TEXT NOT NULL,
    target_resource TEXT NOT NULL,
    target_id       TEXT,
    by_whom         TEXT NOT NULL,
    reason          TEXT NOT NULL,
    at              INTEGER NOT NULL
) STRICT;
CREATE INDEX decision_source ON decision (source_id, source_system, source_resource);
CREATE INDEX decision_flow ON decision (flow);
