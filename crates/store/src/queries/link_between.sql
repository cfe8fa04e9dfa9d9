SELECT * FROM linked
WHERE route = (SELECT id FROM route WHERE source_system = ?1 AND source_resource = ?2 AND target_system = ?3 AND target_resource = ?4) AND id > ?5
ORDER BY id LIMIT ?6
