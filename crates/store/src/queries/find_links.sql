SELECT * FROM linked WHERE source_id = ?1
UNION SELECT * FROM linked WHERE target_id = ?1
UNION SELECT * FROM linked WHERE key <> '[]' AND key = json_array(?1)
UNION SELECT linked.* FROM link_key_value CROSS JOIN linked ON linked.id = link_key_value.link WHERE link_key_value.value = ?1
ORDER BY source_system, source_resource, source_id, part, target_system LIMIT ?2
