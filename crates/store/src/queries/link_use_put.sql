INSERT OR IGNORE INTO link_use (flow, link)
SELECT ?1, linked.id FROM jsonb_each(?2) AS used CROSS JOIN linked
    ON linked.source_id = used.value ->> '$.source.id'
    AND linked.source_system = used.value ->> '$.source.system'
    AND linked.source_resource = used.value ->> '$.source.resource'
    AND linked.part = used.value ->> '$.part'
    AND linked.target_system = used.value ->> '$.target_system'
    AND linked.target_resource = used.value ->> '$.target_resource'
WHERE linked.flow <> ?1
