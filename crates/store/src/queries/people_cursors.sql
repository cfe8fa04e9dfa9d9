SELECT partition, value, time FROM people_cursor WHERE people_index = (SELECT id FROM people_index WHERE name = ?1)
