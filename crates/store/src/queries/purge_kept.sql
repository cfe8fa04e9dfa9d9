-- By whole runs: half of the earlier values would make half an undo.
DELETE FROM kept WHERE run IN (SELECT id FROM run WHERE started < ?1)
