-- The same of rows that hold a page.
DELETE FROM kept WHERE id IN (
    SELECT kept.id FROM run CROSS JOIN kept ON kept.run = run.id WHERE run.started < ?1 AND run.flow = ?3 AND kept.action = 'page' LIMIT ?2
)
