-- By whole runs: half of the earlier values would make half an undo.
DELETE FROM kept WHERE id IN (
    SELECT kept.id FROM run CROSS JOIN kept ON kept.run = run.id WHERE run.started < ?1 AND run.flow = ?3 AND kept.action <> 'page' LIMIT ?2
)
