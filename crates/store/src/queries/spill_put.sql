INSERT INTO spill (owner, chunk, block, rows_sealed) VALUES (?1, ?2, ?3, ?4)
