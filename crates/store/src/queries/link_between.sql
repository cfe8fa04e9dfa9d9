SELECT * FROM link
WHERE json_array(source_system, source_resource, target_system, target_resource) = json_array(?1, ?2, ?3, ?4) AND id > ?5
ORDER BY id LIMIT ?6
