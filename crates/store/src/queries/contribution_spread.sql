-- No function is called and a failure ends the transaction: so SQLite does not keep a copy of each page that this changes, in memory, for undoing this statement alone.
INSERT OR FAIL INTO contribution (cell, record, position, part) SELECT cell, record, position, part FROM spreading ORDER BY cell, record, position
