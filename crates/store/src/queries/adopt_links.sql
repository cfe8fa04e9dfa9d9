DELETE FROM link WHERE route IN (SELECT id FROM route WHERE target_system = ?1 OR source_system = ?1)
