INSERT INTO outcome (run, at, source_id, place, part, outcome, target_resource, target_id, fields, causes)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
