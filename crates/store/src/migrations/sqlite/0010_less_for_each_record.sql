-- Less to write for each record: names that thousands of links have in common stand once, and what is noted or kept together is one row.

-- Between which resources links lead.
CREATE TABLE route (
    id              INTEGER PRIMARY KEY,
    source_system   TEXT NOT NULL,
    source_resource TEXT NOT NULL,
    target_system   TEXT NOT NULL,
    target_resource TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX route_ends ON route (source_system, source_resource, target_system, target_resource);
INSERT INTO route (source_system, source_resource, target_system, target_resource)
SELECT DISTINCT source_system, source_resource, target_system, target_resource FROM link;

CREATE TABLE link_new (
    id        INTEGER PRIMARY KEY,
    route     INTEGER NOT NULL REFERENCES route (id),
    source_id TEXT NOT NULL,
    part      TEXT NOT NULL,
    target_id TEXT NOT NULL,
    key       TEXT NOT NULL,
    flow      TEXT NOT NULL,
    created   INTEGER NOT NULL,
    seen      INTEGER NOT NULL,
    version   TEXT
) STRICT;
INSERT INTO link_new (id, route, source_id, part, target_id, key, flow, created, seen, version)
SELECT link.id, route.id, source_id, part, target_id, key, flow, created, seen, version
FROM link CROSS JOIN route USING (source_system, source_resource, target_system, target_resource)
ORDER BY link.id;

-- What belongs to links goes with them, so it moves before they do.
CREATE TABLE link_use_new (
    flow TEXT NOT NULL,
    link INTEGER NOT NULL REFERENCES link_new (id) ON DELETE CASCADE,
    PRIMARY KEY (flow, link)
) STRICT, WITHOUT ROWID;
INSERT INTO link_use_new (flow, link) SELECT flow, link FROM link_use;
CREATE TABLE link_key_value_new (
    value TEXT NOT NULL,
    link  INTEGER NOT NULL REFERENCES link_new (id) ON DELETE CASCADE,
    PRIMARY KEY (value, link)
) STRICT, WITHOUT ROWID;
INSERT INTO link_key_value_new (value, link) SELECT value, link FROM link_key_value;
DROP TABLE link_use;
DROP TABLE link_key_value;
DROP TABLE link;
ALTER TABLE link_new RENAME TO link;
ALTER TABLE link_use_new RENAME TO link_use;
ALTER TABLE link_key_value_new RENAME TO link_key_value;

-- The ids come first in the indexes, so that one index serves the engine, which knows the route, and `find`, which does not.
CREATE UNIQUE INDEX link_source ON link (source_id, route, part);
-- Of a route a key leads from one record only; two sources may well feed one record of a target. `[]` is the key of a target that is not found by key.
CREATE UNIQUE INDEX link_key ON link (key, route) WHERE key <> '[]';
CREATE INDEX link_target ON link (target_id, route);
CREATE INDEX link_flow ON link (flow);
CREATE INDEX link_route ON link (route);
CREATE INDEX link_use_link ON link_use (link);
CREATE INDEX link_key_value_link ON link_key_value (link);
-- The parts of the key of a data value each stand in thousands of links, and nobody looks for all of them; the value itself is found by its id.
-- Two texts of a list have `","` between them, which is found out sooner than how long the list is.
CREATE TRIGGER link_key_value_insert AFTER INSERT ON link
WHEN instr(NEW.key, '","') > 0 AND (SELECT target_resource FROM route WHERE id = NEW.route) <> 'dataValueSets' AND json_array_length(NEW.key) > 1
BEGIN
    INSERT OR IGNORE INTO link_key_value (value, link) SELECT value, NEW.id FROM json_each(NEW.key);
END;
CREATE TRIGGER link_key_value_update AFTER UPDATE OF key ON link
WHEN OLD.key <> NEW.key AND (SELECT target_resource FROM route WHERE id = NEW.route) <> 'dataValueSets'
BEGIN
    DELETE FROM link_key_value WHERE link = OLD.id;
    INSERT OR IGNORE INTO link_key_value (value, link)
    SELECT value, NEW.id FROM json_each(NEW.key) WHERE json_array_length(NEW.key) > 1;
END;

-- Links with the names of what they lead between: for reading. A link comes first, then its one route.
CREATE VIEW linked AS
SELECT link.id, route, source_system, source_resource, source_id, part, target_system, target_resource, target_id, key, flow, created, seen, version
FROM link CROSS JOIN route ON route.id = link.route;

-- Intents that were noted together, with numbers from `last - count + 1` to `last`, and the numbers of those that are closed. The row goes when all are.
CREATE TABLE intent_new (
    last          INTEGER PRIMARY KEY AUTOINCREMENT,
    target_system TEXT NOT NULL,
    run           INTEGER NOT NULL,
    intents       TEXT NOT NULL,
    count         INTEGER NOT NULL,
    closed        TEXT NOT NULL DEFAULT '[]'
) STRICT;
INSERT INTO intent_new (last, target_system, run, intents, count)
SELECT id, target_system, run, json_array(json_object(
    'flow', flow,
    'source', json_object('system', source_system, 'resource', source_resource, 'id', source_id),
    'part', part, 'target_system', target_system, 'target_resource', target_resource, 'action', action, 'key', json(key), 'target_id', target_id,
    'hash', hash, 'run', run, 'noted', strftime('%Y-%m-%dT%H:%M:%S', noted / 1000000, 'unixepoch') || printf('.%06dZ', noted % 1000000)
)), 1
FROM intent;
-- A number is never given again.
INSERT INTO sqlite_sequence (name, seq) SELECT 'intent_new', 0 WHERE NOT EXISTS (SELECT 1 FROM sqlite_sequence WHERE name = 'intent_new');
UPDATE sqlite_sequence SET seq = (SELECT coalesce(max(seq), 0) FROM sqlite_sequence WHERE name = 'intent') WHERE name = 'intent_new';
DROP TABLE intent;
ALTER TABLE intent_new RENAME TO intent;

-- In `kept` earlier values of a whole page are one row from here on, sealed as one: its `action` is `page`, its `target_id` its own number.
