UPDATE plan SET body_sealed = ?2 WHERE id = ?1
