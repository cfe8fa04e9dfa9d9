DELETE FROM intent WHERE last = ?1
