DELETE FROM link WHERE source_id = ?1 AND part = ?4 AND route = (
    SELECT id FROM route WHERE source_system = ?2 AND source_resource = ?3 AND target_system = ?5 AND target_resource = ?6
)
