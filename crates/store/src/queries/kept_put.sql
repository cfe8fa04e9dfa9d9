INSERT INTO kept (id, run, source_id, part, target_resource, target_id, action, version, before_sealed)
VALUES (?1, ?2, '', '', '', ?3, ?4, NULL, ?5)
