UPDATE kept SET before_sealed = ?2 WHERE id = ?1
