-- Rejected again by the same run (a page read twice) counts once.
INSERT INTO rejection (flow, source_id, place, causes, payload_sealed, first_run, last_run, first_at, last_at, times)
SELECT value ->> '$.flow', value ->> '$.source_id', value ->> '$.place', value -> '$.causes', unhex(value ->> '$.payload'), value ->> '$.run',
    value ->> '$.run', value ->> '$.at', value ->> '$.at', 1
FROM jsonb_each(?1) WHERE true
ON CONFLICT (flow, source_id) WHERE closed_at IS NULL DO UPDATE SET
    place = excluded.place, causes = excluded.causes, payload_sealed = excluded.payload_sealed, last_at = excluded.last_at,
    times = times + (last_run <> excluded.last_run), last_run = excluded.last_run
