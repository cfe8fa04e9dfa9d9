-- Two links of a page may exchange their keys: all that change theirs let go of it first.
UPDATE link SET key = '[]' WHERE id IN (
    SELECT link.id FROM jsonb_each(?1) AS new CROSS JOIN link
        ON link.source_id = new.value ->> '$.source.id'
        AND link.source_system = new.value ->> '$.source.system'
        AND link.source_resource = new.value ->> '$.source.resource'
        AND link.part = new.value ->> '$.part'
        AND link.target_system = new.value ->> '$.target_system'
        AND link.target_resource = new.value ->> '$.target_resource'
    WHERE link.key <> '[]' AND link.key <> new.value -> '$.key'
)
