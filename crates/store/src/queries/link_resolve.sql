-- Of several records that a flow made of one, the one that was made first is meant: the others are parts of it.
SELECT wanted.key AS wanted, link.*
FROM jsonb_each(?1) AS wanted CROSS JOIN link ON link.source_id = wanted.value ->> '$.source_id'
WHERE link.flow = wanted.value ->> '$.flow'
    OR EXISTS (SELECT 1 FROM link_use WHERE link_use.flow = wanted.value ->> '$.flow' AND link_use.link = link.id)
ORDER BY wanted.key, instr(link.part, '#') > 0, link.id
