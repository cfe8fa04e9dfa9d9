SELECT * FROM intent WHERE target_system = ?1 ORDER BY id
