INSERT INTO counted (flow, source_id, place, version, parts, run, seen)
SELECT ?1, value ->> '$.source_id', value ->> '$.place', value ->> '$.version', value -> '$.parts', ?3, ?3 FROM jsonb_each(?2) WHERE true
ON CONFLICT (flow, source_id) DO UPDATE
SET place = excluded.place, version = excluded.version, parts = excluded.parts, run = excluded.run, seen = excluded.seen
