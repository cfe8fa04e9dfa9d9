DELETE FROM sent WHERE flow = ?1 AND source_id = ?2 AND part = ?3
