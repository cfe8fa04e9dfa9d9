-- Numbers: the cells that records are counted into, and what each record is counted for.

CREATE TABLE cell (
    id                     INTEGER PRIMARY KEY,
    flow                   TEXT NOT NULL,
    indicator              TEXT NOT NULL,
    element                TEXT NOT NULL,
    period                 TEXT NOT NULL,
    org_unit               TEXT NOT NULL,
    option_combo           TEXT NOT NULL,
    attribute_option_combo TEXT NOT NULL,
    -- What the target was brought to last; null: no value.
    value                  TEXT,
    due                    INTEGER NOT NULL DEFAULT 0,
    late                   INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE UNIQUE INDEX cell_place ON cell (flow, period, org_unit, indicator, option_combo, attribute_option_combo, element);
CREATE INDEX cell_due ON cell (flow, id) WHERE due = 1;

-- A record that was looked at, and in `parts` the cells with its share of each: what is taken back before it is counted anew.
CREATE TABLE counted (
    id        INTEGER PRIMARY KEY,
    flow      TEXT NOT NULL,
    source_id TEXT NOT NULL,
    place     TEXT NOT NULL,
    version   TEXT,
    parts     TEXT NOT NULL,
    -- The run that counted it so, and the one that last met it.
    run       INTEGER NOT NULL,
    seen      INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX counted_source ON counted (flow, source_id);
-- The same by cell: what a number is made of.
CREATE TABLE contribution (
    cell     INTEGER NOT NULL,
    record   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    part     TEXT NOT NULL,
    PRIMARY KEY (cell, record, position)
) STRICT, WITHOUT ROWID;
