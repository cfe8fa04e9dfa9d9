DELETE FROM people_index
