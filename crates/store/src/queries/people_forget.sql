DELETE FROM people_index WHERE name = ?1
