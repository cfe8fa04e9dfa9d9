-- By whole runs, which an index finds, and a part at a time.
DELETE FROM outcome WHERE id IN (
    SELECT outcome.id FROM run CROSS JOIN outcome ON outcome.run = run.id WHERE run.started < ?1 AND run.flow = ?3 LIMIT ?2
)
