INSERT INTO route (source_system, source_resource, target_system, target_resource) VALUES (?1, ?2, ?3, ?4) RETURNING id
