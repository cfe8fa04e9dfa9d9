UPDATE rejection SET payload_sealed = NULL WHERE payload_sealed IS NOT NULL AND last_at < ?1 AND flow = ?2
