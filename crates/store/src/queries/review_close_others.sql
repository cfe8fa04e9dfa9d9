UPDATE review SET closed_at = ?2
WHERE closed_at IS NULL AND flow = ?1 AND source_system = ?3 AND target_system = ?4
    AND (source_id, part) NOT IN (SELECT value ->> 0, value ->> 1 FROM json_each(?5))
