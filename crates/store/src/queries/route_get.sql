SELECT id FROM route WHERE source_system = ?1 AND source_resource = ?2 AND target_system = ?3 AND target_resource = ?4
