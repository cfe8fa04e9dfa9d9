INSERT INTO kept (run, source_id, part, target_resource, target_id, action, version, before_sealed)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
