CREATE TEMP TABLE IF NOT EXISTS spreading (
    cell     INTEGER NOT NULL,
    record   INTEGER NOT NULL,
    position INTEGER NOT NULL,
    part     TEXT NOT NULL,
    PRIMARY KEY (cell, record, position)
) STRICT, WITHOUT ROWID
