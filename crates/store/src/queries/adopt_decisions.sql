DELETE FROM decision WHERE target_system = ?1 OR source_system = ?1
