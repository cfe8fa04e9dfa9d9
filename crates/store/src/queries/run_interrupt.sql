UPDATE run SET status = 'incomplete', error = ?2 WHERE id = ?1
