SELECT * FROM outcome WHERE run = ?1 AND id > ?2 AND (?3 IS NULL OR outcome = ?3) ORDER BY id LIMIT ?4
