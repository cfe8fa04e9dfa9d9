-- Of several records that a flow made of one, the one that was made first is meant: the others are parts of it.
SELECT wanted.key AS wanted, linked.*
FROM jsonb_each(?1) AS wanted CROSS JOIN linked ON linked.source_id = wanted.value ->> '$.source_id'
WHERE linked.flow = wanted.value ->> '$.flow'
    OR EXISTS (SELECT 1 FROM link_use WHERE link_use.flow = wanted.value ->> '$.flow' AND link_use.link = linked.id)
ORDER BY wanted.key, instr(linked.part, '#') > 0, linked.id
