INSERT INTO outcome (run, at, source_id, place, part, outcome, target_resource, target_id, fields, causes)
SELECT ?1, ?2, value ->> '$.source_id', value ->> '$.place', value ->> '$.part', value ->> '$.outcome', value ->> '$.target_resource',
    value ->> '$.target_id', value -> '$.fields', value -> '$.causes'
FROM jsonb_each(?3) ORDER BY key
