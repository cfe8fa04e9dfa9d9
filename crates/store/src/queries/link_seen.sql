UPDATE link SET seen = ?1 WHERE seen < ?1 AND id IN (
    SELECT link.id FROM jsonb_each(?2) AS seen CROSS JOIN link
        ON link.source_id = seen.value ->> '$.id'
        AND link.source_system = seen.value ->> '$.system'
        AND link.source_resource = seen.value ->> '$.resource'
)
