SELECT * FROM link WHERE source_id = ?1
UNION SELECT * FROM link WHERE target_id = ?1
UNION SELECT * FROM link WHERE key <> '[]' AND key = json_array(?1)
UNION SELECT link.* FROM link_key_value CROSS JOIN link ON link.id = link_key_value.link WHERE link_key_value.value = ?1
ORDER BY source_system, source_resource, source_id, part, target_system LIMIT ?2
