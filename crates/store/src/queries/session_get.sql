SELECT key, generation, value_sealed FROM session WHERE key = ?1
