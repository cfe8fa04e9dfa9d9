INSERT INTO counted (id, flow, source_id, place, version, parts, run, seen)
SELECT ?3 + key, ?1, value ->> 0, value ->> 1, value ->> 2, value -> 3, ?4, ?4 FROM jsonb_each(?2)
