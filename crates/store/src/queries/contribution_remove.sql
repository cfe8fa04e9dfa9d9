DELETE FROM contribution WHERE (cell, record, position) IN (SELECT value ->> 0, value ->> 1, value ->> 2 FROM jsonb_each(?1))
