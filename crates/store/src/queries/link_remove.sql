DELETE FROM link WHERE id IN (
    SELECT linked.id FROM jsonb_each(?1) AS gone CROSS JOIN linked
        ON linked.source_id = gone.value ->> '$.source.id'
        AND linked.source_system = gone.value ->> '$.source.system'
        AND linked.source_resource = gone.value ->> '$.source.resource'
        AND linked.part = gone.value ->> '$.part'
        AND linked.target_system = gone.value ->> '$.target_system'
        AND linked.target_resource = gone.value ->> '$.target_resource'
)
