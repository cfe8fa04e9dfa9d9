SELECT value_sealed FROM secret WHERE name = ?1
