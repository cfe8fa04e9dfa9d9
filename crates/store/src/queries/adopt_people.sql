DELETE FROM people_index WHERE system = ?1
