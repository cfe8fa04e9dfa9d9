-- The first form of the store. Never edited: what changes comes with the next number.
--
-- Times are microseconds since 1970 in UTC, but a cursor's, which is only shown. Lists and maps are JSON.
-- `_sealed` marks what is encrypted; what it must not be moved away from is said in `keys.rs`.

PRAGMA application_id = 0x4B76756B;

CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE flow_version (
    hash   TEXT PRIMARY KEY,
    flow   TEXT NOT NULL,
    kivuko TEXT NOT NULL,
    texts  TEXT NOT NULL
) STRICT;

CREATE TABLE run (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    flow            TEXT NOT NULL,
    version         TEXT NOT NULL REFERENCES flow_version (hash),
    trigger         TEXT NOT NULL,
    options         TEXT NOT NULL,
    started         INTEGER NOT NULL,
    finished        INTEGER,
    status          TEXT NOT NULL CHECK (status IN ('running', 'complete', 'incomplete')),
    read            INTEGER NOT NULL DEFAULT 0,
    created         INTEGER NOT NULL DEFAULT 0,
    updated         INTEGER NOT NULL DEFAULT 0,
    counted         INTEGER NOT NULL DEFAULT 0,
    unchanged       INTEGER NOT NULL DEFAULT 0,
    deleted         INTEGER NOT NULL DEFAULT 0,
    skipped         INTEGER NOT NULL DEFAULT 0,
    waiting         INTEGER NOT NULL DEFAULT 0,
    rejected        INTEGER NOT NULL DEFAULT 0,
    failed          INTEGER NOT NULL DEFAULT 0,
    writes_created  INTEGER NOT NULL DEFAULT 0,
    writes_updated  INTEGER NOT NULL DEFAULT 0,
    writes_deleted  INTEGER NOT NULL DEFAULT 0,
    writes_rejected INTEGER NOT NULL DEFAULT 0,
    requests        INTEGER NOT NULL DEFAULT 0,
    error           TEXT
) STRICT;
CREATE INDEX run_flow ON run (flow);
CREATE INDEX run_version ON run (version);

CREATE TABLE outcome (
    id              INTEGER PRIMARY KEY,
    run             INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    at              INTEGER NOT NULL,
    source_id       TEXT NOT NULL,
    place           TEXT NOT NULL,
    part            TEXT NOT NULL,
    outcome         TEXT NOT NULL,
    target_resource TEXT NOT NULL,
    target_id       TEXT,
    fields          TEXT NOT NULL,
    causes          TEXT NOT NULL
) STRICT;
CREATE INDEX outcome_run ON outcome (run);
CREATE INDEX outcome_source ON outcome (source_id);
CREATE INDEX outcome_target ON outcome (target_id) WHERE target_id IS NOT NULL;

-- The ids come first in the indexes, so that one index serves the engine, which knows the system, and `find`, which does not.
CREATE TABLE link (
    id              INTEGER PRIMARY KEY,
    source_system   TEXT NOT NULL,
    source_resource TEXT NOT NULL,
    source_id       TEXT NOT NULL,
    part            TEXT NOT NULL,
    target_system   TEXT NOT NULL,
    target_resource TEXT NOT NULL,
    target_id       TEXT NOT NULL,
    key             TEXT NOT NULL,
    flow            TEXT NOT NULL,
    created         INTEGER NOT NULL,
    seen            INTEGER NOT NULL,
    version         TEXT
) STRICT;
CREATE UNIQUE INDEX link_source ON link (source_id, source_system, source_resource, part, target_system);
-- Within one source a key leads from one record only; two sources may well feed one record of a target.
-- `[]` is the key of a target that is not found by key.
CREATE UNIQUE INDEX link_key ON link (key, target_system, target_resource, source_system, source_resource) WHERE key <> '[]';
CREATE INDEX link_target ON link (target_id, target_system, target_resource);
CREATE INDEX link_flow ON link (flow);

-- Flows that use a link which another flow made.
CREATE TABLE link_use (
    flow TEXT NOT NULL,
    link INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
    PRIMARY KEY (flow, link)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_use_link ON link_use (link);

-- The values of keys that consist of several, so that `find` finds each of them. A key of one value is found by itself.
CREATE TABLE link_key_value (
    value TEXT NOT NULL,
    link  INTEGER NOT NULL REFERENCES link (id) ON DELETE CASCADE,
    PRIMARY KEY (value, link)
) STRICT, WITHOUT ROWID;
CREATE INDEX link_key_value_link ON link_key_value (link);
CREATE TRIGGER link_key_value_insert AFTER INSERT ON link WHEN json_array_length(NEW.key) > 1
BEGIN
    INSERT OR IGNORE INTO link_key_value (value, link) SELECT value, NEW.id FROM json_each(NEW.key);
END;
CREATE TRIGGER link_key_value_update AFTER UPDATE OF key ON link WHEN OLD.key <> NEW.key
BEGIN
    DELETE FROM link_key_value WHERE link = OLD.id;
    INSERT OR IGNORE INTO link_key_value (value, link)
    SELECT value, NEW.id FROM json_each(NEW.key) WHERE json_array_length(NEW.key) > 1;
END;

CREATE TABLE sent (
    id             INTEGER PRIMARY KEY,
    flow           TEXT NOT NULL,
    source_id      TEXT NOT NULL,
    part           TEXT NOT NULL,
    hash           TEXT NOT NULL,
    fields         TEXT NOT NULL,
    source_version TEXT,
    run            INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX sent_source ON sent (flow, source_id, part);

-- Open intents only: a closed one lives on as the outcome of its record.
CREATE TABLE intent (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    flow            TEXT NOT NULL,
    source_system   TEXT NOT NULL,
    source_resource TEXT NOT NULL,
    source_id       TEXT NOT NULL,
    part            TEXT NOT NULL,
    target_system   TEXT NOT NULL,
    target_resource TEXT NOT NULL,
    action          TEXT NOT NULL,
    key             TEXT NOT NULL,
    target_id       TEXT,
    hash            TEXT NOT NULL,
    run             INTEGER NOT NULL,
    noted           INTEGER NOT NULL
) STRICT;

CREATE TABLE cursor (
    flow      TEXT NOT NULL,
    partition TEXT NOT NULL,
    value     TEXT NOT NULL,
    time      TEXT,
    at        INTEGER NOT NULL,
    reason    TEXT,
    PRIMARY KEY (flow, partition)
) STRICT, WITHOUT ROWID;

CREATE TABLE cursor_change (
    id        INTEGER PRIMARY KEY AUTOINCREMENT,
    flow      TEXT NOT NULL,
    partition TEXT NOT NULL,
    -- Null: it was forgotten.
    value     TEXT,
    time      TEXT,
    at        INTEGER NOT NULL,
    reason    TEXT NOT NULL
) STRICT;
CREATE INDEX cursor_change_flow ON cursor_change (flow);

CREATE TABLE rejection (
    id             INTEGER PRIMARY KEY AUTOINCREMENT,
    flow           TEXT NOT NULL,
    source_id      TEXT NOT NULL,
    place          TEXT NOT NULL,
    causes         TEXT NOT NULL,
    payload_sealed BLOB,
    first_run      INTEGER NOT NULL,
    last_run       INTEGER NOT NULL,
    first_at       INTEGER NOT NULL,
    last_at        INTEGER NOT NULL,
    times          INTEGER NOT NULL,
    closed_at      INTEGER,
    -- Null when a person closed it.
    closed_run     INTEGER,
    closed_reason  TEXT
) STRICT;
CREATE UNIQUE INDEX rejection_open ON rejection (flow, source_id) WHERE closed_at IS NULL;
CREATE INDEX rejection_source ON rejection (source_id) WHERE closed_at IS NULL;
CREATE INDEX rejection_closed ON rejection (closed_at) WHERE closed_at IS NOT NULL;

CREATE TABLE waiting (
    flow          TEXT NOT NULL,
    source_id     TEXT NOT NULL,
    ref_flow      TEXT NOT NULL,
    ref_source_id TEXT NOT NULL,
    partition     TEXT NOT NULL,
    place         TEXT NOT NULL,
    since         INTEGER NOT NULL,
    PRIMARY KEY (flow, source_id, ref_flow, ref_source_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX waiting_source ON waiting (source_id);

CREATE TABLE kept (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    run             INTEGER NOT NULL REFERENCES run (id) ON DELETE CASCADE,
    source_id       TEXT NOT NULL,
    part            TEXT NOT NULL,
    target_resource TEXT NOT NULL,
    target_id       TEXT NOT NULL,
    action          TEXT NOT NULL,
    version         TEXT,
    before_sealed   BLOB NOT NULL
) STRICT;
CREATE INDEX kept_run ON kept (run);

-- A released lease keeps its row: its fence must never fall back.
CREATE TABLE lease (
    name   TEXT PRIMARY KEY,
    holder TEXT,
    fence  INTEGER NOT NULL,
    until  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE session (
    key          TEXT PRIMARY KEY,
    generation   INTEGER NOT NULL,
    value_sealed BLOB NOT NULL,
    at           INTEGER NOT NULL
) STRICT;

CREATE TABLE identity (
    system TEXT PRIMARY KEY,
    id     TEXT NOT NULL,
    label  TEXT NOT NULL,
    at     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE plan (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    flow        TEXT NOT NULL,
    version     TEXT NOT NULL,
    at          INTEGER NOT NULL,
    expires     INTEGER NOT NULL,
    body_sealed BLOB NOT NULL
) STRICT;

CREATE TABLE secret (
    name         TEXT PRIMARY KEY,
    value_sealed BLOB NOT NULL,
    at           INTEGER NOT NULL
) STRICT;
