-- Two links of a page may exchange their keys: all that change theirs let go of it first.
UPDATE link SET key = '[]' WHERE id IN (
    SELECT linked.id FROM jsonb_each(?1) AS new CROSS JOIN linked
        ON linked.source_id = new.value ->> '$.source.id'
        AND linked.source_system = new.value ->> '$.source.system'
        AND linked.source_resource = new.value ->> '$.source.resource'
        AND linked.part = new.value ->> '$.part'
        AND linked.target_system = new.value ->> '$.target_system'
        AND linked.target_resource = new.value ->> '$.target_resource'
    WHERE linked.key <> '[]' AND linked.key <> new.value -> '$.key'
)
