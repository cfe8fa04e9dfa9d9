UPDATE rejection SET payload_sealed = ?2 WHERE id = ?1
