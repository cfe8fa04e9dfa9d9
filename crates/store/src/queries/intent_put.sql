-- The numbers are given here, not by the engine of the database, so that they are known to follow the order of the list.
INSERT INTO intent
    (id, flow, source_system, source_resource, source_id, part, target_system, target_resource, action, key, target_id, hash, run, noted)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
