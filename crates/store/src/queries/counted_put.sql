INSERT INTO counted (flow, source_id, place, parts, run, seen)
SELECT ?1, value ->> '$.source_id', value ->> '$.place', value -> '$.parts', ?3, ?3 FROM json_each(?2) WHERE true
ON CONFLICT (flow, source_id) DO UPDATE SET place = excluded.place, parts = excluded.parts, run = excluded.run, seen = excluded.seen
