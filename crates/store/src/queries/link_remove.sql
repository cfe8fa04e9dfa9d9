DELETE FROM link WHERE id IN (
    SELECT link.id FROM jsonb_each(?1) AS gone CROSS JOIN link
        ON link.source_id = gone.value ->> '$.source.id'
        AND link.source_system = gone.value ->> '$.source.system'
        AND link.source_resource = gone.value ->> '$.source.resource'
        AND link.part = gone.value ->> '$.part'
        AND link.target_system = gone.value ->> '$.target_system'
        AND link.target_resource = gone.value ->> '$.target_resource'
)
