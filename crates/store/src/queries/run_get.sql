SELECT * FROM run WHERE id = ?1
