UPDATE review SET closed_at = ?2
WHERE closed_at IS NULL AND flow = ?1 AND source_id IN (SELECT value FROM json_each(?3))
