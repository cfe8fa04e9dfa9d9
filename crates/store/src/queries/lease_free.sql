UPDATE lease SET holder = NULL WHERE name = ?1 AND holder = ?2 AND fence = ?3
