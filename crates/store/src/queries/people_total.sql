SELECT count(*) FROM person WHERE people_index = (SELECT id FROM people_index WHERE name = ?1)
