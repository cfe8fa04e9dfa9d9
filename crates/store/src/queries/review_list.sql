SELECT * FROM review WHERE closed_at IS NULL AND (?1 IS NULL OR flow = ?1) ORDER BY id LIMIT ?2
