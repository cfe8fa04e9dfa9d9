UPDATE rejection SET closed_at = ?2, closed_reason = ?3 WHERE closed_at IS NULL AND id IN (SELECT value FROM json_each(?1))
