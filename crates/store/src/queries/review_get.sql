SELECT * FROM review WHERE id = ?1
