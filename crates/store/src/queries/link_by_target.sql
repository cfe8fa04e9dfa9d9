SELECT * FROM linked
WHERE target_id IN (SELECT value FROM json_each(?3)) AND target_system = ?1 AND target_resource = ?2
ORDER BY target_id, source_id, part
