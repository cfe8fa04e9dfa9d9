SELECT id, shape FROM people_index WHERE name = ?1
