UPDATE intent SET closed = ?2 WHERE last = ?1
