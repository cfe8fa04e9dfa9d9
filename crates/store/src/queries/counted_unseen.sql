SELECT id, source_id FROM counted WHERE flow = ?1 AND seen < ?2 AND id > ?3 ORDER BY id LIMIT ?4
