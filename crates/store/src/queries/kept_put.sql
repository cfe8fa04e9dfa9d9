INSERT INTO kept (run, source_id, part, target_resource, target_id, action, version, before_sealed)
SELECT ?1, value ->> '$.source_id', value ->> '$.part', value ->> '$.target_resource', value ->> '$.target_id', value ->> '$.action',
    value ->> '$.version', unhex(value ->> '$.before')
FROM jsonb_each(?2) ORDER BY key
