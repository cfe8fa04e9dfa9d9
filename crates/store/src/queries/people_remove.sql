DELETE FROM person WHERE people_index = ?1 AND target_id IN (SELECT value FROM json_each(?2))
