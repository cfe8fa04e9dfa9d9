SELECT json_group_array(json_array(
    source_system, source_resource, source_id, part, target_system, target_resource, target_id, json(key), flow, created, seen, version
))
FROM (
    SELECT * FROM linked
    WHERE source_id IN (SELECT value FROM json_each(?3)) AND source_system = ?1 AND source_resource = ?2 AND target_system = ?4
    ORDER BY source_id, part, target_resource
)
