INSERT OR IGNORE INTO link_use (flow, link)
SELECT ?1, link.id FROM jsonb_each(?2) AS used CROSS JOIN link
    ON link.source_id = used.value ->> '$.source.id'
    AND link.source_system = used.value ->> '$.source.system'
    AND link.source_resource = used.value ->> '$.source.resource'
    AND link.part = used.value ->> '$.part'
    AND link.target_system = used.value ->> '$.target_system'
    AND link.target_resource = used.value ->> '$.target_resource'
WHERE link.flow <> ?1
