INSERT INTO sent (flow, source_id, part, hash, fields, source_version, run)
VALUES (?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (flow, source_id, part) DO UPDATE SET
    hash = excluded.hash, fields = excluded.fields, source_version = excluded.source_version, run = excluded.run
