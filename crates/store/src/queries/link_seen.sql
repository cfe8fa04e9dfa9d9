UPDATE link SET seen = ?1 WHERE seen < ?1 AND id IN (
    SELECT linked.id FROM jsonb_each(?2) AS seen CROSS JOIN linked
        ON linked.source_id = seen.value ->> '$.id'
        AND linked.source_system = seen.value ->> '$.system'
        AND linked.source_resource = seen.value ->> '$.resource'
)
