INSERT INTO sent (flow, source_id, part, hash, fields, source_version, run)
SELECT value ->> '$.flow', value ->> '$.source_id', value ->> '$.part', value ->> '$.hash', value -> '$.fields', value ->> '$.source_version',
    value ->> '$.run'
FROM jsonb_each(?1) WHERE true
ON CONFLICT (flow, source_id, part) DO UPDATE SET
    hash = excluded.hash, fields = excluded.fields, source_version = excluded.source_version, run = excluded.run
