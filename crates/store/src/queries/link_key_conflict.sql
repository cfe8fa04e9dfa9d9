-- Two records of one source with one key, to be named in the error.
SELECT new.value ->> '$.source.id' AS one, linked.source_id AS other, linked.target_system, linked.target_resource
FROM jsonb_each(?1) AS new CROSS JOIN linked
    ON linked.key = new.value -> '$.key' AND linked.key <> '[]'
    AND linked.target_system = new.value ->> '$.target_system' AND linked.target_resource = new.value ->> '$.target_resource'
    AND linked.source_system = new.value ->> '$.source.system' AND linked.source_resource = new.value ->> '$.source.resource'
WHERE (linked.source_id, linked.part) <> (new.value ->> '$.source.id', new.value ->> '$.part')
UNION ALL
SELECT a.value ->> '$.source.id', b.value ->> '$.source.id', a.value ->> '$.target_system', a.value ->> '$.target_resource'
FROM jsonb_each(?1) AS a CROSS JOIN jsonb_each(?1) AS b
    ON a.key < b.key AND a.value -> '$.key' = b.value -> '$.key' AND a.value -> '$.key' <> '[]'
    AND a.value ->> '$.target_system' = b.value ->> '$.target_system' AND a.value ->> '$.target_resource' = b.value ->> '$.target_resource'
    AND a.value ->> '$.source.system' = b.value ->> '$.source.system' AND a.value ->> '$.source.resource' = b.value ->> '$.source.resource'
LIMIT 1
