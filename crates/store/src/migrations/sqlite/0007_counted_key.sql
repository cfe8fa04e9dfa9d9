-- Identities and cells come in no order, so that each page of records changed most of two large indexes.

-- Which row of `counted` is whose, by a keyed hash of the identity: a third as large as an index by the identity itself. Hashes may be equal, identities are compared.
CREATE TABLE counted_flow (
    id   INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO counted_flow (name) SELECT DISTINCT flow FROM counted;
CREATE TABLE counted_key (
    flow   INTEGER NOT NULL,
    key    INTEGER NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (flow, key, record)
) STRICT, WITHOUT ROWID;
DROP INDEX counted_source;
-- The same of the newest records, small.
CREATE TABLE counted_recent (
    flow   INTEGER NOT NULL,
    key    INTEGER NOT NULL,
    record INTEGER NOT NULL,
    PRIMARY KEY (flow, key, record)
) STRICT, WITHOUT ROWID;

CREATE TABLE counted_state (
    -- Whether records that were there before have their keys: SQL cannot make them.
    keyed  INTEGER NOT NULL,
    -- Records up to this one have their parts in `contribution` too, and their keys in `counted_key`; later ones follow, many at once.
    spread INTEGER NOT NULL,
    -- Another one each time that this happened: who remembers what is in `counted_key` sees by it whether that is still so.
    mark   INTEGER NOT NULL
) STRICT;
INSERT INTO counted_state (keyed, spread, mark) SELECT count(*) = 0, coalesce(max(id), 0), 0 FROM counted;
