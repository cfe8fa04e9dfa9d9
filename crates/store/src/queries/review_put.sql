INSERT INTO review (flow, source_system, source_resource, source_id, part, place, target_system, target_resource, candidates, first_at, last_at)
SELECT ?1, value ->> '$.source.system', value ->> '$.source.resource', value ->> '$.source.id', value ->> '$.part', value ->> '$.place',
    value ->> '$.target_system', value ->> '$.target_resource', value -> '$.candidates', ?2, ?2
FROM json_each(?3) WHERE true
ON CONFLICT (flow, source_id, part) WHERE closed_at IS NULL DO UPDATE SET
    place = excluded.place, candidates = excluded.candidates, last_at = excluded.last_at
