SELECT wanted.key AS wanted, link.*
FROM jsonb_each(?1) AS wanted CROSS JOIN link ON link.source_id = wanted.value ->> '$.source_id'
WHERE link.flow = wanted.value ->> '$.flow'
    OR EXISTS (SELECT 1 FROM link_use WHERE link_use.flow = wanted.value ->> '$.flow' AND link_use.link = link.id)
ORDER BY wanted.key, link.part, link.target_system, link.source_system, link.source_resource
