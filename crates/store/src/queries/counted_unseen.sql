SELECT source_id FROM counted WHERE flow = ?1 AND seen < ?2 AND source_id > ?3 ORDER BY source_id LIMIT ?4
