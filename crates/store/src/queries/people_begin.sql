INSERT INTO people_index (name, system, shape) VALUES (?1, ?2, ?3)
